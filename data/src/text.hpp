#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "partita/data/error.hpp"

namespace partita::data {

/// Throws a DataError whose sentence is formatted by fmt.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> sentence, Args&&... args) {
    throw DataError(fmt::format(sentence, std::forward<Args>(args)...));
}

/// A name from a file, in quotes, safe to print: control characters escaped, at most 80 bytes long.
std::string in_quotes(std::string_view name);

/// The names quoted and separated by commas, "none" if there are none, at most 20 of them.
std::string listed(std::span<const std::string> names);

/// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text);

/// The system's words for `errno`.
std::string reason_of(int error_number);

}  // namespace partita::data
