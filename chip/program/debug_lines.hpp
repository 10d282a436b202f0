#pragma once

// The source line of an instruction, from the line tables of DWARF (sections .debug_line, .debug_line_str and
// .debug_str; DWARF 5 section 6.2, versions 2 to 5).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chip/base/units.hpp"

namespace partita::chip::program {

struct SourceFile {
    std::string_view directory;  // as the compiler was told it; may be relative or empty
    std::string_view name;
};

// From `address` on, up to the next row of its sequence, instructions belong to a line.
struct LineRow {
    Address address = 0;
    std::uint32_t file = 0;  // index in LineTable::files
    std::uint32_t line = 0;  // 0: of no line
};

inline constexpr std::uint32_t no_file = ~std::uint32_t{0};

// Addresses [begin, end) that the linker placed together; their rows are in order of address.
struct LineSequence {
    Address begin = 0;
    Address end = 0;
    std::size_t first_row = 0;
    std::size_t rows = 0;
};

struct LineTable {
    std::vector<SourceFile> files;
    std::vector<LineRow> rows;
    std::vector<LineSequence> sequences;
};

// The sections of an ELF by content; any may be empty.
struct DebugSections {
    std::span<const std::byte> lines;
    std::span<const std::byte> line_strings;
    std::span<const std::byte> strings;
};

// Adds what one unit says; `unit` follows its length. Where it makes no sense, it adds what came before.
void read_line_unit(std::span<const std::byte> unit, const DebugSections& sections, LineTable& table);

class DebugLines {
  public:
    // Views point into the sections' bytes.
    explicit DebugLines(const DebugSections& sections);

    struct Line {
        std::string file;
        std::uint32_t line = 0;
    };
    std::optional<Line> at(Address address) const;

  private:
    LineTable table_;
};

}  // namespace partita::chip::program
