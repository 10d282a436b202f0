#pragma once

// Runs that nobody simulated, for tests: figures of the right size that follow from a run's key.

#include <cstddef>
#include <filesystem>
#include <string>

#include "explore/store.hpp"

namespace partita::explore::report::test {

// The i-th of many: `train` and `published` on ms4 and ms8 with 1 to 8 cores, K = 1 to 56, in three
// precisions; from then on the same with other scratchpads.
Wanted made_run(std::size_t i);
// Four functions of hart 0 beside "(outside)"; fewer cycles with more cores.
RunResult made_result(const Wanted& wanted);

void fill(const std::filesystem::path& store, std::size_t count);

}  // namespace partita::explore::report::test
