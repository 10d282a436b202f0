#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "floor.hpp"
#include "measure.hpp"

namespace partita::bench {

/// The processor's name, as the operating system knows it.
std::string processor_name();

std::string floor_table(const std::vector<Floor>& floors, const Workload& workload);

/// One table for each thread count: medians, minima, and how many times faster each peer is than each other
/// one.
std::string comparison_tables(const Comparison& comparison);

nlohmann::json report_json(const std::vector<Floor>& floors, const std::vector<Comparison>& comparisons,
                           const Workload& workload);

}  // namespace partita::bench
