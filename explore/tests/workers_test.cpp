#include "explore/workers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "sweep_support.hpp"

namespace partita::explore {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> shell(const std::string& script) {
    return {"/bin/sh", "-c", script};
}

// All that ends, in the order of the tasks.
std::vector<Ended> all_of(Workers& workers, std::size_t count) {
    std::vector<Ended> all;
    for (int turn = 0; turn < 100 && all.size() < count; ++turn) {
        for (Ended& ended : workers.wait(1s)) {
            all.push_back(std::move(ended));
        }
    }
    std::ranges::sort(all, {}, &Ended::id);
    return all;
}

Ended one(const std::string& script, const std::string& input = "") {
    ProcessWorkers workers(shell(script), 1);
    workers.start({7, input});
    const auto ended = all_of(workers, 1);
    EXPECT_EQ(ended.size(), 1u);
    EXPECT_EQ(workers.vacant(), 1u);
    return ended.empty() ? Ended{} : ended.front();
}

TEST(ProcessWorkers, AnswersWithWhatWasPrinted) {
    const Ended ended = one("read line; echo \"got $line\"; echo noise >&2", "this\n");
    EXPECT_EQ(ended.id, 7u);
    EXPECT_TRUE(ended.well);
    EXPECT_EQ(ended.text, "got this\n");
}

TEST(ProcessWorkers, LongTextsPass) {
    // Longer than a pipe holds, both ways at once.
    const std::string input(3'000'000, 'x');
    const Ended ended = one("cat", input);
    EXPECT_TRUE(ended.well);
    EXPECT_EQ(ended.text, input);
    EXPECT_TRUE(one("exit 0", input).well) << "a worker need not read it all";
}

TEST(ProcessWorkers, SayWhyTheyFailed) {
    Ended ended = one("echo answer; echo no such chip >&2; exit 1");
    EXPECT_FALSE(ended.well);
    EXPECT_EQ(ended.text, "no such chip");
    EXPECT_EQ(one("exit 3").text, "ended with exit code 3 and said nothing");
    ended = one("echo so far so good >&2; kill -KILL $$");
    EXPECT_FALSE(ended.well);
    EXPECT_EQ(ended.text, "ended by signal 9 (Killed); it had said: so far so good");
    const Ended talkative = one("yes a | head -c 100000 >&2; echo the end >&2; exit 1");
    EXPECT_LT(talkative.text.size(), 5000u);
    EXPECT_TRUE(talkative.text.ends_with("the end"));
    ProcessWorkers absent({"/nowhere/worker"}, 1);
    absent.start({1, ""});
    EXPECT_FALSE(all_of(absent, 1).at(0).well);
}

using WorkersInAFolder = test::Folder;

TEST_F(WorkersInAFolder, RunAtTheSameTime) {
    // Each waits for the other's file: one after the other they would never end well.
    ProcessWorkers workers(shell("cd '" + folder.string() +
                                 "'; read me other; touch $me; for i in 1 2 3 4 5 6 7 8 9 10; do "
                                 "if [ -e $other ]; then exit 0; fi; sleep 1; done; exit 1"),
                           2);
    EXPECT_EQ(workers.vacant(), 2u);
    workers.start({1, "a b\n"});
    EXPECT_EQ(workers.vacant(), 1u);
    workers.start({2, "b a\n"});
    EXPECT_EQ(workers.vacant(), 0u);
    for (const Ended& ended : all_of(workers, 2)) {
        EXPECT_TRUE(ended.well) << ended.text;
    }
}

TEST_F(WorkersInAFolder, WaitingEndsWithItsTime) {
    ProcessWorkers workers(shell("sleep 60"), 1);
    workers.start({1, ""});
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(workers.wait(50ms).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
    // And the worker goes with its owner: the test would last a minute otherwise.
}

TEST(ProcessWorkers, HearNoInterruptOfTheirOwner) {
    // Field 5 of stat is the process group; an interrupt from the terminal goes to one group.
    const Ended ended = one("cut -d ' ' -f 5 /proc/$$/stat");
    EXPECT_TRUE(ended.well);
    EXPECT_GT(std::stol(ended.text), 0);
    EXPECT_NE(std::stol(ended.text), getpgrp());
}

TEST_F(WorkersInAFolder, DieWithTheirOwner) {
    const std::string number = (folder / "number").string();
    const pid_t owner = fork();
    if (owner == 0) {
        ProcessWorkers workers(shell("echo $$ > '" + number + ".part'; mv '" + number + ".part' '" + number +
                                     "'; exec sleep 60"),
                               1);
        workers.start({1, ""});
        while (!std::filesystem::exists(number)) {
            workers.wait(10ms);
        }
        kill(getpid(), SIGKILL);
    }
    waitpid(owner, nullptr, 0);
    pid_t worker = 0;
    std::ifstream(number) >> worker;
    ASSERT_GT(worker, 0);
    bool gone = false;
    for (int turn = 0; turn < 500 && !gone; ++turn) {
        // Whoever inherits it may be slow to wait for it: a zombie is gone, too.
        std::string state;
        std::ifstream file("/proc/" + std::to_string(worker) + "/stat");
        gone = !(file >> state >> state >> state) || state == "Z";
        usleep(10'000);
    }
    EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace partita::explore
