#include "explore/store.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

#include "chip/base/error.hpp"
#include "explore/process_identity.hpp"

namespace partita::explore {
namespace {

constexpr int version = 1;
constexpr int application = 0x50545453;  // "PTTS": tells a store of runs from other SQLite files

constexpr const char* tables = R"(
CREATE TABLE sweeps (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL, process INTEGER NOT NULL, process_start INTEGER NOT NULL,
    command TEXT NOT NULL,
    started_at TEXT NOT NULL, seen INTEGER NOT NULL  -- seconds since 1970
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL, chip_fingerprint TEXT NOT NULL, firmware_hash TEXT NOT NULL,
    routine TEXT NOT NULL, input INTEGER NOT NULL, hidden INTEGER NOT NULL, classes INTEGER NOT NULL,
    batch INTEGER NOT NULL, steps INTEGER NOT NULL, parts INTEGER NOT NULL,
    precision TEXT NOT NULL, tape TEXT NOT NULL, data_digest TEXT NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('exact', 'estimated')),
    machine TEXT NOT NULL, mesh_side INTEGER NOT NULL, cores INTEGER NOT NULL,
    scratchpad_bytes INTEGER NOT NULL, clock_hz INTEGER NOT NULL,
    request TEXT NOT NULL, predicted_seconds REAL NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'done', 'failed')),
    sweep INTEGER REFERENCES sweeps (id), attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '', finished_at TEXT NOT NULL DEFAULT '',
    exact INTEGER, error_bound REAL, cycles INTEGER, seconds REAL, host_seconds REAL, utilisation REAL,
    dma_read_bytes INTEGER, dma_written_bytes INTEGER, dram_read_bytes INTEGER, dram_written_bytes INTEGER,
    memory_planned INTEGER, memory_touched INTEGER,
    UNIQUE (platform, chip_fingerprint, firmware_hash, routine, input, hidden, classes, batch, steps, parts,
            precision, tape, data_digest, method)
);
CREATE INDEX runs_by_status ON runs (status);
CREATE TABLE regions (
    run INTEGER NOT NULL REFERENCES runs (id), hart INTEGER NOT NULL, region TEXT NOT NULL,
    entries INTEGER NOT NULL, cycles INTEGER NOT NULL, utilisation REAL NOT NULL,
    PRIMARY KEY (run, hart, region)
) WITHOUT ROWID;
CREATE TABLE records (run INTEGER PRIMARY KEY REFERENCES runs (id), record TEXT NOT NULL);
)";

constexpr const char* where_key =
    "platform = ?1 AND chip_fingerprint = ?2 AND firmware_hash = ?3 AND routine = ?4 AND input = ?5 AND "
    "hidden = ?6 AND classes = ?7 AND batch = ?8 AND steps = ?9 AND parts = ?10 AND precision = ?11 AND "
    "tape = ?12 AND data_digest = ?13 AND method = ?14";

constexpr const char* run_columns =
    "id, platform, chip_fingerprint, firmware_hash, routine, input, hidden, classes, batch, steps, parts, "
    "precision, tape, data_digest, method, machine, mesh_side, cores, scratchpad_bytes, clock_hz, status, "
    "reason, attempts, finished_at, exact, error_bound, cycles, seconds, host_seconds, utilisation, "
    "dma_read_bytes, dma_written_bytes, dram_read_bytes, dram_written_bytes, memory_planned, memory_touched";

Statement& bind_key(Statement& statement, const RunKey& key) {
    return statement.bind(key.platform, key.chip_fingerprint, key.firmware_hash, key.routine, key.input,
                          key.hidden, key.classes, key.batch, key.steps, key.parts, key.precision, key.tape,
                          key.data_digest, name(key.method));
}

template <typename Choice, std::size_t count>
Choice choice(const std::array<const char*, count>& names, const std::string& found) {
    for (std::size_t i = 0; i < count; ++i) {
        if (found == names[i]) {
            return static_cast<Choice>(i);
        }
    }
    throw StoreError(
        fmt::format("the store of runs has '{}' where one of {} is expected", found, fmt::join(names, ", ")));
}

constexpr std::array<const char*, 2> method_names{"exact", "estimated"};
constexpr std::array<const char*, 4> status_names{"pending", "running", "done", "failed"};

std::uint32_t small(const Statement& row, int column) {
    return static_cast<std::uint32_t>(row.integer(column));
}

Run read_run(const Statement& row) {
    Run run;
    run.id = row.integer(0);
    run.key = {row.text(1),   row.text(2),
               row.text(3),   row.text(4),
               small(row, 5), small(row, 6),
               small(row, 7), small(row, 8),
               small(row, 9), small(row, 10),
               row.text(11),  row.text(12),
               row.text(13),  choice<Method>(method_names, row.text(14))};
    run.machine = {row.text(15), small(row, 16), small(row, 17), row.optional_integer(18).value_or(0),
                   row.optional_integer(19).value_or(0)};
    run.status = choice<Status>(status_names, row.text(20));
    run.reason = row.text(21);
    run.attempts = small(row, 22);
    run.finished_at = row.text(23);
    RunResult& result = run.result;
    result.exact = row.integer(24) != 0;
    result.error_bound = row.real(25);
    result.cycles = row.optional_integer(26);
    result.seconds = row.real(27);
    result.host_seconds = row.real(28);
    result.utilisation = row.optional_real(29);
    result.dma_read_bytes = row.optional_integer(30);
    result.dma_written_bytes = row.optional_integer(31);
    result.dram_read_bytes = row.optional_integer(32);
    result.dram_written_bytes = row.optional_integer(33);
    result.memory_planned = row.optional_integer(34);
    result.memory_touched = row.optional_integer(35);
    return run;
}

// Of columns hart, region, entries, cycles, utilisation.
RegionTime read_region(const Statement& row) {
    return {small(row, 0), row.text(1), row.optional_integer(2).value_or(0),
            row.optional_integer(3).value_or(0), row.real(4)};
}

std::int64_t now() {
    return static_cast<std::int64_t>(std::time(nullptr));
}

std::filesystem::path with_folder(const std::filesystem::path& path) {
    if (path.has_parent_path()) {
        std::error_code error;
        std::filesystem::create_directories(path.parent_path(), error);
        if (!std::filesystem::is_directory(path.parent_path())) {
            throw StoreError(fmt::format("the folder of the store of runs {} cannot be made: {}",
                                         path.string(),
                                         error ? error.message() : "there is a file of that name"));
        }
    }
    return path;
}

}  // namespace

const char* name(Method method) {
    return method_names[static_cast<std::size_t>(method)];
}

const char* name(Status status) {
    return status_names[static_cast<std::size_t>(status)];
}

RunResult result_of(const nlohmann::ordered_json& record) {
    try {
        RunResult result;
        result.cycles = record.at("cycles").get<std::uint64_t>();
        result.seconds = record.at("seconds").get<double>();
        double array_time = 0;
        double used = 0;
        for (const auto& hart : record.at("harts")) {
            for (const auto& region : hart.at("regions")) {
                RegionTime time{hart.at("hart").get<std::uint32_t>(), region.at("region").get<std::string>(),
                                region.at("entries").get<std::uint64_t>(),
                                region.at("cycles").get<std::uint64_t>(), region.value("utilisation", 0.0)};
                if (time.hart == 0) {
                    array_time += static_cast<double>(time.cycles);
                    used += static_cast<double>(time.cycles) * time.utilisation;
                }
                result.regions.push_back(std::move(time));
            }
        }
        result.utilisation = array_time == 0 ? 0 : used / array_time;
        const auto& memory = record.at("memory");
        const auto bytes = [&](const char* key) { return memory.at(key).get<std::uint64_t>(); };
        result.dma_read_bytes = bytes("dma_read_bytes");
        result.dma_written_bytes = bytes("dma_write_bytes");
        result.dram_read_bytes = bytes("dram_read_bytes");
        result.dram_written_bytes = bytes("dram_write_bytes");
        // A program that sets nothing aside does not say what it needs.
        if (bytes("arena_bytes") != 0) {
            result.memory_planned = bytes("arena_bytes");
            result.memory_touched = bytes("arena_touched_bytes");
        }
        result.record = record;
        return result;
    } catch (const nlohmann::json::exception& error) {
        throw chip::ChipError(fmt::format("this is no run record: {}", error.what()));
    }
}

RunStore::RunStore(const std::filesystem::path& path) : database_(with_folder(path)) {
    const auto pragma = [&](const char* text) {
        Statement statement = database_.prepare(text);
        statement.step();
        return statement.integer(0);
    };
    Transaction transaction(database_);
    const std::int64_t found = pragma("PRAGMA user_version");
    const bool empty = pragma("SELECT count(*) FROM sqlite_master") == 0;
    if (empty) {
        make_tables();
    } else if (pragma("PRAGMA application_id") != application) {
        throw StoreError(fmt::format("{} is a database, but no store of runs", path.string()));
    } else if (found != version) {
        throw StoreError(fmt::format(
            "the store of runs {} has version {}, expected {}; name another file to begin a new one",
            path.string(), found, version));
    }
    transaction.commit();
}

void RunStore::make_tables() {
    database_.execute(tables);
    database_.execute(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application, version).c_str());
}

std::optional<std::int64_t> RunStore::row_of(const RunKey& key) {
    Statement found = database_.prepare(fmt::format("SELECT id FROM runs WHERE {}", where_key));
    bind_key(found, key);
    return found.step() ? std::optional(found.integer(0)) : std::nullopt;
}

std::vector<std::int64_t> RunStore::enrol(const std::vector<Wanted>& wanted) {
    Transaction transaction(database_);
    Statement insert = database_.prepare(
        "INSERT OR IGNORE INTO runs (platform, chip_fingerprint, firmware_hash, routine, input, hidden, "
        "classes, batch, steps, parts, precision, tape, data_digest, method, machine, mesh_side, cores, "
        "scratchpad_bytes, clock_hz, request, predicted_seconds, status) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
        "?21, 'pending')");
    Statement renew = database_.prepare(
        "UPDATE runs SET request = ?2, predicted_seconds = ?3 WHERE id = ?1 AND status IN ('pending', "
        "'failed')");
    std::vector<std::int64_t> rows;
    for (const Wanted& run : wanted) {
        const RunKey& key = run.key;
        if (key.method == Method::estimated) {
            RunKey exact = key;
            exact.method = Method::exact;
            if (const auto row = row_of(exact); row && status(*row) == Status::done) {
                rows.push_back(*row);
                continue;
            }
        }
        insert
            .bind(key.platform, key.chip_fingerprint, key.firmware_hash, key.routine, key.input, key.hidden,
                  key.classes, key.batch, key.steps, key.parts, key.precision, key.tape, key.data_digest,
                  name(key.method), run.machine.name, run.machine.mesh_side, run.machine.cores,
                  run.machine.scratchpad_bytes, run.machine.clock_hz, run.request, run.predicted_seconds)
            .run();
        const std::int64_t row = row_of(key).value();
        renew.bind(row, run.request, run.predicted_seconds).run();
        rows.push_back(row);
    }
    transaction.commit();
    return rows;
}

Status RunStore::status(std::int64_t run) {
    if (!status_) {
        status_ = database_.prepare("SELECT status FROM runs WHERE id = ?1");
    }
    if (!status_->bind(run).step()) {
        throw StoreError(fmt::format("the store of runs {} has no run {}", database_.path().string(), run));
    }
    const auto found = choice<Status>(status_names, status_->text(0));
    status_->reset();
    return found;
}

std::size_t RunStore::retry_failed(const std::vector<std::int64_t>& runs) {
    Transaction transaction(database_);
    Statement again = database_.prepare(
        "UPDATE runs SET status = 'pending', reason = '', finished_at = '' WHERE id = ?1 AND status = "
        "'failed'");
    std::size_t count = 0;
    for (const std::int64_t run : runs) {
        again.bind(run).run();
        count += static_cast<std::size_t>(database_.changes());
    }
    transaction.commit();
    return count;
}

void RunStore::join(const std::string& command) {
    const ProcessIdentity self = this_process();
    database_
        .prepare(
            "INSERT INTO sweeps (host, process, process_start, command, started_at, seen) "
            "VALUES (?1, ?2, ?3, ?4, datetime('now'), ?5)")
        .bind(self.host, self.number, self.start, command, now())
        .run();
    sweep_ = database_.last_row();
}

void RunStore::beat() {
    database_.prepare("UPDATE sweeps SET seen = ?2 WHERE id = ?1").bind(sweep_, now()).run();
}

std::size_t RunStore::release_abandoned() {
    const std::string here = this_process().host;
    Transaction transaction(database_);
    Statement sweeps = database_.prepare(
        "SELECT id, host, process, process_start, seen FROM sweeps WHERE id IN "
        "(SELECT DISTINCT sweep FROM runs WHERE status = 'running')");
    std::vector<std::int64_t> gone;
    while (sweeps.step()) {
        const ProcessIdentity process{sweeps.text(1), sweeps.integer(2),
                                      static_cast<std::uint64_t>(sweeps.integer(3))};
        const bool alive =
            process.host == here ? is_alive(process) : now() - sweeps.integer(4) < silence_seconds;
        if (!alive) {
            gone.push_back(sweeps.integer(0));
        }
    }
    Statement release = database_.prepare(
        "UPDATE runs SET status = 'pending', sweep = NULL WHERE status = 'running' AND sweep = ?1");
    std::size_t count = 0;
    for (const std::int64_t sweep : gone) {
        release.bind(sweep).run();
        count += static_cast<std::size_t>(database_.changes());
    }
    transaction.commit();
    return count;
}

bool RunStore::claim(std::int64_t run) {
    database_
        .prepare(
            "UPDATE runs SET status = 'running', sweep = ?2, attempts = attempts + 1 "
            "WHERE id = ?1 AND status = 'pending'")
        .bind(run, sweep_)
        .run();
    return database_.changes() == 1;
}

void RunStore::write_result(std::int64_t run, const RunResult& result) {
    database_
        .prepare(
            "UPDATE runs SET status = 'done', reason = '', finished_at = datetime('now'), exact = ?2, "
            "error_bound = ?3, cycles = ?4, seconds = ?5, host_seconds = ?6, utilisation = ?7, "
            "dma_read_bytes = ?8, dma_written_bytes = ?9, dram_read_bytes = ?10, dram_written_bytes = ?11, "
            "memory_planned = ?12, memory_touched = ?13 WHERE id = ?1")
        .bind(run, result.exact, result.error_bound, result.cycles, result.seconds, result.host_seconds,
              result.utilisation, result.dma_read_bytes, result.dma_written_bytes, result.dram_read_bytes,
              result.dram_written_bytes, result.memory_planned, result.memory_touched)
        .run();
    Statement insert = database_.prepare("INSERT OR REPLACE INTO regions VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    for (const RegionTime& time : result.regions) {
        insert.bind(run, time.hart, time.region, time.entries, time.cycles, time.utilisation).run();
    }
    if (!result.record.is_null()) {
        database_.prepare("INSERT OR REPLACE INTO records VALUES (?1, ?2)")
            .bind(run, result.record.dump())
            .run();
    }
}

void RunStore::finish(std::int64_t run, const RunResult& result) {
    Transaction transaction(database_);
    if (status(run) != Status::done) {
        write_result(run, result);
    }
    transaction.commit();
}

void RunStore::fail(std::int64_t run, const std::string& reason) {
    database_
        .prepare(
            "UPDATE runs SET status = 'failed', reason = ?2, finished_at = datetime('now') WHERE id = ?1 "
            "AND status <> 'done'")
        .bind(run, reason)
        .run();
}

std::int64_t RunStore::put(const Wanted& run, const RunResult& result) {
    const std::int64_t row = enrol({run}).front();
    Transaction transaction(database_);
    database_.prepare("DELETE FROM regions WHERE run = ?1").bind(row).run();
    database_.prepare("DELETE FROM records WHERE run = ?1").bind(row).run();
    write_result(row, result);
    transaction.commit();
    return row;
}

std::optional<Run> RunStore::find(const RunKey& key) {
    const auto row = row_of(key);
    return row ? std::optional(run(*row)) : std::nullopt;
}

Run RunStore::run(std::int64_t id) {
    Statement found = database_.prepare(fmt::format("SELECT {} FROM runs WHERE id = ?1", run_columns));
    if (!found.bind(id).step()) {
        throw StoreError(fmt::format("the store of runs {} has no run {}", database_.path().string(), id));
    }
    return read_run(found);
}

std::vector<Run> RunStore::runs(std::optional<Status> only) {
    Statement found = database_.prepare(
        fmt::format("SELECT {} FROM runs {} ORDER BY id", run_columns, only ? "WHERE status = ?1" : ""));
    if (only) {
        found.bind(name(*only));
    }
    std::vector<Run> runs;
    while (found.step()) {
        runs.push_back(read_run(found));
    }
    return runs;
}

std::vector<RegionTime> RunStore::regions(std::int64_t run) {
    Statement found = database_.prepare(
        "SELECT hart, region, entries, cycles, utilisation FROM regions WHERE run = ?1 ORDER BY hart, "
        "region");
    found.bind(run);
    std::vector<RegionTime> regions;
    while (found.step()) {
        regions.push_back(read_region(found));
    }
    return regions;
}

nlohmann::ordered_json RunStore::record(std::int64_t run) {
    Statement found = database_.prepare("SELECT record FROM records WHERE run = ?1");
    return found.bind(run).step() ? nlohmann::ordered_json::parse(found.text(0)) : nullptr;
}

std::string RunStore::request(std::int64_t run) {
    Statement found = database_.prepare("SELECT request FROM runs WHERE id = ?1");
    return found.bind(run).step() ? found.text(0) : "";
}

std::map<std::int64_t, std::vector<RegionTime>> RunStore::all_regions(std::uint32_t hart) {
    Statement found = database_.prepare(
        "SELECT hart, region, entries, cycles, utilisation, run FROM regions WHERE hart = ?1");
    found.bind(hart);
    std::map<std::int64_t, std::vector<RegionTime>> regions;
    while (found.step()) {
        regions[found.integer(5)].push_back(read_region(found));
    }
    return regions;
}

std::map<std::int64_t, std::string> RunStore::requests() {
    Statement found = database_.prepare("SELECT id, request FROM runs WHERE status = 'done'");
    std::map<std::int64_t, std::string> requests;
    while (found.step()) {
        requests.emplace(found.integer(0), found.text(1));
    }
    return requests;
}

}  // namespace partita::explore
