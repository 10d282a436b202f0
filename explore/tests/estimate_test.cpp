#include "explore/estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "chip/base/error.hpp"
#include "sweep_support.hpp"

namespace partita::explore {
namespace {

TEST(Estimate, TakesPartsFromAllOverTheSequence) {
    for (const std::uint32_t parts : {14u, 28u, 56u, 112u, 784u}) {
        const EstimatePlan plan = plan_estimate(parts, 784).value();
        EXPECT_EQ(plan.smaller, (std::vector<std::uint32_t>{0, 1}));
        const std::set<std::uint32_t> larger(plan.larger.begin(), plan.larger.end());
        EXPECT_EQ(larger.size(), plan.larger.size()) << "no part twice";
        EXPECT_TRUE(std::ranges::is_sorted(plan.larger));
        EXPECT_TRUE(
            std::ranges::equal(plan.smaller, std::vector(plan.larger.begin(), plan.larger.begin() + 2)));
        EXPECT_LT(plan.larger.back(), parts);
        EXPECT_GT(plan.larger.back(), parts * 3 / 4);
        EXPECT_LE(plan.smaller.size() + plan.larger.size(), parts * 2 / 3);
    }
    EXPECT_FALSE(plan_estimate(13, 784)) << "nearly all would be simulated";
    EXPECT_FALSE(plan_estimate(1, 784));
    EXPECT_FALSE(plan_estimate(30, 784)) << "the last part is shorter";
}

TEST(Estimate, TellsPartsByTheRegionEnteredMostRarely) {
    // Three parts: a region at the beginning of each, another one in each of two steps, one once in all.
    PartClock clock;
    clock.region(0, 9, 5);
    clock.region(0, 0, 6);
    for (chip::Cycle part = 0; part < 3; ++part) {
        const chip::Cycle at = 100 + 1000 * part + part * part;
        clock.region(0, 4, at);
        clock.region(0, 2, at + 10);
        clock.region(1, 4, at + 15);
        clock.region(0, 0, at + 20);
        clock.region(0, 2, at + 500);
    }
    EXPECT_EQ(clock.times(3), (std::vector<chip::Cycle>{1001, 1003}));
    EXPECT_EQ(clock.times(2), (std::vector<chip::Cycle>{1491})) << "every third of region 2's six entries";
    EXPECT_TRUE(clock.times(4).empty());
}

TEST(Estimate, BoundsAreThoseOfTheMeanOfASample) {
    // Mean 100, deviation 10; Student's t for two degrees of freedom at 99 % is 9.925; three of 12 are seen.
    EXPECT_NEAR(error_of_mean({90, 100, 110}, 12),
                9.925 * 10 / std::sqrt(3.0) * std::sqrt(1 - 3.0 / 12) / 100, 1e-12);
    EXPECT_EQ(error_of_mean({100, 100, 100}, 12), 0);
    EXPECT_NEAR(error_of_mean({90, 100, 110}, 3), 0, 1e-12) << "all are seen";
    EXPECT_TRUE(std::isinf(error_of_mean({100}, 12)));
    EXPECT_TRUE(std::isinf(error_of_mean({}, 12)));
    EXPECT_TRUE(std::isinf(claimed_error({}, 12)));
    // The first part's time is no sample of the others.
    EXPECT_EQ(claimed_error({500, 100, 100, 100}, 28), claimed_error({100, 100, 100, 100}, 28));
    EXPECT_GT(claimed_error({100, 100, 100, 100}, 28), 0) << "other addresses";
}

TEST(Estimate, ContinuesEveryCount) {
    const auto record = [](std::uint64_t parts) {
        nlohmann::ordered_json json = test::record_of(1000 + 100 * parts);
        auto& forward = json["harts"][0]["regions"][0];
        forward["entries"] = 3 * parts;
        forward["accelerator"] = {{"multiply_adds", 160 * parts}};
        json["harts"][0]["regions"][1]["accelerator"] = {{"multiply_adds", 0}};
        json["program"] = {{"name", "train"}};
        json["seconds"] = static_cast<double>(1000 + 100 * parts) / 5e8;
        return json;
    };
    const nlohmann::ordered_json all = extrapolate(record(2), 2, record(7), 7, 56, 4);
    nlohmann::ordered_json expected = record(56);
    const double cycles = expected["harts"][0]["regions"][0]["cycles"];
    expected["harts"][0]["regions"][0]["utilisation"] = 160.0 * 56 / (16 * cycles);
    EXPECT_DOUBLE_EQ(all.at("seconds"), expected.at("seconds"));
    expected["seconds"] = all.at("seconds");
    EXPECT_EQ(all.at("harts").at(0).at("regions").at(1).at("cycles"), 10) << "depends on no part";
    EXPECT_EQ(all, expected);
}

TEST(Estimate, RecordsOfDifferentFormAreRefused) {
    nlohmann::ordered_json smaller = test::record_of(1000);
    const nlohmann::ordered_json larger = test::record_of(2000);
    smaller["harts"].erase(1);
    EXPECT_THROW(extrapolate(smaller, 2, larger, 7, 56, 4), chip::ChipError);
    smaller = test::record_of(1000);
    smaller["harts"][0]["regions"][0]["region"] = "backward";
    EXPECT_THROW(extrapolate(smaller, 2, larger, 7, 56, 4), chip::ChipError);
}

}  // namespace
}  // namespace partita::explore
