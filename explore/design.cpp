#include "explore/design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "chip/base/error.hpp"
#include "chip/config/lines.hpp"

namespace partita::explore {
namespace {

using chip::ChipError;
using chip::config::Chip;

// More than anyone waits for: a range with a slip of the finger.
constexpr std::size_t most_values = 10'000;

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

[[noreturn]] void refuse(std::string_view axis, std::string_view found) {
    throw ChipError(fmt::format(
        "'{}': found '{}', expected section.key=VALUES, where VALUES are separated by commas and may be "
        "ranges like 1..4, 4..32*2 or 100..500+100",
        axis, found));
}

void append_range(std::string_view axis, std::string_view text, std::vector<std::string>& values) {
    const std::size_t dots = text.find("..");
    const std::size_t step_at = text.find_first_of("*+", dots);
    const auto first = whole_number(text.substr(0, dots));
    const auto last =
        whole_number(text.substr(dots + 2, step_at == std::string_view::npos ? step_at : step_at - dots - 2));
    const bool multiplies = step_at != std::string_view::npos && text[step_at] == '*';
    const auto step = step_at == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                        : whole_number(text.substr(step_at + 1));
    if (!first || !last || !step || *first > *last || *step == 0 ||
        (multiplies && (*step == 1 || *first == 0))) {
        refuse(axis, text);
    }
    for (std::uint64_t value = *first; value <= *last;) {
        values.push_back(std::to_string(value));
        const std::uint64_t next = multiplies ? value * *step : value + *step;
        if (next <= value || values.size() > most_values) {
            break;  // past the largest number, or refused below
        }
        value = next;
    }
}

std::string value_of(const std::vector<chip::config::Line>& lines, std::string_view key) {
    return std::ranges::find(lines, key, &chip::config::Line::key)->value;
}

}  // namespace

Settings parse_axis(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        refuse(text, text);
    }
    std::vector<std::string> values;
    std::string_view rest = text.substr(equals + 1);
    for (;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view value = rest.substr(0, comma);
        if (value.empty()) {
            refuse(text, value);
        } else if (value.find("..") != std::string_view::npos) {
            append_range(text, value, values);
        } else {
            values.emplace_back(value);
        }
        if (values.size() > most_values) {
            throw ChipError(fmt::format("'{}' has more than {} values", text, most_values));
        }
        if (comma == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(comma + 1);
    }
    Settings settings;
    for (const std::string& value : values) {
        settings.push_back(fmt::format("{}={}", text.substr(0, equals), value));
    }
    return settings;
}

std::vector<Settings> combinations(const std::vector<Settings>& axes) {
    std::vector<Settings> all{{}};
    for (const Settings& axis : axes) {
        std::vector<Settings> longer;
        for (const Settings& combination : all) {
            for (const std::string& setting : axis) {
                longer.push_back(combination);
                longer.back().push_back(setting);
            }
        }
        all = std::move(longer);
    }
    return all;
}

std::string precision_of(const Chip& chip) {
    const auto lines = lines_of(chip);
    const std::string input = value_of(lines, "gemmini.input_type");
    return input == "bf16" && value_of(lines, "gemmini.accumulator_type") == "fp32" ? "mixed" : input;
}

Settings precision_settings(std::string_view precision) {
    if (precision != "fp32" && precision != "bf16" && precision != "mixed") {
        throw ChipError(fmt::format("found '{}', expected one of bf16, fp32, mixed", precision));
    }
    const std::string input = precision == "fp32" ? "fp32" : "bf16";
    const std::string sums = precision == "bf16" ? "bf16" : "fp32";
    return {"gemmini.input_type=" + input, "gemmini.spatial_array_type=" + sums,
            "gemmini.accumulator_type=" + sums};
}

}  // namespace partita::explore
