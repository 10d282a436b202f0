#pragma once

// Reads one section of a chip file into a room's struct, as the struct describes itself
// (chip/base/field.hpp).

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "chip/base/field.hpp"
#include "chip/config/document.hpp"

namespace partita::chip::config {

// The visitor of `fields` that reads. Each error names file, line and key, what it found and what it
// expected.
class FieldReader {
  public:
    FieldReader(const Document& document, std::string_view section)
        : document_(document), section_(section) {}

    template <typename Field>
    void operator()(const char* key, Field& field, Bounds bounds = {}) const {
        if constexpr (std::is_same_v<Field, bool>) {
            field = boolean(key);
        } else if constexpr (std::is_integral_v<Field>) {
            bounds.most = std::min<std::uint64_t>(bounds.most, std::numeric_limits<Field>::max());
            field = static_cast<Field>(integer(key, bounds));
        } else if constexpr (std::is_enum_v<Field>) {
            field = static_cast<Field>(choice(key, names(Field{})));
        } else {
            static_assert(std::is_same_v<Field, std::string>, "no such kind of field in a chip file");
            field = text(key);
        }
    }

  private:
    std::uint64_t integer(const char* key, const Bounds& bounds) const;
    bool boolean(const char* key) const;
    std::string text(const char* key) const;
    std::size_t choice(const char* key, std::span<const char* const> names) const;
    Value find(const char* key, std::string_view expected) const;
    [[noreturn]] void refuse(const char* key, const Value& found, std::string_view expected) const;

    const Document& document_;
    std::string section_;
};

// Throws ChipError if the section ("" is the top) has a key that is not among `keys`; the sentence names the
// one that was probably meant.
void check_keys(const Document& document, std::string_view section, std::span<const std::string> keys);

// Throws ChipError for the first key that is unknown, missing, mistyped, out of bounds or no power of two.
template <typename Config>
Config read_section(const Document& document, std::string_view section) {
    Config config;
    std::vector<std::string> keys;
    Config::fields(config, [&](const char* key, auto&, const auto&...) { keys.emplace_back(key); });
    check_keys(document, section, keys);
    Config::fields(config, FieldReader(document, section));
    return config;
}

}  // namespace partita::chip::config
