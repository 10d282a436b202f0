#pragma once

// The chips whose accelerators are built in, by the names that the build gives them: a file of chips/, each
// setting behind a "+".

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "chip/config/chip.hpp"
#include "rtl/device.hpp"

namespace partita::rtl::test {

inline std::vector<std::string> built_chips() {
    std::vector<std::string> names;
    for (const Built& built : built_devices()) {
        names.emplace_back(built.chip);
    }
    return names;
}

inline chip::config::Chip chip_of(const std::string& name) {
    std::vector<std::string> parts(1);
    for (const char letter : name) {
        if (letter == '+') {
            parts.emplace_back();
        } else {
            parts.back() += letter;
        }
    }
    const std::vector<std::string> settings(parts.begin() + 1, parts.end());
    return chip::config::read_chip(fmt::format("{}/{}.toml", PARTITA_CHIPS, parts[0]), settings);
}

inline std::string test_name(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
    return name;
}

}  // namespace partita::rtl::test
