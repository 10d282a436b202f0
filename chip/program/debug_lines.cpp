#include "chip/program/debug_lines.hpp"

#include <algorithm>

#include "chip/program/cursor.hpp"

namespace partita::chip::program {

DebugLines::DebugLines(const DebugSections& sections) {
    Cursor at(sections.lines);
    while (!at.at_end()) {
        // 0xfffffff0 and above announce 64-bit DWARF, which no compiler writes for files below 4 GB.
        const auto bytes = at.number<std::uint32_t>();
        const auto unit = at.take(bytes);
        if (at.failed()) {
            break;
        }
        read_line_unit(unit, sections, table_);
    }
    std::stable_sort(table_.sequences.begin(), table_.sequences.end(),
                     [](const LineSequence& a, const LineSequence& b) { return a.begin < b.begin; });
}

std::optional<DebugLines::Line> DebugLines::at(Address address) const {
    auto sequence = std::upper_bound(
        table_.sequences.begin(), table_.sequences.end(), address,
        [](Address sought, const LineSequence& candidate) { return sought < candidate.begin; });
    if (sequence == table_.sequences.begin() || address >= (--sequence)->end) {
        return std::nullopt;
    }
    const auto rows = std::span(table_.rows).subspan(sequence->first_row, sequence->rows);
    const auto after =
        std::upper_bound(rows.begin(), rows.end(), address,
                         [](Address sought, const LineRow& candidate) { return sought < candidate.address; });
    const LineRow& row = *(after - 1);  // the first row is at sequence->begin
    if (row.line == 0 || row.file == no_file) {
        return std::nullopt;
    }
    const SourceFile& file = table_.files[row.file];
    Line line{std::string(file.directory), row.line};
    if (file.directory.empty() || file.name.starts_with('/')) {
        line.file = file.name;
    } else {
        line.file += '/';
        line.file += file.name;
    }
    return line;
}

}  // namespace partita::chip::program
