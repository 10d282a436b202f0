#pragma once

// One program on one chip: run it, and keep what it showed.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chip/config/chip.hpp"
#include "chip/program/program.hpp"
#include "chip/soc/system.hpp"
#include "chip/trace/record.hpp"

namespace partita::explore {

struct SimulationOptions {
    chip::Cycle limit = chip::never;
    chip::soc::AcceleratorMaker accelerator;   // empty: the model of Gemmini
    std::filesystem::path trace;               // a file for Perfetto; empty: none
    chip::soc::TraceSink* listener = nullptr;  // hears what a trace would; not together with a trace
    // Hears the program's console as it writes; may be empty.
    std::function<void(std::string_view)> console;
    // Cycles simulated, and the share of the work that is done (0: not known); may be empty.
    std::function<void(chip::Cycle, double)> progress;
};

// A move of JSON is taken to throw, which it does not.
// NOLINTNEXTLINE(bugprone-exception-escape)
struct Simulation {
    nlohmann::ordered_json record;
    std::vector<chip::trace::RegionRow> rows;
    std::uint64_t exit_code = 0;
    chip::Cycle cycles = 0;
    std::uint64_t hart_cycles = 0;  // of all harts together
    double host_seconds = 0;        // not part of the record
    std::vector<std::string> warnings;
};

// Throws ChipError where the program does not fit the chip, its constants differ from the chip's, or the run
// fails.
Simulation simulate(const chip::config::Chip& chip, const chip::program::Program& program,
                    const SimulationOptions& options);

// 16 hexadecimal digits that tell one program file from another (FNV-1a).
std::string program_hash(const chip::program::Program& program);

}  // namespace partita::explore
