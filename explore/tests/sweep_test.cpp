#include "explore/sweep.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <random>
#include <set>

#include "chip/base/error.hpp"
#include "sweep_support.hpp"

namespace partita::explore {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): support of these tests

struct SweepTest : Folder {
    std::filesystem::path log() const { return folder / "log"; }

    // Sweeps with a worker that does `extra` first.
    SweepResult sweep_with(const std::vector<Wanted>& runs, const std::string& extra,
                           const SweepOptions& options = {}, std::size_t at_a_time = 2) const {
        RunStore store(store_file());
        ProcessWorkers workers(quick_worker(log(), extra), at_a_time);
        return sweep(store, runs, workers, options);
    }
    // The same in a process of its own.
    pid_t sweep_in_a_process(const std::vector<Wanted>& runs, const std::string& extra) const {
        const pid_t child = fork();
        if (child == 0) {
            try {
                sweep_with(runs, extra);
                _exit(0);
            } catch (const std::exception& error) {
                fprintf(stderr, "%s\n", error.what());
                _exit(1);
            }
        }
        return child;
    }
};

TEST_F(SweepTest, RunsWhatIsWantedOnce) {
    std::vector<SweepProgress> told;
    SweepOptions options;
    options.progress = [&](const SweepProgress& progress) { told.push_back(progress); };
    const SweepResult first = sweep_with(wanted_up_to(9), "true", options);
    EXPECT_EQ(first.done, 9u);
    EXPECT_EQ(first.done_before, 0u);
    EXPECT_EQ(first.failed, 0u);
    EXPECT_EQ(lines_of_file(log()).size(), 9u);
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front().done, 0u);
    EXPECT_EQ(told.front().work_ended, 0.0);
    EXPECT_EQ(told.front().work, 45.0);
    EXPECT_EQ(told.back().done, 9u);
    EXPECT_EQ(told.back().work_ended, 45.0);
    RunStore store(store_file());
    for (std::uint32_t parts = 1; parts <= 9; ++parts) {
        const explore::Run run = store.run(first.rows[parts - 1]);
        EXPECT_EQ(run.key.parts, parts);
        EXPECT_EQ(run.result.cycles, parts * 1000);
        EXPECT_EQ(run.result.host_seconds, 0.5);
    }

    auto more = wanted_up_to(11);
    more.push_back(wanted(3));  // twice in the list
    const SweepResult second = sweep_with(more, "true");
    EXPECT_EQ(second.done, 2u);
    EXPECT_EQ(second.done_before, 9u);
    EXPECT_EQ(second.rows[2], second.rows[11]);
    EXPECT_EQ(lines_of_file(log()).size(), 11u) << "what was done is not repeated";
}

TEST_F(SweepTest, TheLongestGoFirst) {
    sweep_with(wanted_up_to(5), "true", {}, 1);
    EXPECT_EQ(lines_of_file(log()), (std::vector<std::string>{"5", "4", "3", "2", "1"}));
}

TEST_F(SweepTest, AFailureDoesNotStopTheOthers) {
    const std::string extra =
        "case $task in 2) echo bad luck >&2; exit 1;; 4) kill -SEGV $$;; 5) echo garbled; exit 0;; "
        "6) echo '{\"exact\": true}'; exit 0;; esac";
    std::map<std::uint32_t, std::string> heard;
    SweepOptions options;
    options.failure = [&](const explore::Run& run) { heard[run.key.parts] = run.reason; };
    const SweepResult result = sweep_with(wanted_up_to(7), extra, options);
    EXPECT_EQ(result.done, 3u);
    EXPECT_EQ(result.failed, 4u);
    RunStore store(store_file());
    std::map<std::uint32_t, std::string> kept;
    for (const explore::Run& run : store.runs(Status::failed)) {
        kept[run.key.parts] = run.reason;
    }
    EXPECT_EQ(kept, heard);
    ASSERT_EQ(kept.size(), 4u);
    EXPECT_EQ(kept[2], "bad luck");
    EXPECT_NE(kept[4].find("signal 11"), std::string::npos);
    EXPECT_NE(kept[5].find("the worker's answer is none"), std::string::npos);
    EXPECT_NE(kept[6].find("record"), std::string::npos);

    EXPECT_EQ(sweep_with(wanted_up_to(7), "true").failed, 4u) << "not tried again by itself";
    options.retry_failed = true;
    const SweepResult again = sweep_with(wanted_up_to(7), "true", options);
    EXPECT_EQ(again.failed, 0u);
    EXPECT_EQ(again.done, 4u);
}

TEST_F(SweepTest, TwoShareAStore) {
    const auto runs = wanted_up_to(40);
    const pid_t one = sweep_in_a_process(runs, "sleep 0.05");
    const pid_t other = sweep_in_a_process(runs, "sleep 0.05");
    for (const pid_t child : {one, other}) {
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    RunStore store(store_file());
    EXPECT_EQ(store.runs(Status::done).size(), 40u);
    const auto lines = lines_of_file(log());
    EXPECT_EQ(lines.size(), 40u) << "each run was done by one of the two";
    EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 40u);
    const Database database(store_file());
    Statement sweeps = database.prepare("SELECT count(DISTINCT sweep) FROM runs");
    sweeps.step();
    EXPECT_EQ(sweeps.integer(0), 2) << "and each did some";
}

TEST_F(SweepTest, ASweepWaitsForWhatAnotherHasAndTakesOverWhenItDies) {
    const auto runs = wanted_up_to(2);
    const pid_t other = sweep_in_a_process(runs, "sleep 60");
    RunStore store(store_file());
    while (store.runs(Status::running).size() != 2) {
        usleep(10'000);
    }
    std::size_t told = 0;
    SweepOptions options;
    options.progress = [&](const SweepProgress& progress) {
        if (++told == 3) {
            EXPECT_EQ(progress.done, 0u) << "the other has them";
            kill(other, SIGKILL);
        }
    };
    const SweepResult result = sweep_with(runs, "true", options);
    waitpid(other, nullptr, 0);
    EXPECT_EQ(result.done, 2u);
    EXPECT_GE(told, 3u);
}

// Killed twenty times at any moment: the store opens each time, nothing that was done is lost or done again,
// and in the end all is done.
TEST_F(SweepTest, SurvivesBeingKilled) {
    constexpr std::uint32_t count = 150;
    constexpr int kills = 20;
    constexpr std::size_t at_a_time = 2;
    const auto runs = wanted_up_to(count);
    std::mt19937 random(1);
    std::map<std::uint32_t, std::string> finished;  // parts, and when
    for (int turn = 0; turn < kills; ++turn) {
        const std::size_t begun = lines_of_file(log()).size();
        const pid_t child = sweep_in_a_process(runs, "sleep 0.02");
        // Every other time when some runs are done, however slow the machine; else from before the store is
        // there on.
        if (turn % 2 == 1) {
            const std::size_t more = std::uniform_int_distribution<std::size_t>(at_a_time + 2, 8)(random);
            while (lines_of_file(log()).size() < begun + more) {
                usleep(1000);
            }
        }
        usleep(std::uniform_int_distribution<useconds_t>(0, turn % 2 == 1 ? 20'000 : 120'000)(random));
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it must not have come to its end";
        RunStore store(store_file());
        std::map<std::uint32_t, std::string> now;
        for (const explore::Run& run : store.runs(Status::done)) {
            now[run.key.parts] = run.finished_at;
            EXPECT_EQ(run.result.cycles, run.key.parts * 1000);
            EXPECT_EQ(store.regions(run.id).size(), 3u);
        }
        for (const auto& [parts, at] : finished) {
            EXPECT_EQ(now[parts], at) << "run " << parts << " was done before kill " << turn;
        }
        finished = now;
    }
    EXPECT_GT(finished.size(), 10u) << "some must be done between the kills";
    const SweepResult last = sweep_with(runs, "true");
    EXPECT_EQ(last.done_before, finished.size());
    EXPECT_EQ(last.done_before + last.done, count);
    EXPECT_EQ(last.failed, 0u);
    // At each kill as many as ran at the time had been for nothing.
    EXPECT_LE(lines_of_file(log()).size(), count + kills * at_a_time);
    const Database database(store_file());
    Statement check = database.prepare("PRAGMA integrity_check");
    check.step();
    EXPECT_EQ(check.text(0), "ok");
}

TEST(SweepAnswer, KeepsWhatTheRecordDoesNotSay) {
    RunResult result = result_of_cycles(5000);
    result.exact = false;
    result.error_bound = 0.0125;
    result.host_seconds = 3.5;
    const RunResult read = result_of_answer(answer_of(result));
    EXPECT_FALSE(read.exact);
    EXPECT_EQ(read.error_bound, 0.0125);
    EXPECT_EQ(read.host_seconds, 3.5);
    EXPECT_EQ(read.cycles, 5000u);
    EXPECT_EQ(read.record, result.record);
    EXPECT_THROW(result_of_answer(""), chip::ChipError);
    EXPECT_THROW(result_of_answer("{}"), chip::ChipError);
}

}  // namespace
}  // namespace partita::explore
