#pragma once

// Which rows of a figure are drawn, and what cuts it in panels.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "explore/report/table.hpp"

namespace partita::explore::report {

// Whether a row is of another platform than a chip: "reference" or "measured" (chart.hpp).
bool is_elsewhere(std::string_view source);

// Rows of the workload and those of none.
std::vector<std::size_t> rows_of_workload(const Table& table, const std::string& workload);

// The values of a column among the rows, each once (scale.hpp); references, which stand in every panel and
// have no colour, do not count. None if the column has no name.
std::vector<Cell> facets(const Table& table, const std::vector<std::size_t>& rows, const std::string& column);

}  // namespace partita::explore::report
