#include "chip/trace/perfetto.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "chip/soc/tests/machine_program.hpp"

namespace partita::chip::trace {
namespace {

namespace fs = std::filesystem;
using soc::test::says;

class PerfettoTest : public testing::Test {
  protected:
    PerfettoTest() { fs::create_directories(folder_); }
    ~PerfettoTest() override { fs::remove_all(folder_); }

    fs::path path(const char* name) const { return folder_ / name; }
    nlohmann::json events(const char* name) const {
        std::ifstream file(path(name));
        return nlohmann::json::parse(file).at("traceEvents");
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    template <typename Action>
    static std::string sentence(Action&& action) {
        try {
            action();
        } catch (const ChipError& error) {
            return error.what();
        }
        return "no error";
    }

  private:
    fs::path folder_ =
        fs::path(testing::TempDir()) /
        (std::string("perfetto-") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(PerfettoTest, OneTrackAHartAndOneAController) {
    // At 500 MHz a cycle is 2 ns.
    PerfettoTrace trace(path("trace.json"), 2, {"", "forward", "\"gates\"\n"}, 500'000'000);
    trace.region(0, 1, 100);
    trace.region(1, 2, 150);
    trace.command("load", "MVIN", 110, 160);
    trace.region(0, 3, 200);
    trace.command("execute", "COMPUTE_PRELOADED", 165, 165);
    trace.command("load", "MVIN2", 160, 170);
    trace.region(0, 0, 300);
    trace.region(1, 0, 350);
    trace.region(0, 0, 400);
    EXPECT_FALSE(fs::exists(path("trace.json"))) << "not before it is whole";
    trace.finish(500);
    EXPECT_EQ(files(), 1u);

    std::map<std::pair<int, int>, std::string> tracks;
    std::map<std::string, std::vector<std::string>> spans;  // by track: B name, E or X name
    for (const nlohmann::json& event : events("trace.json")) {
        const std::string kind = event.at("ph");
        if (event.value("name", "") == "thread_name") {
            tracks[{event.at("pid"), event.at("tid")}] = event.at("args").at("name");
        } else if (kind != "M") {
            const std::string track = tracks.at({event.at("pid"), event.at("tid")});
            spans[track].push_back(kind + " " + event.value("name", ""));
            if (kind == "X" && event.at("name") == "MVIN") {
                EXPECT_DOUBLE_EQ(event.at("ts").get<double>(), 0.220);
                EXPECT_DOUBLE_EQ(event.at("dur").get<double>(), 0.100);
                EXPECT_EQ(event.at("args").at("cycles"), 50);
            }
        }
    }
    std::set<std::string> names;
    for (const auto& [place, name] : tracks) {
        names.insert(name);
    }
    EXPECT_EQ(names, (std::set<std::string>{"hart 0", "hart 1", "load", "execute"}));
    EXPECT_EQ(spans["hart 0"], (std::vector<std::string>{"B forward", "B region 3", "E ", "E "}));
    EXPECT_EQ(spans["hart 1"], (std::vector<std::string>{"B \"gates\"\n", "E "}));
    EXPECT_EQ(spans["load"], (std::vector<std::string>{"X MVIN", "X MVIN2"}));
    EXPECT_EQ(spans["execute"], (std::vector<std::string>{"X COMPUTE_PRELOADED"}));
}

TEST_F(PerfettoTest, RegionsThatAreOpenAtTheEndAreClosed) {
    PerfettoTrace trace(path("trace.json"), 1, {}, 1'000'000);
    trace.region(0, 5, 10);
    trace.region(0, 6, 20);
    trace.finish(77);
    const nlohmann::json all = events("trace.json");
    ASSERT_GE(all.size(), 4u);
    for (std::size_t back = 1; back <= 2; ++back) {
        EXPECT_EQ(all[all.size() - back].at("ph"), "E");
        EXPECT_EQ(all[all.size() - back].at("ts"), 77.0);
    }
}

TEST_F(PerfettoTest, LongRunsKeepTheirNanoseconds) {
    PerfettoTrace trace(path("trace.json"), 1, {}, 500'000'000);
    const Cycle late = 30'000'000'001;  // a minute of the chip
    trace.region(0, 1, late);
    trace.region(0, 0, late + 1);
    trace.finish(late + 2);
    const nlohmann::json all = events("trace.json");
    EXPECT_EQ(all[all.size() - 2].at("args").at("cycle"), late);
    EXPECT_NEAR(all[all.size() - 1].at("ts").get<double>() - all[all.size() - 2].at("ts").get<double>(),
                0.002, 1e-6);
}

TEST_F(PerfettoTest, WhatIsAbandonedLeavesNothing) {
    {
        PerfettoTrace trace(path("trace.json"), 1, {}, 1'000'000);
        trace.region(0, 5, 10);
        EXPECT_EQ(files(), 1u);
    }
    EXPECT_EQ(files(), 0u);
}

TEST_F(PerfettoTest, SaysThatAPathCannotBeWritten) {
    const fs::path nowhere = path("nowhere") / "trace.json";
    EXPECT_TRUE(says(sentence([&] { PerfettoTrace(nowhere, 1, {}, 1'000'000); }),
                     {"the trace", "nowhere/trace.json", "cannot be written", "No such file or directory"}));
    fs::create_directory(path("folder"));
    PerfettoTrace trace(path("folder"), 1, {}, 1'000'000);
    EXPECT_TRUE(says(sentence([&] { trace.finish(1); }), {"folder", "cannot be put in place"}));
    EXPECT_EQ(files(), 1u) << "the folder, and nothing half-written";
}

TEST_F(PerfettoTest, DevicesStayWhatTheyAre) {
    if (!fs::is_character_file("/dev/full")) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    {
        PerfettoTrace trace("/dev/full", 1, {}, 1'000'000);
        EXPECT_TRUE(says(sentence([&] { trace.finish(1); }), {"the trace /dev/full", "is the disk full?"}));
    }
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(PerfettoTest, SaysThatTheDiskIsFull) {
    // A limit on the size of files is to a writer what a full disk is.
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 65536;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string text;
    {
        PerfettoTrace trace(path("trace.json"), 1, {}, 1'000'000);
        for (Cycle at = 0; at < 10'000; ++at) {
            trace.region(0, at % 2 == 0 ? 1 : 0, at);
        }
        text = sentence([&] { trace.finish(10'000); });
    }
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_TRUE(says(text, {"the trace", "trace.json", "is the disk full?"}));
    EXPECT_EQ(files(), 0u);
}

}  // namespace
}  // namespace partita::chip::trace
