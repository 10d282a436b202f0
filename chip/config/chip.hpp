#pragma once

// A chip: everything that its file says (chips/README.md).

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chip/config/lines.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/memory/config.hpp"
#include "chip/rocket/config.hpp"
#include "chip/soc/config.hpp"

namespace partita::chip::config {

// As default-initialised: ms4-c1, a published chip with one core and a mesh of 4x4 in BF16.
struct Chip {
    // Short, for tables: lower-case letters, digits and hyphens; of a chip read with settings followed by
    // each, as in "ms4-c1 + gemmini.accumulator_type=fp32".
    std::string name;
    std::string description;  // one line

    soc::Config soc;
    rocket::Config rocket;
    memory::Config memory;
    gemmini::Config gemmini;
};

// The largest chip file that is read: 1 MB.
inline constexpr std::uint64_t largest_chip_file = std::uint64_t{1} << 20;

// Reads a chip file. Throws ChipError with file, line, key, what was found and what was expected: it cannot
// be read, is not TOML, a section or key is unknown or missing, a value has the wrong type, is out of bounds
// or no power of two where it must be one, or values cannot go together (see check_chip).
// `settings`: "section.key=value", in place of what the file says; the same errors, with the setting in place
// of the line.
Chip read_chip(const std::filesystem::path& path, std::span<const std::string> settings = {});
// The same from text; `file` is what errors call it.
Chip parse_chip(std::string_view text, std::string_view file, std::span<const std::string> settings = {});

// Throws ChipError, naming the keys, if values that are possible one by one are impossible together.
void check_chip(const Chip& chip);

// All values that determine what a run does and how long it takes, by section and key in the order of the
// structs. Not the name, nor the description.
std::vector<Line> lines_of(const Chip& chip);

// Of all those lines; 64 bits. Runs of chips with the same fingerprint are the same.
std::uint64_t fingerprint(const Chip& chip);

}  // namespace partita::chip::config
