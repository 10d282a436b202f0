#include <array>

#include "chip/gemmini/element.hpp"
#include "chip/gemmini/mesh_kernel.hpp"
#include "chip/gemmini/tests/function_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

// Zeros, least and largest subnormals, least normals, numbers around one, largest, infinities, NaN quiet and
// signalling.
constexpr std::array<std::uint16_t, 32> specials = {
    0x0000, 0x8000, 0x0001, 0x8001, 0x0002, 0x007F, 0x807F, 0x0080, 0x8080, 0x0081, 0x00FF,
    0x0100, 0x3F80, 0xBF80, 0x3F81, 0xBF7F, 0x3F7F, 0x4000, 0x1F80, 0x2000, 0xA001, 0x5F80,
    0x7F7F, 0xFF7F, 0x7F00, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1, 0x7F81, 0x0040, 0x4B7F};

void expect_multiply_add(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
    ASSERT_EQ(multiply_add_bf16(widen_bf16(a), widen_bf16(b), widen_bf16(c)), exact_multiply_add(a, b, c))
        << std::hex << a << " * " << b << " + " << c;
}

TEST(FunctionNumber, ModelRoundsKnownCases) {
    // 1 + 2^-8 is halfway between 1 and 1 + 2^-7: to even. 1 + 3 * 2^-8 is halfway to the odd one: up.
    EXPECT_EQ(exact_multiply_add(0x3F80, 0x3F80, 0x3B80), 0x3F80);
    EXPECT_EQ(exact_multiply_add(0x3F80, 0x3F81, 0x3B80), 0x3F82);
    // The largest number, doubled, is infinite; the least, halved, is a tie with 0.
    EXPECT_EQ(exact_multiply_add(0x7F7F, 0x4000, 0), 0x7F80);
    EXPECT_EQ(exact_multiply_add(0x0001, 0x3F00, 0), 0x0000);
    EXPECT_EQ(exact_multiply_add(0x8001, 0x3F00, 0), 0x8000);
    EXPECT_EQ(exact_multiply_add(0x0003, 0x3F00, 0), 0x0002);
    // Signs of zero.
    EXPECT_EQ(exact_multiply_add(0x8000, 0x3F80, 0x0000), 0x0000);
    EXPECT_EQ(exact_multiply_add(0x8000, 0x3F80, 0x8000), 0x8000);
    EXPECT_EQ(exact_multiply_add(0x3F80, 0x3F80, 0xBF80), 0x0000);
    EXPECT_EQ(exact_multiply_add(0x7F80, 0x0000, 0x3F80), 0x7FC0);
}

TEST(FunctionNumber, MultiplyAddOfSpecials) {
    for (const std::uint16_t a : specials) {
        for (const std::uint16_t b : specials) {
            for (const std::uint16_t c : specials) {
                expect_multiply_add(a, b, c);
            }
        }
    }
}

TEST(FunctionNumber, MultiplyAddOfAnyBits) {
    Random random(1);
    for (int i = 0; i < 1'000'000; ++i) {
        const std::uint32_t ab = random();
        expect_multiply_add(static_cast<std::uint16_t>(ab), static_cast<std::uint16_t>(ab >> 16),
                            static_cast<std::uint16_t>(random()));
    }
}

// Exponents that make product and addend overlap or nearly cancel, with ties frequent: few significand bits
// set.
TEST(FunctionNumber, MultiplyAddWhereRoundingsMeet) {
    Random random(2);
    const auto draw = [&](unsigned least, unsigned range) {
        const std::uint32_t word = random();
        const std::uint32_t fraction = word & word >> 8 & 0x7F;
        return static_cast<std::uint16_t>((word >> 31) << 15 | (least + (word >> 16 & 0x7FFF) % range) << 7 |
                                          fraction);
    };
    for (int i = 0; i < 1'000'000; ++i) {
        expect_multiply_add(draw(124, 6), draw(124, 6), draw(110, 24));
    }
    for (int i = 0; i < 300'000; ++i) {
        expect_multiply_add(draw(40, 60), draw(40, 60), draw(0, 30));
    }
}

// A tie that only a tiny addend breaks: 1.5 * 129/128 needs nine bits. 2^-100 is far beyond a double's 53.
TEST(FunctionNumber, TinyAddendBreaksTie) {
    const std::uint16_t tie_a = 0x3FC0;
    const std::uint16_t tie_b = 0x3F81;
    EXPECT_EQ(exact_multiply_add(tie_a, tie_b, 0), 0x3FC2);
    EXPECT_EQ(multiply_add_bf16(to_float(tie_a), to_float(tie_b), 0x1p-100F),
              exact_multiply_add(tie_a, tie_b, bf16(0x1p-100F)));
    EXPECT_EQ(exact_multiply_add(tie_a, tie_b, bf16(-0x1p-100F)), 0x3FC1);
    EXPECT_EQ(multiply_add_bf16(to_float(tie_a), to_float(tie_b), -0x1p-100F), 0x3FC1);
}

void expect_chain(const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>& d,
                  unsigned side) {
    std::vector<float> got = d;
    ordinary_bf16_chain(side)(a.data(), b.data(), got.data(), side);
    std::vector<float> slow = d;
    any_bf16_chain(a.data(), b.data(), slow.data(), side, side);
    for (unsigned row = 0; row < side; ++row) {
        for (unsigned column = 0; column < side; ++column) {
            std::uint16_t sum = bf16(d[row * side + column]);
            for (unsigned k = 0; k < side; ++k) {
                sum = exact_multiply_add(bf16(a[row * side + k]), bf16(b[k * side + column]), sum);
            }
            ASSERT_EQ(bf16(got[row * side + column]), sum) << side << ": " << row << ", " << column;
            ASSERT_EQ(bf16(slow[row * side + column]), sum) << side << ": " << row << ", " << column;
        }
    }
}

TEST(FunctionNumber, ChainsOfOrdinaryNumbers) {
    Random random(3);
    for (const unsigned side : {2U, 4U, 8U, 16U, 32U, 64U}) {
        // Exponents from 2^-60 to 2^60, then near one, where sums cancel and round.
        for (const unsigned spread : {120U, 4U, 1U}) {
            const auto draw = [&] {
                const std::uint32_t word = random();
                if (word % 16 == 0) {
                    return word % 32 == 0 ? 0.0F : -0.0F;
                }
                const unsigned exponent = (spread == 120 ? 67 : 126) + (word >> 8 & 0xFFFF) % spread;
                return widen_bf16(
                    static_cast<std::uint16_t>((word >> 31) << 15 | exponent << 7 | (word & 0x7F)));
            };
            for (unsigned round = 0; round < 4000 / (side * side) + 2; ++round) {
                std::vector<float> a(side * side);
                std::vector<float> b(side * side);
                std::vector<float> d(side * side);
                for (std::vector<float>* const numbers : {&a, &b, &d}) {
                    for (float& number : *numbers) {
                        number = draw();
                    }
                    ASSERT_TRUE(ordinary(numbers->data(), side * side));
                }
                expect_chain(a, b, d, side);
                expect_chain(a, b, std::vector<float>(side * side), side);
            }
        }
    }
}

TEST(FunctionNumber, OrdinaryEndsAt60) {
    for (const float number : {0.0F, -0.0F, 1.0F, 0x1p60F, -0x1p60F, 0x1p-60F}) {
        EXPECT_TRUE(ordinary(&number, 1)) << number;
    }
    for (const float number : {0x1.02p60F, 0x1.fep-61F, 0x1p-133F, INFINITY, NAN, -0x1p-61F}) {
        EXPECT_FALSE(ordinary(&number, 1)) << number;
    }
    const float mixed[] = {1.0F, NAN, 1.0F};
    EXPECT_FALSE(ordinary(mixed, 3));
}

TEST(FunctionNumber, ProductsAndSumsRoundOnce) {
    Random random(4);
    const auto check = [](std::uint16_t x, std::uint16_t y) {
        // x * y alone is x * y + a zero of the product's sign.
        const auto zero = static_cast<std::uint16_t>((x ^ y) & 0x8000);
        ASSERT_EQ(multiply<Bf16>(to_float(x), to_float(y), false), exact_multiply_add(x, y, zero))
            << std::hex << x << ' ' << y;
        ASSERT_EQ(multiply<Bf16>(to_float(x), to_float(y), true), exact_multiply_add(x, y, 0))
            << std::hex << x << ' ' << y;
        ASSERT_EQ(Bf16::round(to_float(x) + to_float(y)), exact_add(x, y)) << std::hex << x << ' ' << y;
    };
    for (const std::uint16_t x : specials) {
        for (const std::uint16_t y : specials) {
            check(x, y);
        }
    }
    for (int i = 0; i < 500'000; ++i) {
        const std::uint32_t word = random();
        check(static_cast<std::uint16_t>(word), static_cast<std::uint16_t>(word >> 16));
        // Products around the least numbers: exponents that add up to 2^-134.
        check(static_cast<std::uint16_t>(word & 0xBFFF),
              static_cast<std::uint16_t>((word >> 16 & 0x807F) | (word >> 20 & 7) << 7 | 0x1C00));
    }
}

TEST(FunctionNumber, IntegerScaleRoundsHalfToEvenAndSaturates) {
    EXPECT_EQ(multiply_integer(5, 0.5F), 2);
    EXPECT_EQ(multiply_integer(7, 0.5F), 4);
    EXPECT_EQ(multiply_integer(-5, 0.5F), -2);
    EXPECT_EQ(multiply_integer(-7, 0.5F), -4);
    EXPECT_EQ(multiply_integer(1, 3e9F), 2147483647);
    EXPECT_EQ(multiply_integer(-1, 3e9F), -2147483647 - 1);
    EXPECT_EQ(multiply_integer(-1, 0x1p31F), -2147483647 - 1);
    EXPECT_EQ(multiply_integer(0, INFINITY), 2147483647);  // NaN: the largest
    EXPECT_EQ(multiply_integer(3, INFINITY), 2147483647);
    EXPECT_EQ(multiply_integer(-3, INFINITY), -2147483647 - 1);
    EXPECT_EQ(multiply_integer((1 << 24) + 1, 1.0F), 1 << 24);  // int to float, tie to even
    EXPECT_EQ(Int8::round(multiply_integer(1000, 1.0F)), 127);
    EXPECT_EQ(Int8::round(multiply_integer(-1000, 1.0F)), -128);
}

}  // namespace
}  // namespace partita::chip::gemmini::test
