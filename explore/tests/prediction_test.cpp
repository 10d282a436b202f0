#include "explore/prediction.hpp"

#include <gtest/gtest.h>

#include "sweep_support.hpp"

namespace partita::explore {
namespace {

Run finished(std::uint32_t parts, std::uint32_t cores, double host_seconds,
             const std::string& routine = "train") {
    Run run;
    run.key = test::wanted(parts).key;
    run.key.routine = routine;
    run.machine.cores = cores;
    run.status = Status::done;
    run.result.host_seconds = host_seconds;
    return run;
}

TEST(Prediction, BeginsWithWhatThePublishedProgramTook) {
    // 1.24e9 cycles on one core at K = 1, 2.07e9 at K = 56 (published/cycles.csv); 100 million a second.
    const Prediction prediction({});
    EXPECT_EQ(prediction.learned_from(), 0u);
    EXPECT_NEAR(prediction.seconds(test::wanted(1).key, 1), 12.4 + 2, 2.5);
    EXPECT_NEAR(prediction.seconds(test::wanted(56).key, 1), 20.7 + 2, 2.5);
    EXPECT_NEAR(prediction.seconds(test::wanted(1).key, 8), 28 + 2, 5)
        << "3.99e8 cycles, 14 million a second";
}

TEST(Prediction, LearnsFromTheLikestRuns) {
    const RunKey key = test::wanted(28).key;
    const Prediction prediction({finished(28, 1, 3), finished(28, 1, 1), finished(28, 1, 100),
                                 finished(28, 8, 40), finished(28, 1, 50, "published")});
    EXPECT_EQ(prediction.learned_from(), 5u);
    EXPECT_DOUBLE_EQ(prediction.seconds(key, 1), 3) << "the middle one with the same routine and cores";
    EXPECT_DOUBLE_EQ(prediction.seconds(key, 8), 40);
    RunKey half = key;
    half.steps /= 2;
    half.parts /= 2;
    EXPECT_DOUBLE_EQ(prediction.seconds(half, 1), 1.5);
    RunKey wide = key;
    wide.hidden *= 2;
    EXPECT_GT(prediction.seconds(wide, 1), 2 * 3);
    EXPECT_LT(prediction.seconds(wide, 1), 4 * 3);
    RunKey published = key;
    published.routine = "published";
    EXPECT_DOUBLE_EQ(prediction.seconds(published, 1), 50);
    EXPECT_GT(prediction.seconds(published, 2), 50) << "scaled from one core";
    EXPECT_LT(prediction.seconds(published, 2), 100);
}

TEST(Prediction, EstimatesTakeTheirShare) {
    RunKey key = test::wanted(56).key;
    const Prediction prediction({finished(56, 1, 56)});
    key.method = Method::estimated;
    EXPECT_DOUBLE_EQ(prediction.seconds(key, 1), 9) << "two and seven parts";
    key.parts = 7;
    RunKey exact = key;
    exact.method = Method::exact;
    EXPECT_DOUBLE_EQ(prediction.seconds(key, 1), prediction.seconds(exact, 1)) << "too few parts";
}

TEST(Prediction, FailedRunsAndOtherPlatformsTeachNothing) {
    explore::Run failed = finished(28, 1, 5);
    failed.status = Status::failed;
    explore::Run baseline = finished(28, 1, 5);
    baseline.key.platform = "cpu";
    EXPECT_EQ(Prediction({failed, baseline}).learned_from(), 0u);
}

}  // namespace
}  // namespace partita::explore
