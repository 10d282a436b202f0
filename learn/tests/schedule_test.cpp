#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "partita/learn/update.hpp"

namespace partita::learn::test {
namespace {

TEST(Schedule, IsConstantByDefault) {
    constexpr Schedule schedule;
    static_assert(schedule.at(0) == 1.0f);
    EXPECT_EQ(schedule.at(1'000'000), 1.0f);
}

TEST(Schedule, FallsBySteps) {
    const Schedule schedule{.kind = Schedule::Kind::steps, .boundaries = {50, 75, 90}, .factor = 0.5f};
    EXPECT_EQ(schedule.at(0), 1.0f);
    EXPECT_EQ(schedule.at(49), 1.0f);
    EXPECT_EQ(schedule.at(50), 0.5f);
    EXPECT_EQ(schedule.at(74), 0.5f);
    EXPECT_EQ(schedule.at(75), 0.25f);
    EXPECT_EQ(schedule.at(90), 0.125f);
    EXPECT_EQ(schedule.at(1'000'000), 0.125f);
}

TEST(Schedule, FollowsACosine) {
    const Schedule schedule{.kind = Schedule::Kind::cosine, .total = 1000};
    EXPECT_EQ(schedule.at(500), 0.5f);
    for (std::uint64_t n = 0; n <= 1000; ++n) {
        const double exact = 0.5 + 0.5 * std::cos(3.14159265358979323846 * static_cast<double>(n) / 1000.0);
        // The series stops at (pi/2)^13 / 13! = 5.7e-8, halved; FP32 rounds by 2^-25.
        ASSERT_NEAR(schedule.at(n), exact, 2.9e-8 + 0x1p-25) << n;
    }
    EXPECT_EQ(schedule.at(5000), schedule.at(1000));
}

TEST(Schedule, WarmsUp) {
    const Schedule schedule{.kind = Schedule::Kind::steps, .warm_up = 4, .boundaries = {2}, .factor = 0.5f};
    EXPECT_EQ(schedule.at(0), 0.25f);
    EXPECT_EQ(schedule.at(1), 0.5f);
    EXPECT_EQ(schedule.at(2), 0.375f);
    EXPECT_EQ(schedule.at(3), 0.5f);
    EXPECT_EQ(schedule.at(4), 0.5f);
}

}  // namespace
}  // namespace partita::learn::test
