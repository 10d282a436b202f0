#include "point_jobs.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "chip/base/error.hpp"
#include "chip/config/chip.hpp"
#include "explore/simulation.hpp"
#include "options.hpp"
#include "output.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

pid_t start(const PointJob& job) {
    std::vector<std::string> words{"partita",     "simulate",       "--quiet",
                                   "--elf",       job.elf.string(), "--chip",
                                   job.chip_file, "--json",         job.record.string()};
    for (const std::string& setting : job.settings) {
        words.insert(words.end(), {"--set", setting});
    }
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child < 0) {
        throw chip::ChipError("no process can be started for a simulation");
    }
    if (child == 0) {
        execv("/proc/self/exe", arguments.data());
        _exit(127);
    }
    return child;
}

// A point by its own name or that of its chip.
bool names(const std::string& name, const explore::Point& point) {
    return name == point.name() || name == point.chip();
}

}  // namespace

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
    std::map<pid_t, const PointJob*> running;
    std::uint64_t done = 1;
    std::size_t failed = 0;
    std::size_t next = 0;
    std::size_t ended = 0;
    progress.update(done, total + 1, "");
    while (ended < jobs.size()) {
        while (running.size() < at_a_time && next < jobs.size()) {
            running[start(jobs[next])] = &jobs[next];
            ++next;
        }
        int status = 0;
        const pid_t child = wait(&status);
        const auto found = running.find(child);
        if (found == running.end()) {
            if (child < 0 && errno != EINTR) {
                throw chip::ChipError("the simulations can no longer be waited for");
            }
            continue;
        }
        const PointJob& job = *found->second;
        running.erase(found);
        ++ended;
        done += job.expected;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            ++failed;
            fmt::print(stderr, "partita: {} failed; the reason is above\n", job.name);
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
