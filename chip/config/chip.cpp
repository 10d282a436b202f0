#include "chip/config/chip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "chip/base/error.hpp"
#include "chip/config/section.hpp"

namespace partita::chip::config {
namespace {

constexpr std::array<const char*, 4> section_names{"soc", "rocket", "memory", "gemmini"};

struct Title {
    std::string name;
    std::string description;

    template <typename Self, typename Visitor>
    static void fields(Self& self, Visitor&& visit) {
        visit("name", self.name);
        visit("description", self.description);
    }
};

void check_sections(const Document& document) {
    const std::vector<Name> found = document.sections();
    for (const Name& section : found) {
        if (std::find(section_names.begin(), section_names.end(), section.name) == section_names.end()) {
            document.fail(section.line,
                          fmt::format("[{}] is an unknown section, expected only [soc], [rocket], "
                                      "[memory] and [gemmini]",
                                      section.name));
        }
    }
    for (const char* name : section_names) {
        if (std::none_of(found.begin(), found.end(),
                         [&](const Name& section) { return section.name == name; })) {
            document.fail(0, fmt::format("the section [{}] is missing", name));
        }
    }
}

void check_title(const Document& document, const Title& title) {
    constexpr std::size_t longest_name = 40;
    constexpr std::size_t longest_description = 200;
    const bool letters = std::all_of(title.name.begin(), title.name.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
    });
    if (title.name.empty() || title.name.size() > longest_name || !letters) {
        document.fail(document.find("", "name").line,
                      fmt::format("name is {}, expected 1 to {} lower-case letters, digits and hyphens",
                                  document.find("", "name").shown, longest_name));
    }
    if (title.description.size() > longest_description ||
        title.description.find_first_of("\n\r") != std::string::npos) {
        document.fail(
            document.find("", "description").line,
            fmt::format("description has {} characters or several lines, expected one line of at most {}",
                        title.description.size(), longest_description));
    }
}

// " + section.key=value" for each, the value as the chip has it.
std::string settings_of(const Chip& chip, std::span<const std::string> settings) {
    const std::vector<Line> lines = lines_of(chip);
    std::string text;
    for (const std::string& setting : settings) {
        const std::string key = setting.substr(0, setting.find('='));
        const auto line =
            std::find_if(lines.begin(), lines.end(), [&](const Line& l) { return l.key == key; });
        text += fmt::format(" + {}={}", key, line->value);
    }
    return text;
}

}  // namespace

Chip parse_chip(std::string_view text, std::string_view file, std::span<const std::string> settings) {
    const Document document(text, std::string(file), settings);
    check_sections(document);
    const auto title = read_section<Title>(document, "");
    check_title(document, title);
    Chip chip{title.name,
              title.description,
              read_section<soc::Config>(document, "soc"),
              read_section<rocket::Config>(document, "rocket"),
              read_section<memory::Config>(document, "memory"),
              read_section<gemmini::Config>(document, "gemmini")};
    try {
        check_chip(chip);
    } catch (const ChipError& error) {
        document.fail(0, error.what());
    }
    chip.name += settings_of(chip, settings);
    return chip;
}

Chip read_chip(const std::filesystem::path& path, std::span<const std::string> settings) {
    const auto fail = [&](std::string_view what) {
        throw ChipError(fmt::format("reading the chip '{}': {}", path.string(), what));
    };
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
        fail(std::filesystem::exists(path, error) ? "it is not a regular file" : "there is no such file");
    }
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (error) {
        fail(error.message());
    }
    if (bytes > largest_chip_file) {
        fail(fmt::format("it has {} bytes, expected at most {}", bytes, largest_chip_file));
    }
    std::string text(bytes, '\0');
    std::ifstream stream(path, std::ios::binary);
    if (!stream.read(text.data(), static_cast<std::streamsize>(bytes))) {
        fail("it cannot be read");
    }
    return parse_chip(text, path.string(), settings);
}

std::vector<Line> lines_of(const Chip& chip) {
    std::vector<Line> lines;
    append_lines("soc", chip.soc, lines);
    append_lines("rocket", chip.rocket, lines);
    append_lines("memory", chip.memory, lines);
    append_lines("gemmini", chip.gemmini, lines);
    return lines;
}

std::uint64_t fingerprint(const Chip& chip) {
    return fingerprint_of(lines_of(chip));
}

}  // namespace partita::chip::config
