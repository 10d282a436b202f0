// The update of parameters on its own: the kernel is handed gradients, and what it leaves is compared with
// the same rule in FP64 and, bit for bit, between the backends.

#include "partita/learn/update.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "partita/learn/workspace.hpp"
#include "portable/arithmetic.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

// Memory of a plan without a trainer.
struct Bench {
    Memory memory;
    Workspace workspace;

    explicit Bench(const Plan& plan)
        : memory(layout(plan).value().total), workspace{layout(plan).value(), memory.bytes().data(), 4} {
        std::memset(memory.bytes().data(), 0, memory.bytes().size());
    }
    std::size_t parameters() const { return workspace.extents().parameters(); }
    double weight(std::size_t at) const {
        switch (workspace.plan().precision) {
            case Precision::fp32:
                return PortableFp32::get_weight(workspace, at);
            case Precision::bf16:
                return PortableBf16::get_weight(workspace, at);
            default:
                return PortableMixed::get_weight(workspace, at);
        }
    }
    float put_weight(std::size_t at, float w) const {
        switch (workspace.plan().precision) {
            case Precision::fp32:
                return PortableFp32::put_weight(workspace, at, w);
            case Precision::bf16:
                return PortableBf16::put_weight(workspace, at, w);
            default:
                return PortableMixed::put_weight(workspace, at, w);
        }
    }
    double state(BufferId id, std::size_t at) const { return get_state(workspace, id, at); }
};

Plan plan_of(Precision precision, Rule rule, bool regulariser) {
    Plan plan{.shape = {1, 17, 3}, .batch = 2, .steps = 4, .parts = 2};
    plan.precision = precision;
    plan.rule = rule;
    plan.regulariser = regulariser;
    return plan;
}

// The kernel on all parameters: block by block, then the head.
void update_all(const Kernels& kernels, const Bench& bench, const UpdateStep& step,
                const std::vector<float>& gradient, bool regularised = false) {
    const auto lstm = static_cast<std::uint32_t>(bench.workspace.extents().lstm_parameters);
    const auto head = static_cast<std::uint32_t>(bench.workspace.extents().head_parameters);
    kernels.update(bench.workspace, step, {0, lstm}, gradient.data(), regularised);
    kernels.update(bench.workspace, step, {lstm, head}, gradient.data() + lstm, regularised);
}

// ---- FPTT against the paper's recurrences ----

struct PaperState {
    double w, mean, lambda;

    // Kag and Saligrama, ICML 2021, with the running mean and lambda themselves.
    void update(double gradient, double learning_rate, double alpha) {
        w -= learning_rate * (gradient + alpha * (w - mean) - lambda);
        lambda -= alpha * (w - mean);
        mean = (mean + w) / 2 - lambda / (2 * alpha);
    }
};

struct PaperCase {
    Precision precision;
    bool narrow_regulariser;
    float learning_rate, alpha;
};

// Largest difference of W from the paper's after n updates, and what is allowed.
// Stored W: each update rounds it once, by at most 2^-25 of numbers below 1; nothing pulls that back, so n of
// them at most add up; the update's own arithmetic is as small. e and d: rounded by at most u of their size
// (2^-24, or 2^-8 in BF16), of either sign, so of deviation u / sqrt(3). Each error moves W by lr * alpha of
// itself at once and by a geometric series afterwards, whose modes decay as 0.707^n: 3.4 times. Allowed are
// five deviations of the sum of 2 n of them.
void check_against_paper(const PaperCase& c, Backend backend, int updates) {
    Plan plan = plan_of(c.precision, Rule::sgd, true);
    plan.narrow_regulariser = c.narrow_regulariser;
    const Bench bench(plan);
    Random random(11);
    std::vector<PaperState> paper;
    std::vector<double> target;
    for (std::size_t at = 0; at < bench.parameters(); ++at) {
        const float w = bench.put_weight(at, uniform(random, 0.5f));
        paper.push_back({w, w, 0.0});
        target.push_back(uniform(random, 0.5f));
    }
    double largest_state = 0.0;
    double squares = 0.0;
    double moved = 0.0;
    std::vector<float> gradient(bench.parameters());
    for (int n = 0; n < updates; ++n) {
        for (std::size_t at = 0; at < gradient.size(); ++at) {
            // Noise about a pull to a target, so that W travels.
            gradient[at] = static_cast<float>(paper[at].w - target[at]) + uniform(random, 0.2f);
        }
        update_all(kernels(backend, c.precision), bench, {.learning_rate = c.learning_rate, .alpha = c.alpha},
                   gradient);
        for (std::size_t at = 0; at < gradient.size(); ++at) {
            paper[at].update(gradient[at], c.learning_rate, c.alpha);
            const double e = bench.state(BufferId::regulariser_e, at);
            const double d = bench.state(BufferId::regulariser_d, at);
            largest_state = std::max({largest_state, std::fabs(e), std::fabs(d)});
            squares += e * e + d * d;
            moved = std::max(moved, std::fabs(paper[at].w));
        }
    }
    ASSERT_LT(moved, 1.0);
    const bool narrow = c.narrow_regulariser || c.precision != Precision::fp32;
    const double u = narrow ? 0x1p-8 : 0x1p-24;
    const double sum_of_errors = 5 * u * std::sqrt(squares / static_cast<double>(gradient.size()) / 3.0);
    const double allowed =
        updates * 2 * 0x1p-25 + static_cast<double>(c.learning_rate) * c.alpha * 3.4 * sum_of_errors;
    double off = 0.0;
    double off_mean = 0.0;
    for (std::size_t at = 0; at < gradient.size(); ++at) {
        off = std::max(off, std::fabs(bench.weight(at) - paper[at].w));
        const double mean = bench.weight(at) + bench.state(BufferId::regulariser_e, at) +
                            bench.state(BufferId::regulariser_d, at);
        off_mean = std::max(off_mean, std::fabs(mean - paper[at].mean));
    }
    EXPECT_LE(off, allowed);
    EXPECT_LE(off_mean, allowed + 2 * 3.4 * u * largest_state);
    EXPECT_LE(allowed, 0.005);
}

class AgainstPaper : public testing::TestWithParam<Backend> {
  protected:
    void SetUp() override {
        if (!available(GetParam())) {
            GTEST_SKIP() << "no host backend for this processor";
        }
    }
};

TEST_P(AgainstPaper, DeltaFormKeepsTheWeights) {
    // The published settings, where the regulariser hardly matters, and a pull that does.
    for (const auto& [rate, alpha] : {std::pair{0.01f, 0.1f}, {0.1f, 0.5f}}) {
        check_against_paper({Precision::fp32, false, rate, alpha}, GetParam(), 784);
        check_against_paper({Precision::fp32, true, rate, alpha}, GetParam(), 784);
        check_against_paper({Precision::mixed, false, rate, alpha}, GetParam(), 784);
    }
    check_against_paper({Precision::fp32, false, 0.5f, 0.5f}, GetParam(), 784);
}

INSTANTIATE_TEST_SUITE_P(Backends, AgainstPaper, testing::ValuesIn(backends),
                         [](const auto& test) { return std::string(name(test.param)); });

// The numbers of the paper's recurrences by hand: W = mean = 1, lambda = 0, g = 2, lr = 1/4, alpha = 1/2,
// twice.
//   W' = 1 - 0.5 = 0.5;  lambda' = -0.5 (0.5 - 1) = 0.25;  mean' = (1 + 0.5)/2 - 0.25 = 0.5
//   W'' = 0.5 - (2 + 0.5 (0.5 - 0.5) - 0.25)/4 = 0.0625;  lambda'' = 0.25 - 0.5 (0.0625 - 0.5) = 0.46875;
//   mean'' = (0.5 + 0.0625)/2 - 0.46875 = -0.1875
// In the delta form mean = W + e + d and lambda = -alpha d: d'' = -0.9375, e'' = -0.1875 - 0.0625 + 0.9375 =
// 0.6875.
TEST(Update, FollowsTheRecurrencesByHand) {
    for (const Precision precision : precisions) {
        for (const Backend backend : backends) {
            if (!available(backend)) {
                continue;
            }
            const Bench bench(plan_of(precision, Rule::sgd, true));
            for (std::size_t at = 0; at < bench.parameters(); ++at) {
                bench.put_weight(at, 1.0f);
            }
            const std::vector<float> gradient(bench.parameters(), 2.0f);
            for (int n = 0; n < 2; ++n) {
                update_all(kernels(backend, precision), bench, {.learning_rate = 0.25f, .alpha = 0.5f},
                           gradient);
            }
            for (std::size_t at = 0; at < bench.parameters(); ++at) {
                ASSERT_EQ(bench.weight(at), 0.0625);
                ASSERT_EQ(bench.state(BufferId::regulariser_d, at), -0.9375);
                ASSERT_EQ(bench.state(BufferId::regulariser_e, at), 0.6875);
            }
        }
    }
}

// In BF16 the stored W loses most of an update, but what is lost must be what BF16 cannot hold: after each
// update W is within half a unit of its place, and e and d are those of the step really made, each sum on the
// way to them rounded.
TEST(Update, RoundsEachSumInBf16) {
    const Bench bench(plan_of(Precision::bf16, Rule::sgd, true));
    Random random(12);
    for (std::size_t at = 0; at < bench.parameters(); ++at) {
        bench.put_weight(at, uniform(random, 1.0f));
    }
    std::vector<float> gradient(bench.parameters());
    const UpdateStep step{.learning_rate = 0.05f, .alpha = 0.5f};
    // Half a unit of BF16 for a number of this size, and a little for the FP32 arithmetic before.
    const auto half_unit = [](double x) {
        return std::max(std::fabs(x), 0x1p-126) * 0x1p-8 * (1 + 0x1p-10) + 0x1p-24;
    };
    for (int n = 0; n < 20; ++n) {
        std::vector<double> w, e, d;
        for (std::size_t at = 0; at < gradient.size(); ++at) {
            gradient[at] = uniform(random, 1.0f);
            w.push_back(bench.weight(at));
            e.push_back(bench.state(BufferId::regulariser_e, at));
            d.push_back(bench.state(BufferId::regulariser_d, at));
        }
        update_all(kernels(Backend::portable, Precision::bf16), bench, step, gradient);
        for (std::size_t at = 0; at < gradient.size(); ++at) {
            const double exact =
                w[at] - static_cast<double>(step.learning_rate) * (gradient[at] - 0.5 * e[at]);
            ASSERT_NEAR(bench.weight(at), exact, half_unit(exact));
            const double made = bench.weight(at) - w[at];
            const double new_e = e[at] + d[at] / 2 - made;
            const double of_d = half_unit(made) + half_unit(made - e[at]);
            ASSERT_NEAR(bench.state(BufferId::regulariser_e, at), new_e, of_d + half_unit(new_e));
            ASSERT_NEAR(bench.state(BufferId::regulariser_d, at), made - e[at], of_d);
        }
    }
}

// ---- Momentum and Adam in FP64 ----

TEST(Update, MomentumAndAdamFollowTheirRules) {
    constexpr int updates = 200;
    for (const Rule rule : {Rule::momentum, Rule::adam}) {
        const Bench bench(plan_of(Precision::fp32, rule, false));
        Random random(13);
        const std::size_t count = bench.parameters();
        std::vector<double> w(count), first(count), second(count);
        std::vector<float> gradient(count);
        for (std::size_t at = 0; at < count; ++at) {
            w[at] = bench.put_weight(at, uniform(random, 0.5f));
        }
        UpdateStep step{
            .learning_rate = 0.001f, .momentum = 0.9f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f};
        const double beta1 = step.beta1;
        const double beta2 = step.beta2;
        for (int n = 1; n <= updates; ++n) {
            step.scale = n % 3 == 0 ? 0.5f : 1.0f;
            step.correction1 = static_cast<float>(1.0 / (1.0 - std::pow(beta1, n)));
            step.correction2 = static_cast<float>(1.0 / (1.0 - std::pow(beta2, n)));
            for (std::size_t at = 0; at < count; ++at) {
                gradient[at] = uniform(random, 1.0f) + 0.1f;
                const double g = gradient[at] * static_cast<double>(step.scale);
                double along = 0.0;
                if (rule == Rule::momentum) {
                    along = first[at] = static_cast<double>(step.momentum) * first[at] + g;
                } else {
                    first[at] = beta1 * first[at] + (1.0 - beta1) * g;
                    second[at] = beta2 * second[at] + (1.0 - beta2) * g * g;
                    along = first[at] / (1.0 - std::pow(beta1, n)) /
                            (std::sqrt(second[at] / (1.0 - std::pow(beta2, n))) +
                             static_cast<double>(step.epsilon));
                }
                w[at] -= static_cast<double>(step.learning_rate) * along;
            }
            update_all(kernels(Backend::portable, Precision::fp32), bench, step, gradient);
        }
        // Each update rounds W by 2^-25 of numbers below 1. Its size, lr times at most 11 (momentum's sum) or
        // about 1 to 10 (Adam's early steps), is off by the roundings that its moments still remember, 20 of
        // 2^-24 at most.
        const double allowed = updates * (0x1p-25 + 0.001 * 11 * 20 * 0x1p-24);
        double off = 0.0;
        for (std::size_t at = 0; at < count; ++at) {
            off = std::max(off, std::fabs(bench.weight(at) - w[at]));
        }
        EXPECT_LE(off, allowed) << name(rule);
    }
}

// ---- The same bits on both backends ----

// Random contents for every buffer that the update reads: numbers of all sizes, zeros of both signs,
// subnormals.
void fill(const Bench& bench, Random& random) {
    const auto number = [&]() -> float {
        switch (draw(random) % 16) {
            case 0:
                return 0.0f;
            case 1:
                return -0.0f;
            case 2:
                return uniform(random, 0x1p-130f);
            case 3:
                return uniform(
                    random,
                    0x1p30f);  // its square's square is still finite: backends differ in the sign of NaN
            default:
                return uniform(random, 1.0f);
        }
    };
    const Workspace& ws = bench.workspace;
    for (std::size_t at = 0; at < bench.parameters(); ++at) {
        bench.put_weight(at, number());
        if (ws.plan().regulariser) {
            put_state(ws, BufferId::regulariser_e, at, number());
            put_state(ws, BufferId::regulariser_d, at, number());
        }
        if (ws.plan().rule != Rule::sgd) {
            ws.array<float>(BufferId::first_moment)[at] = number();
        }
        if (ws.plan().rule == Rule::adam) {
            ws.array<float>(BufferId::second_moment)[at] = std::fabs(number());
        }
    }
}

void expect_equal_bits(const Bench& a, const Bench& b, const std::string& what) {
    for (const BufferId id :
         {BufferId::weights, BufferId::weights_low, BufferId::regulariser_e, BufferId::regulariser_d,
          BufferId::first_moment, BufferId::second_moment, BufferId::gradient}) {
        const Buffer& buffer = a.workspace.layout[id];
        EXPECT_EQ(std::memcmp(a.memory.bytes().data() + buffer.offset,
                              b.memory.bytes().data() + buffer.offset, buffer.size),
                  0)
            << learn::name(id) << ", " << what;
    }
}

TEST(Update, IsTheSameOnBothBackends) {
    if (!available(Backend::host)) {
        GTEST_SKIP() << "no host backend for this processor";
    }
    Random random(14);
    for (const Precision precision : precisions) {
        for (const Rule rule : rules) {
            for (const int options : {0, 1, 2, 3, 4, 5}) {
                Plan plan = plan_of(precision, rule, options % 3 != 0);
                plan.narrow_regulariser = options % 3 == 2;
                plan.clipping = true;
                const bool regularised = options >= 3;
                const Bench portable(plan);
                const Bench host(plan);
                Random again = random;
                fill(portable, random);
                fill(host, again);
                expect_equal_bits(portable, host, "before");
                for (int n = 0; n < 3; ++n) {
                    std::vector<float> gradient(portable.parameters());
                    for (float& g : gradient) {
                        g = draw(random) % 8 == 0 ? uniform(random, 0x1p-135f) : uniform(random, 3.0f);
                    }
                    const UpdateStep step{.learning_rate = 0.1f,
                                          .alpha = 0.3f,
                                          .momentum = 0.9f,
                                          .beta1 = 0.9f,
                                          .beta2 = 0.99f,
                                          .epsilon = 1e-6f,
                                          .scale = 0.7f,
                                          .correction1 = 3.7f,
                                          .correction2 = 33.6f};
                    update_all(kernels(Backend::portable, precision), portable, step, gradient, regularised);
                    update_all(kernels(Backend::host, precision), host, step, gradient, regularised);
                }
                expect_equal_bits(portable, host,
                                  describe_plan(plan) + (regularised ? ", regularised before" : ""));
            }
        }
    }
}

// Weights in two planes: numbers half-way between two BF16 numbers move by one unit in their last place, as
// `split` says, and e and d follow the number that was kept. From W = e = d = 0 with a rate of 1, W' = -g =
// D, e' = -D, d' = D.
TEST(Update, MovesTiesOfTwoPlanesAsSplitDoes) {
    for (const Backend backend : backends) {
        if (!available(backend)) {
            continue;
        }
        const Bench bench(plan_of(Precision::mixed, Rule::sgd, true));
        Random random(16);
        std::vector<float> gradient(bench.parameters());
        for (float& g : gradient) {
            const std::uint32_t bits = (draw(random) & 0x807F0000u) | 0x3F008000u;  // +-[0.5, 1), a tie
            g = std::bit_cast<float>(bits);
        }
        update_all(kernels(backend, Precision::mixed), bench, {.learning_rate = 1.0f, .alpha = 0.5f},
                   gradient);
        for (std::size_t at = 0; at < gradient.size(); ++at) {
            const float kept = join(split(-gradient[at]));
            ASSERT_NE(kept, -gradient[at]);
            ASSERT_EQ(bench.weight(at), static_cast<double>(kept)) << name(backend) << ", " << at;
            ASSERT_EQ(bench.state(BufferId::regulariser_d, at), static_cast<double>(round_to_bf16(kept)));
            ASSERT_EQ(bench.state(BufferId::regulariser_e, at), static_cast<double>(round_to_bf16(-kept)));
        }
    }
}

// The gradient kept for clipping has the regulariser in it; its norm may differ by the order of the sum.
TEST(Update, CollectsTheSameGradientOnBothBackends) {
    if (!available(Backend::host)) {
        GTEST_SKIP() << "no host backend for this processor";
    }
    Random random(15);
    for (const Precision precision : precisions) {
        for (const int options : {0, 1, 2}) {
            Plan plan = plan_of(precision, Rule::sgd, options != 0);
            plan.narrow_regulariser = options == 2;
            plan.clipping = true;
            const Bench portable(plan);
            const Bench host(plan);
            const auto lstm = static_cast<std::uint32_t>(portable.workspace.extents().lstm_parameters);
            const auto head = static_cast<std::uint32_t>(portable.workspace.extents().head_parameters);
            std::vector<float> gradient(portable.parameters());
            double expected = 0.0;
            for (std::size_t at = 0; at < gradient.size(); ++at) {
                gradient[at] = uniform(random, 1.0f);
                float e = 0.0f;
                if (plan.regulariser) {
                    e = uniform(random, 1.0f);
                    put_state(portable.workspace, BufferId::regulariser_e, at, e);
                    put_state(host.workspace, BufferId::regulariser_e, at, e);
                    e = get_state(host.workspace, BufferId::regulariser_e, at);
                }
                const double g = gradient[at] - 0.3 * static_cast<double>(e);
                expected += g * g;
            }
            double sums[2];
            const Bench* benches[] = {&portable, &host};
            for (const Backend backend : backends) {
                const auto i = static_cast<std::size_t>(backend);
                const Kernels& k = kernels(backend, precision);
                sums[i] = k.collect(benches[i]->workspace, 0.3f, {0, lstm}, gradient.data()) +
                          k.collect(benches[i]->workspace, 0.3f, {lstm, head}, gradient.data() + lstm);
                // 0.3 and each g are FP32: relative 3 * 2^-24; sums of up to 16 squares in FP32: 5 more.
                EXPECT_NEAR(sums[i], expected, 10 * 0x1p-24 * expected)
                    << name(backend) << ", " << describe_plan(plan);
            }
            expect_equal_bits(portable, host, describe_plan(plan));
        }
    }
}

// An infinite or undefined gradient is not hidden.
TEST(Update, LetsInfinityAndNotANumberThrough) {
    for (const Precision precision : precisions) {
        for (const Backend backend : backends) {
            if (!available(backend)) {
                continue;
            }
            const Bench bench(plan_of(precision, Rule::sgd, true));
            std::vector<float> gradient(bench.parameters(), 0.5f);
            gradient[0] = std::numeric_limits<float>::infinity();
            gradient[70] = -std::numeric_limits<float>::infinity();
            gradient[bench.parameters() - 1] = std::numeric_limits<float>::quiet_NaN();
            update_all(kernels(backend, precision), bench, {.learning_rate = 0.5f, .alpha = 0.1f}, gradient);
            EXPECT_EQ(bench.weight(0), -std::numeric_limits<double>::infinity());
            EXPECT_EQ(bench.weight(70), std::numeric_limits<double>::infinity());
            EXPECT_TRUE(std::isnan(bench.weight(bench.parameters() - 1)));
            EXPECT_EQ(bench.weight(1), -0.25);
        }
    }
}

}  // namespace
}  // namespace partita::learn::test
