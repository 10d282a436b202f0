#pragma once

// The files of page/ and the libraries, as texts; made by embed.cmake at build time.

#include <string_view>

namespace partita::explore::report::page_parts {

std::string_view page();
std::string_view style();
// Empty if they were not there.
std::string_view libraries();
std::string_view script();

}  // namespace partita::explore::report::page_parts
