#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "agreement.hpp"

namespace partita::bench {
namespace {

using Json = nlohmann::json;

std::string rate(const std::optional<double>& value) {
    return value ? fmt::format("{:.0f}", *value) : std::string("-");
}

std::string floor_milliseconds(const std::optional<double>& gflops, const Workload& workload) {
    return gflops ? fmt::format("{:.2f}", 1e-6 * gemm_operations(workload) / *gflops) : std::string("-");
}

std::vector<const Series*> with_threads(const Comparison& comparison, int threads) {
    std::vector<const Series*> selected;
    for (const Series& series : comparison.series) {
        if (series.threads == threads) {
            selected.push_back(&series);
        }
    }
    return selected;
}

/// How much faster this peer is than itself on one thread, or a dash if it was not measured so.
std::string speed_over_one_thread(const Comparison& comparison, const Series& series) {
    for (const Series& other : comparison.series) {
        if (other.name == series.name && other.threads == 1) {
            return fmt::format("{:.2f}", other.median() / series.median());
        }
    }
    return "-";
}

std::string table(const Comparison& comparison, int threads) {
    const std::vector<const Series*> rows = with_threads(comparison, threads);
    std::string text = fmt::format("\nK = {}, {} {}\n{:<20}{:>11}{:>9}{:>8}{:>11}{:>13}", comparison.parts,
                                   threads, threads == 1 ? "thread" : "threads", "peer", "median ms",
                                   "min ms", "passes", "loss", "vs 1 thread");
    for (std::size_t column = 0; column < rows.size(); ++column) {
        text += fmt::format("{:>8}", fmt::format("vs [{}]", column + 1));
    }
    for (std::size_t index = 0; index < rows.size(); ++index) {
        const Series& row = *rows[index];
        text +=
            fmt::format("\n{:<20}{:>11.2f}{:>9.2f}{:>8}{:>11.6f}{:>13}",
                        fmt::format("[{}] {}", index + 1, row.name), 1e3 * row.median(), 1e3 * row.minimum(),
                        row.seconds.size(), row.loss, speed_over_one_thread(comparison, row));
        for (const Series* column : rows) {
            text += fmt::format("{:>8.2f}", column->median() / row.median());
        }
    }
    return text + "\n";
}

Json to_json(const Series& series) {
    return {{"peer", series.name},
            {"details", series.details},
            {"threads", series.threads},
            {"median_seconds", series.median()},
            {"min_seconds", series.minimum()},
            {"seconds", series.seconds},
            {"loss", series.loss},
            {"change", series.change},
            {"idle_between_turns", series.idle_between_turns}};
}

Json to_json(const Comparison& comparison) {
    Json series = Json::array();
    for (const Series& one : comparison.series) {
        series.push_back(to_json(one));
    }
    Json absences = Json::array();
    for (const Absence& absence : comparison.absences) {
        absences.push_back(
            {{"peer", absence.name}, {"threads", absence.threads}, {"reason", absence.reason}});
    }
    return {{"parts", comparison.parts},
            {"processors_in_use_by_others", comparison.processors_in_use_by_others},
            {"series", series},
            {"absent", absences},
            {"disagreements", disagreements(comparison)}};
}

Json to_json(const Floor& floor) {
    Json json{{"threads", floor.threads}};
    json["fp32_gflops"] = floor.fp32_gflops ? Json(*floor.fp32_gflops) : Json();
    json["bf16_gflops"] = floor.bf16_gflops ? Json(*floor.bf16_gflops) : Json();
    json["l2_gbytes"] = floor.l2_gbytes ? Json(*floor.l2_gbytes) : Json();
    json["meeting_ns"] = floor.meeting_ns ? Json(*floor.meeting_ns) : Json();
    return json;
}

}  // namespace

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name")) {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown processor";
}

std::string floor_table(const std::vector<Floor>& floors, const Workload& workload) {
    std::string text = fmt::format(
        "The floor: {:.2f} GFLOP of matrix products a pass at the measured peak\n"
        "{:<8}{:>15}{:>10}{:>15}{:>10}{:>13}{:>13}\n",
        1e-9 * gemm_operations(workload), "threads", "FP32 GFLOP/s", "pass ms", "BF16 GFLOP/s", "pass ms",
        "L2 GB/s", "meeting ns");
    for (const Floor& floor : floors) {
        text += fmt::format("{:<8}{:>15}{:>10}{:>15}{:>10}{:>13}{:>13}\n", floor.threads,
                            rate(floor.fp32_gflops), floor_milliseconds(floor.fp32_gflops, workload),
                            rate(floor.bf16_gflops), floor_milliseconds(floor.bf16_gflops, workload),
                            rate(floor.l2_gbytes), rate(floor.meeting_ns));
    }
    return text;
}

std::string comparison_tables(const Comparison& comparison) {
    std::set<int> thread_counts;
    for (const Series& series : comparison.series) {
        thread_counts.insert(series.threads);
    }
    std::string text;
    for (const int threads : thread_counts) {
        text += table(comparison, threads);
    }
    if (comparison.processors_in_use_by_others > 0.2) {
        text += fmt::format(
            "Other processes kept {:.1f} processors busy when this began: times may be too long, "
            "above all on several threads\n",
            comparison.processors_in_use_by_others);
    }
    for (const Absence& absence : comparison.absences) {
        text += fmt::format("{} not measured: {}\n", absence.name, absence.reason);
    }
    for (const Series& series : comparison.series) {
        if (!series.idle_between_turns) {
            text +=
                fmt::format("{} on {} threads goes on spinning after its pass and slows down what follows\n",
                            series.name, series.threads);
        }
    }
    return text;
}

nlohmann::json report_json(const std::vector<Floor>& floors, const std::vector<Comparison>& comparisons,
                           const Workload& workload) {
    Json report{{"processor", processor_name()},
                {"workload",
                 {{"steps", workload.steps},
                  {"batch", workload.batch},
                  {"hidden", workload.hidden},
                  {"classes", workload.classes},
                  {"gemm_operations", gemm_operations(workload)}}},
                {"agreement", agreement_rule()}};
    report["floor"] = Json::array();
    for (const Floor& floor : floors) {
        report["floor"].push_back(to_json(floor));
    }
    report["comparisons"] = Json::array();
    for (const Comparison& comparison : comparisons) {
        report["comparisons"].push_back(to_json(comparison));
    }
    return report;
}

}  // namespace partita::bench
