#pragma once

// Minimal ELF files for the tests and the fuzzer's seeds, right or deliberately wrong.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace partita::chip::program::test {

using Bytes = std::vector<std::byte>;

void append(Bytes& bytes, std::string_view text);
// Little-endian.
template <typename T>
void append_number(Bytes& bytes, T value) {
    for (std::size_t index = 0; index < sizeof(T); ++index) {
        bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * index & 0xff));
    }
}
template <typename T>
void put_number(Bytes& bytes, std::size_t at, T value) {
    for (std::size_t index = 0; index < sizeof(T); ++index) {
        bytes.at(at + index) = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * index & 0xff);
    }
}

struct BuiltSegment {
    std::uint64_t address = 0;
    Bytes content;
    std::uint64_t memory_bytes = 0;
    std::uint32_t flags = 5;  // read and execute
    std::uint32_t type = 1;   // PT_LOAD
};

struct BuiltSection {
    std::string name;
    Bytes content;
    std::uint64_t address = 0;
    std::uint32_t type = 1;  // SHT_PROGBITS
    std::uint64_t flags = 0;
    std::uint32_t link = 0;
};

struct BuiltSymbol {
    std::string name;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    unsigned type = 2;     // STT_FUNC
    unsigned binding = 1;  // STB_GLOBAL
    std::uint16_t section = 1;
};

struct ElfBuilder {
    std::uint64_t entry = 0x8000'0000;
    std::vector<BuiltSegment> segments;
    // Number 0 is the null section; these follow from 1 on, then .symtab, .strtab, .shstrtab.
    std::vector<BuiltSection> sections;
    std::vector<BuiltSymbol> symbols;

    // Header, segment headers, contents of segments, of sections, section headers; in this order.
    Bytes build() const;
};

// Offsets in what `build` makes.
inline constexpr std::size_t segment_headers_at = 64;
inline constexpr std::size_t segment_header_bytes = 56;
inline constexpr std::size_t section_header_bytes = 64;

// One executable segment of sixteen bytes at 0x80000000, four more of zeros; a section of code there,
// `.partita.chip`, the symbols of the host interface and of two functions, and a line table of version 5.
ElfBuilder small_program();

// `.debug_line` of version 4 or 5 for code at 0x80000000: main.cpp line 10 at +0, 12 at +4, common.hpp line 3
// at +8, end at +42.
Bytes line_table(unsigned version);
// What the line table of version 5 refers to.
Bytes line_strings();

}  // namespace partita::chip::program::test
