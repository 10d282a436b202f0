// `partita explore`: sweeps of real simulations, by processes of one machine and over MPI.

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "chip_command.hpp"
#include "explore/store.hpp"
#include "firmware/host/build.hpp"

namespace partita::test {
namespace {

namespace fs = std::filesystem;

class Explore : public ChipCommandTest {
  protected:
    explore::RunStore store() const { return explore::RunStore(path("runs.sqlite")); }
};

Arguments explore_in(const Arguments& more) {
    return with({"explore", "--store", "runs.sqlite"}, more);
}

// Two design points of few steps, two K each.
Arguments small_sweep() {
    return explore_in({"--chip", chip_file("ms4-c1"), "--set", "soc.cores=1,2", "--set",
                       "memory.l2_bytes=524288", "--steps", "6", "--parts", "1,2", "--jobs", "2"});
}

TEST_F(Explore, KeepsRunsAndDoesNotRepeatThem) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    const std::string dry = succeeds(with(small_sweep(), {"--dry-run"}));
    EXPECT_TRUE(says(dry, {"4 runs: 0 done before, 0 failed before, 4 to do, about", "2 at a time",
                           "ms4-c1 + soc.cores=2 + memory.l2_bytes=524288"}));
    EXPECT_FALSE(fs::exists(path("runs.sqlite"))) << "a dry run leaves nothing";

    const Outcome first = run(with(small_sweep(), {"--json", "first.json"}));
    EXPECT_EQ(first.exit_code, 0) << first.err;
    EXPECT_TRUE(says(first.out, {"4 runs done now, 0 before", "0 failed"}));
    const nlohmann::json runs = json("first.json");
    ASSERT_EQ(runs.size(), 4u);
    for (const auto& one : runs) {
        EXPECT_EQ(one.at("status"), "done");
        EXPECT_EQ(one.at("exact"), true);
        EXPECT_EQ(one.at("hidden"), 128);
        EXPECT_GT(one.at("cycles"), 1'000'000);
        EXPECT_GT(one.at("dma_read_bytes"), 0);
        EXPECT_GT(one.at("memory_planned"), 100'000);
        EXPECT_GT(one.at("utilisation"), 0.0);
    }
    // The first is what `simulate` says of the same chip and workload.
    ASSERT_EQ(run({"simulate", "--quiet", "--chip", chip_file("ms4-c1"), "--set", "memory.l2_bytes=524288",
                   "--steps", "6", "--parts", "1", "--json", "simulated.json"})
                  .exit_code,
              0);
    EXPECT_EQ(json("simulated.json").at("cycles"), runs[0].at("cycles"));
    auto kept = store();
    const auto rows = kept.runs();
    const auto regions = kept.regions(rows[0].id);
    std::uint64_t sum = 0;
    for (const auto& region : regions) {
        sum += region.hart == 0 ? region.cycles : 0;
    }
    EXPECT_EQ(sum, rows[0].result.cycles);
    nlohmann::json record = nlohmann::json::parse(kept.record(rows[0].id).dump());
    nlohmann::json simulated = json("simulated.json");
    EXPECT_EQ(record.at("chip").at("fingerprint"), simulated.at("chip").at("fingerprint"));
    record.erase("chip");
    simulated.erase("chip");  // where the two names are, which say what was set
    EXPECT_TRUE(record == simulated) << "every number of it";

    const auto start = std::chrono::steady_clock::now();
    const std::string again = succeeds(with(small_sweep(), {"--json", "second.json"}));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    EXPECT_TRUE(says(again, {"4 done before, 0 failed before, 0 to do", "0 runs done now, 4 before"}));
    EXPECT_EQ(json("second.json"), json("first.json"));
    EXPECT_TRUE(says(succeeds(with(small_sweep(), {"--dry-run", "--parts", "3"})),
                     {"2 to do", "learned from 4 finished runs"}));
}

TEST_F(Explore, WhatFailsIsKeptAndDoesNotStopTheOthers) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    // `published` wants K to divide T, and an L2 must hold all data caches.
    const Outcome outcome =
        run(explore_in({"--chip", chip_file("ms4-c1"), "--program", "published", "--steps", "4", "--parts",
                        "2,3", "--set", "memory.l2_bytes=8192,524288"}));
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(
        says(outcome.err, {"1 design point is left out", "memory.l2_bytes is 8192", "published K=3",
                           "failed: building the program", "3 parts do not divide", "1 of 2 runs failed"}));
    EXPECT_TRUE(says(outcome.out, {"1 runs done now", "1 failed"}));
    const auto failed = store().runs(explore::Status::failed);
    ASSERT_EQ(failed.size(), 1u);
    EXPECT_TRUE(says(failed[0].reason, {"3 parts do not divide 4 steps"}));
}

TEST_F(Explore, OptionsAreChecked) {
    const Arguments chip{"--chip", chip_file("ms4-c1")};
    refuses(2, {"--chip is required"}, {"explore"});
    refuses(1, {"nowhere.toml", "there is no such file"}, explore_in({"--chip", "nowhere.toml"}));
    refuses(2, {"--set", "'soc.cores=4..1'", "found '4..1'", "expected"},
            explore_in(with(chip, {"--set", "soc.cores=4..1"})));
    refuses(1, {"soc.caches is an unknown key", "nothing to run"},
            explore_in(with(chip, {"--set", "soc.caches=1"})));
    refuses(2, {"--precision"}, explore_in(with(chip, {"--precision", "fp64"})));
    refuses(2, {"--jobs"}, explore_in(with(chip, {"--jobs", "0"})));
    refuses(1, {"nowhere/file", "cannot be written"}, explore_in(with(chip, {"--json", "nowhere/file"})));
    write_text("text", std::string(300, 'x'));  // no database, but long enough to be taken for one
    refuses(1, {"store of runs text", "not a database"},
            with({"explore", "--store", "text", "--steps", "4", "--parts", "1"}, chip));
    const Outcome garbled = run({"run-request"});
    EXPECT_EQ(garbled.exit_code, 2);
    EXPECT_TRUE(says(garbled.err, {"this is no request for a run"}));
}

// A program's estimate beside its full run.
struct Estimated {
    const char* program;
    const char* chip;
    std::uint32_t parts;
    std::uint32_t steps;
};

void PrintTo(const Estimated& c, std::ostream* out) {
    *out << c.program << " on " << c.chip << ", K = " << c.parts << ", T = " << c.steps;
}

class ExploreEstimate : public Explore, public testing::WithParamInterface<Estimated> {};

TEST_P(ExploreEstimate, IsWithinItsBound) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    const Estimated& c = GetParam();
    const Arguments sweep =
        explore_in({"--chip", chip_file(c.chip), "--program", c.program, "--parts", std::to_string(c.parts),
                    "--steps", std::to_string(c.steps), "--jobs", "1"});
    succeeds(with(sweep, {"--estimate", "--json", "estimate.json"}));
    succeeds(with(sweep, {"--json", "full.json"}));
    const nlohmann::json estimate = json("estimate.json")[0];
    const nlohmann::json full = json("full.json")[0];
    EXPECT_EQ(estimate.at("exact"), false);
    EXPECT_EQ(full.at("exact"), true);
    const double bound = estimate.at("error_bound");
    EXPECT_GT(bound, 0);
    EXPECT_LE(bound, 0.02);
    const auto error = [&](const char* figure) {
        return estimate.at(figure).get<double>() / full.at(figure).get<double>() - 1;
    };
    EXPECT_LE(std::abs(error("cycles")), bound);
    EXPECT_LE(std::abs(error("utilisation")), 2 * bound);
    EXPECT_LE(std::abs(error("dma_read_bytes")), bound);
    EXPECT_EQ(estimate.value("memory_planned", 0), full.value("memory_planned", 0));
    std::printf("%s on %s, K = %u, T = %u: %+.3f %% of %.3f %% claimed; %.1f s, full %.1f s\n", c.program,
                c.chip, c.parts, c.steps, 100 * error("cycles"), 100 * bound,
                estimate.at("host_seconds").get<double>(), full.at("host_seconds").get<double>());
    // From now on the exact run stands for the estimate.
    EXPECT_TRUE(says(succeeds(with(sweep, {"--estimate"})), {"1 done before"}));
}

INSTANTIATE_TEST_SUITE_P(Small, ExploreEstimate,
                         testing::Values(Estimated{"published", "ms4-c1", 16, 64},
                                         Estimated{"train", "ms4-c2", 16, 32}));

class ExploreMpi : public Explore {
  protected:
    void SetUp() override {
        if (std::string(PARTITA_MPIRUN).empty()) {
            GTEST_SKIP() << "Open MPI is absent";
        }
        if (!cross_compiler_is_there()) {
            GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
        }
    }
    // Exit code of `partita-mpi` on so many ranks; what it says goes to the file "said".
    int mpirun(unsigned ranks, const Arguments& arguments) const {
        // Under the address sanitizer: what Open MPI does not free is not ours.
        std::string command = "cd '" + directory().string() + "' && LSAN_OPTIONS=detect_leaks=0 ";
        if (geteuid() == 0) {
            command += "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ";
        }
        command += std::string(PARTITA_MPIRUN) + " --oversubscribe -n " + std::to_string(ranks) + " " +
                   PARTITA_MPI_COMMAND;
        for (const std::string& argument : arguments) {
            command += " '" + argument + "'";
        }
        return WEXITSTATUS(std::system((command + " > said 2>&1").c_str()));
    }
};

TEST_F(ExploreMpi, RanksShareTheRuns) {
    const Arguments sweep{"--chip", chip_file("ms4-c1"), "--set", "soc.cores=1,2", "--steps",
                          "6",      "--parts",           "1,2",   "--json",        "runs.json"};
    ASSERT_EQ(mpirun(3, explore_in(sweep)), 0) << text("said");
    EXPECT_TRUE(says(text("said"), {"4 runs: 0 done before", "3 at a time", "4 runs done now", "0 failed"}));
    const nlohmann::json over_ranks = json("runs.json");
    // Another store, one process: the same figures.
    succeeds(with({"explore", "--store", "other.sqlite", "--jobs", "1"}, sweep));
    const nlohmann::json alone = json("runs.json");
    ASSERT_EQ(over_ranks.size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) {
        EXPECT_EQ(over_ranks[i].at("cycles"), alone[i].at("cycles"));
    }
    ASSERT_EQ(mpirun(2, explore_in(sweep)), 0) << text("said");
    EXPECT_TRUE(says(text("said"), {"4 done before", "0 runs done now"}));
}

TEST_F(ExploreMpi, RanksEndWhenTheFirstGoesWrong) {
    EXPECT_EQ(mpirun(3, explore_in({"--chip", "nowhere.toml"})), 1);
    EXPECT_TRUE(says(text("said"), {"nowhere.toml", "there is no such file"}));
    EXPECT_EQ(mpirun(2, {"explore"}), 2);
    EXPECT_EQ(mpirun(2, explore_in({"--chip", chip_file("ms4-c1"), "--program", "published", "--steps", "4",
                                    "--parts", "3"})),
              1);
    EXPECT_TRUE(says(text("said"), {"3 parts do not divide 4 steps"}));
}

}  // namespace
}  // namespace partita::test
