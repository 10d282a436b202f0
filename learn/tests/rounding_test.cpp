// Stochastic rounding: the rounding itself for all numbers and all random bits, the random bits, and what the
// update and the trainer make of them.

#include "partita/learn/rounding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "portable/arithmetic.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

TEST(StochasticNarrow, LeavesBf16NumbersAlone) {
    for (std::uint32_t upper = 0; upper < 0x10000u; ++upper) {
        const Bf16 number{static_cast<std::uint16_t>(upper)};
        const bool is_nan = std::isnan(widen(number));
        for (const std::uint32_t random : {0u, 1u, 0x7FFFu, 0x8000u, 0xFFFFu}) {
            ASSERT_EQ(stochastic_narrow(widen(number), random).bits, is_nan ? 0x7FC0u : upper)
                << upper << ", " << random;
        }
    }
    // NaN whose upper half alone would be infinity.
    EXPECT_EQ(stochastic_narrow(std::bit_cast<float>(0x7F800001u), 0).bits, 0x7FC0u);
    EXPECT_EQ(stochastic_narrow(std::bit_cast<float>(0xFFFFFFFFu), 0xFFFFu).bits, 0x7FC0u);
}

// Over all 2^16 random words the mean is the number itself: neighbours are multiples of 2^16 units of the
// FP32 number, so the sum is exact in FP64.
TEST(StochasticNarrow, IsUnbiased) {
    Random random(41);
    std::vector<std::uint32_t> numbers = {0x00000001u, 0x0000FFFFu, 0x80007FFFu, 0x007FFFFFu,
                                          0x00808000u, 0x3F7FFFFFu, 0xBF808001u, 0x7F7EFFFFu};
    while (numbers.size() < 40) {
        const std::uint32_t bits = draw(random);
        if ((bits & 0x7FFFFFFFu) < 0x7F7F0000u) {
            numbers.push_back(bits);
        }
    }
    for (const std::uint32_t bits : numbers) {
        const auto number = std::bit_cast<float>(bits);
        const std::uint32_t below = bits >> 16;
        double sum = 0.0;
        for (std::uint32_t r = 0; r < 0x10000u; ++r) {
            const std::uint32_t rounded = stochastic_narrow(number, r).bits;
            ASSERT_TRUE(rounded == below || rounded == below + 1);
            sum += static_cast<double>(widen({static_cast<std::uint16_t>(rounded)}));
        }
        EXPECT_EQ(sum / 0x10000, static_cast<double>(number)) << std::hex << bits;
    }
}

// Five deviations of what independent uniform numbers would give.
TEST(StochasticBits, LookIndependent) {
    constexpr std::size_t count = std::size_t{1} << 18;
    const auto bits_of = [](std::uint64_t seed, std::uint64_t update) {
        std::vector<double> bits;
        for (std::uint64_t index = 0; index < count; ++index) {
            bits.push_back((stochastic_bits(stochastic_key(seed, update), index) + 0.5) / 0x10000 - 0.5);
        }
        return bits;
    };
    const auto bound = 5.0 / std::sqrt(static_cast<double>(count));
    const auto correlation = [](const std::vector<double>& a, const std::vector<double>& b, std::size_t lag) {
        double sum = 0.0;
        for (std::size_t i = 0; i + lag < count; ++i) {
            sum += a[i + lag] * b[i];
        }
        return sum * 12.0 / static_cast<double>(count);
    };
    for (const auto& [seed, update] : {std::pair<std::uint64_t, std::uint64_t>{0, 0}, {1, 0}, {7, 783}}) {
        const std::vector<double> bits = bits_of(seed, update);
        double mean = 0.0;
        std::vector<std::uint32_t> bins(256, 0);
        for (const double x : bits) {
            mean += x / static_cast<double>(count);
            ++bins[static_cast<std::size_t>((x + 0.5) * 256)];
        }
        EXPECT_LT(std::fabs(mean), bound / std::sqrt(12.0));
        double chi_square = 0.0;
        for (const std::uint32_t bin : bins) {
            const double expected = static_cast<double>(count) / 256;
            chi_square += (bin - expected) * (bin - expected) / expected;
        }
        EXPECT_NEAR(chi_square, 255.0, 5 * std::sqrt(2 * 255.0));
        for (const std::size_t lag : {1u, 2u, 3u, 4u, 8u, 128u}) {
            EXPECT_LT(std::fabs(correlation(bits, bits, lag)), bound) << "lag " << lag;
        }
        EXPECT_LT(std::fabs(correlation(bits, bits_of(seed, update + 1), 0)), bound) << "next update";
        EXPECT_LT(std::fabs(correlation(bits, bits_of(seed + 1, update), 0)), bound) << "next seed";
    }
}

TEST(StochasticBits, OfFourNeighboursAreOneWord) {
    for (std::uint64_t index = 0; index < 64; ++index) {
        const std::uint64_t quad = stochastic_quad(stochastic_key(3, 5), index / 4);
        EXPECT_EQ(stochastic_bits(stochastic_key(3, 5), index), (quad >> (16 * (index % 4))) & 0xFFFFu);
    }
}

TEST(ParameterIndex, IsDifferentForEveryParameter) {
    for (const Shape shape : {Shape{1, 1, 1}, Shape{3, 5, 4}, Shape{1, 128, 10}, Shape{2, 17, 3}}) {
        const ParameterIndex index{shape};
        std::set<std::uint64_t> seen;
        for (std::uint32_t unit = 0; unit < shape.hidden; ++unit) {
            for (std::uint32_t gate = 0; gate < gate_count; ++gate) {
                for (std::uint32_t column = 0; column < shape.hidden + shape.input + 1; ++column) {
                    seen.insert(index.lstm(column, gate, unit));
                    // What an accelerator's word of four units relies on.
                    EXPECT_EQ(index.lstm(column, gate, unit) % 4, unit % 4);
                }
            }
        }
        for (std::uint32_t label = 0; label < shape.classes; ++label) {
            for (std::uint32_t unit = 0; unit < shape.hidden; ++unit) {
                seen.insert(index.head(label, unit));
            }
            seen.insert(index.head_bias(label));
        }
        EXPECT_EQ(seen.size(), parameter_count(shape));
    }
}

Plan stochastic_plan(bool regulariser = true) {
    Plan plan{.shape = {2, 17, 3}, .batch = 3, .steps = 5, .parts = 2};
    plan.precision = Precision::bf16;
    plan.rounding = Rounding::stochastic;
    plan.regulariser = regulariser;
    return plan;
}

// A step of an eighth of a unit of the weight's last place: to nearest it is lost, by chance it is made by
// one weight in eight, which e and d know of. Each weight has the random bits of its index.
TEST(StochasticUpdate, MakesSmallStepsNowAndThen) {
    const Plan plan = stochastic_plan();
    const Memory memory(layout(plan).value().total);
    const Workspace ws{layout(plan).value(), memory.bytes().data(), 4};
    const auto count = static_cast<std::uint32_t>(ws.extents().lstm_parameters);
    const std::vector<float> gradient(count, -0x1p-7f);
    const Kernels& portable = kernels(Backend::portable, Precision::bf16);
    constexpr int updates = 50;
    std::uint64_t moved = 0;
    for (std::uint64_t update = 0; update < updates; ++update) {
        for (std::size_t at = 0; at < count; ++at) {
            PortableBf16::put_weight(ws, at, 1.0f);
            put_state(ws, BufferId::regulariser_e, at, 0.0f);
            put_state(ws, BufferId::regulariser_d, at, 0.0f);
        }
        UpdateStep step{.learning_rate = 0.125f, .alpha = 0.5f};
        step.rounding_key = stochastic_key(9, update);
        portable.update(ws, step, {0, count}, gradient.data(), false);
        const ParameterIndex index{plan.shape};
        for (std::size_t at = 0; at < count; ++at) {
            const auto place = static_cast<std::uint32_t>(at % gates_per_block);
            const auto row = static_cast<std::uint32_t>(at / gates_per_block % ws.extents().rows);
            const auto block = static_cast<std::uint32_t>(at / gates_per_block / ws.extents().rows);
            const std::uint64_t parameter =
                index.lstm(row, place / units_per_block, block * units_per_block + place % units_per_block);
            const Bf16 expected =
                stochastic_narrow(1.0f + 0x1p-10f, stochastic_bits(step.rounding_key, parameter));
            const float now = PortableBf16::get_weight(ws, at);
            ASSERT_EQ(now, widen(expected));
            ASSERT_TRUE(now == 1.0f || now == 1.0f + 0x1p-7f);
            ASSERT_EQ(get_state(ws, BufferId::regulariser_e, at), 1.0f - now);
            ASSERT_EQ(get_state(ws, BufferId::regulariser_d, at), now - 1.0f);
            moved += now != 1.0f ? 1 : 0;
        }
    }
    const double tries = static_cast<double>(count) * updates;
    EXPECT_NEAR(static_cast<double>(moved) / tries, 0.125, 5 * std::sqrt(0.125 * 0.875 / tries));
}

TEST(StochasticUpdate, LetsInfinityAndNotANumberThrough) {
    const Plan plan = stochastic_plan(false);
    const Memory memory(layout(plan).value().total);
    const Workspace ws{layout(plan).value(), memory.bytes().data(), 4};
    for (std::size_t at = 0; at < 16; ++at) {
        PortableBf16::put_weight(ws, at, 1.0f);
    }
    std::vector<float> gradient(16, 0.0f);
    gradient[0] = std::numeric_limits<float>::infinity();
    gradient[1] = std::numeric_limits<float>::quiet_NaN();
    UpdateStep step{.learning_rate = 0.5f};
    step.rounding_key = stochastic_key(1, 1);
    kernels(Backend::portable, Precision::bf16).update(ws, step, {0, 16}, gradient.data(), false);
    EXPECT_EQ(PortableBf16::get_weight(ws, 0), -std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isnan(PortableBf16::get_weight(ws, 1)));
    EXPECT_EQ(PortableBf16::get_weight(ws, 2), 1.0f);
}

// Training on two batches, the trainer exchanged for another after the first if so wished.
Network trained(std::uint64_t seed, Rounding rounding, bool exchanged) {
    Plan plan = stochastic_plan();
    plan.rounding = rounding;
    const Samples samples = random_samples(plan, 42);
    const Hyper hyper{.learning_rate = 0.01f, .rounding_seed = seed};
    Training first(plan, Backend::portable);
    first.load(random_network(plan.shape, 43));
    first->train({}, samples.batch(), hyper);
    if (!exchanged) {
        first->train({}, samples.batch(), hyper);
        return first.parameters();
    }
    Training second(plan, Backend::portable);
    for (const BufferId id : Trainer::persistent) {
        const std::span<const std::byte> from = first->bytes(id);
        std::copy(from.begin(), from.end(), second->bytes(id).begin());
    }
    second->set_updates(first->updates());
    second->train({}, samples.batch(), hyper);
    return second.parameters();
}

TEST(StochasticTraining, DependsOnTheSeedAloneAndCanBeResumed) {
    const Network once = trained(1, Rounding::stochastic, false);
    EXPECT_TRUE(trained(1, Rounding::stochastic, false) == once);
    EXPECT_TRUE(trained(1, Rounding::stochastic, true) == once);
    EXPECT_FALSE(trained(2, Rounding::stochastic, false) == once);
    EXPECT_FALSE(trained(1, Rounding::nearest, false) == once);
    EXPECT_TRUE(trained(1, Rounding::nearest, false) == trained(2, Rounding::nearest, false));
}

TEST(StochasticTraining, IsForBf16AndBackendsThatKnowIt) {
    for (const Precision precision : {Precision::fp32, Precision::mixed}) {
        Plan plan = stochastic_plan();
        plan.precision = precision;
        EXPECT_EQ(validate(plan), Error::bad_option);
    }
    const Plan plan = stochastic_plan();
    EXPECT_EQ(validate(plan), Error::none);
    if (available(Backend::host)) {
        const Memory memory(layout(plan).value().total);
        EXPECT_EQ(Trainer::create(plan, memory.bytes(), kernels(Backend::host, Precision::bf16)).error(),
                  Error::bad_option);
    }
}

}  // namespace
}  // namespace partita::learn::test
