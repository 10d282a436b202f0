#include "chip/config/section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <numeric>

namespace partita::chip::config {
namespace {

std::string expectation(const Bounds& bounds) {
    const std::string what = bounds.power_of_two ? "a power of two" : "an integer";
    // TOML's integers end there.
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    return bounds.most >= largest ? fmt::format("{} of at least {}", what, bounds.least)
                                  : fmt::format("{} from {} to {}", what, bounds.least, bounds.most);
}

// Levenshtein's distance: letters to insert, delete or replace.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (const char letter : a) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (letter == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string suggestion(std::string_view found, std::span<const std::string> keys) {
    constexpr std::size_t longest_key = 64;
    const auto nearest = std::min_element(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
        return distance(found, a) < distance(found, b);
    });
    if (found.size() <= longest_key && nearest != keys.end() && distance(found, *nearest) <= 2) {
        return fmt::format("did you mean '{}'?", *nearest);
    }
    return fmt::format("expected only {}", fmt::join(keys, ", "));
}

std::string qualified(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

unsigned line_of_section(const Document& document, std::string_view section) {
    for (const Name& name : document.sections()) {
        if (name.name == section) {
            return name.line;
        }
    }
    return 0;
}

}  // namespace

void check_keys(const Document& document, std::string_view section, std::span<const std::string> keys) {
    for (const Name& found : document.keys(section)) {
        if (std::find(keys.begin(), keys.end(), found.name) == keys.end()) {
            document.fail(section, found.name,
                          fmt::format("{} is an unknown key, {}", qualified(section, found.name),
                                      suggestion(found.name, keys)));
        }
    }
}

Value FieldReader::find(const char* key, std::string_view expected) const {
    Value value = document_.find(section_, key);
    if (value.kind == Value::Kind::absent) {
        document_.fail(line_of_section(document_, section_),
                       fmt::format("{} is missing, expected {}", qualified(section_, key), expected));
    }
    return value;
}

void FieldReader::refuse(const char* key, const Value& found, std::string_view expected) const {
    document_.fail(section_, key,
                   fmt::format("{} is {}, expected {}", qualified(section_, key), found.shown, expected));
}

std::uint64_t FieldReader::integer(const char* key, const Bounds& bounds) const {
    const std::string expected = expectation(bounds);
    const Value value = find(key, expected);
    const auto number = static_cast<std::uint64_t>(value.integer);
    if (value.kind != Value::Kind::integer || value.integer < 0 || number < bounds.least ||
        number > bounds.most || (bounds.power_of_two && !std::has_single_bit(number))) {
        refuse(key, value, expected);
    }
    return number;
}

bool FieldReader::boolean(const char* key) const {
    const Value value = find(key, "true or false");
    if (value.kind != Value::Kind::boolean) {
        refuse(key, value, "true or false");
    }
    return value.boolean;
}

std::string FieldReader::text(const char* key) const {
    Value value = find(key, "a text");
    if (value.kind != Value::Kind::text) {
        refuse(key, value, "a text");
    }
    return value.text;
}

std::size_t FieldReader::choice(const char* key, std::span<const char* const> names) const {
    const std::string expected = fmt::format("one of \"{}\"", fmt::join(names, "\", \""));
    const Value value = find(key, expected);
    const auto found = std::find(names.begin(), names.end(), std::string_view(value.text));
    if (value.kind != Value::Kind::text || found == names.end()) {
        refuse(key, value, expected);
    }
    return static_cast<std::size_t>(found - names.begin());
}

}  // namespace partita::chip::config
