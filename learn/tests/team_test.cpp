// A team of any size leaves the same bits. Run under the thread sanitizer too.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support.hpp"

namespace partita::learn::test {
namespace {

struct Options {
    const char* name;
    Rule rule;
    bool regulariser, clipping, auxiliary;
};

constexpr Options options[] = {{"plain", Rule::sgd, true, false, false},
                               {"backpropagation", Rule::momentum, false, false, false},
                               {"auxiliary", Rule::sgd, true, false, true},
                               {"clipping", Rule::sgd, true, true, false},
                               {"everything", Rule::adam, true, true, true}};

struct Outcome {
    std::vector<std::vector<std::byte>> persistent;
    std::vector<float> losses;
    std::vector<float> evaluation;
    std::vector<std::uint32_t> predictions;

    bool operator==(const Outcome&) const = default;
};

// Two batches, the second smaller, an epoch's end after each, and an evaluation.
Outcome train(const Plan& plan, Backend backend) {
    Training training(plan, backend);
    training.load(random_network(plan.shape, 31));
    const Samples samples = random_samples(plan, 32);
    const Batch whole = samples.batch();
    const Batch two = samples.batch(2);
    const Hyper hyper{.learning_rate = 0.1f, .alpha = 0.3f, .clip_norm = 0.05f};
    Outcome outcome;
    run_team(plan.members, [&](const Member& member) {
        training->train(member, whole, hyper);
        training->end_epoch(member, false);
        training->train(member, two, hyper);
        training->end_epoch(member, true);
        training->train(member, whole, hyper);
        if (member.index == 0) {
            outcome.losses = training.losses();
        }
        member.meet();
        training->evaluate(member, whole);
    });
    outcome.persistent = training.persistent();
    outcome.evaluation = training.losses();
    outcome.predictions.assign(training->predictions().begin(), training->predictions().end());
    return outcome;
}

class Team : public testing::TestWithParam<std::tuple<Backend, Options>> {
  protected:
    void SetUp() override {
        if (!available(std::get<0>(GetParam()))) {
            GTEST_SKIP() << "no host backend for this processor";
        }
    }
};

TEST_P(Team, OfAnySizeAndEitherTapeLeavesTheSameBits) {
    const auto& [backend, option] = GetParam();
    // Three blocks of units, and one, which leaves all members but one without.
    for (const std::uint32_t hidden : {33u, 5u}) {
        for (const Precision precision : precisions) {
            Plan plan{.shape = {2, hidden, 3}, .batch = 3, .steps = 5, .parts = 2};
            plan.precision = precision;
            plan.rule = option.rule;
            plan.regulariser = option.regulariser;
            plan.clipping = option.clipping;
            plan.auxiliary = option.auxiliary;
            const Outcome alone = train(plan, backend);
            for (const Tape tape : tapes) {
                for (const std::uint32_t members : {1u, 2u, 3u, 7u}) {
                    plan.tape = tape;
                    plan.members = members;
                    EXPECT_TRUE(train(plan, backend) == alone)
                        << name(backend) << ", " << describe_plan(plan);
                }
            }
        }
    }
}

TEST(TeamRounding, ByChanceIsTheSameForAnySize) {
    Plan plan{.shape = {2, 33, 3}, .batch = 3, .steps = 5, .parts = 2};
    plan.precision = Precision::bf16;
    const Outcome nearest = train(plan, Backend::portable);
    plan.rounding = Rounding::stochastic;
    const Outcome alone = train(plan, Backend::portable);
    EXPECT_FALSE(alone == nearest);
    for (const Tape tape : tapes) {
        for (const std::uint32_t members : {2u, 3u, 7u}) {
            plan.tape = tape;
            plan.members = members;
            EXPECT_TRUE(train(plan, Backend::portable) == alone) << describe_plan(plan);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Options, Team,
                         testing::Combine(testing::ValuesIn(backends), testing::ValuesIn(options)),
                         [](const auto& test) {
                             return std::string(name(std::get<0>(test.param))) + "_" +
                                    std::get<1>(test.param).name;
                         });

// Without a tape the last state of an even part lies where the next evaluation begins, and the losses of all
// members' sequences must be there for whoever returns first.
TEST(TeamEvaluation, IsCompleteWhenItReturns) {
    for (const Precision precision : precisions) {
        Plan plan{.shape = {1, 17, 3}, .batch = 3, .steps = 4, .parts = 2};
        plan.precision = precision;
        plan.tape = Tape::none;
        plan.members = 3;
        const Samples samples = random_samples(plan, 33);
        Training training(plan, Backend::portable);
        training.load(random_network(plan.shape, 34));
        training->evaluate({}, samples.batch());
        const std::vector<float> expected = training.losses();
        std::vector<int> right(3, 0);
        run_team(3, [&](const Member& member) {
            for (int again = 0; again < 20; ++again) {
                training->evaluate(member, samples.batch());
                right[member.index] += training.losses() == expected ? 1 : 0;
                member.meet();
                training->evaluate(member, samples.batch());
            }
        });
        EXPECT_EQ(right, std::vector<int>(3, 20)) << name(precision);
    }
}

TEST(Member, SharesCoverAllItemsOnce) {
    for (const std::uint32_t count : {0u, 1u, 2u, 7u, 100u, 0xFFFFFFFFu}) {
        for (const std::uint32_t size : {1u, 2u, 3u, 7u, 1024u}) {
            std::uint32_t end = 0;
            for (std::uint32_t index = 0; index < size; ++index) {
                const Range share = Member{index, size, nullptr}.share(count);
                EXPECT_EQ(share.first, end);
                EXPECT_LE(share.last - share.first, count / size + (count % size != 0 ? 1 : 0));
                end = share.last;
            }
            EXPECT_EQ(end, count);
        }
    }
}

// What each wrote before is seen by all after, round after round.
TEST(Barrier, SeparatesRounds) {
    constexpr std::uint32_t members = 5;
    constexpr std::uint32_t rounds = 200;
    std::vector<std::uint32_t> written(members, 0);
    std::vector<std::uint32_t> seen(members, 0);
    run_team(members, [&](const Member& member) {
        for (std::uint32_t round = 1; round <= rounds; ++round) {
            written[member.index] = round;
            member.meet();
            bool all = true;
            for (const std::uint32_t value : written) {
                all = all && value == round;
            }
            seen[member.index] += all ? 1 : 0;
            member.meet();
        }
    });
    EXPECT_EQ(seen, std::vector<std::uint32_t>(members, rounds));
}

}  // namespace
}  // namespace partita::learn::test
