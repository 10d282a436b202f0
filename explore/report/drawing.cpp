#include "explore/report/drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "explore/report/figure_rows.hpp"
#include "explore/report/scale.hpp"
#include "explore/report/selection.hpp"
#include "explore/report/svg.hpp"

namespace partita::explore::report {
namespace {

constexpr std::array<const char*, 12> palette{"#3b6fb6", "#d1702a", "#3d8f4f", "#a8457c",
                                              "#7a6bb5", "#a5860f", "#2f9aa0", "#c2453d",
                                              "#6b7a8c", "#8c6a4f", "#5f9e2f", "#d387b5"};
constexpr const char* grey = "#8a9299";
constexpr double width = 960;
constexpr double left = 64;
constexpr double right = 16;
constexpr double top = 66;  // title and legend
constexpr double between = 18;
constexpr double panel_height = 250;
constexpr double bottom = 56;
constexpr double name_line = 12;     // of the names above panels
constexpr double name_letter = 6.6;  // its width, about

// A chart cut down to what is drawn.
class Drawing {
  public:
    Drawing(const Chart& chart, const std::string& workload);
    std::string text();

  private:
    using Rows = std::vector<std::size_t>;

    const Cell& cell(std::size_t row, const std::string& column) const { return table_.at(row, column); }
    std::vector<Cell> cells(const std::string& column) const;
    std::string source(std::size_t row) const {
        return table_.has("source") ? cell(row, "source").text() : "";
    }
    bool is_in(std::size_t row, const Cell* panel, const Cell* row_of_panels) const;
    std::string line_of(std::size_t row) const;
    std::string colour_of(std::size_t row) const;
    double place_x(std::size_t row) const {
        return x0_ + panel_width_ * x_.place(cell(row, chart_.x.column));
    }
    double place_y(double value) const { return y0_ + panel_height * (1 - y_.place(value)); }
    double value(std::size_t row) const { return cell(row, chart_.y.column).number(); }
    std::string title(std::size_t row) const;

    void draw_legend();
    void draw_axes(bool is_first, bool is_last);
    void draw_names(const Cell* panel, const Cell* row_of_panels);
    void draw_panel(const Cell* panel, const Cell* row_of_panels);
    void draw_bars(const Rows& rows);
    void draw_lines(const Rows& rows);
    void draw_front(const Rows& rows);
    void draw_dot(std::size_t row);
    Placement y_placement() const;

    const Chart& chart_;
    const Table& table_;
    Rows rows_;
    std::vector<Cell> panels_, rows_of_panels_, colours_;
    std::size_t left_out_ = 0;
    Placement x_, y_;
    double panel_width_ = 0;
    double names_height_ = 0;  // beyond their first line
    double x0_ = 0;
    double y0_ = 0;
    Svg svg_;
};

void cut(std::vector<Cell>& values, std::size_t most, std::size_t& left_out) {
    if (values.size() > most) {
        left_out += values.size() - most;
        values.resize(most);
    }
}

double width_of_panel(std::size_t panels) {
    const double count = static_cast<double>(std::clamp<std::size_t>(panels, 1, most_panels));
    return (width - left - right - (count - 1) * between) / count;
}

// "ms4-c1 + soc.cores=2" as "ms4-c1" and "cores=2".
std::vector<std::string> lines_of(const std::string& name) {
    constexpr std::string_view separator = " + ";
    std::vector<std::string> lines;
    for (std::size_t from = 0; from <= name.size();) {
        const std::size_t end = std::min(name.find(separator, from), name.size());
        const std::string part = name.substr(from, end - from);
        const std::size_t section = lines.empty() ? std::string::npos : part.find('.');
        lines.push_back(section == std::string::npos ? part : part.substr(section + 1));
        from = end + separator.size();
    }
    return lines;
}

// How many lines the names above panels take: one where all have room in one.
std::size_t lines_of_names(const Chart& chart, const std::vector<Cell>& panels) {
    std::size_t longest = 0;
    std::size_t most = 1;
    for (const Cell& panel : std::span(panels).first(std::min(panels.size(), most_panels))) {
        const std::string name = chart.panel_label + panel.text();
        longest = std::max(longest, name.size());
        most = std::max(most, lines_of(name).size());
    }
    return static_cast<double>(longest) * name_letter <= width_of_panel(panels.size()) ? 1 : most;
}

double height_of_names(const Chart& chart, const std::vector<Cell>& panels) {
    return static_cast<double>(lines_of_names(chart, panels) - 1) * name_line;
}

double height_of(const Chart& chart, const Table& table, const std::vector<std::size_t>& rows) {
    const auto count = std::clamp<std::size_t>(facets(table, rows, chart.row).size(), 1, most_rows);
    const double names = height_of_names(chart, facets(table, rows, chart.panel));
    return top + static_cast<double>(count) * (names + panel_height + between) + bottom;
}

Drawing::Drawing(const Chart& chart, const std::string& workload)
    : chart_(chart),
      table_(chart.table),
      rows_(rows_of_workload(table_, workload)),
      panels_(facets(table_, rows_, chart.panel)),
      rows_of_panels_(facets(table_, rows_, chart.row)),
      colours_(facets(table_, rows_, chart.colour)),
      x_(chart.x.scale, chart.mark == Mark::bars, cells(chart.x.column)),
      y_(y_placement()),
      svg_(width, height_of(chart, table_, rows_)) {
    cut(panels_, most_panels, left_out_);
    cut(rows_of_panels_, most_rows, left_out_);
    panel_width_ = width_of_panel(panels_.size());
    names_height_ = height_of_names(chart, panels_);
}

std::vector<Cell> Drawing::cells(const std::string& column) const {
    std::vector<Cell> all;
    for (const std::size_t row : rows_) {
        all.push_back(cell(row, column));
    }
    return all;
}

// Of stacked bars the sums.
Placement Drawing::y_placement() const {
    if (chart_.mark != Mark::bars) {
        return {chart_.y.scale, false, cells(chart_.y.column)};
    }
    std::map<std::string, double> sums;
    for (const std::size_t row : rows_) {
        std::string key = cell(row, chart_.x.column).text();
        for (const std::string& column : {chart_.panel, chart_.row}) {
            key += "|" + (column.empty() ? std::string() : cell(row, column).text());
        }
        sums[key] += value(row);
    }
    std::vector<Cell> all;
    for (const auto& [key, sum] : sums) {
        all.emplace_back(sum);
    }
    return {chart_.y.scale, true, all};
}

// Published rows stand beside those of every program, other platforms in every panel.
bool Drawing::is_in(std::size_t row, const Cell* panel, const Cell* row_of_panels) const {
    const std::string from = source(row);
    const auto is_at = [&](const std::string& column, const Cell* value) {
        return value == nullptr || is_elsewhere(from) || (from == "published" && column == "program") ||
               cell(row, column) == *value;
    };
    return is_at(chart_.panel, panel) && is_at(chart_.row, row_of_panels);
}

std::string Drawing::line_of(std::size_t row) const {
    std::string key;
    for (const std::string& column : chart_.line) {
        const std::string text = cell(row, column).text();
        // A line goes through exact and estimated points.
        key += (text == "estimated" ? "simulated" : text) + "|";
    }
    return key;
}

std::string Drawing::colour_of(std::size_t row) const {
    if (is_elsewhere(source(row)) || chart_.colour.empty()) {
        return grey;
    }
    const auto found = std::ranges::find(colours_, cell(row, chart_.colour));
    return found == colours_.end()
               ? grey
               : palette[static_cast<std::size_t>(found - colours_.begin()) % palette.size()];
}

std::string Drawing::title(std::size_t row) const {
    const std::string label = table_.has("label") ? cell(row, "label").text() + ": " : "";
    return fmt::format("{}{:.4g} {}", label, value(row), chart_.y.label);
}

void Drawing::draw_legend() {
    svg_.text(left, 24, chart_.title, "font-size=\"16\" font-weight=\"600\"");
    double x = left;
    if (!chart_.colour_label.empty()) {
        svg_.text(x, 46, chart_.colour_label);
        x += 7.0 * static_cast<double>(chart_.colour_label.size()) + 8;
    }
    for (std::size_t i = 0; i < colours_.size() && x < width - 60; ++i) {
        const std::string name = colours_[i].text();
        svg_.rectangle(x, 37, 10, 10, fmt::format("fill=\"{}\"", palette[i % palette.size()]));
        svg_.text(x + 14, 46, name);
        x += 24 + 6.6 * static_cast<double>(name.size());
    }
    if (left_out_ != 0) {
        svg_.text(width - right, 24, fmt::format("{} more panels are left out", left_out_),
                  "text-anchor=\"end\"");
    }
}

void Drawing::draw_axes(bool is_first, bool is_last) {
    for (const Tick& tick : y_.ticks()) {
        const double y = y0_ + panel_height * (1 - tick.at);
        svg_.line(x0_, y, x0_ + panel_width_, y, "stroke=\"#d9dee2\"");
        if (is_first) {
            svg_.text(x0_ - 6, y + 4, tick.label, "text-anchor=\"end\"");
        }
    }
    if (is_first) {
        svg_.text(left - 52, y0_ - 6, chart_.y.label, "fill=\"#56616a\"");
    }
    if (!is_last) {
        return;
    }
    std::size_t longest = 0;
    for (const Tick& tick : x_.ticks()) {
        longest = std::max(longest, tick.label.size());
    }
    const double room = panel_width_ / std::max<double>(1, static_cast<double>(x_.ticks().size()));
    const bool slanted = 6.6 * static_cast<double>(longest) > room;
    for (const Tick& tick : x_.ticks()) {
        const double x = x0_ + panel_width_ * tick.at;
        const double y = y0_ + panel_height + 16;
        svg_.text(
            x, y, tick.label,
            slanted
                ? fmt::format("text-anchor=\"end\" font-size=\"10\" transform=\"rotate(-35 {:.1f} {:.1f})\"",
                              x, y)
                : fmt::format("text-anchor=\"middle\" font-size=\"{}\"",
                              9.0 * static_cast<double>(longest) > room ? 9 : 12));
    }
    if (!slanted) {
        svg_.text(x0_ + panel_width_ / 2, y0_ + panel_height + 36, chart_.x.label,
                  "text-anchor=\"middle\" fill=\"#56616a\"");
    }
}

void Drawing::draw_bars(const Rows& rows) {
    std::map<std::string, double> heights;
    const double full = panel_width_ * x_.band();
    // In the order of the legend, from below.
    for (const Cell& colour : colours_) {
        for (const std::size_t row : rows) {
            if (cell(row, chart_.colour) == colour) {
                double& height = heights[cell(row, chart_.x.column).text()];
                const double from = place_y(height);
                height += value(row);
                svg_.rectangle(place_x(row) - 0.4 * full, place_y(height), 0.8 * full, from - place_y(height),
                               fmt::format("fill=\"{}\"", colour_of(row)), title(row));
            }
        }
    }
}

void Drawing::draw_dot(std::size_t row) {
    const std::string from = source(row);
    const double x = place_x(row);
    const double y = place_y(value(row));
    const std::string colour = colour_of(row);
    if (from == "published" || from == "reference") {
        svg_.circle(x, y, 2.5, fmt::format("fill=\"#ffffff\" stroke=\"{}\"", colour), title(row));
    } else if (from == "estimated") {
        svg_.diamond(x, y, 4, fmt::format("fill=\"{}\" fill-opacity=\"0.85\"", colour), title(row));
    } else {
        svg_.circle(x, y, 3, fmt::format("fill=\"{}\" fill-opacity=\"0.85\"", colour), title(row));
    }
}

void Drawing::draw_lines(const Rows& rows) {
    std::map<std::string, Rows> lines;
    for (const std::size_t row : rows) {
        lines[line_of(row)].push_back(row);
    }
    std::size_t references = 0;
    for (auto& [key, points] : lines) {
        std::ranges::sort(points, {}, [&](std::size_t row) { return place_x(row); });
        if (lines.size() <= most_lines) {
            std::string places;
            for (const std::size_t row : points) {
                places += fmt::format("{:.1f},{:.1f} ", place_x(row), place_y(value(row)));
            }
            const std::string from = source(points.front());
            svg_.polyline(places,
                          fmt::format("stroke=\"{}\" stroke-width=\"1.5\"{}", colour_of(points.front()),
                                      from == "published"   ? " stroke-dasharray=\"5 3\""
                                      : from == "reference" ? " stroke-dasharray=\"1 2\""
                                                            : ""));
            if (is_elsewhere(from)) {
                // Each at another point of its line, since lines may lie on each other.
                const std::size_t at = points[references++ % points.size()];
                const std::string name = cell(at, "chip").text();
                svg_.text(
                    place_x(at), place_y(value(at)) - 6, name.substr(0, name.find(',')),
                    fmt::format("text-anchor=\"{}\" font-size=\"9\" fill=\"#6b747b\"",
                                at == points.front() ? "start" : (at == points.back() ? "end" : "middle")));
            }
        }
        for (const std::size_t row : points) {
            draw_dot(row);
        }
    }
}

void Drawing::draw_front(const Rows& rows) {
    std::vector<std::vector<double>> measures;
    for (const std::size_t row : rows) {
        measures.push_back({cell(row, chart_.x.column).number(), value(row)});
    }
    const std::vector<bool> is_best = undominated(measures);
    Rows best;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (is_best[i]) {
            best.push_back(rows[i]);
        }
    }
    std::ranges::sort(best, {}, [&](std::size_t row) { return place_x(row); });
    std::string places;
    for (const std::size_t row : best) {
        places += fmt::format("{:.1f},{:.1f} ", place_x(row), place_y(value(row)));
    }
    svg_.polyline(places, "stroke=\"#1d2429\" stroke-width=\"1.5\"");
}

void Drawing::draw_names(const Cell* panel, const Cell* row_of_panels) {
    const bool is_narrow = panels_.size() > 4;  // no room for both names above a panel
    std::string name = panel == nullptr ? "" : chart_.panel_label + panel->text();
    if (row_of_panels != nullptr) {
        const std::string row = chart_.row_label + row_of_panels->text();
        if (!is_narrow) {
            name += (name.empty() ? "" : ", ") + row;
        } else if (*panel == panels_.back()) {
            const double x = x0_ + panel_width_ + 4;
            const double y = y0_ + panel_height / 2;
            svg_.text(x, y, row,
                      fmt::format("text-anchor=\"middle\" font-weight=\"600\" font-size=\"11\" "
                                  "transform=\"rotate(90 {:.1f} {:.1f})\"",
                                  x, y));
        }
    }
    const std::vector<std::string> lines = names_height_ > 0 ? lines_of(name) : std::vector{name};
    double y = y0_ - 6 - static_cast<double>(lines.size() - 1) * name_line;
    for (const std::string& line : lines) {
        svg_.text(x0_ + panel_width_, y, line, "text-anchor=\"end\" font-weight=\"600\" font-size=\"11\"");
        y += name_line;
    }
}

void Drawing::draw_panel(const Cell* panel, const Cell* row_of_panels) {
    Rows rows;
    for (const std::size_t row : rows_) {
        if (is_in(row, panel, row_of_panels)) {
            rows.push_back(row);
        }
    }
    draw_names(panel, row_of_panels);
    if (chart_.proportional) {
        std::string places;
        for (const Cell& cell : distinct(cells(chart_.x.column))) {
            if (y_.place(cell.number()) <= 1) {
                places += fmt::format("{:.1f},{:.1f} ", x0_ + panel_width_ * x_.place(cell),
                                      place_y(cell.number()));
            }
        }
        svg_.polyline(places, "stroke=\"#8a9299\" stroke-width=\"0.75\"");
    }
    if (chart_.mark == Mark::bars) {
        draw_bars(rows);
    } else if (chart_.mark == Mark::lines) {
        draw_lines(rows);
    } else {
        for (const std::size_t row : rows) {
            draw_dot(row);
        }
        if (chart_.front) {
            draw_front(rows);
        }
    }
}

std::string Drawing::text() {
    draw_legend();
    const std::size_t columns = std::max<std::size_t>(1, panels_.size());
    const std::size_t lines = std::max<std::size_t>(1, rows_of_panels_.size());
    for (std::size_t line = 0; line < lines; ++line) {
        for (std::size_t column = 0; column < columns; ++column) {
            x0_ = left + static_cast<double>(column) * (panel_width_ + between);
            y0_ = top + 6 + names_height_ +
                  static_cast<double>(line) * (names_height_ + panel_height + between);
            draw_axes(column == 0, line + 1 == lines);
            draw_panel(panels_.empty() ? nullptr : &panels_[column],
                       rows_of_panels_.empty() ? nullptr : &rows_of_panels_[line]);
        }
    }
    return svg_.document(chart_.title, chart_.sentence);
}

}  // namespace

std::string draw(const Chart& chart, const std::string& workload) {
    return Drawing(chart, workload).text();
}

}  // namespace partita::explore::report
