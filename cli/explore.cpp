#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "chip/base/error.hpp"
#include "chip_program.hpp"
#include "commands.hpp"
#include "explore/design.hpp"
#include "explore/prediction.hpp"
#include "explore/store.hpp"
#include "explore/sweep.hpp"
#include "explore_run.hpp"
#include "options.hpp"
#include "output.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;
using explore::Method;
using explore::Run;
using explore::Status;
using explore::Wanted;

// Longer tables are for machines.
constexpr std::size_t longest_table = 60;

struct ExploreOptions {
    std::vector<std::string> chips;
    std::vector<std::string> sets;
    std::vector<std::string> precisions;
    std::vector<std::string> programs{"train"};
    std::vector<std::uint32_t> parts{28};
    std::vector<std::uint32_t> batches{4};
    std::vector<std::uint32_t> hidden{0};
    std::vector<std::string> tapes{"full"};
    std::uint32_t steps = 784;
    std::string model;
    std::string samples;
    std::string store = "build/explore.sqlite";
    std::uint32_t jobs = 0;
    bool estimate = false;
    bool retry_failed = false;
    bool dry_run = false;
    std::string json;
};

// Design points that no chip can have, or no program can be built for: why, and how many.
using Impossible = std::map<std::string, std::size_t>;

// Every combination of precisions and of values that --set gives.
std::vector<explore::Settings> all_settings(const ExploreOptions& options) {
    std::vector<explore::Settings> axes;
    try {
        for (const std::string& text : options.sets) {
            axes.push_back(explore::parse_axis(text));
        }
    } catch (const chip::ChipError& error) {
        throw UsageError(fmt::format("--set {}", error.what()));
    }
    std::vector<explore::Settings> combinations = explore::combinations(axes);
    if (options.precisions.empty()) {
        return combinations;
    }
    std::vector<explore::Settings> all;
    for (const std::string& precision : options.precisions) {
        for (const explore::Settings& combination : combinations) {
            all.push_back(explore::precision_settings(precision));
            all.back().insert(all.back().end(), combination.begin(), combination.end());
        }
    }
    return all;
}

// Every workload of a program on one chip.
std::vector<ChipProgramOptions> workloads(const ExploreOptions& options, const std::string& name,
                                          const explore::Settings& settings) {
    // `published` keeps what it keeps.
    const std::vector<std::string> tapes =
        name == "published" ? std::vector<std::string>{"full"} : options.tapes;
    std::vector<ChipProgramOptions> all;
    for (const std::uint32_t hidden : options.hidden) {
        for (const std::uint32_t batch : options.batches) {
            for (const std::string& tape : tapes) {
                for (const std::uint32_t parts : options.parts) {
                    ChipProgramOptions program;
                    program.settings = settings;
                    program.name = name;
                    program.parts = parts;
                    program.steps = options.steps;
                    program.batch = batch;
                    program.hidden = hidden;
                    program.tape = tape;
                    program.model = options.model;
                    program.samples = options.samples;
                    all.push_back(program);
                }
            }
        }
    }
    return all;
}

std::vector<Wanted> wanted_runs(const ExploreOptions& options, Impossible& impossible) {
    const Method method = options.estimate ? Method::estimated : Method::exact;
    std::vector<Wanted> runs;
    for (const std::string& chip : options.chips) {
        const ChipFile file = read_chip_file(chip);
        for (const explore::Settings& settings : all_settings(options)) {
            for (const std::string& name : options.programs) {
                try {
                    for (const ChipProgramOptions& program : workloads(options, name, settings)) {
                        runs.push_back(wanted_run(file, program, method));
                    }
                } catch (const chip::ChipError& error) {
                    ++impossible[error.what()];
                }
            }
        }
    }
    return runs;
}

std::string what(const explore::RunKey& key) {
    std::string text = fmt::format("{} K={} batch={} hidden={} {}", key.routine, key.parts, key.batch,
                                   key.hidden, key.precision);
    if (!key.tape.empty()) {
        text += " " + key.tape;
    }
    return text;
}

std::string row_name(const explore::Machine& machine, const explore::RunKey& key) {
    return fmt::format("{}: {}", machine.name, what(key));
}

std::string figure_kind(const explore::RunResult& result) {
    return result.exact ? "exact" : fmt::format("+-{:.2f} %", 100 * result.error_bound);
}

nlohmann::ordered_json json_of(const Run& run) {
    nlohmann::ordered_json json{{"chip", run.machine.name},
                                {"fingerprint", run.key.chip_fingerprint},
                                {"firmware", run.key.firmware_hash},
                                {"program", run.key.routine},
                                {"input", run.key.input},
                                {"hidden", run.key.hidden},
                                {"classes", run.key.classes},
                                {"batch", run.key.batch},
                                {"steps", run.key.steps},
                                {"parts", run.key.parts},
                                {"precision", run.key.precision},
                                {"tape", run.key.tape},
                                {"data", run.key.data_digest},
                                {"mesh_side", run.machine.mesh_side},
                                {"cores", run.machine.cores},
                                {"status", name(run.status)}};
    if (run.status == Status::failed) {
        json["reason"] = run.reason;
    }
    if (run.status == Status::done) {
        const explore::RunResult& result = run.result;
        json["exact"] = result.exact;
        json["error_bound"] = result.error_bound;
        json["cycles"] = result.cycles.value_or(0);
        json["seconds"] = result.seconds;
        json["host_seconds"] = result.host_seconds;
        json["utilisation"] = result.utilisation.value_or(0);
        json["dma_read_bytes"] = result.dma_read_bytes.value_or(0);
        json["dma_written_bytes"] = result.dma_written_bytes.value_or(0);
        json["dram_read_bytes"] = result.dram_read_bytes.value_or(0);
        json["dram_written_bytes"] = result.dram_written_bytes.value_or(0);
        if (result.memory_planned) {
            json["memory_planned"] = *result.memory_planned;
        }
    }
    return json;
}

void print_runs(const std::vector<Run>& runs) {
    Table table({"run", "cycles", "seconds", "figures", "array", "memory planned"});
    for (const Run& run : runs) {
        const explore::RunResult& result = run.result;
        if (run.status != Status::done) {
            table.add({row_name(run.machine, run.key), name(run.status), "", "", "", ""});
            continue;
        }
        table.add({row_name(run.machine, run.key), fmt::format("{}", result.cycles.value_or(0)),
                   fmt::format("{:.3f}", result.seconds), figure_kind(result),
                   fmt::format("{:.1f} %", 100 * result.utilisation.value_or(0)),
                   result.memory_planned ? mebibytes(*result.memory_planned) : ""});
    }
    fmt::print("{}", table.text());
}

void tell_impossible(const Impossible& impossible) {
    for (const auto& [reason, count] : impossible) {
        fmt::print(stderr, "partita: {} {} left out: {}\n", count,
                   count == 1 ? "design point is" : "design points are", reason);
    }
}

// What a sweep has before it.
struct Outlook {
    std::size_t done = 0;
    std::size_t failed = 0;
    std::size_t running = 0;
    std::vector<const Wanted*> left;
    double seconds = 0;  // of work left, on one processor
    double longest = 0;
};

Outlook look_ahead(explore::RunStore* store, const std::vector<Wanted>& runs, bool retry_failed) {
    Outlook outlook;
    for (const Wanted& run : runs) {
        std::optional<Run> known;
        if (store != nullptr) {
            explore::RunKey exact = run.key;
            exact.method = Method::exact;
            known = store->find(exact);
            if (!known || known->status != Status::done) {
                known = store->find(run.key);
            }
        }
        if (known && known->status == Status::done) {
            ++outlook.done;
        } else if (known && known->status == Status::failed && !retry_failed) {
            ++outlook.failed;
        } else {
            outlook.running += known && known->status == Status::running ? 1 : 0;
            outlook.left.push_back(&run);
            outlook.seconds += run.predicted_seconds;
            outlook.longest = std::max(outlook.longest, run.predicted_seconds);
        }
    }
    return outlook;
}

void predict(const explore::Prediction& prediction, std::vector<Wanted>& runs) {
    for (Wanted& run : runs) {
        run.predicted_seconds = prediction.seconds(run.key, run.machine.cores);
    }
}

void print_outlook(const Outlook& outlook, const explore::Prediction& prediction, std::size_t at_a_time) {
    const std::size_t total = outlook.done + outlook.failed + outlook.left.size();
    fmt::print("{} runs: {} done before, {} failed before, {} to do", total, outlook.done, outlook.failed,
               outlook.left.size());
    if (!outlook.left.empty()) {
        const double seconds = std::max(outlook.longest, outlook.seconds / static_cast<double>(at_a_time));
        fmt::print(", about {} with {} at a time ({})", duration(seconds), at_a_time,
                   prediction.learned_from() == 0
                       ? std::string("nothing to learn from yet")
                       : fmt::format("learned from {} finished runs", prediction.learned_from()));
    }
    fmt::print("\n");
}

void dry_run(const ExploreOptions& options, std::vector<Wanted>& runs, std::size_t at_a_time) {
    std::unique_ptr<explore::RunStore> store;
    if (fs::exists(options.store)) {
        store = std::make_unique<explore::RunStore>(options.store);
    }
    const explore::Prediction prediction(store != nullptr ? store->runs(Status::done) : std::vector<Run>());
    predict(prediction, runs);
    const Outlook outlook = look_ahead(store.get(), runs, options.retry_failed);
    if (!outlook.left.empty() && outlook.left.size() <= longest_table) {
        Table table({"would run", "figures", "predicted"});
        for (const Wanted* run : outlook.left) {
            table.add(
                {row_name(run->machine, run->key), name(run->key.method), duration(run->predicted_seconds)});
        }
        fmt::print("{}\n", table.text());
    }
    print_outlook(outlook, prediction, at_a_time);
}

void run_sweep(const ExploreOptions& options, std::vector<Wanted>& runs, explore::Workers& workers) {
    explore::RunStore store(options.store);
    const explore::Prediction prediction(store.runs(Status::done));
    predict(prediction, runs);
    print_outlook(look_ahead(&store, runs, options.retry_failed), prediction, workers.vacant());
    std::fflush(stdout);
    Progress progress("explore");
    explore::SweepOptions sweep;
    sweep.command = "partita explore";
    sweep.retry_failed = options.retry_failed;
    sweep.progress = [&](const explore::SweepProgress& now) {
        // In milliseconds, and one for having begun.
        progress.update(static_cast<std::uint64_t>(1000 * now.work_ended) + 1,
                        static_cast<std::uint64_t>(1000 * now.work) + 1,
                        fmt::format("{} of {} runs done{}", now.done, now.total,
                                    now.failed == 0 ? "" : fmt::format(", {} failed", now.failed)));
    };
    sweep.failure = [&](const Run& run) {
        progress.clear();
        fmt::print(stderr, "partita: {} failed: {}\n", row_name(run.machine, run.key), run.reason);
    };
    const explore::SweepResult result = explore::sweep(store, runs, workers, sweep);
    progress.clear();
    std::vector<Run> rows;
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const std::int64_t row : result.rows) {
        rows.push_back(store.run(row));
        all.push_back(json_of(rows.back()));
    }
    if (rows.size() <= longest_table) {
        print_runs(rows);
    }
    fmt::print("{} runs done now, {} before, {} by others meanwhile, {} failed; kept in {}\n", result.done,
               result.done_before, result.elsewhere, result.failed, options.store);
    write_json(options.json, all);
    if (result.failed != 0) {
        throw chip::ChipError(fmt::format("{} of {} runs failed; the reasons are in {}", result.failed,
                                          rows.size(), options.store));
    }
}

void explore_chips(const ExploreOptions& options, const MakeWorkers& make_workers) {
    check_writable(options.json);
    check_distinct({options.json, options.store});
    const std::unique_ptr<explore::Workers> workers = make_workers(options.jobs);
    Impossible impossible;
    std::vector<Wanted> runs = wanted_runs(options, impossible);
    tell_impossible(impossible);
    if (runs.empty()) {
        throw chip::ChipError("no design point is left: there is nothing to run");
    }
    if (options.dry_run) {
        dry_run(options, runs, workers->vacant());
    } else {
        run_sweep(options, runs, *workers);
    }
}

template <typename Value>
CLI::Option* list(CLI::App& command, const std::string& names, std::vector<Value>& values,
                  const std::string& text) {
    return command.add_option(names, values, text)->delimiter(',');
}

}  // namespace

std::vector<std::string> worker_command() {
    return {"/proc/self/exe", "run-request"};
}

std::unique_ptr<explore::Workers> local_workers(std::uint32_t jobs) {
    return std::make_unique<explore::ProcessWorkers>(
        worker_command(), jobs != 0 ? jobs : std::max(1u, std::thread::hardware_concurrency()));
}

void add_explore(CLI::App& app, const MakeWorkers& make_workers) {
    auto options = std::make_shared<ExploreOptions>();
    CLI::App* command = app.add_subcommand(
        "explore", "Simulate every combination of chips and workloads, and keep every run");
    command->add_option("--chip", options->chips, "chip files to start from, like chips/ms4-c1.toml")
        ->required();
    command
        ->add_option(
            "--set", options->sets,
            "values of a key of the chip files, SECTION.KEY=VALUES: a list like 1,2,8 or ranges like "
            "1..4, 4..32*2, 100..500+100; again for more keys, every combination is run")
        ->type_name("SECTION.KEY=VALUES")
        ->allow_extra_args(false);
    list(*command, "--precision", options->precisions,
         "fp32, bf16, mixed: set the chips' element types so [as the files say]")
        ->check(CLI::IsMember({"fp32", "bf16", "mixed"}));
    list(*command, "--program", options->programs, "train, published or both [train]")
        ->check(CLI::IsMember({"train", "published"}));
    list(*command, "-k,--parts", options->parts, "K, parts a sequence is cut in [28]")
        ->check(CLI::PositiveNumber);
    list(*command, "--batch", options->batches, "sequences trained together [4]")->check(CLI::PositiveNumber);
    list(*command, "--hidden", options->hidden,
         "hidden units; other than the model's start from a random network [the model's]")
        ->check(CLI::PositiveNumber);
    list(*command, "--tape", options->tapes, "train: full, lean or both [full]")
        ->check(CLI::IsMember({"full", "lean"}));
    command->add_option("--steps", options->steps, "steps of a sequence [784]")->check(CLI::PositiveNumber);
    command->add_option("--model", options->model,
                        "safetensors with the weights to start from [the project's own]");
    command->add_option("--samples", options->samples,
                        "safetensors with `samples` and `labels` [digits that the project draws]");
    command->add_option("--store", options->store,
                        "the file that keeps the runs; what is done is not run again [build/explore.sqlite]");
    command
        ->add_option("--jobs", options->jobs,
                     "runs at a time on each machine [all processors; under mpirun 1 a rank]")
        ->check(CLI::Range(1, 256));
    command->add_flag("--estimate", options->estimate,
                      "simulate a few parts of long runs and extrapolate; the error bound is kept");
    command->add_flag("--retry-failed", options->retry_failed, "run again what failed before");
    command->add_flag("--dry-run", options->dry_run, "say what would run and for how long");
    command->add_option("--json", options->json, "write the runs to this file, for machines");
    command->footer(
        "Examples:\n"
        "  partita explore --chip chips/ms4-c1.toml chips/ms8-c1.toml --parts 1,7,28,56 --dry-run\n"
        "  partita explore --chip chips/ms4-c1.toml --set soc.cores=1..8*2 --set gemmini.mesh_side=4,8 \\\n"
        "      --parts 14,28 --hidden 64,128 --estimate\n"
        "  mpirun -n 8 partita-mpi explore --chip chips/ms4-c1.toml --set soc.cores=1..8");
    command->callback([options, make_workers] { explore_chips(*options, make_workers); });
}

void add_run_request(CLI::App& app) {
    CLI::App* command = app.add_subcommand(
        "run-request", "Carry out a run of `explore`: request on standard input, answer on standard output");
    command->group("");
    command->callback([] {
        const std::string request{std::istreambuf_iterator<char>(std::cin), {}};
        std::string answer;
        try {
            answer = carry_out(request);
        } catch (const std::exception& error) {
            // The whole of it is the reason that the store keeps.
            fmt::print(stderr, "{}\n", error.what());
            throw CLI::RuntimeError(1);
        }
        fmt::print("{}", answer);
    });
}

}  // namespace partita::cli
