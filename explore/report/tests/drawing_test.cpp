#include "explore/report/drawing.hpp"

#include <gtest/gtest.h>

#include "explore/report/figures.hpp"
#include "explore/report/scale.hpp"
#include "explore/report/svg.hpp"
#include "support.hpp"

namespace partita::explore::report {
namespace {

std::size_t count(const std::string& text, const std::string& phrase) {
    std::size_t times = 0;
    for (std::size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1)) {
        ++times;
    }
    return times;
}

std::vector<std::string> labels(const Placement& placement) {
    std::vector<std::string> all;
    for (const Tick& tick : placement.ticks()) {
        all.push_back(tick.label);
    }
    return all;
}

TEST(Placement, OfCategoriesIsTheMiddleOfEqualShares) {
    const Placement placement(Scale::category, false, {Cell(14u), Cell(2u), Cell("x"), Cell(2u), Cell()});
    EXPECT_EQ(labels(placement), (std::vector<std::string>{"2", "14", "x"}));
    EXPECT_DOUBLE_EQ(placement.band(), 1.0 / 3);
    EXPECT_DOUBLE_EQ(placement.place(Cell(2u)), 0.5 / 3);
    EXPECT_DOUBLE_EQ(placement.place(Cell("x")), 2.5 / 3);
}

TEST(Placement, OfNumbersHasRoundTicksAroundAll) {
    const Placement linear(Scale::linear, false, {Cell(-3.2), Cell(8.9)});
    EXPECT_EQ(labels(linear), (std::vector<std::string>{"-5", "0", "5", "10"}));
    EXPECT_DOUBLE_EQ(linear.place(Cell(2.5)), 0.5);
    const Placement from_zero(Scale::linear, true, {Cell(0.09), Cell(0.1)});
    EXPECT_EQ(labels(from_zero), (std::vector<std::string>{"0", "0.02", "0.04", "0.06", "0.08", "0.1"}));
    const Placement one(Scale::linear, false, {Cell(0.0)});
    EXPECT_EQ(one.place(0.0), 0);
}

TEST(Placement, OfLogarithmsIsEvenInFactors) {
    const Placement placement(Scale::logarithmic, false, {Cell(1.0), Cell(1000.0), Cell(-1.0), Cell()});
    EXPECT_EQ(labels(placement), (std::vector<std::string>{"1", "10", "100", "1000"}));
    EXPECT_NEAR(placement.place(10.0) - placement.place(1.0),
                placement.place(1000.0) - placement.place(100.0), 1e-12);
    EXPECT_GT(placement.place(1.0), 0.0) << "no point lies on the edge";
    EXPECT_LT(placement.place(1000.0), 1.0);
    const Placement same(Scale::logarithmic, false, {Cell(3.0), Cell(3.0)});
    EXPECT_NEAR(same.place(3.0), 0.5, 0.1);
}

TEST(Svg, EscapesText) {
    EXPECT_EQ(escaped("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
}

TEST(Drawing, ShowsEachRowOfTheWorkloadOnceInItsPanel) {
    Subjects all;
    all.runs.push_back(test::subject("ms4-c1", 1, 900'000'000));
    all.runs.push_back(test::subject("ms4-c1", 2, 950'000'000));
    all.runs.push_back(test::subject("ms8-c1", 1, 800'000'000));
    all.runs.push_back(test::subject("ms8-c1", 1, 800'000'000));
    all.runs.back().workload = "another";
    const std::string svg = draw(latency(all, test::published()), published_workload);
    EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_EQ(count(svg, "<title>ms4-c1, train, K = 1, bf16: 1.8 seconds a pass</title>"), 1u);
    EXPECT_EQ(count(svg, "r=\"3.0\""), 3u);
    // 48 published points, of which half a panel's, in one row of panels each for "train" and "published";
    // the platforms in all four.
    EXPECT_EQ(count(svg, "r=\"2.5\""), 2u * 48 + 4 * 30);
    EXPECT_EQ(count(svg, "stroke-dasharray=\"5 3\""), 2u * 8);
    EXPECT_EQ(count(draw(latency(all, test::published()), "another"), "r=\"3.0\""), 1u);
    all.runs[0].run.result.exact = false;
    const std::string with_estimate = draw(latency(all, test::published()), published_workload);
    EXPECT_EQ(count(with_estimate, "stroke=\"#3b6fb6\" stroke-width=\"1.5\"/>"), 2u)
        << "one line through exact and estimated points of a chip";
    EXPECT_EQ(count(with_estimate, "<path d=\"M"), 1u);
    EXPECT_EQ(count(with_estimate, "r=\"3.0\""), 2u);
}

TEST(Drawing, StacksBarsAndDrawsTheFront) {
    Subjects all;
    all.runs.push_back(test::subject("ms4-c1", 1, "train", {{0, "a", 1, 100, 0}, {0, "b", 1, 300, 0}}));
    const Chart bars = functions(all, test::published(), "train");
    EXPECT_EQ(count(draw(bars, published_workload), "<title>ms4-c1, train"), 2u);

    all.runs.clear();
    for (std::uint32_t parts = 1; parts <= 4; ++parts) {
        all.runs.push_back(test::subject("ms4-c1", parts, 1000 * parts, 9000 / parts));
    }
    all.runs.push_back(test::subject("ms4-c1", 5, 9000, 9000));
    const std::string svg = draw(pareto_memory(all), published_workload);
    const std::size_t front = svg.find("stroke=\"#1d2429\"");
    ASSERT_NE(front, std::string::npos);
    const std::size_t begin = svg.rfind("points=\"", front);
    EXPECT_EQ(count(svg.substr(begin, front - begin), ","), 4u);
}

// Each setting of a chip on a line of its own where the whole name has no room above its panel.
TEST(Drawing, BreaksLongNamesOfPanels) {
    Subjects all;
    for (const char* cores : {"1", "2", "4"}) {
        all.runs.push_back(test::subject("ms4-c1", 1, 100));
        all.runs.back().chip = std::string("ms4-c1 + soc.cores=") + cores;
    }
    const auto drawn = [&] { return draw(functions(all, test::published(), "train"), published_workload); };
    EXPECT_EQ(count(drawn(), ">ms4-c1 + soc.cores=2, simulated</text>"), 1u);
    for (Subject& run : all.runs) {
        run.chip += " + gemmini.scratchpad_bytes=262144";
    }
    const std::string svg = drawn();
    EXPECT_EQ(count(svg, ">ms4-c1</text>"), 3u);
    EXPECT_EQ(count(svg, ">cores=2</text>"), 1u);
    EXPECT_EQ(count(svg, ">scratchpad_bytes=262144, simulated</text>"), 3u);
}

TEST(Drawing, SaysHowManyPanelsAreLeftOut) {
    Subjects all;
    for (std::uint32_t chip = 0; chip < 11; ++chip) {
        all.runs.push_back(test::subject("ms4-c1", 1, 100));
        all.runs.back().chip = "chip " + std::to_string(100 + chip);
    }
    const std::string svg = draw(functions(all, test::published(), "train"), published_workload);
    EXPECT_EQ(count(svg, "3 more panels are left out"), 1u);
    EXPECT_EQ(count(svg, "<title>chip 10"), 8u);
}

}  // namespace
}  // namespace partita::explore::report
