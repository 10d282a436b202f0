// Gradients against central differences of an FP64 network, parameter by parameter.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "partita/learn/bfloat16.hpp"
#include "reference_network.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

struct GradientCase {
    Shape shape;
    std::uint32_t batch, steps, parts;
    bool auxiliary = false;
};

// Parts: one; two; two, unequal; four with a remainder of two steps; four whose last is a single step.
constexpr GradientCase gradient_cases[] = {
    {{1, 1, 2}, 1, 7, 1},         {{3, 5, 3}, 2, 8, 2},    {{1, 5, 10}, 5, 9, 2}, {{1, 17, 10}, 3, 11, 4},
    {{3, 17, 3}, 2, 12, 3, true}, {{3, 33, 10}, 5, 10, 4}, {{1, 33, 2}, 1, 9, 3}};

Plan plan_of(const GradientCase& c, Precision precision, Tape tape) {
    Plan plan{.shape = c.shape, .batch = c.batch, .steps = c.steps, .parts = c.parts};
    plan.precision = precision;
    plan.tape = tape;
    plan.regulariser = false;
    plan.clipping = true;
    plan.auxiliary = c.auxiliary;
    return plan;
}

// The last part. With the auxiliary loss the one before: its weight is 0 in the last.
std::uint32_t part_checked(const GradientCase& c) {
    const Plan plan = plan_of(c, Precision::fp32, Tape::full);
    return part_count(plan) - (c.auxiliary ? 2 : 1);
}

Network problem_network(const GradientCase& c) {
    return random_network(c.shape, 100 + c.shape.hidden);
}
Samples problem_samples(const GradientCase& c) {
    return random_samples(plan_of(c, Precision::fp32, Tape::full), 7 * c.batch);
}

struct Expected {
    std::vector<double> gradient;  // of the mean loss after the last part, in a row
    std::vector<double> losses;    // cross-entropy by sequence
};

// The loss after the last part as a function of the parameters, the state that the part begins with held
// constant. `narrow`: weights and inputs as 16-bit operands hold them.
Expected differentiate(const GradientCase& c, bool narrow) {
    Network network = problem_network(c);
    Samples samples = problem_samples(c);
    std::vector<double> parameters = in_a_row(network);
    if (narrow) {
        for (double& w : parameters) {
            w = round_to_bf16(static_cast<float>(w));
        }
        for (auto& values : samples.values) {
            for (float& x : values) {
                x = round_to_bf16(x);
            }
        }
    }
    ReferenceNetwork reference(c.shape, parameters);
    const Plan plan = plan_of(c, Precision::fp32, Tape::full);
    const std::size_t part_values = std::size_t{part_steps(plan)} * c.shape.input;
    const std::size_t carried = part_checked(c) * part_values;
    const std::size_t end = std::min(carried + part_values, std::size_t{c.steps} * c.shape.input);
    std::vector<ReferenceState> before(c.batch);
    for (std::uint32_t b = 0; b < c.batch; ++b) {
        reference.run(std::span(samples.values[b]).first(carried), before[b]);
    }
    const auto loss_of = [&](std::uint32_t b, std::span<const double> target) {
        ReferenceState state = before[b];
        reference.run(std::span(samples.values[b]).subspan(carried, end - carried), state);
        return cross_entropy(reference.logits(state), target);
    };
    const auto target_of = [&](std::uint32_t b, double weight) {
        std::vector<double> distribution(c.shape.classes, (1.0 - weight) / c.shape.classes);
        distribution[samples.labels[b]] += weight;
        return distribution;
    };
    // With the auxiliary loss: beta * cross-entropy to the label + (1 - beta) * cross-entropy to the
    // estimated distribution, uniform at first, beta = (part + 1) / parts (Kag and Saligrama, ICML 2021).
    const double beta = c.auxiliary ? (part_checked(c) + 1.0) / part_count(plan) : 1.0;
    const auto loss = [&] {
        double sum = 0.0;
        for (std::uint32_t b = 0; b < c.batch; ++b) {
            sum += loss_of(b, target_of(b, beta));
        }
        return sum / c.batch;
    };
    // With h = 2^-16 the difference is off by h^2/6 of the third derivative, 4e-11 of its size, and by 2^-53
    // / h = 7e-12.
    constexpr double h = 0x1p-16;
    Expected expected;
    for (double& w : reference.parameters) {
        const double kept = w;
        w = kept + h;
        const double above = loss();
        w = kept - h;
        const double below = loss();
        w = kept;
        expected.gradient.push_back((above - below) / (2 * h));
    }
    for (std::uint32_t b = 0; b < c.batch; ++b) {
        expected.losses.push_back(loss_of(b, target_of(b, 1.0)));
    }
    return expected;
}

const Expected& expected_of(std::size_t index, bool narrow) {
    static std::map<std::pair<std::size_t, bool>, Expected> known;
    const auto [at, fresh] = known.try_emplace({index, narrow});
    if (fresh) {
        at->second = differentiate(gradient_cases[index], narrow);
    }
    return at->second;
}

// Largest relative error of a tensor's gradient, tensor by tensor, norm-wise.
double worst_tensor(const Network& found, const std::vector<double>& expected) {
    double worst = 0.0;
    std::size_t first = 0;
    for (const auto* tensor :
         {&found.weight_ih, &found.weight_hh, &found.bias, &found.head_weight, &found.head_bias}) {
        worst = std::max(worst, relative_error(*tensor, std::span(expected).subspan(first, tensor->size())));
        first += tensor->size();
    }
    EXPECT_EQ(first, expected.size());
    return worst;
}

// Roundings of one product of n terms: on an array, one a multiply-add of a chain and one a chain; in FP32,
// one at the end.
double roundings_of_product(std::uint32_t n, Precision precision, Backend backend, std::uint32_t side) {
    if (precision == Precision::bf16 && backend == Backend::portable) {
        const std::uint32_t chains = (n + side - 1) / side;
        return std::min(n, side) + chains;
    }
    return 1.0;
}

// FP32: the bound that the project promises. In 16 bits each rounding is off by at most u = 2^-8 of its
// number. The roundings on the longest way from the first step to a gradient add like independent ones, of
// deviation at most u / sqrt(3), where the network is as tame as a fresh one, so n of them give u sqrt(n /
// 3); allowed is u sqrt(n), 1.7 deviations of a norm over many elements. Counted are, forward by step: the
// pre-activation's product, h, and in BF16 the cell state; backward by step: the gate, its gradient, and in
// BF16 the product for dh and the cell state's gradient; then the weight gradient's product and the head's
// gradient.
double bound(const GradientCase& c, Precision precision, Backend backend, std::uint32_t side) {
    if (precision == Precision::fp32) {
        return 1e-6;
    }
    const Plan plan = plan_of(c, precision, Tape::full);
    const auto product = [&](std::uint32_t n) { return roundings_of_product(n, precision, backend, side); };
    const bool bf16 = precision == Precision::bf16;
    const double forward = bf16 ? 2.0 + product(c.shape.hidden + c.shape.input) : 1.0;
    const double backward = bf16 ? 3.0 + product(4 * c.shape.hidden) : 2.0;
    const double once = 1.0 + (bf16 ? product(part_steps(plan) * c.batch) : 0.0);
    return 0x1p-8 * std::sqrt(c.steps * forward + part_steps(plan) * backward + once);
}

void check_gradient(std::size_t index, Precision precision, Tape tape, Backend backend, std::uint32_t side) {
    const GradientCase& c = gradient_cases[index];
    const Plan plan = plan_of(c, precision, tape);
    Training training(plan, backend, side);
    training.load(problem_network(c));
    const Samples samples = problem_samples(c);
    for (std::uint32_t part = 0; part <= part_checked(c); ++part) {
        training->train_part({}, samples.batch(), part, {.learning_rate = 0.0f, .clip_norm = 1e30f});
    }
    const Expected& expected = expected_of(index, precision != Precision::fp32);
    const double allowed = bound(c, precision, backend, side);
    const double worst = worst_tensor(training.gradient(), expected.gradient);
    if (precision == Precision::fp32) {
        std::printf("%s, side %u, %s: relative error %.2e\n", name(backend), side,
                    describe_plan(plan).c_str(), worst);
    }
    EXPECT_LE(worst, allowed) << name(backend) << ", side " << side << ", " << describe_plan(plan);
    EXPECT_LE(relative_error(training.losses(), expected.losses), allowed)
        << name(backend) << ", side " << side << ", " << describe_plan(plan);
}

class Gradient : public testing::TestWithParam<std::size_t> {};

TEST_P(Gradient, IsThatOfCentralDifferencesOnThePortableBackend) {
    for (const Precision precision : precisions) {
        for (const Tape tape : tapes) {
            for (const std::uint32_t side : {1u, 4u, 8u, 256u}) {
                check_gradient(GetParam(), precision, tape, Backend::portable, side);
            }
        }
    }
}

TEST_P(Gradient, IsThatOfCentralDifferencesOnTheHostBackend) {
    if (!available(Backend::host)) {
        GTEST_SKIP() << "no host backend for this processor";
    }
    for (const Precision precision : precisions) {
        for (const Tape tape : tapes) {
            check_gradient(GetParam(), precision, tape, Backend::host, 4);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Gradient, testing::Range(std::size_t{0}, std::size(gradient_cases)),
                         [](const auto& test) {
                             const GradientCase& c = gradient_cases[test.param];
                             return "Input" + std::to_string(c.shape.input) + "Hidden" +
                                    std::to_string(c.shape.hidden) + "Classes" +
                                    std::to_string(c.shape.classes) + "Batch" + std::to_string(c.batch) +
                                    "T" + std::to_string(c.steps) + "K" + std::to_string(c.parts) +
                                    (c.auxiliary ? "Auxiliary" : "");
                         });

}  // namespace
}  // namespace partita::learn::test
