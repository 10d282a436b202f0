#pragma once

// The program that a chip runs: an ELF with what is to be loaded and what its addresses mean.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/memory/flat.hpp"
#include "chip/program/debug_lines.hpp"
#include "chip/program/elf.hpp"
#include "chip/program/symbols.hpp"

namespace partita::chip::program {

// The largest file that is read: 256 MB.
inline constexpr std::uint64_t largest_program = std::uint64_t{256} << 20;

class Program {
  public:
    // `name` is what errors call it. Throws ChipError with what is wrong (see parse_elf).
    Program(std::vector<std::byte> file, std::string name);
    // Views point into the file's bytes, which move along but must not be copied away.
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    Program(Program&&) = default;
    Program& operator=(Program&&) = default;

    const std::string& name() const { return name_; }
    std::span<const std::byte> file() const { return file_; }
    Address entry() const { return elf_.entry; }
    const std::vector<Segment>& segments() const { return elf_.segments; }

    // Copies the segments. Throws ChipError, before anything is copied, if one lies outside `memory`.
    void load(memory::FlatMemory& memory) const;

    // A section's bytes, or nothing if there is none of that name. Throws ChipError if the file lacks them.
    std::optional<std::span<const std::byte>> section(std::string_view name) const;
    // The same as text, without the zero bytes at its end.
    std::optional<std::string> section_text(std::string_view name) const;

    std::optional<Address> address_of(std::string_view symbol) const { return symbols_.find(symbol); }
    std::optional<Symbols::Location> symbol_at(Address address) const { return symbols_.at(address); }
    std::optional<DebugLines::Line> line_at(Address address) const { return lines_.at(address); }

    // For a report: "train(int)+0x14 (src/train.cpp:88)", as much of it as is known; nothing if nothing is.
    std::string describe(Address address) const;

  private:
    std::vector<std::byte> file_;
    std::string name_;
    Elf elf_;
    Symbols symbols_;
    DebugLines lines_;
};

// Throws ChipError if the file is missing, unreadable, no regular file, too large, or no such program.
Program read_program(const std::filesystem::path& path);

}  // namespace partita::chip::program
