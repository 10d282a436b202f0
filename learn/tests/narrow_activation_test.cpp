// Every BF16 number, beside the C library in FP64: a result is right if no other BF16 number is nearer.

#include "partita/learn/narrow_activation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "partita/learn/activation.hpp"

namespace partita::learn::test {
namespace {

double exact_sigmoid(double x) {
    return x < 0 ? std::exp(x) / (1.0 + std::exp(x)) : 1.0 / (1.0 + std::exp(-x));
}

bool nearest(double exact, Bf16 found) {
    const double error = std::fabs(static_cast<double>(widen(found)) - exact);
    const auto closer = [&](int step) {
        const Bf16 other{static_cast<std::uint16_t>(found.bits + step)};
        return std::fabs(static_cast<double>(widen(other)) - exact) < error;
    };
    // Next to zero the bits of the number below wrap around to a NaN, which is never nearer.
    return !closer(-1) && !closer(1);
}

template <typename Visit>
void for_all_numbers(const Visit& visit) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const Bf16 x{static_cast<std::uint16_t>(bits)};
        if (!std::isnan(widen(x))) {
            visit(x, static_cast<double>(widen(x)));
        }
    }
}

TEST(NarrowActivation, IsRoundedCorrectlyEverywhere) {
    for_all_numbers([](Bf16 x, double number) {
        ASSERT_TRUE(nearest(exact_sigmoid(number), sigmoid(x))) << "sigmoid of " << number;
        ASSERT_TRUE(nearest(std::tanh(number), tanh(x))) << "tanh of " << number;
    });
}

TEST(NarrowActivation, IsTheFp32ActivationRounded) {
    // 2.6 ULP of FP32 change a rounding to BF16 only next to the middle of two numbers.
    std::uint32_t different = 0;
    for_all_numbers([&](Bf16 x, double number) {
        // Below -88, the FP32 one keeps its value.
        if (number > -87.0) {
            different += narrow(sigmoid(widen(x))).bits != sigmoid(x).bits ? 1u : 0u;
        }
        different += narrow(tanh(widen(x))).bits != tanh(x).bits ? 1u : 0u;
    });
    EXPECT_LE(different, 2 * 65536.0 * 2.6 * 2 / 65536);
}

TEST(NarrowActivation, Saturates) {
    const auto sigmoid_of = [](float x) { return widen(sigmoid(narrow(x))); };
    const auto tanh_of = [](float x) { return widen(tanh(narrow(x))); };
    EXPECT_EQ(sigmoid_of(6.25f), 1.0f);
    EXPECT_LT(sigmoid_of(6.21875f), 1.0f);
    EXPECT_EQ(sigmoid_of(-93.0f), 0.0f);
    EXPECT_GT(sigmoid_of(-92.5f), 0.0f);
    EXPECT_EQ(tanh_of(3.46875f), 1.0f);
    EXPECT_LT(tanh_of(3.453125f), 1.0f);
    for (const float x : {128.0f, 255.0f, 256.0f, 1e30f, HUGE_VALF}) {
        EXPECT_EQ(sigmoid_of(x), 1.0f) << x;
        EXPECT_EQ(sigmoid_of(-x), 0.0f) << x;
        EXPECT_EQ(tanh_of(x), 1.0f) << x;
        EXPECT_EQ(tanh_of(-x), -1.0f) << x;
    }
}

TEST(NarrowActivation, KeepsNotANumberAndTheSignOfZero) {
    constexpr std::uint16_t not_numbers[] = {0x7FC0, 0xFFC0, 0x7F81, 0xFFFF};
    for (const std::uint16_t bits : not_numbers) {
        EXPECT_EQ(sigmoid(Bf16{bits}).bits, 0x7FC0);
        EXPECT_EQ(tanh(Bf16{bits}).bits, 0x7FC0);
    }
    EXPECT_EQ(tanh(Bf16{0x8000}).bits, 0x8000);
    EXPECT_EQ(tanh(Bf16{0}).bits, 0);
    EXPECT_EQ(widen(sigmoid(Bf16{0x8000})), 0.5f);
}

// A gate of `mixed`: the FP32 pre-activation is rounded to BF16 before, by at most 2^-8 of it. That moves
// sigmoid by 2^-8 |x sigmoid'(x)|, whose largest value is 0.2239 * 2^-8 < 2^-10, and tanh by 2^-8 |x
// tanh'(x)| <= 2^-8 of it; the result is rounded by 2^-8 of it at most. Squares of 2^-8 are covered by the
// last factor.
TEST(NarrowActivation, IsWithinItsBoundForAnyArgument) {
    for (int i = -40 * 4096; i <= 40 * 4096; ++i) {
        const float x = static_cast<float>(i) * 0x1.001p-12f;
        const double s = exact_sigmoid(static_cast<double>(x));
        const double t = std::tanh(static_cast<double>(x));
        ASSERT_LE(std::fabs(static_cast<double>(widen(sigmoid(narrow(x)))) - s),
                  (0x1p-10 + s * 0x1p-8) * (1 + 0x1p-7))
            << x;
        ASSERT_LE(std::fabs(static_cast<double>(widen(tanh(narrow(x)))) - t),
                  std::fabs(t) * 0x1p-7 * (1 + 0x1p-7))
            << x;
    }
}

}  // namespace
}  // namespace partita::learn::test
