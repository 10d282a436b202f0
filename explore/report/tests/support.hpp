#pragma once

#include <ostream>

#include "explore/report/published.hpp"
#include "explore/report/subject.hpp"
#include "made_runs.hpp"

namespace partita::explore::report {

// As GoogleTest shows it.
inline void PrintTo(const Cell& cell, std::ostream* out) {
    *out << (cell.is_number() ? "number " : "text ") << cell.text();
}

}  // namespace partita::explore::report

namespace partita::explore::report::test {

inline Published published() {
    return read_published(PARTITA_PUBLISHED);
}

// A finished run with these functions of hart 0, as `gather` gives it.
inline Subject subject(const std::string& chip, std::uint32_t parts, const std::string& program,
                       const std::vector<RegionTime>& regions) {
    Subject made;
    made.run.key.routine = program;
    made.run.key.parts = parts;
    made.run.key.steps = 784;
    made.run.key.batch = 4;
    made.run.key.hidden = 128;
    made.run.key.precision = "bf16";
    made.run.key.data_digest = "1234";
    made.run.machine = {chip, static_cast<std::uint32_t>(chip[2] - '0'),
                        static_cast<std::uint32_t>(chip[5] - '0'), 131072, 500'000'000};
    made.run.status = Status::done;
    made.chip = chip;
    made.workload = published_workload;
    made.command = "partita simulate --chip " + chip;
    made.regions = regions;
    for (const RegionTime& region : regions) {
        made.pass_cycles += region.region == "(outside)" ? 0 : region.cycles;
    }
    made.pass_seconds = static_cast<double>(made.pass_cycles) / 5e8;
    return made;
}

// The same with all its time in one function.
inline Subject subject(const std::string& chip, std::uint32_t parts, std::uint64_t cycles,
                       std::uint64_t memory = 0) {
    Subject made = subject(chip, parts, "train", {{0, "forward", 1, cycles, 0.5}});
    if (memory != 0) {
        made.run.result.memory_planned = memory;
    }
    return made;
}

// Rows where a column has this value.
inline std::vector<std::size_t> rows_where(const Table& table, std::string_view column, const Cell& value) {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < table.rows().size(); ++row) {
        if (table.at(row, column) == value) {
            rows.push_back(row);
        }
    }
    return rows;
}

}  // namespace partita::explore::report::test
