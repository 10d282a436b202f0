#include "partita/learn/bfloat16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "support.hpp"

namespace partita::learn::test {
namespace {

bool is_infinite_or_nan(std::uint32_t bits) {
    return (bits & 0x7F800000u) == 0x7F800000u;
}

// Value of a BF16 number where infinity would be the next power of two: rounding treats it so.
double value_for_rounding(std::uint32_t bf16) {
    const double magnitude = (bf16 & 0x7FFFu) == 0x7F80u
                                 ? 0x1p128
                                 : static_cast<double>(widen({static_cast<std::uint16_t>(bf16 & 0x7FFFu)}));
    return (bf16 & 0x8000u) != 0 ? -magnitude : magnitude;
}

// Nearest BF16 number, to even in the middle, by comparing the distances of the two candidates in FP64
// (exact).
std::uint16_t nearest(float x) {
    const std::uint32_t below = bits_of(x) >> 16;  // towards zero
    const std::uint32_t above = below + 1;
    const double to_below = std::fabs(static_cast<double>(x) - value_for_rounding(below));
    const double to_above = std::fabs(static_cast<double>(x) - value_for_rounding(above));
    if (to_below != to_above) {
        return static_cast<std::uint16_t>(to_below < to_above ? below : above);
    }
    return static_cast<std::uint16_t>(below % 2 == 0 ? below : above);
}

static_assert(narrow(1.0f).bits == 0x3F80);
static_assert(narrow(-0.0f).bits == 0x8000);
static_assert(widen({0xC000}) == -2.0f);
static_assert(join(split(0.1f)) == 0.1f);

TEST(Bf16, WidensToItself) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const Bf16 x{static_cast<std::uint16_t>(bits)};
        ASSERT_EQ(bits_of(widen(x)), bits << 16);
        ASSERT_EQ(narrow(widen(x)).bits, std::isnan(widen(x)) ? 0x7FC0 : bits) << std::hex << bits;
    }
}

TEST(Bf16, NarrowsToTheNearestAndToEvenInTheMiddle) {
    for (std::uint32_t high = 0; high < 0x10000; ++high) {
        for (const std::uint32_t low :
             {0x0000u, 0x0001u, 0x1234u, 0x7FFFu, 0x8000u, 0x8001u, 0xABCDu, 0xFFFFu}) {
            const std::uint32_t bits = (high << 16) | low;
            if (!is_infinite_or_nan(bits)) {
                ASSERT_EQ(narrow(float_of(bits)).bits, nearest(float_of(bits))) << std::hex << bits;
            }
        }
    }
}

TEST(Bf16, NarrowsSpecialNumbers) {
    EXPECT_EQ(narrow(infinity).bits, 0x7F80);
    EXPECT_EQ(narrow(-infinity).bits, 0xFF80);
    EXPECT_EQ(narrow(std::numeric_limits<float>::max()).bits, 0x7F80);
    EXPECT_EQ(narrow(float_of(0x7F7F7FFF)).bits, 0x7F7F);
    EXPECT_EQ(narrow(0x1p-149f).bits, 0x0000);
    EXPECT_EQ(narrow(-0x1p-149f).bits, 0x8000);
    // Half of the smallest number is a tie and goes to zero, the next above it does not.
    EXPECT_EQ(narrow(0x1p-134f).bits, 0x0000);
    EXPECT_EQ(narrow(float_of(bits_of(0x1p-134f) + 1)).bits, 0x0001);
    for (const std::uint32_t nan : {0x7F800001u, 0x7FFFFFFFu, 0xFF800001u, 0xFFFFFFFFu, 0x7FC00000u}) {
        EXPECT_EQ(narrow(float_of(nan)).bits, 0x7FC0) << std::hex << nan;
    }
}

// What `split` promises, for one finite number.
void check_split(std::uint32_t bits) {
    const SplitFloat planes = split(float_of(bits));
    const std::uint32_t joined = bits_of(join(planes));
    const bool tie = (bits & 0xFFFFu) == 0x8000u;
    ASSERT_EQ(joined, tie ? bits + 1 : bits) << std::hex << bits;
    ASSERT_EQ(planes.high.bits, nearest(float_of(joined))) << std::hex << bits;
    if (!tie) {
        ASSERT_EQ(planes.high.bits, narrow(float_of(bits)).bits) << std::hex << bits;
    }
    // What has been joined once is never moved again.
    ASSERT_EQ(bits_of(join(split(float_of(joined)))), joined) << std::hex << bits;
}

TEST(SplitFloat, KeepsEveryNumberButTies) {
    for (std::uint32_t high = 0; high < 0x10000; ++high) {
        for (const std::uint32_t low : {0x0000u, 0x0001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
            if (!is_infinite_or_nan(high << 16)) {
                check_split((high << 16) | low);
            }
        }
    }
    Random random(1);
    for (int i = 0; i < 1'000'000; ++i) {
        const std::uint32_t bits = draw(random);
        if (!is_infinite_or_nan(bits)) {
            check_split(bits);
        }
    }
}

TEST(SplitFloat, KeepsInfinityAndNotANumber) {
    EXPECT_EQ(join(split(infinity)), infinity);
    EXPECT_EQ(join(split(-infinity)), -infinity);
    EXPECT_TRUE(std::isnan(join(split(float_of(0x7F800001u)))));
    EXPECT_TRUE(std::isnan(join(split(float_of(0xFFFFFFFFu)))));
    // The largest numbers are nearest to BF16's infinity, and are kept all the same.
    EXPECT_EQ(split(std::numeric_limits<float>::max()).high.bits, 0x7F80);
}

}  // namespace
}  // namespace partita::learn::test
