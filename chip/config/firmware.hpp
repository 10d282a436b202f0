#pragma once

// What a chip's firmware is compiled with, and the check that a program was compiled for its chip.

#include <string>
#include <string_view>
#include <vector>

#include "chip/config/chip.hpp"

namespace partita::chip::config {

// The values that a program depends on: sizes and types, not latencies. A program built for one chip runs
// on every chip that has the same.
std::vector<Line> firmware_constants(const Chip& chip);

// Of those lines; 64 bits. The key of what is built for a chip.
std::uint64_t firmware_fingerprint(const Chip& chip);

// The text of `partita_chip.h`: a macro PARTITA_CHIP_... for each, and PARTITA_CHIP_CONSTANTS, the lines
// "key = value\n" as a string literal, which the firmware places in the section `.partita.chip`.
std::string firmware_header(const Chip& chip);

// Throws ChipError with the first key that differs and both values unless `constants`, the text of a
// program's section `.partita.chip`, says what the chip says. `program` is what the error calls it.
void check_fingerprint(const Chip& chip, std::string_view constants, std::string_view program);

}  // namespace partita::chip::config
