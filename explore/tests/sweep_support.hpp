#pragma once

// Runs for tests: a worker that is a shell script and quick.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "explore/store.hpp"

namespace partita::explore::test {

// A folder that is gone after the test.
struct Folder : testing::Test {
    std::filesystem::path folder;

    Folder() {
        std::string name = (std::filesystem::path(testing::TempDir()) / "partita-XXXXXX").string();
        folder = mkdtemp(name.data());
    }
    ~Folder() override { std::filesystem::remove_all(folder); }

    std::filesystem::path store_file() const { return folder / "runs.sqlite"; }
};

inline Wanted wanted(std::uint32_t parts, const std::string& request = "") {
    Wanted run;
    run.key.chip_fingerprint = "00ff";
    run.key.firmware_hash = "abcd";
    run.key.routine = "train";
    run.key.hidden = 128;
    run.key.classes = 10;
    run.key.batch = 4;
    run.key.steps = 784;
    run.key.parts = parts;
    run.key.precision = "bf16";
    run.key.tape = "full";
    run.key.data_digest = "1234";
    run.machine = {"ms4-c1", 4, 1, 131072, 500'000'000};
    run.request = request.empty() ? std::to_string(parts) : request;
    run.predicted_seconds = parts;
    return run;
}

inline std::vector<Wanted> wanted_up_to(std::uint32_t count) {
    std::vector<Wanted> runs;
    for (std::uint32_t parts = 1; parts <= count; ++parts) {
        runs.push_back(wanted(parts));
    }
    return runs;
}

// A record as a simulation of so many cycles leaves it.
inline nlohmann::ordered_json record_of(std::uint64_t cycles) {
    return {{"cycles", cycles},
            {"seconds", static_cast<double>(cycles) / 5e8},
            {"harts",
             {{{"hart", 0},
               {"regions",
                {{{"region", "forward"}, {"entries", 3}, {"cycles", cycles - 10}, {"utilisation", 0.5}},
                 {{"region", "(outside)"}, {"entries", 0}, {"cycles", 10}, {"utilisation", 0.0}}}}},
              {{"hart", 1}, {"regions", {{{"region", "forward"}, {"entries", 3}, {"cycles", cycles}}}}}}},
            {"memory",
             {{"arena_bytes", 4096},
              {"arena_touched_bytes", 4000},
              {"dma_read_bytes", 1},
              {"dma_write_bytes", 2},
              {"dram_read_bytes", 3},
              {"dram_write_bytes", 4}}}};
}

inline RunResult result_of_cycles(std::uint64_t cycles) {
    return result_of(record_of(cycles));
}

// A worker that notes the task it was given in a file and answers with a record of 1000 cycles a part. Tasks
// are numbers; `extra` is shell code that runs before the answer, with the task in $task.
inline std::vector<std::string> quick_worker(const std::filesystem::path& log, const std::string& extra) {
    std::string record = record_of(424242).dump();
    const std::string marker = "424242";
    const std::size_t at = record.find(marker);
    record.replace(at, marker.size(), "'$task'000");
    return {"/bin/sh", "-c",
            "task=$(cat); " + extra + "; echo $task >> '" + log.string() +
                "'; echo '{\"exact\":true,\"error_bound\":0,\"host_seconds\":0.5,\"record\":" + record +
                "}'"};
}

inline std::vector<std::string> lines_of_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    std::string line;
    while (std::getline(file, line)) {
        lines.push_back(line);
    }
    return lines;
}

}  // namespace partita::explore::test
