#include "explore/routine.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "chip/base/error.hpp"
#include "data/tests/support.hpp"
#include "explore/routine_report.hpp"

namespace partita::explore {
namespace {

using nlohmann::ordered_json;

// Two harts of a 4x4 chip. Hart 1 has more to do than hart 0 in the cells, less in the update.
ordered_json record() {
    return ordered_json::parse(R"json({
        "program": {"name": "train"},
        "memory": {"arena_bytes": 524288, "arena_touched_bytes": 524288},
        "harts": [
            {"hart": 0, "regions": [
                {"region": "(outside)", "cycles": 7000, "accelerator": {"busy_cycles": 9, "multiply_adds": 11}},
                {"region": "training", "cycles": 10, "accelerator": {"busy_cycles": 0, "multiply_adds": 0}},
                {"region": "forward", "cycles": 100, "accelerator": {"busy_cycles": 80, "multiply_adds": 640}},
                {"region": "cells", "cycles": 200, "accelerator": {"busy_cycles": 20, "multiply_adds": 160}},
                {"region": "head", "cycles": 50, "accelerator": {"busy_cycles": 40, "multiply_adds": 40}},
                {"region": "hidden_gradient", "cycles": 30,
                 "accelerator": {"busy_cycles": 30, "multiply_adds": 120}},
                {"region": "cell_gradients", "cycles": 300,
                 "accelerator": {"busy_cycles": 10, "multiply_adds": 200}},
                {"region": "weight_gradient", "cycles": 400,
                 "accelerator": {"busy_cycles": 100, "multiply_adds": 1600}},
                {"region": "update", "cycles": 600, "accelerator": {"busy_cycles": 100, "multiply_adds": 0}}]},
            {"hart": 1, "regions": [
                {"region": "(outside)", "cycles": 7000},
                {"region": "cells", "cycles": 250},
                {"region": "cell_gradients", "cycles": 290},
                {"region": "update", "cycles": 500}]}]})json");
}

TEST(Routine, TakesItsFiguresFromARecord) {
    const RoutineRun run = routine_run(record());
    EXPECT_EQ(run.cycles, 1690u) << "hart 0's, without what is outside of the pass";
    EXPECT_EQ(run.memory_bytes, 524288u);
    EXPECT_EQ(run.element_wise, 540u) << "hart 1's";
    EXPECT_EQ(run.update, 600u) << "hart 0's";
    EXPECT_DOUBLE_EQ(run.work(Phase::forward).utilisation(4), 800.0 / (100 * 16));
    EXPECT_DOUBLE_EQ(run.work(Phase::backward).utilisation(4), 320.0 / (40 * 16));
    EXPECT_DOUBLE_EQ(run.work(Phase::weights).utilisation(4), 1600.0 / (200 * 16));
    EXPECT_DOUBLE_EQ(run.work(Phase::all).utilisation(4), 2760.0 / (380 * 16)) << "the head's, too";
    EXPECT_DOUBLE_EQ(run.work(Phase::forward).utilisation(8), 800.0 / (100 * 64));
    EXPECT_EQ(ArrayWork{}.utilisation(4), 0.0);
}

TEST(Routine, OtherProgramsAreRefused) {
    ordered_json other = record();
    other["harts"][0]["regions"][1]["region"] = "matmul";
    try {
        routine_run(other);
        FAIL();
    } catch (const chip::ChipError& error) {
        EXPECT_STREQ(
            error.what(),
            "the run record of train has no region 'training'; expected one of the training program");
    }
}

struct PublishedMemory : testing::Test {
    data::test::TemporaryDirectory folder;
    std::filesystem::path file = folder / "published-memory.csv";

    std::string sentence(const std::string& text) const {
        std::ofstream(file) << text;
        try {
            read_memory(file);
        } catch (const chip::ChipError& error) {
            return error.what();
        }
        return "no error";
    }
};

TEST_F(PublishedMemory, IsThatOfBf16) {
    const auto memory = read_memory(PARTITA_PUBLISHED "/memory_mb.csv");
    EXPECT_EQ(memory.size(), 6u);
    EXPECT_DOUBLE_EQ(memory.at(1), 9.85);
    EXPECT_DOUBLE_EQ(memory.at(56), 0.71);
}

TEST_F(PublishedMemory, SaysWhatIsWrongWithAFile) {
    const std::string at = file.string();
    EXPECT_THROW(read_memory("missing.csv"), chip::ChipError);
    EXPECT_EQ(sentence("a,b\n"), at + ":1: found 'a,b', expected 'parts,fp32,bf16'");
    for (const std::string row : {"1,2", "x,2,1", "0,2,1", "1,2,-1", "1,2,0", "1,2,nan", "1,2,inf", "1,2,1,3",
                                  "1,,1", "1.5,2,1", ""}) {
        EXPECT_EQ(sentence("parts,fp32,bf16\n7,2,1\n" + row + "\n"),
                  at + ":3: found '" + row + "', expected a number of parts and two sizes in MiB");
    }
    EXPECT_EQ(sentence("parts,fp32,bf16\r\n7,2,1\r\n7,2,1.5\r\n"),
              at + ":3: found '7,2,1.5', expected each number of parts once");
    EXPECT_EQ(sentence("parts,fp32,bf16\n"), at + ": there are no sizes in it");
}

RoutineRun run_of(std::uint64_t cycles, std::uint64_t bytes, std::uint64_t element_wise = 0,
                  std::uint64_t update = 0) {
    RoutineRun run;
    run.cycles = cycles;
    run.memory_bytes = bytes;
    run.element_wise = element_wise;
    run.update = update;
    return run;
}

// Three points: 8, 27 and 4 times fewer cycles; 1/2, 1/4 and 3/4 of the memory.
std::vector<Comparison> three() {
    const Measurements published{
        {{4, 1, 1}, {{"total", 800}}}, {{4, 8, 1}, {{"total", 270}}}, {{8, 1, 7}, {{"total", 400}}}};
    return compare(published, {{1, 2.0}, {7, 1.0}},
                   {{{4, 1, 1}, run_of(100, 1048576, 900, 500)},
                    {{4, 8, 1}, run_of(10, 524288, 150, 0)},
                    {{8, 1, 7}, run_of(100, 786432, 1, 1)}});
}

TEST(Routine, ComparesWithWhatIsPublished) {
    const auto all = three();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_DOUBLE_EQ(all[0].times_fewer_cycles(), 8.0);
    EXPECT_DOUBLE_EQ(all[0].share_of_memory(), 0.5);
    EXPECT_DOUBLE_EQ(all[2].share_of_memory(), 0.75);
    const Summary summary = summarise(all);
    EXPECT_NEAR(summary.geometric_mean, std::cbrt(8.0 * 27.0 * 4.0), 1e-12);
    EXPECT_DOUBLE_EQ(summary.least, 4.0);
    EXPECT_EQ(summary.least_at.name(), "ms8-c1-k7");
    EXPECT_DOUBLE_EQ(summary.most_memory, 0.75);
    EXPECT_EQ(summary.most_memory_at.name(), "ms8-c1-k7");

    const Measurements published{{{4, 1, 1}, {{"total", 800}}}};
    EXPECT_THROW(compare(published, {{2, 1.0}}, {{{4, 1, 1}, {}}}), chip::ChipError);
    EXPECT_THROW(compare(published, {{1, 1.0}}, {{{4, 2, 1}, {}}}), chip::ChipError);
}

TEST(Routine, SpeedUpsAreOfPairsOfChips) {
    const auto all = speed_ups(three());
    ASSERT_EQ(all.size(), 1u) << "the 8x8 chip is there with one core only";
    const SpeedUp& speed_up = all.at({4, 1});
    EXPECT_DOUBLE_EQ(speed_up.element_wise, 6.0);
    EXPECT_EQ(speed_up.update, 0.0) << "no time, no ratio";
}

TEST(RoutineReport, TablesHaveEveryPoint) {
    Comparisons comparisons{{"bf16", three()}, {"mixed", {three()[0]}}};
    comparisons["bf16"][0].run.array[0] = {1200, 100};
    const auto tables = routine_tables(comparisons);
    ASSERT_EQ(tables.size(), 6u);
    EXPECT_EQ(tables[0].rows[0],
              (std::vector<std::string>{"bf16", "3", "9.52", "4.00", "ms8-c1-k7", "0.750", "ms8-c1-k7"}));
    EXPECT_EQ(tables[0].rows[1][0], "mixed");
    ASSERT_EQ(tables[1].rows.size(), 3u);
    EXPECT_EQ(tables[1].rows[1],
              (std::vector<std::string>{"ms4-c8-k1", "270", "10", "27.00", "2.00", "524288", "0.250"}));
    EXPECT_EQ(tables[2].rows[0], (std::vector<std::string>{"ms4-c1-k1", "75.0 %", "-", "-", "-"}));
    EXPECT_EQ(tables[3].rows.size(), 1u);
    EXPECT_EQ(tables[5].header, (std::vector<std::string>{"precision, mesh, work", "K = 1"}));
    EXPECT_EQ(tables[5].rows[0], (std::vector<std::string>{"bf16, 4x4, element-wise", "6.00"}));
    EXPECT_EQ(tables[5].rows[1], (std::vector<std::string>{"bf16, 4x4, update", "-"}));
    EXPECT_EQ(tables[5].rows.size(), 2u);
    EXPECT_TRUE(routine_tables({}).empty());

    const ordered_json json = routine_json(comparisons);
    EXPECT_EQ(json.at("bf16").at("points").size(), 3u);
    EXPECT_DOUBLE_EQ(json.at("bf16").at("summary").at("least").get<double>(), 4.0);
    EXPECT_EQ(json.at("mixed").at("points").at("ms4-c1-k1").at("cycles"), 100);
    EXPECT_EQ(json.at("bf16").at("points").at("ms4-c1-k1").at("array").at("forward").at("utilisation"), 0.75);
    EXPECT_EQ(json.at("bf16").at("speed_up").at("ms4-k1").at("element_wise"), 6.0);
}

TEST(RoutineReport, MarkdownIsATableOfPipes) {
    EXPECT_EQ(markdown({{"One", {"a", "b"}, {{"1", "2"}, {"3", "4"}}}, {"Two", {"c"}, {}}}),
              "One\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n\nTwo\n\n| c |\n| --- |\n");
}

TEST(RoutineReport, OnlyWhatIsBetweenTheMarksIsReplaced) {
    const std::string begin(tables_begin);
    const std::string end(tables_end);
    const std::string document = "# Title\n" + begin + "\nold\n" + end + "\nrest " + begin;
    const std::string replaced = replace_tables(document, "new\n", "x.md");
    EXPECT_EQ(replaced, "# Title\n" + begin + "\n\nnew\n\n" + end + "\nrest " + begin);
    EXPECT_EQ(replace_tables(replaced, "new\n", "x.md"), replaced);
    EXPECT_EQ(replace_tables(begin + "\n" + end, "n\n", "x.md"), begin + "\n\nn\n\n" + end);

    const auto sentence = [](const std::string& text) -> std::string {
        try {
            replace_tables(text, "", "x.md");
        } catch (const chip::ChipError& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_EQ(sentence("text\n"), "x.md: found the line '" + begin + "' 0 times, expected it once");
    EXPECT_EQ(sentence(begin + "\n"), "x.md: found the line '" + end + "' 0 times, expected it once");
    EXPECT_EQ(sentence(begin + "\n" + end + "\n" + end),
              "x.md: found the line '" + end + "' 2 times, expected it once");
    EXPECT_EQ(sentence(end + "\n" + begin + "\n"),
              "x.md: the line '" + end + "' comes before '" + begin + "'");
}

}  // namespace
}  // namespace partita::explore
