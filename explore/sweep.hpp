#pragma once

// A sweep: runs from a list until all are done or have failed, by this process's workers or by those of other
// sweeps on the same store.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "explore/store.hpp"
#include "explore/workers.hpp"

namespace partita::explore {

struct SweepProgress {
    std::size_t total = 0;
    std::size_t done = 0;  // those that were done before among them
    std::size_t failed = 0;
    // Predicted host seconds of what this sweep has to do, and of the part of it that has ended.
    double work = 0;
    double work_ended = 0;
};

struct SweepOptions {
    std::string command;        // kept in the store, for whoever looks who works on it
    bool retry_failed = false;  // run again what failed before
    // Hears of each change, and now and then without one; may be empty.
    std::function<void(const SweepProgress&)> progress;
    // Hears of each run that failed, with the reason; may be empty.
    std::function<void(const Run&)> failure;
};

struct SweepResult {
    std::vector<std::int64_t> rows;  // in the store, in the order of the list
    std::size_t done_before = 0;
    std::size_t done = 0;       // in this sweep
    std::size_t elsewhere = 0;  // done by other sweeps meanwhile
    std::size_t failed = 0;     // in all
};

// A worker's answer to a run's request: JSON of the run record with what the store keeps beside it.
std::string answer_of(const RunResult& result);
// Throws ChipError if it is no such answer.
RunResult result_of_answer(const std::string& answer);

// Longest runs first, so that the last ones to end are short. A run whose worker fails, dies or answers with
// something else is kept with the reason and does not stop the others. Throws StoreError.
SweepResult sweep(RunStore& store, const std::vector<Wanted>& wanted, Workers& workers,
                  const SweepOptions& options);

}  // namespace partita::explore
