#pragma once

// From values to places along an axis, and the values that an axis names.

#include <string>
#include <vector>

#include "explore/report/chart.hpp"

namespace partita::explore::report {

struct Tick {
    double at = 0;  // 0 ... 1
    std::string label;
};

class Placement {
  public:
    // Of the cells that will be placed. Linear scales of bars, and where all is above 0 and begins low, start
    // at 0.
    Placement(Scale scale, bool from_zero, const std::vector<Cell>& cells);

    // 0 at the axis' begin, 1 at its end; of a category its middle.
    double place(const Cell& cell) const;
    // For scales that are not of categories.
    double place(double value) const;
    // Of a category: its share of the axis. 0 of other scales.
    double band() const;
    const std::vector<Tick>& ticks() const { return ticks_; }

  private:
    void make_categories(const std::vector<Cell>& cells);
    void make_linear(bool from_zero);
    void make_logarithmic();

    Scale scale_;
    double low_ = 0;
    double high_ = 1;
    std::vector<std::string> categories_;
    std::vector<Tick> ticks_;
};

// Each once: numbers by size, then texts by name. Empty cells are left out.
std::vector<Cell> distinct(const std::vector<Cell>& cells);

}  // namespace partita::explore::report
