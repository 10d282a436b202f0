#include "explore/routine_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "chip/base/error.hpp"

namespace partita::explore {
namespace {

constexpr Phase phases[phase_count] = {Phase::forward, Phase::backward, Phase::weights, Phase::all};
constexpr const char* nothing = "-";

std::string times(double ratio) {
    return ratio == 0 ? nothing : fmt::format("{:.2f}", ratio);
}

TextTable summary_table(const Comparisons& comparisons) {
    TextTable table{"Summary",
                    {"precision", "points", "fewer cycles, geometric mean", "least", "at",
                     "most of the published memory", "at"},
                    {}};
    for (const auto& [precision, list] : comparisons) {
        const Summary summary = summarise(list);
        table.rows.push_back({precision, fmt::format("{}", list.size()), times(summary.geometric_mean),
                              times(summary.least), summary.least_at.name(),
                              fmt::format("{:.3f}", summary.most_memory), summary.most_memory_at.name()});
    }
    return table;
}

TextTable points_table(const std::string& precision, const std::vector<Comparison>& list) {
    TextTable table{
        fmt::format("{}: cycles and memory", precision),
        {"point", "published cycles", "cycles", "times fewer", "published MiB", "bytes", "share of it"},
        {}};
    for (const Comparison& comparison : list) {
        table.rows.push_back({comparison.point.name(), fmt::format("{}", comparison.published_cycles),
                              fmt::format("{}", comparison.run.cycles),
                              times(comparison.times_fewer_cycles()),
                              fmt::format("{:.2f}", comparison.published_mebibytes),
                              fmt::format("{}", comparison.run.memory_bytes),
                              fmt::format("{:.3f}", comparison.share_of_memory())});
    }
    return table;
}

TextTable utilisation_table(const std::string& precision, const std::vector<Comparison>& list) {
    TextTable table{
        fmt::format("{}: utilisation of the array while the accelerator is busy", precision), {"point"}, {}};
    for (const Phase phase : phases) {
        table.header.emplace_back(name(phase));
    }
    for (const Comparison& comparison : list) {
        std::vector<std::string> row{comparison.point.name()};
        for (const Phase phase : phases) {
            const double utilisation = comparison.run.work(phase).utilisation(comparison.point.mesh);
            row.push_back(utilisation == 0 ? nothing : fmt::format("{:.1f} %", 100 * utilisation));
        }
        table.rows.push_back(row);
    }
    return table;
}

// A row for each precision, mesh and kind of work, a column for each K.
TextTable speed_up_table(const Comparisons& comparisons) {
    TextTable table{"Speed-up by eight cores in place of one", {"precision, mesh, work"}, {}};
    std::set<unsigned> parts;
    for (const auto& [precision, list] : comparisons) {
        for (const auto& [where, unused] : speed_ups(list)) {
            parts.insert(where.second);
        }
    }
    for (const unsigned count : parts) {
        table.header.push_back(fmt::format("K = {}", count));
    }
    for (const auto& [precision, list] : comparisons) {
        const auto all = speed_ups(list);
        std::set<unsigned> sides;
        for (const auto& [where, unused] : all) {
            sides.insert(where.first);
        }
        for (const unsigned side : sides) {
            std::vector<std::string> element_wise{
                fmt::format("{}, {}x{}, element-wise", precision, side, side)};
            std::vector<std::string> update{fmt::format("{}, {}x{}, update", precision, side, side)};
            for (const unsigned count : parts) {
                const auto found = all.find({side, count});
                element_wise.push_back(found == all.end() ? nothing : times(found->second.element_wise));
                update.push_back(found == all.end() ? nothing : times(found->second.update));
            }
            table.rows.push_back(element_wise);
            table.rows.push_back(update);
        }
    }
    return table;
}

std::string markdown_row(const std::vector<std::string>& fields) {
    std::string line = "|";
    for (const std::string& field : fields) {
        line += " " + field + " |";
    }
    return line + "\n";
}

// Where the only line that is `marker` begins.
std::size_t line_of(const std::string& document, std::string_view marker, const std::string& file) {
    std::size_t found = std::string::npos;
    std::size_t count = 0;
    for (std::size_t from = 0; from < document.size();) {
        const std::size_t end = std::min(document.find('\n', from), document.size());
        if (std::string_view(document).substr(from, end - from) == marker) {
            found = from;
            ++count;
        }
        from = end + 1;
    }
    if (count != 1) {
        throw chip::ChipError(
            fmt::format("{}: found the line '{}' {} times, expected it once", file, marker, count));
    }
    return found;
}

}  // namespace

std::vector<TextTable> routine_tables(const Comparisons& comparisons) {
    if (comparisons.empty()) {
        return {};
    }
    std::vector<TextTable> tables{summary_table(comparisons)};
    for (const auto& [precision, list] : comparisons) {
        tables.push_back(points_table(precision, list));
        tables.push_back(utilisation_table(precision, list));
    }
    TextTable speed_up = speed_up_table(comparisons);
    if (!speed_up.rows.empty()) {
        tables.push_back(std::move(speed_up));
    }
    return tables;
}

nlohmann::ordered_json routine_json(const Comparisons& comparisons) {
    nlohmann::ordered_json json;
    for (const auto& [precision, list] : comparisons) {
        const Summary summary = summarise(list);
        auto& entry = json[precision];
        entry["summary"] = {{"points", list.size()},
                            {"geometric_mean", summary.geometric_mean},
                            {"least", summary.least},
                            {"least_at", summary.least_at.name()},
                            {"most_memory", summary.most_memory},
                            {"most_memory_at", summary.most_memory_at.name()}};
        for (const Comparison& comparison : list) {
            auto& point = entry["points"][comparison.point.name()];
            point = {{"published_cycles", comparison.published_cycles},
                     {"cycles", comparison.run.cycles},
                     {"times_fewer_cycles", comparison.times_fewer_cycles()},
                     {"published_mebibytes", comparison.published_mebibytes},
                     {"memory_bytes", comparison.run.memory_bytes},
                     {"share_of_memory", comparison.share_of_memory()},
                     {"element_wise_cycles", comparison.run.element_wise},
                     {"update_cycles", comparison.run.update}};
            for (const Phase phase : phases) {
                const ArrayWork& work = comparison.run.work(phase);
                point["array"][name(phase)] = {{"multiply_adds", work.multiply_adds},
                                               {"busy_cycles", work.busy_cycles},
                                               {"utilisation", work.utilisation(comparison.point.mesh)}};
            }
        }
        for (const auto& [where, speed_up] : speed_ups(list)) {
            entry["speed_up"][fmt::format("ms{}-k{}", where.first, where.second)] = {
                {"element_wise", speed_up.element_wise}, {"update", speed_up.update}};
        }
    }
    return json;
}

std::string markdown(const std::vector<TextTable>& tables) {
    std::string text;
    for (const TextTable& table : tables) {
        text += (text.empty() ? "" : "\n") + fmt::format("{}\n\n", table.title) + markdown_row(table.header) +
                markdown_row(std::vector<std::string>(table.header.size(), "---"));
        for (const auto& row : table.rows) {
            text += markdown_row(row);
        }
    }
    return text;
}

std::string replace_tables(const std::string& document, const std::string& content, const std::string& file) {
    const std::size_t begin = line_of(document, tables_begin, file);
    const std::size_t end = line_of(document, tables_end, file);
    if (end < begin) {
        throw chip::ChipError(
            fmt::format("{}: the line '{}' comes before '{}'", file, tables_end, tables_begin));
    }
    return document.substr(0, begin) + std::string(tables_begin) + "\n\n" + content + "\n" +
           document.substr(end);
}

}  // namespace partita::explore
