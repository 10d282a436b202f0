#include "portable/arithmetic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "portable/products.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

__extension__ using Wide = unsigned __int128;

float bf16(std::uint32_t bits) {
    return widen({static_cast<std::uint16_t>(bits)});
}
std::uint16_t bf16_bits(float x) {
    return static_cast<std::uint16_t>(bits_of(x) >> 16);
}

// A finite BF16 number as sign * significand * 2^exponent.
struct Exact {
    bool negative;
    std::uint32_t significand;
    int exponent;
};

Exact exact(std::uint32_t bits) {
    const std::uint32_t biased = (bits >> 7) & 0xFFu;
    const std::uint32_t fraction = bits & 0x7Fu;
    return {(bits & 0x8000u) != 0, biased == 0 ? fraction : fraction | 0x80u,
            (biased == 0 ? 1 : static_cast<int>(biased)) - 134};
}

// magnitude * 2^exponent, plus something below one unit of it where `sticky`, as BF16, to nearest even.
std::uint16_t rounded(bool negative, Wide magnitude, int exponent, bool sticky) {
    const std::uint32_t sign = negative ? 0x8000u : 0u;
    // Down to 8 significant bits, but never finer than the smallest number, 2^-133.
    bool half = false;
    while (magnitude >= 256 || exponent < -133) {
        sticky = sticky || half;
        half = (magnitude & 1u) != 0;
        magnitude >>= 1;
        ++exponent;
    }
    while (magnitude < 128 && exponent > -133 && magnitude != 0) {
        EXPECT_FALSE(half || sticky);
        magnitude <<= 1;
        --exponent;
    }
    if (half && (sticky || (magnitude & 1u) != 0)) {
        ++magnitude;
    }
    if (magnitude == 256) {
        magnitude = 128;
        ++exponent;
    }
    if (exponent + 134 >= 255) {
        return static_cast<std::uint16_t>(sign | 0x7F80u);
    }
    const std::uint32_t value = magnitude < 128 ? static_cast<std::uint32_t>(magnitude)
                                                : static_cast<std::uint32_t>(magnitude - 128) +
                                                      (static_cast<std::uint32_t>(exponent + 134) << 7);
    return static_cast<std::uint16_t>(sign | value);
}

// a * b + c in integers, for finite numbers. Where one term is far below the other's last place, it only
// decides ties.
std::uint16_t fused_exactly(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    const Exact x = exact(a);
    const Exact y = exact(b);
    const Exact z = exact(c);
    struct Term {
        bool negative;
        Wide magnitude;
        int exponent;
    };
    Term product{x.negative != y.negative, Wide{x.significand} * y.significand, x.exponent + y.exponent};
    Term addend{z.negative, z.significand, z.exponent};
    if (product.magnitude == 0 && addend.magnitude == 0) {
        return product.negative && addend.negative ? 0x8000 : 0x0000;
    }
    if (product.magnitude == 0) {
        return static_cast<std::uint16_t>(c);
    }
    if (addend.magnitude == 0) {
        return rounded(product.negative, product.magnitude, product.exponent, false);
    }
    Term high = product.exponent >= addend.exponent ? product : addend;
    Term low = product.exponent >= addend.exponent ? addend : product;
    const int distance = high.exponent - low.exponent;
    if (distance > 80) {
        // `low` is below 2^16 of its own units, less than one unit of the enlarged `high`: a sliver of its
        // sign.
        const Wide magnitude = high.magnitude << 60;
        const bool same = high.negative == low.negative;
        return rounded(high.negative, same ? magnitude : magnitude - 1, high.exponent - 60, true);
    }
    const Wide lifted = high.magnitude << distance;
    if (high.negative == low.negative) {
        return rounded(high.negative, lifted + low.magnitude, low.exponent, false);
    }
    if (lifted == low.magnitude) {
        return 0x0000;
    }
    return lifted > low.magnitude ? rounded(high.negative, lifted - low.magnitude, low.exponent, false)
                                  : rounded(low.negative, low.magnitude - lifted, low.exponent, false);
}

::testing::AssertionResult fused_is_exact(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    const float found = fused_bf16(bf16(a), bf16(b), bf16(c));
    const std::uint16_t expected = fused_exactly(a, b, c);
    if (bf16_bits(found) == expected && (bits_of(found) & 0xFFFFu) == 0) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << std::hex << a << " * " << b << " + " << c << " = "
                                         << bf16_bits(found) << ", expected " << expected;
}

TEST(FusedBf16, IsExactOnSpecialNumbers) {
    // Zeros, the smallest and largest subnormal and normal numbers, 1 and its neighbours, halves, the largest
    // number.
    std::vector<std::uint32_t> numbers;
    for (const std::uint32_t bits :
         {0x0000u, 0x0001u, 0x0002u, 0x003Fu, 0x0040u, 0x007Fu, 0x0080u, 0x0081u, 0x00FFu,
          0x0100u, 0x1FFFu, 0x2000u, 0x3EFFu, 0x3F00u, 0x3F01u, 0x3F7Fu, 0x3F80u, 0x3F81u,
          0x3FC0u, 0x3FFFu, 0x4000u, 0x5F7Fu, 0x5F80u, 0x7EFFu, 0x7F00u, 0x7F7Eu, 0x7F7Fu}) {
        numbers.push_back(bits);
        numbers.push_back(bits | 0x8000u);
    }
    for (const std::uint32_t a : numbers) {
        for (const std::uint32_t b : numbers) {
            for (const std::uint32_t c : numbers) {
                ASSERT_TRUE(fused_is_exact(a, b, c));
            }
        }
    }
}

TEST(FusedBf16, IsExactOnAMillionRandomTriples) {
    Random random(2);
    const auto finite = [&] {
        for (;;) {
            const std::uint32_t bits = draw(random) >> 16;
            if ((bits & 0x7F80u) != 0x7F80u) {
                return bits;
            }
        }
    };
    for (int i = 0; i < 500'000; ++i) {
        ASSERT_TRUE(fused_is_exact(finite(), finite(), finite()));
        // Products near the addend, where the sum cancels or ties: exponents within 12 of each other.
        const std::uint32_t a = finite();
        const std::uint32_t b = (finite() & 0x807Fu) | (0x3F80u + ((draw(random) % 25) << 7) - (12u << 7));
        const std::uint32_t c = (a & 0x7F80u) | (finite() & 0x807Fu);
        ASSERT_TRUE(fused_is_exact(a, b, c));
    }
}

// The short way through FP32 and the long one: about the size below which only the long one is right, with
// products that FP32 rounds or loses, ties, and sums that cancel.
TEST(FusedBf16, IsTheSameByTheShortWay) {
    Random random(18);
    const auto number = [&](std::uint32_t lowest, std::uint32_t exponents) {
        const std::uint32_t bits = draw(random);
        return bf16((bits & 0x8000u) | ((lowest + draw(random) % exponents) << 7) | (bits & 0x7Fu));
    };
    for (int n = 0; n < 1'000'000; ++n) {
        const bool tiny = n % 2 == 0;
        const float a = tiny ? number(56, 16) : number(123, 8);
        const float b = tiny ? number(56, 16) : number(123, 8);
        const float c = n % 64 == 0 ? 0.0f : tiny ? number(0, 30) : number(121, 16);
        ASSERT_EQ(bits_of(fused_bf16(a, b, c)), bits_of(fused_bf16_by_wider_sum(a, b, c)))
            << a << " * " << b << " + " << c;
    }
}

TEST(FusedBf16, RoundsOnceWhereTwiceWouldDiffer) {
    // (1 + 2^-7) (1 + 2^-1) = 1.51171875 = 1.5078125 + 2^-8, a tie, to even: 1.515625. A sliver less must
    // give 1.5078125, though FP32, and FP64 for the smallest sliver, round it to the tie first.
    EXPECT_EQ(fused_bf16(1.0078125f, 1.5f, 0.0f), 1.515625f);
    EXPECT_EQ(fused_bf16(1.0078125f, 1.5f, -0x1p-60f), 1.5078125f);
    EXPECT_EQ(fused_bf16(-1.0078125f, 1.5f, 0x1p-60f), -1.5078125f);
    EXPECT_EQ(fused_bf16(1.0078125f, 1.5f, -0x1p-133f), 1.5078125f);
}

TEST(FusedBf16, FollowsTheRulesOfInfinityAndNotANumber) {
    constexpr float largest = 0x1.FEp127f;
    EXPECT_EQ(fused_bf16(infinity, 2.0f, -1.0f), infinity);
    EXPECT_EQ(fused_bf16(1.0f, 1.0f, -infinity), -infinity);
    EXPECT_EQ(fused_bf16(largest, 2.0f, 0.0f), infinity);
    EXPECT_EQ(fused_bf16(largest, -largest, largest), -infinity);
    EXPECT_EQ(fused_bf16(largest, 2.0f, -largest), largest);  // only the sum is rounded
    for (const float nan : {fused_bf16(infinity, 0.0f, 1.0f), fused_bf16(infinity, 1.0f, -infinity),
                            fused_bf16(std::numeric_limits<float>::quiet_NaN(), 1.0f, 1.0f)}) {
        EXPECT_EQ(bf16_bits(nan), 0x7FC0);
    }
}

// Rows of all kinds: mostly ordinary numbers, so that one doubtful lane stands beside others, zeros of both
// signs, ties, numbers too small for FP32's products, infinities and NaN.
TEST(FusedBf16, IsTheSameForARow) {
    constexpr std::uint32_t lanes = 8;
    Random random(31);
    const auto number = [&](std::uint32_t kind) {
        const std::uint32_t bits = draw(random) >> 16;
        switch (kind) {
            case 0:
                return bf16(bits & 0x8000u);
            case 1:
                return bf16((bits & 0x807Fu) | (draw(random) % 60) << 7);
            case 2:
                return bf16(bits);
            case 3:
                return bf16((bits & 0x8000u) | 0x7F80u | (draw(random) & 1u));
            default:
                return bf16((bits & 0x807Fu) | (0x3E00u + (draw(random) % 8 << 7)));
        }
    };
    int ties = 0;
    for (int n = 0; n < 300'000; ++n) {
        const std::uint32_t rare = draw(random) % 400;
        const float a = number(rare);
        float b[lanes];
        float chain[lanes];
        float expected[lanes];
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            b[lane] = number(draw(random) % 100);
            chain[lane] = number(draw(random) % 100);
            expected[lane] = fused_bf16(a, b[lane], chain[lane]);
            ties += (bits_of(a * b[lane] + chain[lane]) & 0xFFFFu) == 0x8000u ? 1 : 0;
        }
        fused_bf16_row(a, b, chain);
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            ASSERT_EQ(bits_of(chain[lane]), bits_of(expected[lane])) << a << " * " << b[lane];
        }
    }
    EXPECT_GT(ties, 1000);
}

// ---- Chains ----

template <typename Format>
float chained(const std::vector<float>& a, const std::vector<float>& b, std::uint32_t side,
              bool has_start = false, float start = 0.0f) {
    return chained_product<Format>(
        static_cast<std::uint32_t>(a.size()), side, [&](std::uint32_t k) { return a[k]; },
        [&](std::uint32_t k) { return b[k]; }, has_start, start);
}

// The same, said as an array would: every chain has all `side` multiply-adds, zeros beyond the end.
float padded_chains(std::vector<float> a, std::vector<float> b, std::size_t side, bool has_start,
                    float start) {
    const std::size_t padded = (a.size() + side - 1) / side * side;
    a.resize(padded, 0.0f);
    b.resize(padded, 0.0f);
    float total = start;
    for (std::size_t first = 0; first < padded; first += side) {
        float chain = 0.0f;
        for (std::size_t k = first; k < first + side; ++k) {
            chain = fused_bf16(a[k], b[k], chain);
        }
        total = first == 0 && !has_start ? chain : round_to_bf16(total + chain);
    }
    return total;
}

TEST(ChainedProduct, IsThatOfAPaddedArrayBitForBit) {
    Random random(3);
    int tails = 0;
    for (const std::uint32_t side : {1u, 4u, 8u, 16u}) {
        for (std::size_t n = 1; n <= 35; ++n) {
            for (int repeat = 0; repeat < 20; ++repeat) {
                std::vector<float> a;
                std::vector<float> b;
                for (std::size_t k = 0; k < n; ++k) {
                    // Every fourth number tiny or zero, of either sign, so that chains of -0 occur.
                    const std::uint32_t sign = (draw(random) & 1u) << 15;
                    const bool tiny = repeat % 2 == 0 && draw(random) % 4 != 0;
                    a.push_back(bf16(sign | (tiny ? draw(random) % 4 : 0x3E80u + draw(random) % 0x180u)));
                    b.push_back(bf16(((draw(random) & 1u) << 15) | (0x3E80u + draw(random) % 0x180u)));
                }
                const bool has_start = repeat % 3 == 0;
                const float start = has_start ? bf16(0x3F00u + draw(random) % 0x100u) : 0.0f;
                const float found = chained<PortableBf16>(a, b, side, has_start, start);
                ASSERT_EQ(bf16_bits(found), bf16_bits(padded_chains(a, b, side, has_start, start)))
                    << "side " << side << ", n " << n;
                tails += n % side != 0 ? 1 : 0;
            }
        }
    }
    EXPECT_GT(tails, 1000);
}

TEST(ChainedProduct, OrderIsThatOfTheSide) {
    // 256 + 1 is a tie that BF16 rounds to 256: ones are lost when they meet the large number one by one, and
    // kept when a chain of their own has gathered them. Chains of 4: (256 + 1 + 1 + 1 = 256) + (4 * 1 = 4) =
    // 260. Chains of 8: 256.
    const std::vector<float> ones(8, 1.0f);
    std::vector<float> values(8, 1.0f);
    values[0] = 256.0f;
    EXPECT_EQ(chained<PortableBf16>(values, ones, 4), 260.0f);
    EXPECT_EQ(chained<PortableBf16>(values, ones, 8), 256.0f);
    // The start is added to the first chain, not multiplied into it: 256 + (1 + 1 + 1 + 1) = 260, once more
    // 264.
    values[0] = 1.0f;
    EXPECT_EQ(chained<PortableBf16>(values, ones, 4, true, 256.0f), 264.0f);
    EXPECT_EQ(chained<PortableBf16>(values, ones, 8, true, 256.0f), 264.0f);
    EXPECT_EQ(chained<PortableBf16>(values, ones, 1, true, 256.0f), 256.0f);
    // A tail of one behind a full chain: 256 + 1 = 256.
    EXPECT_EQ(chained<PortableBf16>(std::vector<float>{256, 0, 0, 0, 1}, std::vector<float>(5, 1.0f), 4),
              256.0f);
    // FP32 has no such loss but keeps the order: 2^24 + 1 = 2^24 within a chain, 2^24 + 4 across two.
    values.assign(8, 1.0f);
    values[0] = 0x1p24f;
    EXPECT_EQ(chained<PortableFp32>(values, ones, 4), 0x1p24f + 4.0f);
    EXPECT_EQ(chained<PortableFp32>(values, ones, 8), 0x1p24f);
    EXPECT_EQ(chained<PortableMixed>(values, ones, 4), 0x1p24f + 4.0f);
}

TEST(ChainedProduct, NegativeZeroSurvivesOnlyAFullChain) {
    // -2^-133 / 4 underflows to -0; the padding of a short chain adds +0 to it, which gives +0.
    const float tiny = -0x1p-133f;
    const std::vector<float> quarter(4, 0.25f);
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({0.0f, 0.0f, 0.0f, tiny}, quarter, 4)), 0x8000);
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({0.0f, 0.0f, tiny}, {0.25f, 0.25f, 0.25f}, 4)), 0x0000);
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({tiny}, {0.25f}, 1)), 0x8000);
    // Chains start from +0, so that a product of -0 alone leaves +0.
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({-0.0f, -0.0f, -0.0f, -0.0f}, quarter, 4)), 0x0000);
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({-0.0f}, {1.0f}, 4, true, -0.0f)), 0x0000);
    // Nothing to add: the start as it is, or zero.
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({}, {}, 4, true, -0.0f)), 0x8000);
    EXPECT_EQ(bf16_bits(chained<PortableBf16>({}, {}, 4)), 0x0000);
}

// ---- Several products at once ----

template <typename Format>
void expect_products_one_by_one(Random& random) {
    constexpr std::uint32_t lanes = 16;
    using Several = Products<Format, lanes>;
    for (const std::uint32_t side : {1u, 4u, 5u, 8u}) {
        for (const std::uint32_t n : {1u, 3u, 4u, 9u, 16u, 23u}) {
            const std::uint32_t rows = 1 + draw(random) % Several::rows_at_once;
            const auto numbers = [&](std::uint32_t count) {
                std::vector<float> result(count);
                for (float& x : result) {
                    // A quarter zeros of either sign, so that chains of -0 occur.
                    const std::uint32_t bits = draw(random);
                    x = bf16((bits & 0x8000u) | (bits % 4 == 0 ? 0u : 0x3E80u + (bits >> 16) % 0x180u));
                }
                return result;
            };
            const std::vector<float> left = numbers(n * rows);
            const std::vector<float> right = numbers(n * lanes);
            const std::vector<float> start = numbers(rows * lanes);
            for (const bool fresh : {true, false}) {
                Several sums;
                for (std::uint32_t i = 0; i < rows * lanes; ++i) {
                    sums.total[i / lanes][i % lanes] = start[i];
                }
                sums.add(
                    n, side, rows, [&](std::uint32_t k, std::uint32_t row) { return left[k * rows + row]; },
                    [&](std::uint32_t k, float(&to)[lanes]) {
                        std::copy_n(right.begin() + k * lanes, lanes, to);
                    },
                    fresh);
                for (std::uint32_t i = 0; i < rows * lanes; ++i) {
                    const std::uint32_t row = i / lanes;
                    const std::uint32_t lane = i % lanes;
                    const float expected = chained_product<Format>(
                        n, side, [&](std::uint32_t k) { return left[k * rows + row]; },
                        [&](std::uint32_t k) { return right[k * lanes + lane]; }, !fresh, start[i]);
                    ASSERT_EQ(bits_of(sums.total[row][lane]), bits_of(expected))
                        << "side " << side << ", n " << n << ", row " << row << ", lane " << lane;
                }
            }
        }
    }
}

TEST(Products, AreThoseOneByOneBitForBit) {
    Random random(32);
    for (int repeat = 0; repeat < 20; ++repeat) {
        expect_products_one_by_one<PortableFp32>(random);
        expect_products_one_by_one<PortableBf16>(random);
        expect_products_one_by_one<PortableMixed>(random);
    }
}

}  // namespace
}  // namespace partita::learn::test
