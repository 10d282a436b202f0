// Errors over all floats: every 1,009th bit pattern (a prime, so that every exponent meets all kinds of
// significands), and each of 4,096 neighbours of the places where something changes. The reference is the C
// library in FP64, whose own error, below 2^-52 relative, is 2^-28 ULP here.

#include "partita/learn/activation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support.hpp"

namespace partita::learn::test {
namespace {

// Distance in units of the last place that a float of the reference's size has; subnormals have 2^-149.
double ulp_error(float found, double reference) {
    const int exponent = std::max(std::ilogb(reference), -126);
    return std::fabs(static_cast<double>(found) - reference) / std::ldexp(1.0, exponent - 23);
}

template <typename Visit>
void sweep(const Visit& visit) {
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 1009) {
        visit(float_of(static_cast<std::uint32_t>(bits)));
    }
    for (const float centre :
         {0x1p-149f, 0x1p-126f,  1e-20f,  0x1p-24f, 0x1p-12f, 0.3465736f, 0.5f,   0.6931472f,
          1.0f,      1.0397208f, 9.0109f, 9.1f,     16.63f,   17.33f,     44.0f,  86.99f,
          87.0f,     87.34f,     88.0f,   88.37f,   88.73f,   104.0f,     3.4e38f}) {
        for (std::uint32_t step = 0; step < 4096; ++step) {
            const std::uint32_t bits = bits_of(centre) + step - std::min(bits_of(centre), 2048u);
            visit(float_of(bits));
            visit(float_of(bits | 0x80000000u));
        }
    }
}

struct Worst {
    double error = 0.0;
    float at = 0.0f;

    void see(double e, float x) {
        if (!(e <= error)) {  // NaN is worst
            error = e;
            at = x;
        }
    }
};

// The bounds are those that activation.hpp states; a sweep that finds less than half of one has not looked.
TEST(Activation, ExpIsWithinItsBound) {
    Worst worst;
    sweep([&](float x) {
        if (x >= activation::exp_min && x <= activation::exp_max) {
            worst.see(ulp_error(exp(x), std::exp(static_cast<double>(x))), x);
        }
    });
    EXPECT_LE(worst.error, 1.1) << "at " << worst.at;
    EXPECT_GE(worst.error, 0.55);
}

TEST(Activation, SigmoidIsWithinItsBound) {
    Worst worst;
    sweep([&](float x) {
        if (x >= -activation::exp_max) {
            worst.see(ulp_error(sigmoid(x), 1.0 / (1.0 + std::exp(-static_cast<double>(x)))), x);
        }
    });
    EXPECT_LE(worst.error, 2.5) << "at " << worst.at;
    EXPECT_GE(worst.error, 1.25);
}

TEST(Activation, TanhIsWithinItsBoundEverywhere) {
    Worst worst;
    sweep([&](float x) {
        if (x == x && x != 0.0f) {
            worst.see(ulp_error(tanh(x), std::tanh(static_cast<double>(x))), x);
        }
    });
    EXPECT_LE(worst.error, 2.6) << "at " << worst.at;
    EXPECT_GE(worst.error, 1.3);
}

TEST(Activation, LogIsWithinItsBound) {
    Worst worst;
    sweep([&](float x) {
        if (x >= 0x1p-126f && x < infinity && x != 1.0f) {
            worst.see(ulp_error(log(x), std::log(static_cast<double>(x))), x);
        }
    });
    EXPECT_LE(worst.error, 0.501) << "at " << worst.at;
    EXPECT_GE(worst.error, 0.25);
    EXPECT_EQ(bits_of(log(1.0f)), bits_of(0.0f));
}

// Short of saturation neighbours may be out of order, each being off by its own error; numbers further apart
// may not.
TEST(Activation, GrowsWithItsArgument) {
    float before_exp = exp(-infinity);
    float before_sigmoid = sigmoid(-infinity);
    float before_tanh = tanh(-infinity);
    for (int i = -120 * 4096; i <= 120 * 4096; ++i) {
        const float x = static_cast<float>(i) * 0x1p-12f;
        EXPECT_GE(exp(x), before_exp) << x;
        EXPECT_GE(sigmoid(x), before_sigmoid) << x;
        // Where tanh is flat two arguments 2^-12 apart have the same value or nearly; each is off by 2.6 ULP
        // of 1/2..1 at most.
        EXPECT_GE(tanh(x), before_tanh - 5.2f * 0x1p-24f) << x;
        before_exp = exp(x);
        before_sigmoid = sigmoid(x);
        before_tanh = tanh(x);
    }
    EXPECT_GE(exp(infinity), before_exp);
    EXPECT_GE(sigmoid(infinity), before_sigmoid);
    EXPECT_GE(tanh(infinity), before_tanh);
}

TEST(Activation, Saturates) {
    for (const float x : {88.1f, 89.0f, 1e4f, std::numeric_limits<float>::max(), infinity}) {
        EXPECT_EQ(exp(x), exp(88.0f)) << x;
        EXPECT_EQ(exp(-x), exp(-87.0f)) << x;
        EXPECT_EQ(sigmoid(-x), sigmoid(-88.0f)) << x;
    }
    EXPECT_GE(exp(-infinity), std::numeric_limits<float>::min());
    EXPECT_LT(exp(infinity), infinity);
    EXPECT_GT(sigmoid(-infinity), 0.0f);
    // 1 - sigmoid(17.4) = exp(-17.4) = 2.8e-8 is below half a ULP of 1.
    for (const float x : {17.4f, 20.0f, 88.0f, 1e30f, infinity}) {
        EXPECT_EQ(sigmoid(x), 1.0f) << x;
    }
    // 1 - tanh(9.011) = 2 exp(-18.022) = 3.0e-8, half a ULP below 1.
    for (const float x : {9.011f, 9.1f, 10.0f, 1e30f, infinity}) {
        EXPECT_EQ(tanh(x), 1.0f) << x;
        EXPECT_EQ(tanh(-x), -1.0f) << x;
    }
}

TEST(Activation, KeepsNotANumber) {
    for (const std::uint32_t bits : {0x7FC00000u, 0xFFC00000u, 0x7F800001u, 0xFFFFFFFFu}) {
        EXPECT_TRUE(std::isnan(exp(float_of(bits))));
        EXPECT_TRUE(std::isnan(sigmoid(float_of(bits))));
        EXPECT_TRUE(std::isnan(tanh(float_of(bits))));
        EXPECT_TRUE(std::isnan(log(float_of(bits))));
    }
}

TEST(Activation, IsExactAtZeroAndOddOrEvenAboutIt) {
    for (const float zero : {0.0f, -0.0f}) {
        EXPECT_EQ(exp(zero), 1.0f);
        EXPECT_EQ(sigmoid(zero), 0.5f);
        EXPECT_EQ(bits_of(tanh(zero)), bits_of(zero));
    }
    for (const float tiny : {0x1p-149f, 0x1.8p-127f, 0x1p-126f, 0x1p-40f}) {
        EXPECT_EQ(exp(tiny), 1.0f);
        EXPECT_EQ(exp(-tiny), 1.0f);
        EXPECT_EQ(tanh(tiny), tiny);
    }
    sweep([](float x) {
        if (x == x) {
            ASSERT_EQ(bits_of(tanh(-x)), bits_of(tanh(x)) ^ 0x80000000u) << x;
        }
    });
}

}  // namespace
}  // namespace partita::learn::test
