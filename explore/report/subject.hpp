#pragma once

// What a report is about: the finished runs of a store, with what the figures need of each.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "explore/report/published.hpp"
#include "explore/report/table.hpp"
#include "explore/store.hpp"

namespace partita::explore::report {

struct Subject {
    Run run;
    std::string chip;      // its name, without the settings that only choose the precision
    std::string workload;  // "T=784 batch=4 hidden=128"
    std::string command;   // that runs it again
    // Cycles of hart 0 from the beginning of the pass to its end: without loading the model and printing. Of
    // platforms without regions all of them.
    std::uint64_t pass_cycles = 0;
    double pass_seconds = 0;
    std::vector<RegionTime> regions;  // of hart 0
    std::optional<double> loss;       // nat, summed over the sequences, at the last step (see gather)
    std::vector<double> losses;       // of baselines: the same at the end of each part

    const char* source() const;  // "simulated", "estimated" or "measured"
    bool is_of_chip() const { return run.key.platform == "chip"; }
    bool is_of_publication() const { return workload == published_workload; }
};

// From a run and the request it was made by to the command for people; the request's form is not this room's.
using CommandOf = std::function<std::string(const Run& run, const std::string& request)>;

struct Subjects {
    std::vector<Subject> runs;  // finished ones, oldest first
    // From runs of the platform "synth": systems without DSPs in the mesh, and accelerators, whose
    // configuration is the precision, with ", DSPs" where the mesh multiplies with them.
    std::vector<SystemResources> synthesised;
    std::vector<AcceleratorResources> synthesised_accelerators;
    std::size_t unfinished = 0;
    std::size_t failed = 0;

    bool empty() const { return runs.empty() && synthesised.empty() && synthesised_accelerators.empty(); }
    // The one that the figures begin with: the publication's if there is one of it, else the most frequent.
    std::string first_workload() const;
};

// Reads a store. Of runs that differ in the program's version alone the newest counts. The loss, which stands
// in the record, is read once for each workload, data, precision, program, array and K, since it does not
// depend on the rest of a chip. Throws StoreError.
Subjects gather(RunStore& store, const CommandOf& command_of);

// The columns by which the page filters, and their cells of a run.
inline const std::vector<std::string> run_columns{"source", "program",   "chip",     "mesh",
                                                  "cores",  "precision", "workload", "parts"};
std::vector<Cell> run_cells(const Subject& subject);
// Of published figures: `source` is "published" or "reference".
std::vector<Cell> published_cells(const char* source, const Point& point, const char* precision);

// `run_columns`, then `more`; a row likewise.
std::vector<std::string> columns_with(const std::vector<std::string>& more);
std::vector<Cell> cells_with(std::vector<Cell> first, const std::vector<Cell>& more);

}  // namespace partita::explore::report
