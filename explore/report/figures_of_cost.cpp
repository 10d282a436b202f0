// Latency, memory, and what is the best of both.

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "explore/report/figure_rows.hpp"
#include "explore/report/figures.hpp"

namespace partita::explore::report {
namespace {

constexpr double mebibyte = 1048576.0;

const Axis by_parts{"parts", "K, parts of the sequence", Scale::category};
const std::vector<std::string> one_line{"source", "program", "chip", "precision", "tape", "data"};

const char* platform_name(const std::string& platform) {
    constexpr std::array<std::array<const char*, 2>, 5> names{
        {{"rocket_500mhz_no_accelerator", "Rocket core without accelerator"},
         {"nvidia_t4", "NVIDIA T4"},
         {"nvidia_l4", "NVIDIA L4"},
         {"nvidia_v100", "NVIDIA V100"},
         {"xeon_2.2ghz", "Xeon 2.2 GHz"}}};
    for (const auto& [key, name] : names) {
        if (platform == key) {
            return name;
        }
    }
    return platform.c_str();
}

}  // namespace

Chart latency(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "latency";
    chart.title = "Latency";
    chart.sentence =
        "Time of one pass of FPTT-K, by the number of parts. Filled: ours; hollow, dashed: published; grey: "
        "the same pass on other platforms, dotted as published, filled as measured by partita baseline.";
    chart.mark = Mark::lines;
    chart.x = by_parts;
    chart.y = {"seconds", "seconds a pass", Scale::logarithmic};
    chart.colour = "cores";
    chart.colour_label = "cores";
    chart.panel = "mesh";
    chart.panel_label = "mesh side ";
    chart.row = "program";
    chart.row_label = "program ";
    chart.line = one_line;
    chart.table =
        Table(columns_with({"tape", "data", "seconds", "error_bound", "cycles", "label", "command"}));
    for (const auto& [point, cycles] : published.cycles) {
        const std::uint64_t total = cycles.at("total");
        chart.table.add(cells_with(published_cells("published", point, "bf16"),
                                   {Cell(), Cell(), static_cast<double>(total) / published_clock_hz, Cell(),
                                    total, published_label(point), Cell()}));
    }
    for (const Elsewhere& one : published.elsewhere) {
        std::vector<Cell> cells = published_cells("reference", {0, 0, one.parts}, "");
        cells[2] = platform_name(one.platform);
        chart.table.add(cells_with(
            std::move(cells), {Cell(), Cell(), one.seconds, Cell(), Cell(),
                               fmt::format("{}, K = {}", platform_name(one.platform), one.parts), Cell()}));
    }
    for (const Subject& subject : subjects.runs) {
        const Run& run = subject.run;
        const bool has_clock = subject.is_of_chip();
        chart.table.add(cells_with(
            run_cells(subject),
            {run.key.tape, run.key.data_digest, subject.pass_seconds,
             run.result.exact ? Cell() : Cell(run.result.error_bound),
             has_clock ? Cell(subject.pass_cycles) : Cell(), run_label(subject), subject.command}));
    }
    return chart;
}

Chart memory(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "memory";
    chart.title = "Memory";
    chart.sentence =
        "Bytes that the program sets aside for training, by the number of parts. Filled: ours, which is what "
        "partita plan says; hollow, dashed: published.";
    chart.mark = Mark::lines;
    chart.x = by_parts;
    chart.y = {"mebibytes", "MiB", Scale::logarithmic};
    chart.colour = "precision";
    chart.colour_label = "precision";
    chart.line = one_line;
    chart.table = Table(columns_with({"tape", "data", "mebibytes", "bytes", "label", "command"}));
    for (const ByPrecision& row : published.memory) {
        for (const auto& [precision, mebibytes] :
             {std::pair("fp32", row.fp32), std::pair("bf16", row.bf16)}) {
            chart.table.add(cells_with(published_cells("published", {0, 0, row.parts}, precision),
                                       {Cell(), Cell(), mebibytes, mebibytes * mebibyte,
                                        fmt::format("published, K = {}, {}", row.parts, precision), Cell()}));
        }
    }
    for (const Subject& subject : subjects.runs) {
        const Run& run = subject.run;
        if (run.result.memory_planned && subject.is_of_chip()) {
            const std::uint64_t bytes = *run.result.memory_planned;
            chart.table.add(cells_with(
                run_cells(subject), {run.key.tape, run.key.data_digest, static_cast<double>(bytes) / mebibyte,
                                     bytes, run_label(subject), subject.command}));
        }
    }
    return chart;
}

Chart pareto_memory(const Subjects& subjects) {
    Chart chart;
    chart.name = "pareto-memory";
    chart.title = "Latency against memory";
    chart.sentence =
        "Every run; the line joins those that no other beats in both. Choose one to see the command that "
        "runs "
        "it.";
    chart.mark = Mark::dots;
    chart.x = {"mebibytes", "MiB set aside for training", Scale::logarithmic};
    chart.y = {"seconds", "seconds a pass", Scale::logarithmic};
    chart.colour = "cores";
    chart.colour_label = "cores";
    chart.front = true;
    chart.table = Table(columns_with({"mebibytes", "seconds", "on_front", "label", "command"}));
    std::map<std::string, std::vector<const Subject*>> by_workload;
    for (const Subject& subject : subjects.runs) {
        if (subject.is_of_chip() && subject.run.result.memory_planned && subject.pass_seconds > 0) {
            by_workload[subject.workload].push_back(&subject);
        }
    }
    for (const auto& [workload, runs] : by_workload) {
        std::vector<std::vector<double>> measures;
        for (const Subject* subject : runs) {
            measures.push_back(
                {static_cast<double>(*subject->run.result.memory_planned) / mebibyte, subject->pass_seconds});
        }
        const std::vector<bool> front = undominated(measures);
        for (std::size_t i = 0; i < runs.size(); ++i) {
            chart.table.add(
                cells_with(run_cells(*runs[i]), {measures[i][0], measures[i][1], front[i] ? "yes" : "no",
                                                 run_label(*runs[i]), runs[i]->command}));
        }
    }
    return chart;
}

Chart pareto_resources(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "pareto-resources";
    chart.title = "Latency against logic";
    chart.sentence =
        "Runs on chips whose resources are known; the line joins those that no other beats in both. The "
        "table's "
        "on_front says whether none beats a run in latency, memory and logic together.";
    chart.mark = Mark::dots;
    chart.x = {"kilo_lut", "thousand LUT", Scale::linear};
    chart.y = {"seconds", "seconds a pass", Scale::logarithmic};
    chart.colour = "parts";
    chart.colour_label = "K";
    chart.front = true;
    chart.table = Table(
        columns_with({"kilo_lut", "dsp", "bram36", "mebibytes", "seconds", "on_front", "label", "command"}));
    std::map<std::string, std::vector<std::pair<const Subject*, const Resources*>>> by_workload;
    for (const Subject& subject : subjects.runs) {
        const Resources* resources = resources_of(subject, subjects, published);
        if (resources != nullptr && subject.pass_seconds > 0) {
            by_workload[subject.workload].emplace_back(&subject, resources);
        }
    }
    for (const auto& [workload, runs] : by_workload) {
        std::vector<std::vector<double>> measures;
        for (const auto& [subject, resources] : runs) {
            const auto bytes = subject->run.result.memory_planned;
            // A program that does not say what it needs cannot win by that.
            measures.push_back(
                {resources->lut, subject->pass_seconds, bytes ? static_cast<double>(*bytes) : HUGE_VAL});
        }
        const std::vector<bool> front = undominated(measures);
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const auto& [subject, resources] = runs[i];
            const auto bytes = subject->run.result.memory_planned;
            chart.table.add(cells_with(
                run_cells(*subject),
                {resources->lut / 1000, resources->dsp, resources->bram36,
                 bytes ? Cell(static_cast<double>(*bytes) / mebibyte) : Cell(), subject->pass_seconds,
                 front[i] ? "yes" : "no", run_label(*subject), subject->command}));
        }
    }
    return chart;
}

}  // namespace partita::explore::report
