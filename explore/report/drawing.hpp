#pragma once

// Figures as SVG files, for papers and slides: what the page shows before anyone filters, on white.

#include <string>

#include "explore/report/chart.hpp"

namespace partita::explore::report {

// More panels than these, side by side and one below the other, are left out of a drawing; and it says so.
inline constexpr std::size_t most_panels = 8;
inline constexpr std::size_t most_rows = 4;
// With more lines than this only the points are drawn.
inline constexpr std::size_t most_lines = 60;

// The rows of this workload, and those of none. A whole SVG document, the same for the same rows.
std::string draw(const Chart& chart, const std::string& workload);

}  // namespace partita::explore::report
