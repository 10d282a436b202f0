#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "chip/base/error.hpp"
#include "chip_program.hpp"
#include "commands.hpp"
#include "explore/simulation.hpp"
#include "options.hpp"
#include "output.hpp"
#include "partita/data/atomic_file.hpp"
#include "rtl/accelerator.hpp"

namespace partita::cli {
namespace {

struct SimulateOptions {
    ChipProgramOptions program;
    std::string json;
    std::string trace;
    std::string accelerator = "model";
    std::uint64_t limit = 0;
    bool quiet = false;
};

// "122.4 million", "31.5 thousand": the hardware's simulation is a thousand times slower than the model's.
std::string large_number(double number) {
    return number < 1e6 ? fmt::format("{:.1f} thousand", number / 1e3)
                        : fmt::format("{:.1f} million", number / 1e6);
}

// Simulated cycles, their rate and what is left.
class CycleProgress {
  public:
    explicit CycleProgress(const std::string& title)
        : progress_(title), start_(std::chrono::steady_clock::now()) {}

    void update(chip::Cycle cycles, double share) {
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        const double rate = seconds > 0 ? static_cast<double>(cycles) / seconds : 0;
        const std::string note =
            fmt::format("{} cycles, {}/s", large_number(static_cast<double>(cycles)), large_number(rate));
        // Shares in millionths; of an unknown whole nothing is done yet.
        progress_.update(static_cast<std::uint64_t>(share * 1e6) + 1, 1'000'001, note);
    }

    void clear() { progress_.clear(); }

  private:
    Progress progress_;
    std::chrono::steady_clock::time_point start_;
};

void print_breakdown(const explore::Simulation& run, const chip::config::Chip& chip) {
    Table table({"region (hart 0)", "entries", "cycles", "share", "array utilisation"});
    chip::Cycle total = 0;
    for (const chip::trace::RegionRow& row : run.rows) {
        table.add({row.name, fmt::format("{}", row.entries), fmt::format("{}", row.cycles),
                   fmt::format("{:.2f} %", 100 * row.share),
                   row.utilisation > 0 ? fmt::format("{:.1f} %", 100 * row.utilisation) : ""});
        total += row.cycles;
    }
    table.add({"total", "", fmt::format("{}", total), "100.00 %", ""});
    fmt::print("{}", table.text());

    std::vector<std::string> header{"cycles of hart"};
    const auto& harts = run.record.at("harts");
    for (const auto& hart : harts) {
        header.push_back(fmt::format("{}", hart.at("hart").get<unsigned>()));
    }
    Table causes(header);
    for (const auto& [cause, unused] : harts.at(0).at("causes").items()) {
        std::vector<std::string> row{cause};
        for (const auto& hart : harts) {
            row.push_back(fmt::format("{:.2f} %", 100.0 * hart.at("causes").at(cause).get<double>() /
                                                      std::max(1.0, hart.at("cycles").get<double>())));
        }
        causes.add(row);
    }
    fmt::print("\n{}", causes.text());
    const auto& accelerator = run.record.at("accelerator");
    fmt::print(
        "\n{} cycles = {:.3f} s at {:.0f} MHz; accelerator busy {:.1f} % of them; DMA {} read, {} written\n",
        run.cycles, static_cast<double>(run.cycles) / static_cast<double>(chip.soc.clock_hz),
        static_cast<double>(chip.soc.clock_hz) / 1e6,
        100.0 * accelerator.at("busy_cycles").get<double>() / static_cast<double>(run.cycles),
        mebibytes(accelerator.at("dma_read_bytes").get<std::size_t>()),
        mebibytes(accelerator.at("dma_written_bytes").get<std::size_t>()));
    const auto& memory = run.record.at("memory");
    if (memory.at("arena_bytes").get<std::uint64_t>() != 0) {
        fmt::print("memory set aside for training: {} bytes, of which touched: {}\n",
                   memory.at("arena_bytes").get<std::uint64_t>(),
                   memory.at("arena_touched_bytes").get<std::uint64_t>());
    }
    fmt::print("simulated in {}: {} cycles/s, {} hart-cycles/s\n", duration(run.host_seconds),
               large_number(static_cast<double>(run.cycles) / run.host_seconds),
               large_number(static_cast<double>(run.hart_cycles) / run.host_seconds));
}

void simulate(const SimulateOptions& options) {
    check_writable(options.json);
    check_writable(options.trace);
    check_distinct({options.json, options.trace});
    const chip::config::Chip chip = options.program.chip();
    if (options.accelerator == "rtl") {
        rtl::require_device(chip.gemmini);
    }
    const chip::program::Program program = options.program.program(chip, options.quiet);
    CycleProgress progress(fmt::format("{} on {}", program.name(), chip.name));
    explore::SimulationOptions run;
    run.trace = options.trace;
    if (options.accelerator == "rtl") {
        run.accelerator = [](const auto& config, auto& memory, auto& system) {
            return std::make_unique<rtl::Accelerator>(config, memory, system);
        };
    }
    run.limit = options.limit == 0 ? chip::never : options.limit;
    if (!options.quiet) {
        run.console = [&](std::string_view text) {
            progress.clear();
            fmt::print("{}", text);
            std::fflush(stdout);  // before the progress comes back
        };
        run.progress = [&](chip::Cycle cycles, double share) { progress.update(cycles, share); };
    }
    const explore::Simulation result = explore::simulate(chip, program, run);
    progress.clear();
    for (const std::string& warning : result.warnings) {
        fmt::print(stderr, "partita: warning: {}\n", warning);
    }
    if (!options.quiet) {
        print_breakdown(result, chip);
    }
    if (!options.json.empty()) {
        data::write_file_atomically(options.json, result.record.dump(2) + "\n");
    }
    if (result.exit_code != 0) {
        throw chip::ChipError(fmt::format("{} ended with exit code {}", program.name(), result.exit_code));
    }
}

}  // namespace

void add_simulate(CLI::App& app) {
    auto options = std::make_shared<SimulateOptions>();
    CLI::App* command = app.add_subcommand("simulate", "Run a program on a simulated chip, cycle by cycle");
    options->program.add_to(*command);
    command->add_option("--json", options->json, "write the run record to this file, for machines");
    command->add_option("--trace", options->trace,
                        "write a trace for Perfetto (ui.perfetto.dev) to this file");
    command
        ->add_option(
            "--accelerator", options->accelerator,
            "model: of Gemmini, in time; rtl: the hardware of rtl/, by Verilator, much slower [model]")
        ->check(CLI::IsMember({"model", "rtl"}));
    command->add_option("--limit", options->limit, "give up after so many cycles [none]");
    command->add_flag("--quiet", options->quiet, "print only what goes wrong");
    command->footer(
        "Examples:\n"
        "  partita simulate --chip chips/ms4-c1.toml --parts 28\n"
        "  partita simulate --chip chips/ms8-c4.toml --program published --parts 7 --json record.json\n"
        "  partita simulate --chip chips/ms4-c1.toml --elf program.elf --trace trace.json\n"
        "  partita simulate --chip chips/ms4-c1.toml --set gemmini.scratchpad_bytes=262144 --parts 56\n"
        "  partita simulate --chip chips/ms4-c1.toml --steps 14 --parts 1 --accelerator rtl");
    command->callback([options] { simulate(*options); });
}

}  // namespace partita::cli
