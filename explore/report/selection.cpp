#include "explore/report/selection.hpp"

#include "explore/report/scale.hpp"

namespace partita::explore::report {
namespace {

std::vector<Cell> values_of(const Table& table, const std::vector<std::size_t>& rows,
                            const std::string& column) {
    std::vector<Cell> cells;
    for (const std::size_t row : rows) {
        const std::string source = table.has("source") ? table.at(row, "source").text() : "";
        if (!is_elsewhere(source)) {
            cells.push_back(table.at(row, column));
        }
    }
    return cells;
}

}  // namespace

bool is_elsewhere(std::string_view source) {
    return source == "reference" || source == "measured";
}

std::vector<std::size_t> rows_of_workload(const Table& table, const std::string& workload) {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < table.rows().size(); ++row) {
        if (!table.has("workload") || table.at(row, "workload").is_empty() ||
            table.at(row, "workload").text() == workload) {
            rows.push_back(row);
        }
    }
    return rows;
}

std::vector<Cell> facets(const Table& table, const std::vector<std::size_t>& rows,
                         const std::string& column) {
    return column.empty() ? std::vector<Cell>{} : distinct(values_of(table, rows, column));
}

}  // namespace partita::explore::report
