#pragma once

// Runs a program for the chip without time: harts take turns, the accelerator has done a command when it is
// issued.

#include <cstdint>
#include <filesystem>
#include <string>

#include "chip/gemmini/config.hpp"

namespace partita::firmware::test {

struct FunctionalRun {
    std::string console;
    std::uint64_t exit_code = 0;
    std::uint64_t instructions = 0;  // of all harts
    std::size_t arena_bytes = 0;     // between partita_arena and partita_arena_end
};

// Throws std::runtime_error where the program traps, and if it has not ended after `most_instructions` of
// hart 0.
FunctionalRun run_functionally(const std::filesystem::path& elf, unsigned harts,
                               const chip::gemmini::Config& accelerator, std::uint64_t most_instructions);

}  // namespace partita::firmware::test
