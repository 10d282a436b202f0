#include "baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "explore/store.hpp"
#include "options.hpp"
#include "output.hpp"
#include "partita/runner/error.hpp"

namespace partita::cli {
namespace {

struct BaselineOptions {
    std::vector<std::uint32_t> parts{1, 2, 7, 14, 28, 56};
    std::vector<std::string> precisions{"fp32", "bf16", "mixed"};
    ChipProgramOptions program;
    std::uint32_t threads = 1;
    std::uint32_t rounds = 5;
    std::string python = "/usr/bin/python3";
    bool no_torch = false;
    bool again = false;
    std::string store = "build/explore.sqlite";
    std::string json;
};

learn::Precision precision_of(const std::string& name) {
    return name == "fp32" ? learn::Precision::fp32
                          : (name == "bf16" ? learn::Precision::bf16 : learn::Precision::mixed);
}

// The K of which the store has none yet by this program on this machine.
std::vector<std::uint32_t> missing(const std::vector<explore::Run>& known, const BaselineWork& work,
                                   const std::vector<std::uint32_t>& parts, const std::string& program,
                                   const std::string& precision) {
    const std::string machine = machine_with(work.threads);
    std::vector<std::uint32_t> left;
    for (const std::uint32_t count : parts) {
        const bool is_there = std::ranges::any_of(known, [&](const explore::Run& run) {
            const explore::RunKey& key = run.key;
            return key.platform == "cpu" && key.chip_fingerprint == machine && key.routine == program &&
                   key.parts == count && key.precision == precision && key.steps == work.steps &&
                   key.batch == work.batch && key.data_digest == work.data.digest;
        });
        if (!is_there) {
            left.push_back(count);
        }
    }
    return left;
}

void keep(explore::RunStore& store, const BaselineWork& work, const Baseline& baseline) {
    explore::Wanted run;
    run.key.platform = baseline.platform;
    run.key.chip_fingerprint = baseline.machine;
    run.key.firmware_hash = baseline.version;
    run.key.routine = baseline.program;
    run.key.input = static_cast<std::uint32_t>(work.data.model.input);
    run.key.hidden = static_cast<std::uint32_t>(work.data.model.hidden);
    run.key.classes = static_cast<std::uint32_t>(work.data.model.classes);
    run.key.batch = work.batch;
    run.key.steps = work.steps;
    run.key.parts = baseline.parts;
    run.key.precision = baseline.precision;
    run.key.data_digest = work.data.digest;
    run.machine.name = baseline.machine;
    run.machine.cores = work.threads;
    explore::RunResult result;
    result.seconds = baseline.median();
    for (const double seconds : baseline.seconds) {
        result.host_seconds += seconds;
    }
    result.record = {{"seconds", baseline.seconds}, {"losses", baseline.losses}};
    store.put(run, result);
}

nlohmann::json json_of(const Baseline& baseline) {
    return {{"platform", baseline.platform}, {"program", baseline.program}, {"version", baseline.version},
            {"machine", baseline.machine},   {"parts", baseline.parts},     {"precision", baseline.precision},
            {"seconds", baseline.seconds},   {"losses", baseline.losses}};
}

void measure(const BaselineOptions& options) {
    check_writable(options.json);
    check_distinct({options.json, options.store});
    BaselineWork work{options.program.training_data(),
                      options.program.steps,
                      options.program.batch,
                      {},
                      options.threads,
                      options.rounds,
                      {}};
    explore::RunStore store(options.store);
    const std::vector<explore::Run> known =
        options.again ? std::vector<explore::Run>() : store.runs(explore::Status::done);
    Progress progress("baseline");
    std::uint64_t done = 0;
    // PyTorch's part, in one piece at the end, is about as long as one precision.
    const std::uint64_t total =
        options.parts.size() * (options.precisions.size() + (options.no_torch ? 0 : 1));
    work.measured = [&] { progress.update(++done, total, fmt::format("{} of {} measured", done, total)); };
    std::vector<Baseline> all;
    for (const std::string& precision : options.precisions) {
        work.parts = missing(known, work, options.parts, "learn", precision);
        const auto more = measure_learn(work, precision_of(precision));
        all.insert(all.end(), more.begin(), more.end());
    }
    std::string absence;
    if (!options.no_torch) {
        work.parts = missing(known, work, options.parts, "torch", "fp32");
        const auto more =
            work.parts.empty() ? std::vector<Baseline>() : measure_torch(work, options.python, absence);
        all.insert(all.end(), more.begin(), more.end());
    }
    progress.clear();
    Table table({"program", "K", "precision", "milliseconds", "loss at the last step"});
    nlohmann::json rows = nlohmann::json::array();
    for (const Baseline& baseline : all) {
        keep(store, work, baseline);
        rows.push_back(json_of(baseline));
        table.add({fmt::format("{}, {}", baseline.program, baseline.machine),
                   fmt::format("{}", baseline.parts), baseline.precision,
                   fmt::format("{:.2f}", 1000 * baseline.median()),
                   fmt::format("{:.6f}", baseline.losses.back())});
    }
    if (!all.empty()) {
        fmt::print("{}", table.text());
    }
    if (!absence.empty()) {
        fmt::print("PyTorch is left out: {}\n", absence);
    }
    fmt::print("{} baselines measured now, the middle of {} passes each; kept in {}\n", all.size(),
               options.rounds, options.store);
    write_json(options.json, rows);
}

}  // namespace

void add_baseline(CLI::App& app) {
    auto options = std::make_shared<BaselineOptions>();
    CLI::App* command = app.add_subcommand(
        "baseline",
        "Measure the chips' pass on this machine, by learn and by PyTorch, and keep it beside the chips'");
    command->add_option("-k,--parts", options->parts, "K, parts a sequence is cut in [1,2,7,14,28,56]")
        ->delimiter(',')
        ->check(whole_from(1, 1000000));
    command->add_option("--precision", options->precisions, "of learn: fp32, bf16, mixed [all]")
        ->delimiter(',')
        ->check(CLI::IsMember({"fp32", "bf16", "mixed"}));
    command->add_option("--steps", options->program.steps, "steps of a sequence [784]")
        ->check(whole_from(1, 1000000));
    command->add_option("--batch", options->program.batch, "sequences trained together [4]")
        ->check(whole_from(1, 100000));
    command
        ->add_option("--hidden", options->program.hidden,
                     "hidden units; other than the model's start from a random network [the model's]")
        ->check(whole_from(1, 100000));
    command->add_option("--model", options->program.model,
                        "safetensors with the weights to start from [the project's own]");
    command->add_option("--samples", options->program.samples,
                        "safetensors with `samples` and `labels` [digits that the project draws]");
    command->add_option("--threads", options->threads, "threads of either program [1]")
        ->check(whole_from(1, 1024));
    command->add_option("--rounds", options->rounds, "passes to time, of which the middle one counts [5]")
        ->check(whole_from(1, 10000));
    command->add_option("--python", options->python, "interpreter that may have PyTorch [/usr/bin/python3]");
    command->add_flag("--again", options->again, "measure also what the store has already");
    command->add_flag("--no-torch", options->no_torch, "leave PyTorch out");
    command->add_option("--store", options->store, "the file that keeps the runs [build/explore.sqlite]");
    command->add_option("--json", options->json, "write the baselines to this file, for machines");
    command->footer(
        "Example:\n"
        "  partita baseline --parts 1,28 --threads 2 --store build/reproduce.sqlite");
    command->callback([options] { measure(*options); });
}

}  // namespace partita::cli
