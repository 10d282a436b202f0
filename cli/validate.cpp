#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "chip/base/error.hpp"
#include "chip_program.hpp"
#include "commands.hpp"
#include "explore/simulation.hpp"
#include "explore/validation.hpp"
#include "explore/workers.hpp"
#include "options.hpp"
#include "output.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

struct ValidateOptions {
    std::string chips = "chips";
    std::string reference = "published/cycles.csv";
    std::string store = "build/validate";
    std::string model;
    std::string samples;
    std::vector<std::string> settings;
    std::vector<std::string> only;
    std::uint32_t jobs = 1;
    std::string json;
};

struct Job {
    explore::Point point;
    fs::path elf;
    fs::path chip;
    std::vector<std::string> settings;
    fs::path record;
    std::uint64_t expected = 0;  // cycles, to tell how long it may take
};

// What `partita simulate` is told.
std::vector<std::string> arguments(const Job& job) {
    std::vector<std::string> words{"--elf",           job.elf.string(), "--chip",
                                   job.chip.string(), "--json",         job.record.string()};
    for (const std::string& setting : job.settings) {
        words.insert(words.end(), {"--set", setting});
    }
    return words;
}

// Runs the jobs, so many at a time, longest first. A job that fails does not stop the others; returns how
// many did.
std::size_t run_all(std::vector<Job> jobs, std::uint32_t at_a_time) {
    std::stable_sort(jobs.begin(), jobs.end(),
                     [](const Job& left, const Job& right) { return left.expected > right.expected; });
    std::uint64_t total = 0;
    for (const Job& job : jobs) {
        total += job.expected;
    }
    Progress progress("validate");
    explore::ProcessWorkers workers({"/proc/self/exe", "simulate", "--quiet"}, at_a_time);
    std::uint64_t done = 1;
    std::size_t failed = 0;
    std::size_t next = 0;
    std::size_t ended = 0;
    progress.update(done, total + 1, "");
    while (ended < jobs.size()) {
        for (; workers.vacant() > 0 && next < jobs.size(); ++next) {
            workers.start({next, "", arguments(jobs[next])});
        }
        for (const explore::Ended& end : workers.wait(std::chrono::seconds(10))) {
            const Job& job = jobs[end.id];
            ++ended;
            done += job.expected;
            if (!end.well) {
                ++failed;
                progress.clear();
                fmt::print(stderr, "{}\npartita: {} failed; the reason is above\n", end.text,
                           job.point.name());
            }
        }
        progress.update(done, total + 1, fmt::format("{} of {} points", ended, jobs.size()));
    }
    return failed;
}

std::string percent(double share) {
    return fmt::format("{:+.1f} %", 100 * share);
}

void print_errors(const explore::Measurements& published, const explore::Measurements& simulated,
                  const std::vector<std::string>& functions) {
    Table points({"point", "published", "simulated", "error"});
    for (const auto& [point, cycles] : simulated) {
        const auto expected = static_cast<double>(published.at(point).at("total"));
        const auto found = static_cast<double>(cycles.at("total"));
        points.add({point.name(), fmt::format("{:.0f}", expected), fmt::format("{:.0f}", found),
                    percent(found / expected - 1)});
    }
    fmt::print("{}\n", points.text());
    const auto errors = explore::errors(published, simulated);
    Table table({"function", "points", "mean |error|", "worst", "at"});
    for (const std::string& function : functions) {
        const auto found = errors.find(function);
        if (found == errors.end()) {
            continue;  // no measurement of it
        }
        const explore::Error& error = found->second;
        table.add({function, fmt::format("{}", error.points), fmt::format("{:.1f} %", 100 * error.mean),
                   percent(error.worst), error.where});
    }
    fmt::print("{}", table.text());
}

// A point by its own name or that of its chip.
bool names(const std::string& name, const explore::Point& point) {
    return name == point.name() || name == point.chip();
}

void check_names(const std::vector<std::string>& only, const explore::Measurements& published) {
    for (const std::string& name : only) {
        if (std::ranges::none_of(published, [&](const auto& entry) { return names(name, entry.first); })) {
            throw UsageError(
                fmt::format("--only {}: no measured point or chip has that name, expected one like {} or {}",
                            name, published.begin()->first.name(), published.begin()->first.chip()));
        }
    }
}

void validate(const ValidateOptions& options) {
    check_writable(options.json);
    const explore::Measurements published = explore::read_measurements(options.reference);
    const std::vector<std::string> functions{"matmul",
                                             "matmul_a_transposed",
                                             "matmul_b_transposed",
                                             "mat2vec",
                                             "ewo_basic",
                                             "ewo_combo",
                                             "fptt_sgd",
                                             "sigmoid",
                                             "tanh",
                                             "softmax",
                                             "data_movement",
                                             "total"};
    check_names(options.only, published);
    std::error_code error;
    fs::create_directories(options.store, error);
    if (!fs::is_directory(options.store)) {
        throw chip::ChipError(fmt::format("the folder {} for run records cannot be made: {}", options.store,
                                          error ? error.message() : "there is a file of that name"));
    }
    explore::Measurements simulated;
    std::vector<Job> jobs;
    std::map<std::string, std::pair<std::string, std::string>> identity;  // point: fingerprint, program hash
    for (const auto& [measured, cycles] : published) {
        const explore::Point& point = measured;
        if (!options.only.empty() &&
            std::ranges::none_of(options.only, [&](const std::string& name) { return names(name, point); })) {
            continue;
        }
        ChipProgramOptions program;
        program.chip_file = (fs::path(options.chips) / (point.chip() + ".toml")).string();
        program.name = "published";
        program.parts = point.parts;
        program.model = options.model;
        program.samples = options.samples;
        program.settings = options.settings;
        const chip::config::Chip chip = program.chip();
        Job job{point,
                program.build(chip, true),
                program.chip_file,
                options.settings,
                fs::path(options.store) / (point.name() + ".json"),
                cycles.at("total")};
        const std::string fingerprint = fmt::format("{:016x}", chip::config::fingerprint(chip));
        const std::string hash = explore::program_hash(chip::program::read_program(job.elf));
        identity[point.name()] = {fingerprint, hash};
        if (const auto record = explore::stored_record(job.record, fingerprint, hash)) {
            simulated[point] = explore::cycles_of(*record, functions);
        } else {
            jobs.push_back(job);
        }
    }
    fmt::print("{} points: {} finished before, {} to run\n", simulated.size() + jobs.size(), simulated.size(),
               jobs.size());
    const std::size_t failed = run_all(jobs, options.jobs);
    for (const Job& job : jobs) {
        const auto& [fingerprint, hash] = identity.at(job.point.name());
        if (const auto record = explore::stored_record(job.record, fingerprint, hash)) {
            simulated[job.point] = explore::cycles_of(*record, functions);
        }
    }
    if (!simulated.empty()) {
        print_errors(published, simulated, functions);
    }
    nlohmann::json result;
    for (const auto& [point, cycles] : simulated) {
        result[point.name()] = {{"simulated", cycles}, {"published", published.at(point)}};
    }
    write_json(options.json, result);
    if (failed != 0) {
        throw chip::ChipError(fmt::format("{} of {} simulations failed", failed, jobs.size()));
    }
}

}  // namespace

void add_validate(CLI::App& app) {
    auto options = std::make_shared<ValidateOptions>();
    CLI::App* command =
        app.add_subcommand("validate", "Simulate the published workload and compare with what was measured");
    command->add_option("--chips", options->chips, "folder of the chip files [chips]");
    command->add_option("--reference", options->reference, "the measurements [published/cycles.csv]");
    command->add_option("--store", options->store,
                        "folder of the run records; what is there is not run again [build/validate]");
    command->add_option("--model", options->model,
                        "safetensors with the weights to start from [the project's own]");
    command->add_option("--samples", options->samples,
                        "safetensors with the four sequences [the project's own digits]");
    add_settings(*command, options->settings);
    command->add_option("--only", options->only, "these points or chips only, like ms4-c1-k28 or ms8-c2");
    command->add_option("--jobs", options->jobs, "simulations at a time [1]")->check(CLI::Range(1, 256));
    command->add_option("--json", options->json, "write both tables to this file, for machines");
    command->footer("Example:\n  partita validate --jobs 2 --only ms4-c1 ms4-c8-k56");
    command->callback([options] { validate(*options); });
}

}  // namespace partita::cli
