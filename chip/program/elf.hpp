#pragma once

// The parts of an ELF64 file (System V gABI, chapter 4; RISC-V ELF psABI) that a simulated program needs.
// Views point into the file's bytes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "chip/base/units.hpp"

namespace partita::chip::program {

inline constexpr std::size_t most_segments = 64;

// What is copied to memory: `content`, and zeros up to `bytes`.
struct Segment {
    Address address = 0;  // physical
    std::uint64_t bytes = 0;
    std::span<const std::byte> content;
    bool executable = false;
};

struct Section {
    std::string_view name;
    std::uint32_t type = 0;
    bool executable = false;
    bool readable = false;  // its bytes are in the file and not compressed
    Address address = 0;
    std::uint64_t bytes = 0;
    std::uint32_t link = 0;  // a symbol table's strings
    std::span<const std::byte> content;
};

inline constexpr std::uint32_t section_symbols = 2;  // SHT_SYMTAB
inline constexpr std::uint32_t section_no_bits = 8;  // SHT_NOBITS

struct Elf {
    Address entry = 0;
    std::vector<Segment> segments;  // that occupy memory, by address
    std::vector<Section> sections;  // as numbered in the file; none if it has been stripped of them
};

// Throws ChipError with what is wrong unless `file` is a RISC-V executable for 64 bits, at fixed addresses,
// whose segments lie in the file, overlap nowhere and contain the entry. Sections may be absent; one that
// points outside the file is merely not `readable`, for a program runs without them.
Elf parse_elf(std::span<const std::byte> file, std::string_view name);

}  // namespace partita::chip::program
