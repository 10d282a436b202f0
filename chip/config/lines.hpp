#pragma once

// A chip as lines "section.key = value", by the description of its structs (chip/base/field.hpp): what
// fingerprints are made of and what firmware is told.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chip/base/field.hpp"

namespace partita::chip::config {

struct Line {
    std::string key;  // with its section
    std::string value;

    bool operator==(const Line&) const = default;
};

// Appends a struct's fields in the order in which it describes them.
template <typename Config>
void append_lines(std::string_view section, const Config& config, std::vector<Line>& lines) {
    Config::fields(config, [&](const char* key, const auto& field, const auto&...) {
        using Field = std::remove_cvref_t<decltype(field)>;
        std::string value;
        if constexpr (std::is_same_v<Field, bool>) {
            value = field ? "true" : "false";
        } else if constexpr (std::is_enum_v<Field>) {
            value = names(field)[static_cast<std::size_t>(field)];
        } else if constexpr (std::is_integral_v<Field>) {
            value = std::to_string(field);
        } else {
            value = field;
        }
        lines.push_back({std::string(section) + '.' + key, std::move(value)});
    });
}

// "key = value\n" for each.
std::string text_of(std::span<const Line> lines);

// FNV-1a, 64 bits, of text_of(lines).
std::uint64_t fingerprint_of(std::span<const Line> lines);

}  // namespace partita::chip::config
