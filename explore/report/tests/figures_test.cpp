#include "explore/report/figures.hpp"

#include <gtest/gtest.h>

#include "explore/report/figure_rows.hpp"
#include "support.hpp"

namespace partita::explore::report {
namespace {

using test::published;
using test::rows_where;
using test::subject;

TEST(LatencyFigure, HasEveryPublishedPointEveryPlatformAndEveryRun) {
    Subjects all;
    all.runs.push_back(subject("ms4-c2", 28, 50'000'000));
    const Table table = latency(all, published()).table;
    EXPECT_EQ(rows_where(table, "source", "published").size(), 48u);
    EXPECT_EQ(rows_where(table, "source", "reference").size(), 30u);
    const auto first = rows_where(table, "label", "ms4-c1, published, K = 1");
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(table.at(first[0], "seconds"), Cell(1236644495 / 500e6));
    const auto ours = rows_where(table, "source", "simulated");
    ASSERT_EQ(ours.size(), 1u);
    EXPECT_EQ(table.at(ours[0], "seconds"), Cell(0.1));
    EXPECT_EQ(table.at(ours[0], "cores"), Cell(2u));
    EXPECT_EQ(table.at(ours[0], "mesh"), Cell(4u));
    EXPECT_EQ(table.at(ours[0], "cycles"), Cell(std::uint64_t{50'000'000}));
    EXPECT_EQ(table.at(ours[0], "command"), Cell("partita simulate --chip ms4-c2"));
    EXPECT_TRUE(table.at(ours[0], "error_bound").is_empty());
}

TEST(LatencyFigure, SaysWhatAnEstimateClaims) {
    Subjects all;
    all.runs.push_back(subject("ms4-c2", 28, 50'000'000));
    all.runs[0].run.result.exact = false;
    all.runs[0].run.result.error_bound = 0.0123;
    const Table table = latency(all, published()).table;
    const auto row = rows_where(table, "source", "estimated").at(0);
    EXPECT_EQ(table.at(row, "error_bound"), Cell(0.0123));
    EXPECT_EQ(table.at(row, "label"), Cell("ms4-c2, train, K = 28, bf16 (estimate, within 1.23 %)"));
}

TEST(LatencyFigure, SetsBaselinesBesideEveryChip) {
    Subjects all;
    all.runs.push_back(subject("ms4-c2", 28, 50'000'000));
    all.runs.push_back(subject("ms4-c2", 28, 50'000'000, 4096));
    all.runs[1].run.key.platform = "cpu";
    all.runs[1].chip = "learn bf16, a processor";
    const Table table = latency(all, published()).table;
    const auto row = rows_where(table, "source", "measured").at(0);
    EXPECT_TRUE(table.at(row, "mesh").is_empty());
    EXPECT_TRUE(table.at(row, "cores").is_empty());
    EXPECT_TRUE(table.at(row, "cycles").is_empty());
    EXPECT_EQ(table.at(row, "label"), Cell("learn bf16, a processor, K = 28"));
    for (const Table& other :
         {memory(all, published()).table, pareto_memory(all).table, utilisation(all).table}) {
        EXPECT_TRUE(rows_where(other, "source", "measured").empty()) << "what it takes there is no chip's";
    }
}

TEST(SequenceFigure, HasEachPartsEndOfBaselinesThatTell) {
    Subjects all;
    all.runs.push_back(subject("ms4-c2", 3, 1));
    EXPECT_TRUE(compression_sequence(all, published()).table.rows().empty()) << "no published rows alone";
    all.runs.push_back(subject("ms4-c2", 3, 1));
    all.runs[1].run.key.platform = "cpu";
    all.runs[1].losses = {9, 4, 1};
    all.runs.push_back(all.runs[1]);
    all.runs[2].losses = {7};  // PyTorch tells the last step's
    const Table table = compression_sequence(all, published()).table;
    const auto rows = rows_where(table, "source", "computed");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(table.at(rows[0], "step"), Cell(262u));
    EXPECT_EQ(table.at(rows[1], "loss"), Cell(4.0));
    EXPECT_EQ(table.at(rows[2], "step"), Cell(784u));
    EXPECT_EQ(rows_where(table, "source", "published").size(), 12u);
}

TEST(MemoryFigure, IsInMebibytesAndLeavesOutProgramsThatDoNotSay) {
    Subjects all;
    all.runs.push_back(subject("ms4-c1", 7, 100, 3 * 1048576 / 2));
    all.runs.push_back(subject("ms4-c1", 7, 100));
    const Table table = memory(all, published()).table;
    EXPECT_EQ(rows_where(table, "source", "published").size(), 12u);
    const auto ours = rows_where(table, "source", "simulated");
    ASSERT_EQ(ours.size(), 1u);
    EXPECT_EQ(table.at(ours[0], "mebibytes"), Cell(1.5));
    EXPECT_EQ(table.at(rows_where(table, "label", "published, K = 56, bf16").at(0), "mebibytes"), Cell(0.71));
}

TEST(Pareto, KeepsWhatNoOtherBeatsInEveryMeasure) {
    const std::vector<bool> front = undominated({{1, 5}, {2, 4}, {2, 5}, {3, 4}, {4, 1}, {1, 5}, {0, 9}});
    EXPECT_EQ(front, (std::vector<bool>{true, true, false, false, true, true, true}));
    EXPECT_TRUE(undominated({}).empty());
    EXPECT_EQ(undominated({{1, 1, 1}, {1, 1, 2}, {2, 0, 9}}), (std::vector<bool>{true, false, true}));
}

TEST(ParetoFigure, ComparesRunsOfOneWorkload) {
    Subjects all;
    all.runs.push_back(subject("ms4-c1", 1, 500, 9000));
    all.runs.push_back(subject("ms4-c2", 1, 400, 9000));
    all.runs.push_back(subject("ms4-c1", 56, 900, 1000));
    all.runs.push_back(subject("ms4-c1", 1, 5, 5));
    all.runs.back().workload = "another";
    const Table table = pareto_memory(all).table;
    ASSERT_EQ(table.rows().size(), 4u);
    for (std::size_t row = 0; row < 4; ++row) {
        const bool beaten = table.at(row, "seconds") == Cell(500 / 5e8);
        EXPECT_EQ(table.at(row, "on_front"), Cell(beaten ? "no" : "yes")) << row;
    }
}

TEST(ParetoFigure, TakesResourcesOfPublishedChipsOnly) {
    Subjects all;
    all.runs.push_back(subject("ms8-c4", 1, 500, 9000));
    all.runs.push_back(subject("ms8-c4", 1, 500, 9000));
    all.runs.back().chip = "ms8-c4 + gemmini.scratchpad_bytes=65536";
    all.runs.push_back(subject("ms4-c4", 1, 900, 9000));
    all.runs.back().chip = "ms4-c1 + soc.cores=4";
    all.runs.push_back(subject("ms4-c4", 1, 900, 9000));
    all.runs.back().run.key.precision = "fp32";
    const Table table = pareto_resources(all, published()).table;
    ASSERT_EQ(table.rows().size(), 2u);
    EXPECT_EQ(table.at(0, "kilo_lut"), Cell(210.569));
    EXPECT_EQ(table.at(1, "kilo_lut"), Cell(172.876));
    // What was synthesised goes before what was published.
    all.synthesised.push_back({8, 4, {100'000, 1, 2, 3}});
    EXPECT_EQ(pareto_resources(all, published()).table.at(0, "kilo_lut"), Cell(100.0));
}

TEST(FunctionsFigure, AddsUpToThePass) {
    Subjects all;
    all.runs.push_back(
        subject("ms4-c1", 2, "published",
                {{0, "(outside)", 0, 999, 0}, {0, "tanh", 1, 300, 0}, {0, "matmul", 1, 100, 0}}));
    all.runs.push_back(subject("ms4-c1", 2, 70));
    const Table table = functions(all, published(), "published").table;
    EXPECT_EQ(rows_where(table, "source", "published").size(), 48u * 11) << "without the total";
    const auto ours = rows_where(table, "source", "simulated");
    ASSERT_EQ(ours.size(), 2u);
    EXPECT_EQ(table.at(ours[0], "share"), Cell(0.75));
    EXPECT_EQ(table.at(ours[1], "seconds"), Cell(100 / 5e8));
    double seconds = 0;
    for (const std::size_t row : rows_where(table, "label", "ms8-c8, published, K = 56")) {
        seconds += table.at(row, "seconds").number();
    }
    EXPECT_DOUBLE_EQ(seconds, static_cast<double>(published().cycles.at({8, 8, 56}).at("total")) / 500e6);
    EXPECT_EQ(functions(all, published(), "train").table.rows().size(), 1u);
}

TEST(ScalingFigure, ComparesWithOneCoreOfTheSameChip) {
    Subjects all;
    all.runs.push_back(subject("ms4-c1", 7, 900));
    all.runs.push_back(subject("ms4-c4", 7, 300));
    all.runs.push_back(subject("ms4-c8", 7, 200));
    all.runs.back().chip = "ms4-c1 + soc.cores=8";
    all.runs.push_back(subject("ms4-c8", 7, 100));
    all.runs.back().chip = "ms4-c8 + memory.l2_bytes=1048576";  // no run with one core
    all.runs.push_back(subject("ms8-c2", 7, 100));
    all.runs.push_back(subject("ms4-c2", 14, 100));
    const Table table = scaling(all, published()).table;
    const auto ours = rows_where(table, "source", "simulated");
    ASSERT_EQ(ours.size(), 3u);
    EXPECT_EQ(table.at(ours[0], "speed_up"), Cell(1.0));
    EXPECT_EQ(table.at(ours[1], "speed_up"), Cell(3.0));
    EXPECT_EQ(table.at(ours[2], "speed_up"), Cell(4.5));
    EXPECT_EQ(rows_where(table, "source", "published").size(), 48u);
    EXPECT_EQ(table.at(rows_where(table, "label", "ms4-c8, published, K = 1").at(0), "speed_up"),
              Cell(1236644495.0 / 398980995.0));
}

TEST(ChipFamily, IsTheNameWithoutCores) {
    EXPECT_EQ(chip_family("ms4-c1"), "ms4");
    EXPECT_EQ(chip_family("ms4-c16 + soc.cores=2 + memory.l2_bytes=1"), "ms4 + memory.l2_bytes=1");
    EXPECT_EQ(chip_family("my-chip"), "my-chip");
    EXPECT_EQ(chip_family("a-c"), "a-c");
}

TEST(UtilisationFigure, IsOfThePassAlone) {
    Subjects all;
    all.runs.push_back(
        subject("ms4-c1", 2, "train",
                {{0, "(outside)", 0, 1000, 0.9}, {0, "forward", 1, 300, 0.5}, {0, "update", 1, 100, 0.1}}));
    const Table table = utilisation(all).table;
    ASSERT_EQ(table.rows().size(), 1u);
    EXPECT_DOUBLE_EQ(table.at(0, "percent").number(), 100 * (300 * 0.5 + 100 * 0.1) / 400);
}

TEST(CompressionFigures, CompareWithTheDefaultAndShowTheLossThereIs) {
    Subjects none;
    const Table resources = compression_resources(none, published()).table;
    ASSERT_EQ(resources.rows().size(), 8u);
    for (std::size_t row = 0; row < 4; ++row) {
        EXPECT_EQ(resources.at(row, "percent"), Cell(100.0));
    }
    EXPECT_EQ(resources.at(4, "resource"), Cell("LUT"));
    EXPECT_EQ(resources.at(4, "percent"), Cell(100 * 42022.0 / 94969.0));

    Subjects all;
    all.runs.push_back(subject("ms4-c1", 2, 100));
    all.runs.push_back(subject("ms4-c1", 7, 100));
    all.runs[1].loss = 0.25;
    const Table loss = compression_loss(all, published()).table;
    EXPECT_EQ(rows_where(loss, "source", "published").size(), 12u);
    const auto ours = rows_where(loss, "source", "simulated");
    ASSERT_EQ(ours.size(), 1u);
    EXPECT_EQ(loss.at(ours[0], "loss"), Cell(0.25));
}

TEST(CompressionFigures, ShowWhatWasSynthesisedBesideThePublished) {
    Subjects all;
    all.synthesised_accelerators.push_back({"bf16", 8, {1, 1, 1, 1}});
    all.synthesised_accelerators.push_back({"bf16", 4, {94969.0 / 4, 1, 2, 0}});
    all.synthesised_accelerators.push_back({"bf16, DSPs", 4, {94969.0 / 5, 1, 2, 128}});
    const Table table = compression_resources(all, published()).table;
    const auto rows = rows_where(table, "source", "synthesised");
    ASSERT_EQ(rows.size(), 8u);
    EXPECT_EQ(table.at(rows[0], "design"), Cell("bf16 rtl"));
    EXPECT_EQ(table.at(rows[0], "percent"), Cell(25.0));
    EXPECT_EQ(table.at(rows[4], "design"), Cell("bf16 rtl, DSPs"));
    EXPECT_EQ(table.at(rows[4], "precision"), Cell("bf16"));
    EXPECT_EQ(table.at(rows[4], "percent"), Cell(20.0));
    EXPECT_EQ(table.at(rows[7], "percent"), Cell(50.0));
}

TEST(ResourcesFigure, HasPublishedSystemsAndSynthesisedOnes) {
    Subjects all;
    EXPECT_EQ(system_resources(all, published()).table.rows().size(), 8u * 4);
    all.synthesised.push_back({4, 2, {118'224, 1, 2, 3}});
    const Table table = system_resources(all, published()).table;
    const auto rows = rows_where(table, "source", "synthesised");
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(table.at(rows[0], "percent"), Cell(10.0));
    EXPECT_EQ(table.at(rows[0], "chip"), Cell("ms4-c2"));
}

TEST(ValidationFigure, HasTheErrorsOfThePublishedProgramOnPublishedChips) {
    Subjects all;
    all.runs.push_back(
        subject("ms4-c1", 1, "published", {{0, "(outside)", 0, 5, 0}, {0, "matmul", 1, 2 * 32563347, 0}}));
    for (int other = 0; other < 4; ++other) {
        all.runs.push_back(all.runs[0]);
    }
    all.runs[1].run.key.routine = "train";
    all.runs[2].workload = "another";
    all.runs[3].chip = "ms4-c1 + memory.l2_bytes=1";
    all.runs[4].run.result.exact = false;
    const Table table = validation(all, published()).table;
    ASSERT_EQ(table.rows().size(), 12u) << "the functions of one run and its total";
    EXPECT_EQ(table.at(rows_where(table, "function", "matmul").at(0), "error_percent"), Cell(100.0));
    EXPECT_EQ(table.at(rows_where(table, "function", "total").at(0), "simulated_cycles"),
              Cell(std::uint64_t{2 * 32563347}));
}

TEST(Charts, NameColumnsThatTheirTablesHave) {
    Subjects all;
    all.runs.push_back(subject("ms4-c1", 1, "published", {{0, "matmul", 1, 100, 0.5}}));
    all.runs.push_back(subject("ms4-c2", 1, 100, 200));
    const std::vector<Chart> every = charts(all, published());
    EXPECT_EQ(every.size(), 12u);
    for (const Chart& chart : every) {
        std::vector<std::string> used{chart.x.column, chart.y.column, chart.colour,
                                      chart.panel,    chart.row,      "label"};
        used.insert(used.end(), chart.line.begin(), chart.line.end());
        for (const std::string& column : used) {
            EXPECT_TRUE(column.empty() || chart.table.has(column)) << chart.name << " " << column;
        }
        EXPECT_FALSE(chart.sentence.empty());
    }
}

}  // namespace
}  // namespace partita::explore::report
