#pragma once

// A figure: the rows it shows, and how. The page and the SVG files are drawn from the same description, so a
// new figure is one function that returns it (figures.hpp).

#include <cstdint>
#include <string>
#include <vector>

#include "explore/report/table.hpp"

namespace partita::explore::report {

enum class Mark : std::uint8_t { bars, lines, dots };
enum class Scale : std::uint8_t { category, linear, logarithmic };
const char* name(Mark mark);
const char* name(Scale scale);

struct Axis {
    std::string column;
    std::string label;  // with the unit
    Scale scale = Scale::linear;
};

// Columns have a meaning of their own:
// - `source`: "published" rows are drawn hollow and dashed, beside those of every `program`. "reference" and
// "measured"
//   rows, of other platforms, are grey and appear in every panel, the first hollow. All others are ours,
//   "estimated" ones diamonds.
// - `workload`: only rows of one workload are drawn at a time; rows without one always are.
// - `parts`, `chip`, `mesh`, `cores`, `precision`, `program`: what the page filters by.
// - `label`: what a row is called where the pointer is on it. `command`: how to run it again.
struct Chart {
    std::string name;   // of its files, and its anchor on the page
    std::string title;  // a noun phrase
    std::string sentence;
    Mark mark = Mark::lines;
    Axis x, y;
    std::string colour;  // a column
    std::string colour_label;
    // Columns by which the figure is cut in panels side by side and in rows of panels; empty: one.
    std::string panel, row;
    std::string panel_label, row_label;  // before the value
    // Columns whose values together tell one line from another.
    std::vector<std::string> line;
    bool front = false;         // of dots: a line through those that no other beats in x and y
    bool proportional = false;  // of lines: a thin one where y = x
    Table table{{}};
};

}  // namespace partita::explore::report
