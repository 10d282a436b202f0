#pragma once

// The run record: everything that a run of a program on a chip has shown, as JSON and as a table.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "chip/soc/system.hpp"

namespace partita::chip::trace {

// The name of what no region claims.
inline constexpr std::string_view outside = "(outside)";

struct RegionRow {
    std::string name;  // or `outside`
    std::uint64_t entries = 0;
    std::uint64_t cycles = 0;  // of hart 0
    double share = 0;          // of the total
    double utilisation = 0;    // multiply-adds of real data over what the array could do in these cycles
};

struct RecordInput {
    const config::Chip* chip = nullptr;
    const soc::System* system = nullptr;
    soc::Outcome outcome;
    std::string program;               // its name
    std::string program_hash;          // of the ELF file
    std::vector<std::string> regions;  // names by number
    std::string console;
    // Memory that the program set aside for training: its bytes, and those of them that were touched.
    std::uint64_t arena_bytes = 0;
    std::uint64_t arena_touched = 0;
};

// The same run gives the same record: nothing in it depends on the host.
nlohmann::ordered_json record(const RecordInput& input);

// Hart 0's cycles by region, largest first; the rows add up to the total.
std::vector<RegionRow> region_rows(const RecordInput& input);

const char* name(rocket::Cause cause);

}  // namespace partita::chip::trace
