#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "experiment.hpp"

namespace partita::cli {

// A row for every K, seeds averaged (memory, time, loss, accuracy before and after), then for each K's first
// run a table of time, operations and bytes by function.
std::string results_text(const ExperimentSetup& setup, std::span<const RunResult> results);
nlohmann::json results_json(const ExperimentSetup& setup, std::span<const RunResult> results);

}  // namespace partita::cli
