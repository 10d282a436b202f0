#include "explore/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace partita::explore::report {
namespace {

std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string result = "\"";
    for (const char c : text) {
        result += c;
        if (c == '"') {
            result += c;
        }
    }
    return result + "\"";
}

}  // namespace

std::string Cell::text() const {
    if (!is_number()) {
        return text_;
    }
    const double value = number();
    // Counts in full, whatever their size.
    constexpr double exact_up_to = 9007199254740992.0;
    return value == std::floor(value) && std::abs(value) < exact_up_to ? fmt::format("{:.0f}", value)
                                                                       : fmt::format("{}", value);
}

void Table::add(std::vector<Cell> row) {
    if (row.size() != columns_.size()) {
        throw std::logic_error(
            fmt::format("a row of {} cells for a table of {} columns", row.size(), columns_.size()));
    }
    rows_.push_back(std::move(row));
}

bool Table::has(std::string_view column) const {
    return std::ranges::find(columns_, column) != columns_.end();
}

std::size_t Table::index(std::string_view column) const {
    const auto found = std::ranges::find(columns_, column);
    if (found == columns_.end()) {
        throw std::logic_error(fmt::format("a table has no column '{}'", column));
    }
    return static_cast<std::size_t>(found - columns_.begin());
}

std::string Table::csv() const {
    std::string text = fmt::format("{}\n", fmt::join(columns_, ","));
    for (const std::vector<Cell>& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += (i == 0 ? "" : ",") + quoted(row[i].text());
        }
        text += "\n";
    }
    return text;
}

nlohmann::ordered_json Table::json(const std::function<std::size_t(const std::string&)>& index_of) const {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        const bool numbers = std::ranges::all_of(
            rows_, [&](const auto& row) { return row[column].is_number() || row[column].is_empty(); });
        nlohmann::ordered_json cells = nlohmann::ordered_json::array();
        for (const std::vector<Cell>& row : rows_) {
            if (!numbers) {
                cells.push_back(index_of(row[column].text()));
            } else if (row[column].is_empty()) {
                cells.push_back(nullptr);
            } else {
                cells.push_back(row[column].number());
            }
        }
        json[columns_[column]] =
            numbers ? std::move(cells) : nlohmann::ordered_json{{"at", std::move(cells)}};
    }
    return json;
}

}  // namespace partita::explore::report
