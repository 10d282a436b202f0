// partita_bench: one training pass of every registered peer, taking turns in one run.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "agreement.hpp"
#include "floor.hpp"
#include "measure.hpp"
#include "report.hpp"

namespace partita::bench {
namespace {

struct Options {
    MeasureOptions measure;
    std::vector<int> parts{1, 28, 784};
    std::string json;
    bool quick = false;
};

/// Exit code for bad usage, empty to go on.
std::optional<int> parse(int argument_count, char** arguments, const Workload& workload, Options& options) {
    CLI::App app(
        "Measures one LSTM training pass (batch 4, 784 steps, 1 -> 128 -> 10) by FPTT-K against peers.");
    app.footer(
        "Examples:\n"
        "  partita_bench\n"
        "  partita_bench --quick\n"
        "  partita_bench --threads 1 --parts 1 28 --json bench.json");
    const auto divides_steps = [&](const std::string& text) {
        int parts = 0;
        const bool valid = CLI::detail::lexical_cast(text, parts) && parts > 0 && workload.steps % parts == 0;
        return valid ? std::string() : fmt::format("{} does not divide the {} steps", text, workload.steps);
    };
    app.add_option("--threads", options.measure.threads, "Thread counts (1 2)")->check(CLI::Range(1, 1024));
    app.add_option("--parts", options.parts, "Values of K (1 28 784)")->check(divides_steps);
    app.add_option("--rounds", options.measure.rounds, "Timed passes of each peer (15)")
        ->check(CLI::Range(1, 1000));
    app.add_option("--peer-seconds", options.measure.peer_seconds,
                   "A peer that has taken longer sits out after three passes (4)")
        ->check(CLI::PositiveNumber);
    app.add_option("--only", options.measure.only, "Only peers whose name contains this");
    app.add_option("--json", options.json, "Also write everything measured to this file");
    app.add_flag("--quick", options.quick, "Three rounds, one second a peer: to see that it works");
    try {
        app.parse(argument_count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (options.quick) {
        options.measure.rounds = 3;
        options.measure.peer_seconds = 1.0;
    }
    return {};
}

/// On a terminal, a line that is overwritten.
void show_progress(int parts, int round, int rounds) {
    if (isatty(STDERR_FILENO) != 0) {
        fmt::print(stderr, "\rK = {}: round {} of {}\x1b[K{}", parts, round, rounds,
                   round == rounds ? "\r\x1b[K" : "");
    }
}

std::vector<Comparison> compare(const Workload& workload, const Options& options) {
    std::vector<Comparison> comparisons;
    for (const int parts : options.parts) {
        comparisons.push_back(measure(workload, parts, options.measure, [&](int round) {
            show_progress(parts, round, options.measure.rounds);
        }));
        fmt::print("{}", comparison_tables(comparisons.back()));
        std::fflush(stdout);
    }
    return comparisons;
}

void print_details(const std::vector<Comparison>& comparisons) {
    std::set<std::string> lines;
    for (const Comparison& comparison : comparisons) {
        for (const Series& series : comparison.series) {
            lines.insert(fmt::format("{}: {}", series.name, series.details));
        }
    }
    fmt::print("\n{}\n", fmt::join(lines, "\n"));
}

void write_json(const std::string& path, const nlohmann::json& report) {
    std::ofstream file(path);
    file << report.dump(2) << '\n';
    file.close();
    if (!file) {
        throw std::runtime_error(fmt::format("writing the report to {} failed", path));
    }
}

/// Exit code: failed if the peers trained different networks, or if there was none.
int judge(const std::vector<Comparison>& comparisons) {
    std::size_t measured = 0;
    bool agree = true;
    for (const Comparison& comparison : comparisons) {
        measured += comparison.series.size();
        for (const std::string& sentence : disagreements(comparison)) {
            fmt::print(stderr, "{}\n", sentence);
            agree = false;
        }
    }
    if (measured == 0) {
        fmt::print(stderr, "partita_bench: no peer was measured\n");
        return 1;
    }
    fmt::print("\nChecked: {}.\n{}\n", agreement_rule(),
               agree ? "All agree." : "The peers do not agree: their times do not compare.");
    return agree ? 0 : 1;
}

int run(const Workload& workload, const Options& options) {
    std::vector<Floor> floors;
    for (const int threads : options.measure.threads) {
        floors.push_back(measure_floor(threads));
    }
    fmt::print("{}\n\n{}", processor_name(), floor_table(floors, workload));
    std::fflush(stdout);
    const std::vector<Comparison> comparisons = compare(workload, options);
    print_details(comparisons);
    if (!options.json.empty()) {
        write_json(options.json, report_json(floors, comparisons, workload));
    }

    return judge(comparisons);
}

}  // namespace

int partita_bench(int argument_count, char** arguments) {
    constexpr std::uint64_t seed = 1;
    const Workload workload = make_workload(seed);
    Options options;
    if (const auto exit_code = parse(argument_count, arguments, workload, options)) {
        return *exit_code;
    }
    return run(workload, options);
}

}  // namespace partita::bench

int main(int argument_count, char** arguments) {
    try {
        return partita::bench::partita_bench(argument_count, arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "partita_bench: {}\n", error.what());
        return 1;
    }
}
