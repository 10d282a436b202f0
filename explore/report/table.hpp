#pragma once

// What a figure is drawn from: rows of named cells, as CSV for people's own tools and as JSON for the page.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace partita::explore::report {

// A number, a text or nothing.
class Cell {
  public:
    Cell() = default;
    Cell(double value) : kind_(Kind::number), number_(value) {}
    Cell(std::uint64_t value) : Cell(static_cast<double>(value)) {}
    Cell(std::uint32_t value) : Cell(static_cast<double>(value)) {}
    Cell(std::string value) : kind_(Kind::text), text_(std::move(value)) {}
    Cell(const char* value) : Cell(std::string(value)) {}

    bool is_empty() const { return kind_ == Kind::nothing; }
    bool is_number() const { return kind_ == Kind::number; }
    // 0 if it is no number.
    double number() const { return number_; }
    // Numbers in as few digits as tell them apart; nothing is "".
    std::string text() const;

    bool operator==(const Cell&) const = default;

  private:
    // No std::variant: GCC 12 takes moves of it for reads of uninitialised text.
    enum class Kind : std::uint8_t { nothing, number, text };
    Kind kind_ = Kind::nothing;
    double number_ = 0;
    std::string text_;
};

class Table {
  public:
    explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

    // One cell a column. Throws std::logic_error otherwise.
    void add(std::vector<Cell> row);

    const std::vector<std::string>& columns() const { return columns_; }
    const std::vector<std::vector<Cell>>& rows() const { return rows_; }
    bool has(std::string_view column) const;
    // Throws std::logic_error if there is no such column.
    std::size_t index(std::string_view column) const;
    const Cell& at(std::size_t row, std::string_view column) const { return rows_[row][index(column)]; }

    // RFC 4180, with "\n" at the end of a line.
    std::string csv() const;
    // {"column": [numbers or null], "other": {"at": [what `index_of` its texts gives]}}
    nlohmann::ordered_json json(const std::function<std::size_t(const std::string&)>& index_of) const;

  private:
    std::vector<std::string> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace partita::explore::report
