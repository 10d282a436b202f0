// Rules, clipping and epochs as the trainer applies them: its own gradients, put through the same rule in
// FP64.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support.hpp"

namespace partita::learn::test {
namespace {

constexpr Plan base{
    .shape = {2, 17, 3}, .batch = 3, .steps = 10, .parts = 4, .regulariser = false, .clipping = true};

double norm(const std::vector<double>& values) {
    double squares = 0.0;
    for (const double v : values) {
        squares += v * v;
    }
    return std::sqrt(squares);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::fabs(a[i] - b[i]));
    }
    return largest;
}

class Optimiser : public testing::TestWithParam<Backend> {
  protected:
    void SetUp() override {
        if (!available(GetParam())) {
            GTEST_SKIP() << "no host backend for this processor";
        }
    }
};

// Twelve updates of each rule, clipped or not, the gradient of each taken from the trainer.
TEST_P(Optimiser, AppliesItsRuleToItsGradient) {
    for (const Rule rule : rules) {
        for (const float clip_norm : {1e30f, 0.05f}) {
            Plan plan = base;
            plan.rule = rule;
            const Hyper hyper{.learning_rate = 0.01f,
                              .momentum = 0.8f,
                              .beta1 = 0.7f,
                              .beta2 = 0.95f,
                              .clip_norm = clip_norm};
            Training training(plan, GetParam());
            training.load(random_network(plan.shape, 41));
            const Samples samples = random_samples(plan, 42);
            std::vector<double> w = in_a_row(training.parameters());
            std::vector<double> first(w.size());
            std::vector<double> second(w.size());
            int clipped = 0;
            for (int n = 1; n <= 12; ++n) {
                const auto part = static_cast<std::uint32_t>((n - 1) % 4);
                training->train_part({}, samples.batch(), part, hyper);
                const std::vector<double> gradient = in_a_row(training.gradient());
                const double size = norm(gradient);
                const double scale =
                    size > static_cast<double>(clip_norm) ? static_cast<double>(clip_norm) / size : 1.0;
                clipped += scale < 1.0 ? 1 : 0;
                const double beta1 = hyper.beta1;
                const double beta2 = hyper.beta2;
                for (std::size_t at = 0; at < w.size(); ++at) {
                    const double g = gradient[at] * scale;
                    double along = g;
                    if (rule == Rule::momentum) {
                        along = first[at] = static_cast<double>(hyper.momentum) * first[at] + g;
                    } else if (rule == Rule::adam) {
                        first[at] = beta1 * first[at] + (1.0 - beta1) * g;
                        second[at] = beta2 * second[at] + (1.0 - beta2) * g * g;
                        along = first[at] / (1.0 - std::pow(beta1, n)) /
                                (std::sqrt(second[at] / (1.0 - std::pow(beta2, n))) +
                                 static_cast<double>(hyper.epsilon));
                    }
                    w[at] -= static_cast<double>(hyper.learning_rate) * along;
                }
            }
            EXPECT_EQ(clipped > 0, clip_norm < 1.0f);
            // Each update rounds W, below 1, by 2^-25; a direction, at most 5 (momentum of gradients below 1;
            // Adam), times lr 0.01 is off by 20 roundings of 2^-24.
            const double allowed = 12 * (0x1p-25 + 0.01 * 5 * 20 * 0x1p-24);
            EXPECT_LE(largest_difference(in_a_row(training.parameters()), w), allowed)
                << name(rule) << ", clipped at " << clip_norm;
        }
    }
}

// The gradient that is clipped has the regulariser in it: alpha * (W - mean) - lambda = -alpha e.
TEST_P(Optimiser, ClipsTheGradientWithItsRegulariser) {
    Plan plan = base;
    plan.regulariser = true;
    const Samples samples = random_samples(plan, 43);
    const Hyper plain{.learning_rate = 0.2f, .alpha = 0.9f, .clip_norm = 1e30f};
    Training training(plan, GetParam());
    training.load(random_network(plan.shape, 44));
    training->train_part({}, samples.batch(), 0, plain);
    const std::vector<double> before = in_a_row(training.parameters());
    const Hyper clipping{.learning_rate = 0.2f, .alpha = 0.9f, .clip_norm = 0.01f};
    training->train_part({}, samples.batch(), 1, clipping);
    const std::vector<double> gradient = in_a_row(training.gradient());
    const std::vector<double> after = in_a_row(training.parameters());
    std::vector<double> step(before.size());
    for (std::size_t at = 0; at < step.size(); ++at) {
        step[at] = before[at] - after[at];
    }
    // lr * clip_norm, but for the rounding of each W by 2^-25: sqrt(1,500) of them.
    EXPECT_GT(norm(gradient), 0.01);
    EXPECT_NEAR(norm(step), 0.2 * 0.01, 40 * 0x1p-25);
    // The regulariser is really in it: with another alpha the second gradient is another.
    Training without(plan, GetParam());
    without.load(random_network(plan.shape, 44));
    without->train_part({}, samples.batch(), 0, plain);
    without->train_part({}, samples.batch(), 1, {.learning_rate = 0.2f, .alpha = 0.0f, .clip_norm = 0.01f});
    const std::vector<double> bare = in_a_row(without.gradient());
    // After one update from e = d = 0: e = -D = lr * g1, so that the difference is -alpha * lr * g1.
    Training once(plan, GetParam());
    once.load(random_network(plan.shape, 44));
    once->train_part({}, samples.batch(), 0, plain);
    const std::vector<double> first = in_a_row(once.gradient());
    for (std::size_t at = 0; at < bare.size(); ++at) {
        // D is rounded to a W below 1: 2^-25, times alpha, and the gradients by 2^-24 of numbers below 1.
        ASSERT_NEAR(gradient[at] - bare[at], -0.9 * 0.2 * first[at], 3 * 0x1p-24);
    }
}

TEST_P(Optimiser, ANormOfInfinityOrNotANumberIsNotHidden) {
    Training training(base, GetParam());
    training.load(random_network(base.shape, 45));
    Samples samples = random_samples(base, 46);
    samples.values[0][0] = std::nanf("");
    training->train({}, samples.batch(), {});
    EXPECT_TRUE(std::isnan(training.parameters().head_bias[0]));
}

TEST_P(Optimiser, AdoptsTheMean) {
    for (const Precision precision : precisions) {
        Plan plan = base;
        plan.precision = precision;
        plan.regulariser = true;
        Training training(plan, GetParam());
        training.load(random_network(plan.shape, 47));
        const Samples samples = random_samples(plan, 48);
        const std::vector<double> start = in_a_row(training.parameters());
        // From e = d = 0: mean = (W + W')/2 - lambda'/(2 alpha), lambda' = -alpha (W' - W), so mean = W'; and
        // e + d = 0.
        training->train_part({}, samples.batch(), 0, {.learning_rate = 0.5f, .alpha = 0.5f});
        const std::vector<double> one = in_a_row(training.parameters());
        const std::vector<double> gradient_one = in_a_row(training.gradient());
        EXPECT_NE(one, start);
        training->train_part({}, samples.batch(), 1, {.learning_rate = 0.5f, .alpha = 0.5f});
        const std::vector<double> two = in_a_row(training.parameters());
        training->end_epoch({}, true);
        const std::vector<double> adopted = in_a_row(training.parameters());
        // lambda1 = -alpha (W1 - W0), mean1 = W1; lambda2 = lambda1 - alpha (W2 - W1) = -alpha (W2 - W0);
        // mean2 = (W1 + W2)/2 + (W2 - W0)/2 = W2 + (W1 - W0)/2. In 16 bits e and d are rounded, and W in
        // BF16.
        const double unit = precision == Precision::fp32 ? 0x1p-22 : 0x1p-7;
        for (std::size_t at = 0; at < adopted.size(); ++at) {
            const double moved = std::max({std::fabs(one[at] - start[at]), std::fabs(two[at] - start[at])});
            const double size =
                precision == Precision::bf16 ? std::max(moved, std::fabs(adopted[at])) : moved;
            ASSERT_NEAR(adopted[at], two[at] + (one[at] - start[at]) / 2, 3 * unit * size + 0x1p-23)
                << name(precision);
        }
        for (const BufferId id : {BufferId::regulariser_e, BufferId::regulariser_d}) {
            EXPECT_TRUE(
                std::ranges::all_of(training->bytes(id), [](std::byte b) { return b == std::byte{0}; }));
        }
    }
}

// The label distributions of the auxiliary loss: by part and label the mean of the probabilities predicted in
// this epoch.
TEST_P(Optimiser, GathersLabelDistributions) {
    Plan plan = base;
    plan.auxiliary = true;
    Training training(plan, GetParam());
    const Samples samples = [&] {
        Samples made = random_samples(plan, 49);
        made.labels = {1, 2, 1};
        return made;
    }();
    training.load(random_network(plan.shape, 50));
    const auto estimate = [&](std::uint32_t part, std::uint32_t label, std::uint32_t c) {
        return reinterpret_cast<const float*>(
            training->bytes(BufferId::estimate).data())[(part * 3 + label) * 4 + c];
    };
    for (std::uint32_t c = 0; c < 3; ++c) {
        EXPECT_EQ(estimate(2, 1, c), 1.0f / 3.0f);
    }
    training->train({}, samples.batch(), {.learning_rate = 0.0f});
    training->end_epoch({}, false);
    for (std::uint32_t part = 0; part < 4; ++part) {
        for (const std::uint32_t label : {0u, 1u, 2u}) {
            double sum = 0.0;
            for (std::uint32_t c = 0; c < 3; ++c) {
                sum += estimate(part, label, c);
            }
            EXPECT_NEAR(sum, 1.0, 8 * 0x1p-24);
        }
        EXPECT_EQ(estimate(part, 0, 0), 1.0f / 3.0f);  // no sequence has label 0
    }
    // The probability of a sequence's own label is exp(-loss); that of label 2 is one sequence's alone.
    EXPECT_NEAR(estimate(3, 2, 2), std::exp(-static_cast<double>(training->losses()[1])), 8 * 0x1p-24);
    const double own = (std::exp(-static_cast<double>(training->losses()[0])) +
                        std::exp(-static_cast<double>(training->losses()[2]))) /
                       2.0;
    EXPECT_NEAR(estimate(3, 1, 1), own, 8 * 0x1p-24);
}

INSTANTIATE_TEST_SUITE_P(Backends, Optimiser, testing::ValuesIn(backends),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace partita::learn::test
