#include "point_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "chip/base/error.hpp"
#include "chip/config/chip.hpp"
#include "explore/simulation.hpp"
#include "explore/workers.hpp"
#include "options.hpp"
#include "output.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

// What `partita simulate` is told.
std::vector<std::string> arguments(const PointJob& job) {
    std::vector<std::string> words{"--elf",       job.elf.string(), "--chip",
                                   job.chip_file, "--json",         job.record.string()};
    for (const std::string& setting : job.settings) {
        words.insert(words.end(), {"--set", setting});
    }
    return words;
}

// A point by its own name or that of its chip.
bool names(const std::string& name, const explore::Point& point) {
    return name == point.name() || name == point.chip();
}

}  // namespace

void PointOptions::add_to(CLI::App& app, const std::string& cycles, const std::string& result) {
    app.add_option("--chips", chips, fmt::format("folder of the chip files [{}]", chips));
    app.add_option("--reference", reference, fmt::format("{} [{}]", cycles, reference));
    app.add_option("--store", store,
                   fmt::format("folder of the run records; what is there is not run again [{}]", store));
    app.add_option("--model", model, "safetensors with the weights to start from [the project's own]");
    app.add_option("--samples", samples, "safetensors with the four sequences [the project's own digits]");
    add_settings(app, settings);
    app.add_option("--only", only, "these points or chips only, like ms4-c1-k28 or ms8-c2");
    app.add_option("--jobs", jobs, "simulations at a time [1]")->check(CLI::Range(1, 256));
    app.add_option("--json", json, fmt::format("write {} to this file, for machines", result));
}

std::optional<nlohmann::ordered_json> PointJob::stored() const {
    return explore::stored_record(record, fingerprint, program_hash);
}

PointJob make_job(const explore::Point& point, ChipProgramOptions program, const std::string& chips,
                  fs::path record) {
    program.chip_file = (fs::path(chips) / (point.chip() + ".toml")).string();
    program.parts = point.parts;
    const chip::config::Chip chip = program.chip();
    PointJob job;
    job.point = point;
    job.name = point.name();
    job.elf = program.build(chip, true);
    job.chip_file = program.chip_file;
    job.settings = program.settings;
    job.record = std::move(record);
    job.fingerprint = fmt::format("{:016x}", chip::config::fingerprint(chip));
    job.program_hash = explore::program_hash(chip::program::read_program(job.elf));
    return job;
}

std::size_t run_all(const std::string& title, std::vector<PointJob> jobs, std::uint32_t at_a_time) {
    std::stable_sort(jobs.begin(), jobs.end(), [](const PointJob& left, const PointJob& right) {
        return left.expected > right.expected;
    });
    std::uint64_t total = 0;
    for (const PointJob& job : jobs) {
        total += job.expected;
    }
    Progress progress(title);
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
            const PointJob& job = jobs[end.id];
            ++ended;
            done += job.expected;
            if (!end.well) {
                ++failed;
                progress.clear();
                fmt::print(stderr, "{}\npartita: {} failed; the reason is above\n", end.text, job.name);
            }
        }
        progress.update(done, total + 1, fmt::format("{} of {} points", ended, jobs.size()));
    }
    return failed;
}

bool chosen(const std::vector<std::string>& only, const explore::Point& point) {
    return only.empty() ||
           std::ranges::any_of(only, [&](const std::string& name) { return names(name, point); });
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

void make_store(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (!fs::is_directory(path)) {
        throw chip::ChipError(fmt::format("the folder {} for run records cannot be made: {}", path,
                                          error ? error.message() : "there is a file of that name"));
    }
}

}  // namespace partita::cli
