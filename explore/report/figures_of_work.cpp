// Where the time goes, and what more cores and a larger array bring.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "chip/trace/record.hpp"
#include "explore/report/figure_rows.hpp"
#include "explore/report/figures.hpp"

namespace partita::explore::report {
namespace {

// Time with one core, by all that a row of `scaling` has in common but the cores.
using Family = std::tuple<std::string, std::string, std::string, std::string, std::string, std::string,
                          std::string, std::uint32_t>;

Family family_of(const Subject& subject) {
    const RunKey& key = subject.run.key;
    return {chip_family(subject.chip), key.platform,     key.routine,          key.precision, key.tape,
            key.data_digest,           subject.workload, subject.run.key.parts};
}

}  // namespace

Chart functions(const Subjects& subjects, const Published& published, const std::string& program) {
    const bool is_published = program == "published";
    Chart chart;
    chart.name = "functions-" + program;
    chart.title = fmt::format("Latency by function, program {}", program);
    chart.sentence =
        is_published
            ? "Where the time of hart 0 goes in the published program: as published and as simulated."
            : "Where the time of hart 0 goes in our training program. Harts work while the array does, "
              "so a function takes in the array's work beside its own.";
    chart.mark = Mark::bars;
    chart.x = {"parts", "K", Scale::category};
    chart.y = {"seconds", "seconds a pass", Scale::linear};
    chart.colour = "function";
    chart.colour_label = "";
    chart.panel = "chip";
    chart.row = "source";
    chart.table = Table(columns_with({"function", "cycles", "seconds", "share", "label"}));
    if (is_published) {
        for (const auto& [point, cycles] : published.cycles) {
            const auto total = static_cast<double>(cycles.at("total"));
            for (const auto& [function, count] : cycles) {
                if (function != "total") {
                    const auto value = static_cast<double>(count);
                    chart.table.add(cells_with(published_cells("published", point, "bf16"),
                                               {function, count, value / published_clock_hz, value / total,
                                                published_label(point)}));
                }
            }
        }
    }
    for (const Subject& subject : subjects.runs) {
        if (subject.run.key.routine != program || subject.run.machine.clock_hz == 0) {
            continue;
        }
        for (const RegionTime& region : subject.regions) {
            if (region.region != chip::trace::outside) {
                const auto cycles = static_cast<double>(region.cycles);
                chart.table.add(cells_with(
                    run_cells(subject),
                    {region.region, region.cycles, cycles / static_cast<double>(subject.run.machine.clock_hz),
                     cycles / static_cast<double>(std::max<std::uint64_t>(1, subject.pass_cycles)),
                     run_label(subject)}));
            }
        }
    }
    return chart;
}

Chart scaling(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "scaling";
    chart.title = "Scaling with cores";
    chart.sentence =
        "How many times faster a pass is with more cores than with one core of the same chip. The thin line "
        "is "
        "as many times as there are cores. Filled: ours; hollow, dashed: published.";
    chart.mark = Mark::lines;
    chart.x = {"cores", "cores", Scale::logarithmic};
    chart.y = {"speed_up", "times faster than one core", Scale::logarithmic};
    chart.colour = "parts";
    chart.colour_label = "K";
    chart.panel = "mesh";
    chart.panel_label = "mesh side ";
    chart.row = "program";
    chart.row_label = "program ";
    chart.line = {"source", "program", "family", "precision", "tape", "data", "parts"};
    chart.proportional = true;
    chart.table = Table(columns_with({"family", "tape", "data", "speed_up", "label", "command"}));
    for (const auto& [point, cycles] : published.cycles) {
        const auto one = published.cycles.find({point.mesh, 1, point.parts});
        if (one != published.cycles.end()) {
            chart.table.add(cells_with(
                published_cells("published", point, "bf16"),
                {chip_family(point.chip()), Cell(), Cell(),
                 static_cast<double>(one->second.at("total")) / static_cast<double>(cycles.at("total")),
                 published_label(point), Cell()}));
        }
    }
    std::map<Family, double> one_core;
    std::map<Family, std::size_t> members;
    for (const Subject& subject : subjects.runs) {
        ++members[family_of(subject)];
        if (subject.run.machine.cores == 1 && subject.is_of_chip()) {
            one_core[family_of(subject)] = subject.pass_seconds;
        }
    }
    for (const Subject& subject : subjects.runs) {
        const Family family = family_of(subject);
        const auto one = one_core.find(family);
        if (one != one_core.end() && members[family] > 1 && subject.pass_seconds > 0) {
            chart.table.add(
                cells_with(run_cells(subject),
                           {chip_family(subject.chip), subject.run.key.tape, subject.run.key.data_digest,
                            one->second / subject.pass_seconds, run_label(subject), subject.command}));
        }
    }
    return chart;
}

Chart utilisation(const Subjects& subjects) {
    Chart chart;
    chart.name = "utilisation";
    chart.title = "Use of the array";
    chart.sentence =
        "Multiply-adds of real data, as a share of those that the array could have done in the time of the "
        "pass.";
    chart.mark = Mark::lines;
    chart.x = {"parts", "K, parts of the sequence", Scale::category};
    chart.y = {"percent", "% of the array", Scale::linear};
    chart.colour = "cores";
    chart.colour_label = "cores";
    chart.panel = "mesh";
    chart.panel_label = "mesh side ";
    chart.row = "program";
    chart.row_label = "program ";
    chart.line = {"source", "program", "chip", "precision", "tape", "data"};
    chart.table = Table(columns_with({"tape", "data", "percent", "label", "command"}));
    for (const Subject& subject : subjects.runs) {
        double cycles = 0;
        double used = 0;
        for (const RegionTime& region : subject.regions) {
            if (region.region != chip::trace::outside) {
                cycles += static_cast<double>(region.cycles);
                used += static_cast<double>(region.cycles) * region.utilisation;
            }
        }
        if (cycles > 0 && subject.is_of_chip()) {
            chart.table.add(
                cells_with(run_cells(subject), {subject.run.key.tape, subject.run.key.data_digest,
                                                100 * used / cycles, run_label(subject), subject.command}));
        }
    }
    return chart;
}

Chart validation(const Subjects& subjects, const Published& published) {
    Chart chart;
    chart.name = "validation";
    chart.title = "The simulator beside the publication";
    chart.sentence =
        "Simulated cycles of each function of the published program over those that were measured, less one: "
        "a "
        "dot a design point.";
    chart.mark = Mark::dots;
    chart.x = {"function", "", Scale::category};
    chart.y = {"error_percent", "error, %", Scale::linear};
    chart.colour = "cores";
    chart.colour_label = "cores";
    chart.panel = "mesh";
    chart.panel_label = "mesh side ";
    chart.table = Table(columns_with(
        {"function", "published_cycles", "simulated_cycles", "error_percent", "label", "command"}));
    for (const Subject& subject : subjects.runs) {
        const Run& run = subject.run;
        const Point point{run.machine.mesh_side, run.machine.cores, run.key.parts};
        const auto measured = published.cycles.find(point);
        if (run.key.routine != "published" || !subject.is_of_publication() || run.key.precision != "bf16" ||
            measured == published.cycles.end() || subject.chip != point.chip() || !run.result.exact) {
            continue;
        }
        for (const auto& [function, expected] : measured->second) {
            std::uint64_t found = 0;
            for (const RegionTime& region : subject.regions) {
                // The table's total is the sum of its functions; so is the pass.
                found += region.region == function ? region.cycles : 0;
            }
            found = function == "total" ? subject.pass_cycles : found;
            chart.table.add(cells_with(
                run_cells(subject),
                {function, expected, found,
                 100 * (static_cast<double>(found) / static_cast<double>(expected) - 1),
                 fmt::format("{}, K = {}: {}", subject.chip, point.parts, function), subject.command}));
        }
    }
    return chart;
}

}  // namespace partita::explore::report
