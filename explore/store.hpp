#pragma once

// The store of runs: every run of every sweep, finished, failed or still to come, in one SQLite file. Several
// sweeps, and whoever draws what is in it, may have it open at the same time.

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "explore/database.hpp"

namespace partita::explore {

// How a run's figures come about.
enum class Method : std::uint8_t {
    exact,     // all of it simulated or measured
    estimated  // some parts simulated, the rest extrapolated from them
};
const char* name(Method method);

// What a run is of. Two runs with equal keys show the same, so one of them is enough.
struct RunKey {
    std::string platform = "chip";  // "chip": simulated; others measure themselves: "cpu", "cuda", ...
    std::string chip_fingerprint;   // of other platforms: what tells the machine from another
    std::string firmware_hash;      // of the program and all that it is made from
    std::string routine;            // the program: "train", "published", "torch", ...
    std::uint32_t input = 1;
    std::uint32_t hidden = 0;
    std::uint32_t classes = 0;
    std::uint32_t batch = 0;
    std::uint32_t steps = 0;  // T
    std::uint32_t parts = 0;  // K
    std::string precision;    // "fp32", "bf16" or "mixed"
    std::string tape;         // empty where the routine has no choice
    std::string data_digest;  // of the network and the sequences that it starts from
    Method method = Method::exact;

    bool operator==(const RunKey&) const = default;
};

// What to draw a run by; no part of the key, since the fingerprint covers it.
struct Machine {
    std::string name;  // of the chip, or the processor's own words
    std::uint32_t mesh_side = 0;
    std::uint32_t cores = 0;
    std::uint64_t scratchpad_bytes = 0;
    std::uint64_t clock_hz = 0;
};

// A run that someone wants: its key, and the text from which a worker can carry it out.
struct Wanted {
    RunKey key;
    Machine machine;
    std::string request;
    double predicted_seconds = 0;  // of host time
};

struct RegionTime {
    std::uint32_t hart = 0;
    std::string region;
    std::uint64_t entries = 0;
    std::uint64_t cycles = 0;  // of platforms without a clock of their own: nanoseconds
    double utilisation = 0;    // of the array
};

// What a run has shown.
// A move of JSON is taken to throw, which it does not.
// NOLINTNEXTLINE(bugprone-exception-escape)
struct RunResult {
    bool exact = true;
    double error_bound = 0;  // of an estimate: claimed, of the cycles, relative
    std::optional<std::uint64_t> cycles;
    double seconds = 0;                 // of the chip or machine
    double host_seconds = 0;            // that finding it out took
    std::optional<double> utilisation;  // of the array, over the whole run
    std::optional<std::uint64_t> dma_read_bytes, dma_written_bytes, dram_read_bytes, dram_written_bytes;
    std::optional<std::uint64_t> memory_planned;  // bytes that the program set aside for training
    std::optional<std::uint64_t> memory_touched;
    std::vector<RegionTime> regions;
    nlohmann::ordered_json record;  // all of it; null where there is none
};

// From a run record (chip/trace/record.hpp); exact, host_seconds 0. Throws ChipError if it is none.
RunResult result_of(const nlohmann::ordered_json& record);

enum class Status : std::uint8_t { pending, running, done, failed };
const char* name(Status status);

struct Run {
    std::int64_t id = 0;
    RunKey key;
    Machine machine;
    Status status = Status::pending;
    std::string reason;  // of a failure
    std::uint32_t attempts = 0;
    std::string finished_at;  // UTC, "2026-01-31 23:59:59"
    RunResult result;         // of finished runs; without regions and record, which are read one by one
};

// Who works on a store. A sweep that has died leaves runs behind that another one takes over: on the same
// host at once, since its process can be seen to be gone, elsewhere when it has not been heard of for
// `silence_seconds`.
inline constexpr int silence_seconds = 120;

class RunStore {
  public:
    // Makes the file and its folder if need be. Throws StoreError if it is no store of runs, or one of
    // another version.
    explicit RunStore(const std::filesystem::path& path);

    // Enters runs that are not there yet as pending, and renews how those that are not done would be carried
    // out. Returns the row of each: where an estimate is wanted and an exact run is done, that one's.
    std::vector<std::int64_t> enrol(const std::vector<Wanted>& wanted);
    Status status(std::int64_t run);
    // Failed ones among them become pending again; returns how many.
    std::size_t retry_failed(const std::vector<std::int64_t>& runs);

    // Joins as a sweep, under which runs are claimed; `command` is kept for whoever looks.
    void join(const std::string& command);
    // A sign of life; to be given more often than every `silence_seconds`.
    void beat();
    // Runs of sweeps that are no more become pending again; returns how many.
    std::size_t release_abandoned();
    // Takes a pending run for this sweep; false if another has it or it has ended.
    bool claim(std::int64_t run);
    // Keeps a claimed run's result, or why it failed. A run that is done stays as it is.
    void finish(std::int64_t run, const RunResult& result);
    void fail(std::int64_t run, const std::string& reason);

    // A run that was measured without a sweep (a baseline): entered or replaced, done.
    std::int64_t put(const Wanted& run, const RunResult& result);

    std::optional<Run> find(const RunKey& key);
    Run run(std::int64_t id);
    // All, or those in one state, oldest first.
    std::vector<Run> runs(std::optional<Status> only = std::nullopt);
    std::vector<RegionTime> regions(std::int64_t run);
    // Null if there is none.
    nlohmann::ordered_json record(std::int64_t run);
    std::string request(std::int64_t run);
    // The same of all finished runs, read at once: where there are thousands, one by one takes seconds.
    std::map<std::int64_t, std::vector<RegionTime>> all_regions(std::uint32_t hart);
    std::map<std::int64_t, std::string> requests();

  private:
    void make_tables();
    std::optional<std::int64_t> row_of(const RunKey& key);
    void write_result(std::int64_t run, const RunResult& result);

    Database database_;
    std::optional<Statement> status_;  // asked often
    std::int64_t sweep_ = 0;
};

}  // namespace partita::explore
