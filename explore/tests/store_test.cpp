#include "explore/store.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <thread>

#include "chip/base/error.hpp"
#include "explore/process_identity.hpp"
#include "sweep_support.hpp"

namespace partita::explore {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): support of these tests

using Store = Folder;

std::string sentence_of(const std::filesystem::path& path) {
    try {
        RunStore store(path);
    } catch (const StoreError& error) {
        return error.what();
    }
    return "no error";
}

// Runs in a child, which ends without saying goodbye.
template <typename Body>
void in_a_process_that_dies(const Body& body) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        body();
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
}

TEST_F(Store, KeepsWhatARunHasShown) {
    RunStore(store_file()).enrol({wanted(7)});
    RunStore store(store_file());
    store.join("test");
    const auto row = store.enrol({wanted(7)}).front();
    ASSERT_TRUE(store.claim(row));
    RunResult result = result_of_cycles(1000);
    result.host_seconds = 2.5;
    store.finish(row, result);

    RunStore other(store_file());
    const explore::Run run = other.find(wanted(7).key).value();
    EXPECT_EQ(run.id, row);
    EXPECT_EQ(run.key, wanted(7).key);
    EXPECT_EQ(run.machine.name, "ms4-c1");
    EXPECT_EQ(run.machine.scratchpad_bytes, 131072u);
    EXPECT_EQ(run.status, Status::done);
    EXPECT_EQ(run.attempts, 1u);
    EXPECT_EQ(run.finished_at.size(), std::string("2026-01-31 23:59:59").size());
    EXPECT_TRUE(run.result.exact);
    EXPECT_EQ(run.result.cycles, 1000u);
    EXPECT_DOUBLE_EQ(run.result.seconds, 1000 / 5e8);
    EXPECT_DOUBLE_EQ(run.result.host_seconds, 2.5);
    EXPECT_DOUBLE_EQ(run.result.utilisation.value(), 0.5 * 990 / 1000);
    EXPECT_EQ(run.result.dma_read_bytes, 1u);
    EXPECT_EQ(run.result.dma_written_bytes, 2u);
    EXPECT_EQ(run.result.dram_read_bytes, 3u);
    EXPECT_EQ(run.result.dram_written_bytes, 4u);
    EXPECT_EQ(run.result.memory_planned, 4096u);
    EXPECT_EQ(run.result.memory_touched, 4000u);
    const auto regions = other.regions(row);
    ASSERT_EQ(regions.size(), 3u);
    EXPECT_EQ(regions[1].region, "forward");
    EXPECT_EQ(regions[1].cycles, 990u);
    EXPECT_EQ(regions[2].hart, 1u);
    EXPECT_EQ(other.record(row), record_of(1000));
    EXPECT_EQ(other.runs().size(), 1u);
    EXPECT_EQ(other.runs(Status::failed).size(), 0u);
}

TEST_F(Store, EachPartOfTheKeyTellsRunsApart) {
    std::vector<Wanted> runs(14, wanted(7));
    runs[1].key.platform = "cpu";
    runs[2].key.chip_fingerprint = "00fe";
    runs[3].key.firmware_hash = "abce";
    runs[4].key.routine = "published";
    runs[5].key.input = 28;
    runs[6].key.hidden = 64;
    runs[7].key.classes = 11;
    runs[8].key.batch = 8;
    runs[9].key.steps = 28;
    runs[10].key.parts = 14;
    runs[11].key.precision = "fp32";
    runs[12].key.tape = "lean";
    runs[13].key.data_digest = "1235";
    runs.push_back(wanted(7));
    runs.back().key.method = Method::estimated;
    RunStore store(store_file());
    const auto rows = store.enrol(runs);
    EXPECT_EQ(std::set<std::int64_t>(rows.begin(), rows.end()).size(), 15u);
    EXPECT_EQ(store.enrol(runs), rows) << "entered once";
    EXPECT_EQ(store.runs(Status::pending).size(), 15u);
}

TEST_F(Store, AnExactRunStandsForItsEstimate) {
    RunStore store(store_file());
    store.join("test");
    Wanted estimate = wanted(56);
    estimate.key.method = Method::estimated;
    const auto exact = store.enrol({wanted(56)}).front();
    const auto estimated = store.enrol({estimate}).front();
    EXPECT_NE(exact, estimated) << "not yet done";
    ASSERT_TRUE(store.claim(exact));
    store.finish(exact, result_of_cycles(1000));
    EXPECT_EQ(store.enrol({estimate}).front(), exact);
    EXPECT_EQ(store.enrol({wanted(56)}).front(), exact);
}

TEST_F(Store, FailuresStayUntilTheyAreTriedAgain) {
    RunStore store(store_file());
    store.join("test");
    const auto row = store.enrol({wanted(3)}).front();
    ASSERT_TRUE(store.claim(row));
    store.fail(row, "it went wrong: \"so\"\nand so");
    EXPECT_EQ(store.run(row).reason, "it went wrong: \"so\"\nand so");
    EXPECT_FALSE(store.claim(row)) << "is not run again by itself";
    EXPECT_EQ(store.retry_failed({row}), 1u);
    EXPECT_EQ(store.retry_failed({row}), 0u);
    EXPECT_TRUE(store.claim(row));
    store.finish(row, result_of_cycles(1000));
    EXPECT_EQ(store.run(row).reason, "");
    EXPECT_EQ(store.run(row).attempts, 2u);
    store.fail(row, "late");
    EXPECT_EQ(store.run(row).status, Status::done) << "what is done stays";
    EXPECT_EQ(store.retry_failed({row}), 0u);
}

TEST_F(Store, ARunIsClaimedOnce) {
    RunStore first(store_file());
    RunStore second(store_file());
    first.join("first");
    second.join("second");
    const auto row = first.enrol({wanted(3)}).front();
    EXPECT_TRUE(first.claim(row));
    EXPECT_FALSE(second.claim(row));
    EXPECT_FALSE(first.claim(row));
    EXPECT_EQ(second.release_abandoned(), 0u) << "its sweep lives";
    EXPECT_EQ(first.status(row), Status::running);
}

TEST_F(Store, WhatADeadSweepHeldIsFreeAgain) {
    std::int64_t row = 0;
    {
        RunStore store(store_file());
        row = store.enrol({wanted(3)}).front();
    }
    in_a_process_that_dies([&] {
        RunStore store(store_file());
        store.join("dies");
        store.claim(row);
    });
    RunStore store(store_file());
    store.join("lives");
    EXPECT_EQ(store.status(row), Status::running);
    EXPECT_FALSE(store.claim(row));
    EXPECT_EQ(store.release_abandoned(), 1u);
    EXPECT_TRUE(store.claim(row));
    EXPECT_EQ(store.run(row).attempts, 2u);
}

TEST_F(Store, ASweepElsewhereIsDeadWhenItHasBeenSilent) {
    RunStore store(store_file());
    store.join("elsewhere");
    const auto row = store.enrol({wanted(3)}).front();
    ASSERT_TRUE(store.claim(row));
    const Database database(store_file());
    const auto pretend = [&](int silent) {
        database.prepare("UPDATE sweeps SET host = 'elsewhere', seen = unixepoch() - ?1").bind(silent).run();
    };
    pretend(silence_seconds / 2);
    EXPECT_EQ(store.release_abandoned(), 0u);
    pretend(2 * silence_seconds);
    store.beat();
    EXPECT_EQ(store.release_abandoned(), 0u) << "it gave a sign";
    pretend(2 * silence_seconds);
    EXPECT_EQ(store.release_abandoned(), 1u);
}

TEST_F(Store, BaselinesStandBesideChips) {
    Wanted baseline = wanted(28);
    baseline.key.platform = "cpu";
    baseline.machine = {"AMD EPYC", 0, 2, 0, 0};
    RunResult result;
    result.seconds = 0.5;
    result.regions = {{0, "forward", 1, 300'000'000, 0}, {0, "update", 1, 200'000'000, 0}};
    RunStore store(store_file());
    const auto row = store.put(baseline, result);
    result.seconds = 0.25;
    result.regions.pop_back();
    EXPECT_EQ(store.put(baseline, result), row) << "measured again";
    const explore::Run run = store.run(row);
    EXPECT_EQ(run.status, Status::done);
    EXPECT_DOUBLE_EQ(run.result.seconds, 0.25);
    EXPECT_FALSE(run.result.cycles) << "it has none";
    EXPECT_FALSE(run.result.memory_planned);
    EXPECT_EQ(store.regions(row).size(), 1u);
    EXPECT_TRUE(store.record(row).is_null());
}

TEST_F(Store, RefusesOtherFiles) {
    std::ofstream(folder / "text.sqlite") << std::string(4096, 'x');
    EXPECT_NE(sentence_of(folder / "text.sqlite").find("file is not a database"), std::string::npos);
    Database(folder / "other.sqlite").execute("CREATE TABLE birds (name TEXT)");
    EXPECT_NE(sentence_of(folder / "other.sqlite").find("is a database, but no store of runs"),
              std::string::npos);
    RunStore store(store_file());
    Database(store_file()).execute("PRAGMA user_version = 99");
    EXPECT_NE(sentence_of(store_file()).find("has version 99, expected 1"), std::string::npos);
    EXPECT_NE(sentence_of(folder / "other.sqlite" / "runs.sqlite").find("cannot be made"), std::string::npos);
    EXPECT_NE(sentence_of("/dev/full").find("/dev/full"), std::string::npos);
}

// All of them wait for the same moment, so that they do get in each other's way.
TEST_F(Store, SeveralMayMakeItAtOnce) {
    constexpr int count = 8, rounds = 20;
    for (int round = 0; round < rounds; ++round) {
        const auto file = folder / fmt::format("{}.sqlite", round);
        std::array<int, 2> start{};
        ASSERT_EQ(pipe(start.data()), 0);
        std::vector<pid_t> children;
        for (int i = 0; i < count; ++i) {
            const pid_t child = fork();
            if (child == 0) {
                close(start[1]);
                char nothing = 0;
                while (read(start[0], &nothing, 1) > 0) {
                }
                try {
                    RunStore store(file);
                    store.join("one of many");
                    store.enrol(wanted_up_to(20));
                    _exit(0);
                } catch (const StoreError& error) {
                    fprintf(stderr, "%s\n", error.what());
                    _exit(1);
                }
            }
            children.push_back(child);
        }
        close(start[1]);
        close(start[0]);
        for (const pid_t child : children) {
            int status = 0;
            waitpid(child, &status, 0);
            EXPECT_EQ(status, 0);
        }
        EXPECT_EQ(RunStore(file).runs().size(), 20u);
    }
}

TEST_F(Store, RecordsAreChecked) {
    auto record = record_of(1000);
    record["memory"].erase("dma_read_bytes");
    EXPECT_THROW(result_of(record), chip::ChipError);
    record = record_of(1000);
    record["harts"][0]["regions"] = "none";
    EXPECT_THROW(result_of(record), chip::ChipError);
    EXPECT_THROW(result_of(nullptr), chip::ChipError);
}

TEST(ProcessIdentity, TellsTheLivingFromTheDead) {
    ProcessIdentity self = this_process();
    EXPECT_EQ(self.number, getpid());
    EXPECT_TRUE(is_alive(self));
    ++self.start;
    EXPECT_FALSE(is_alive(self)) << "another process with this one's number";
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    EXPECT_FALSE(is_alive({this_process().host, child, this_process().start})) << "a zombie";
    waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace partita::explore
