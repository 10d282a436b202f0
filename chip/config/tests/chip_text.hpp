#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "chip/config/chip.hpp"

namespace partita::chip::config::test {

// A chip as the text of its file.
inline std::string text_of_chip(const Chip& chip) {
    std::string text = "name = \"" + chip.name + "\"\ndescription = \"" + chip.description + "\"\n";
    std::string section;
    for (const Line& line : lines_of(chip)) {
        const std::size_t dot = line.key.find('.');
        if (line.key.substr(0, dot) != section) {
            section = line.key.substr(0, dot);
            text += '[' + section + "]\n";
        }
        const bool bare = line.value == "true" || line.value == "false" ||
                          std::all_of(line.value.begin(), line.value.end(),
                                      [](char letter) { return letter >= '0' && letter <= '9'; });
        const std::string value = bare ? line.value : '"' + line.value + '"';
        text += line.key.substr(dot + 1) + " = " + value + '\n';
    }
    return text;
}

// The number of the line that contains `part`.
inline std::string line_of(const std::string& text, std::string_view part) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(text.find(part));
    return std::to_string(1 + std::count(text.begin(), end, '\n'));
}

}  // namespace partita::chip::config::test
