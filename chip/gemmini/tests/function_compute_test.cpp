#include <limits>

#include "chip/gemmini/tests/function_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

using Row = std::vector<std::uint16_t>;
constexpr std::uint16_t infinity = 0x7F80;
constexpr std::uint16_t nan = 0x7FC0;

Row draw_row(Random& random, unsigned side) {
    Row row(side);
    for (std::uint16_t& element : row) {
        element = bf16(static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 256.0F);
    }
    return row;
}

// A in rows 0..., B in rows 100..., D in rows 200...; results at accumulator row 0.
class FunctionCompute : public testing::TestWithParam<unsigned> {
  protected:
    FunctionCompute() : rig(bf16_chip(GetParam())), side(GetParam()) {
        for (unsigned row = 0; row < side; ++row) {
            rig.set_scratchpad(row, draw_row(random, side));
            rig.set_scratchpad(100 + row, draw_row(random, side));
            rig.set_scratchpad(200 + row, draw_row(random, side));
        }
        rig.issue(config_execute());
    }

    void run(std::uint64_t a, std::uint64_t b, std::uint64_t d, std::uint64_t c) {
        rig.issue(preload(b, c));
        rig.issue(compute(a, d));
    }
    std::uint16_t element(std::uint32_t row, unsigned column) {
        return rig.scratchpad<std::uint16_t>(row)[column];
    }
    std::uint16_t result(std::uint32_t row, unsigned column) {
        return rig.accumulator_row<std::uint16_t>(row)[column];
    }
    // The chain of the definition: rows and columns outside the operands are +0.
    std::uint16_t chain(unsigned row, unsigned column, unsigned rows, unsigned inner, unsigned columns,
                        std::uint16_t start) {
        std::uint16_t sum = start;
        for (unsigned k = 0; k < side; ++k) {
            const std::uint16_t a = row < rows && k < inner ? element(row, k) : 0;
            const std::uint16_t b = k < inner && column < columns ? element(100 + k, column) : 0;
            sum = exact_multiply_add(a, b, sum);
        }
        return sum;
    }
    std::uint64_t full(std::uint32_t local) const { return tile(local, side, side); }

    Rig rig;
    unsigned side;
    Random random{7};
};

TEST_P(FunctionCompute, MultipliesWithAndWithoutD) {
    run(full(0), full(100), full(garbage), full(accumulator));
    run(full(0), full(100), full(200), full(accumulator | 16));
    for (unsigned row = 0; row < side; ++row) {
        for (unsigned column = 0; column < side; ++column) {
            ASSERT_EQ(result(row, column), chain(row, column, side, side, side, 0));
            ASSERT_EQ(result(16 + row, column),
                      chain(row, column, side, side, side, element(200 + row, column)));
        }
    }
}

TEST_P(FunctionCompute, PaddingReplacesBothFactors) {
    // Everything outside 2 x 1 x 3 is Inf or NaN and must not be seen.
    for (unsigned row = 0; row < side; ++row) {
        Row a(side, infinity);
        Row b(side, infinity);
        if (row < 2) {
            a[0] = element(row, 0);
        }
        if (row < 1) {
            std::copy_n(rig.scratchpad<std::uint16_t>(100).begin(), std::min(3U, side), b.begin());
        }
        rig.set_scratchpad(row, a);
        rig.set_scratchpad(100 + row, b);
        rig.set_accumulator(row, Row(side, nan));
    }
    const unsigned columns = std::min(3U, side);
    run(tile(0, 2, 1), tile(100, 1, columns), full(garbage), tile(accumulator, 2, columns));
    for (unsigned row = 0; row < side; ++row) {
        for (unsigned column = 0; column < side; ++column) {
            const bool inside = row < 2 && column < columns;
            ASSERT_EQ(result(row, column), inside ? chain(row, column, 2, 1, columns, 0) : nan);
        }
    }
}

TEST_P(FunctionCompute, AccumulatesWithOneRoundingAndKeepsWeights) {
    run(full(0), full(100), full(garbage), full(accumulator));
    rig.issue(preload(full(garbage), full(accumulator | accumulate)));
    rig.issue(compute(full(0), full(garbage), false));
    for (unsigned column = 0; column < side; ++column) {
        const std::uint16_t once = chain(1, column, side, side, side, 0);
        EXPECT_EQ(result(1, column), exact_add(once, once));
    }
    // "Preloaded" changes to the weights of the last preload: none there means zeros.
    rig.issue(preload(full(garbage), full(accumulator)));
    rig.issue(compute(full(0), full(garbage)));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(1), Row(side, 0));
}

TEST_P(FunctionCompute, TransposesEqualTransposedMatrices) {
    run(tile(0, 2, side - 1), tile(100, side - 1, side), full(garbage), full(accumulator));
    std::vector<Row> straight;
    for (unsigned row = 0; row < side; ++row) {
        straight.push_back(rig.accumulator_row<std::uint16_t>(row));
    }
    for (unsigned row = 0; row < side; ++row) {
        Row a(side);
        Row b(side);
        for (unsigned column = 0; column < side; ++column) {
            a[column] = element(column, row);
            b[column] = element(100 + column, row);
        }
        rig.set_scratchpad(300 + row, a);
        rig.set_scratchpad(400 + row, b);
    }
    rig.issue(config_execute({.transpose_a = true}));
    run(tile(300, 2, side - 1), tile(100, side - 1, side), full(garbage), full(accumulator | 16));
    rig.issue(config_execute({.transpose_b = true}));
    run(tile(0, 2, side - 1), tile(400, side - 1, side), full(garbage), full(accumulator | 32));
    for (unsigned row = 0; row < side; ++row) {
        EXPECT_EQ(rig.accumulator_row<std::uint16_t>(16 + row), straight[row]);
        EXPECT_EQ(rig.accumulator_row<std::uint16_t>(32 + row), straight[row]);
    }
}

TEST_P(FunctionCompute, StridesOfAAndC) {
    for (unsigned row = 0; row < side; ++row) {
        rig.set_scratchpad(500 + 3 * row, rig.scratchpad<std::uint16_t>(row));
    }
    rig.issue(config_execute({.a_stride = 3, .c_stride = 2}));
    run(full(500), full(100), full(garbage), full(accumulator));
    for (unsigned row = 0; row < side; ++row) {
        for (unsigned column = 0; column < side; ++column) {
            ASSERT_EQ(result(2 * row, column), chain(row, column, side, side, side, 0));
        }
    }
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(1), Row(side, 0));
    // Only the strides change; the transposition stays.
    rig.issue(config_execute({.transpose_a = true}));
    rig.issue(command(0, 1 << 16 | 1 << 7 | 1 << 2, std::uint64_t{1} << 48));
    run(full(0), full(100), full(garbage), full(accumulator | 64));
    std::uint16_t sum = 0;
    for (unsigned k = 0; k < side; ++k) {
        sum = exact_multiply_add(element(k, 1), element(100 + k, 0), sum);
    }
    EXPECT_EQ(result(65, 0), sum);
}

TEST_P(FunctionCompute, AnyBitsFollowTheDefinition) {
    for (int round = 0; round < 200; ++round) {
        for (const std::uint32_t first : {0U, 100U, 200U}) {
            // Any bits in A, B or D alone, then in all three.
            const bool any = round % 4 == 3 || round % 4 == static_cast<int>(first / 100);
            for (unsigned row = 0; row < side; ++row) {
                Row bits(side);
                for (std::uint16_t& element : bits) {
                    // Whole tiles of any bits would be all NaN: mostly exponents around the least or around
                    // one.
                    const std::uint32_t word = random();
                    const std::uint32_t exponent =
                        any && round % 8 < 4 ? 30 + (word >> 8 & 63) : 120 + (word >> 8 & 7);
                    element = static_cast<std::uint16_t>(
                        any && word % 50 == 0 ? word >> 16
                                              : (word >> 31) << 15 | exponent << 7 | (word & 0x7F));
                }
                rig.set_scratchpad(first + row, bits);
            }
        }
        run(full(0), full(100), full(200), full(accumulator));
        for (unsigned row = 0; row < side; ++row) {
            for (unsigned column = 0; column < side; ++column) {
                std::uint16_t sum = element(200 + row, column);
                for (unsigned k = 0; k < side; ++k) {
                    sum = exact_multiply_add(element(row, k), element(100 + k, column), sum);
                }
                ASSERT_EQ(result(row, column), sum);
            }
        }
    }
}

TEST_P(FunctionCompute, GarbageResultIsDroppedAndFlips) {
    rig.set_accumulator(0, Row(side, 0x1234));
    rig.issue(preload(full(100), full(garbage)));
    rig.issue(compute(full(0), full(garbage)));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0), Row(side, 0x1234));
    rig.issue(preload(full(garbage), full(accumulator)));
    rig.issue(compute(full(0), full(garbage), false));
    EXPECT_EQ(result(0, 1), chain(0, 1, side, side, side, 0));
}

TEST_P(FunctionCompute, NeedsItsPreload) {
    run(full(0), full(100), full(garbage), full(accumulator));
    EXPECT_EQ(rig.error(compute(full(0), full(garbage))),
              "COMPUTE_PRELOADED A " + std::to_string(side) + " x " + std::to_string(side) +
                  " at scratchpad row 0, D nothing: no PRELOAD before it");
    Rig fresh(bf16_chip(side));
    EXPECT_NE(fresh.error(preload(full(0), full(accumulator))).find("no CONFIG_EX before it"),
              std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Sides, FunctionCompute, testing::Values(2U, 4U, 8U, 16U));

TEST(FunctionComputeSigns, MinusZeroEndsInPadding) {
    Rig rig(bf16_chip());
    rig.issue(config_execute());
    // The least number, negative, times a half is a tie: -0. Padding adds +0 * +0: +0. In the last step it
    // stays.
    rig.set_scratchpad(0, Row{0x8001, 0, 0, 0x8001});
    rig.set_scratchpad(4, Row{bf16(0.5F), 0, 0, 0});
    rig.set_scratchpad(7, Row{0, bf16(0.5F), 0, 0});
    rig.issue(preload(tile(4, 4, 4), tile(accumulator, 1, 4)));
    rig.issue(compute(tile(0, 1, 4), tile(garbage, 4, 4)));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0), (Row{0, 0x8000, 0, 0}));
}

// 2^128 is no float, but 2^128 - 2^127 is a BF16 number. One factor alone leaves the range of ordinary
// numbers.
TEST(FunctionComputeSpecial, ProductBeyondFloat) {
    for (const bool a_is_large : {true, false}) {
        const Row large = {bf16(-0x1p67F), bf16(0x1p68F), 0, 0};
        const Row ordinary = {bf16(0x1p60F), bf16(0x1p60F), 0, 0};
        Rig rig(bf16_chip());
        rig.issue(config_execute());
        rig.set_scratchpad(0, a_is_large ? large : ordinary);
        const Row& column = a_is_large ? ordinary : large;
        rig.set_scratchpad(4, Row{column[0], 0, 0, 0});
        rig.set_scratchpad(5, Row{column[1], 0, 0, 0});
        rig.issue(preload(tile(4, 4, 4), tile(accumulator, 1, 4)));
        rig.issue(compute(tile(0, 1, 4), tile(garbage, 4, 4)));
        EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0)[0], bf16(0x1p127F));
    }
}

TEST(FunctionComputeSpecial, InfinityAndNan) {
    Rig rig(bf16_chip());
    rig.issue(config_execute());
    rig.set_scratchpad(0, Row{infinity, one_bf16, 0, 0});
    rig.set_scratchpad(4, Row{one_bf16, 0, 0x7F7F, 0xBF80});
    rig.set_scratchpad(5, Row{0xFF80, one_bf16, 0x7F7F, one_bf16});
    rig.issue(preload(tile(4, 4, 4), tile(accumulator, 1, 4)));
    rig.issue(compute(tile(0, 1, 4), tile(garbage, 4, 4)));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0), (Row{nan, nan, infinity, 0xFF80}));
}

TEST(FunctionComputeFp32, ReadsAccumulatorWritesScratchpad) {
    Rig rig(fp32_chip());
    rig.issue(config_execute({.activation = 1, .scale = std::bit_cast<std::uint32_t>(0.5F)}));
    rig.set_accumulator(0, std::vector<float>{2.0F, -4.0F, 6.0F, 8.0F});
    for (unsigned row = 0; row < 4; ++row) {
        std::vector<float> unit(4, 0.0F);
        unit[row] = row == 2 ? -1.0F : 1.0F;
        rig.set_scratchpad(row, unit);
    }
    rig.issue(preload(tile(0, 4, 4), tile(8, 1, 4)));
    rig.issue(compute(tile(accumulator, 1, 4), tile(garbage, 4, 4)));
    // A: ReLU, then halved: 1, 0, 3, 4. Times the diagonal: 1, 0, -3, 4. ReLU again on the way to the
    // scratchpad.
    EXPECT_EQ(rig.scratchpad<float>(8), (std::vector<float>{1.0F, 0.0F, 0.0F, 4.0F}));
    rig.issue(preload(tile(accumulator, 1, 4), tile(accumulator | 8, 4, 4)));
    rig.issue(compute(tile(0, 4, 4), tile(garbage, 4, 4)));
    EXPECT_EQ(rig.accumulator_row<float>(8), (std::vector<float>{1.0F, 0.0F, 3.0F, 4.0F}));
}

TEST(FunctionComputeFp32, FusesAndCanonicalises) {
    Rig rig(fp32_chip());
    rig.issue(config_execute({.scale = one_fp32}));
    const float a = 1.0F + 0x1p-23F;
    rig.set_scratchpad(0, std::vector<float>{a, 1.0F, 0, 0});
    rig.set_scratchpad(4, std::vector<float>{a, std::numeric_limits<float>::infinity(), -0x1p-149F, 0});
    rig.set_scratchpad(
        5, std::vector<float>{-1.0F - 0x1p-22F, -std::numeric_limits<float>::infinity(), 0, -0.0F});
    rig.issue(preload(tile(4, 4, 4), tile(accumulator, 1, 4)));
    rig.issue(compute(tile(0, 1, 4), tile(garbage, 4, 4)));
    // (1 + u)^2 = 1 + 2u + u^2 rounds to 1 + 2u in the first step; the second leaves 0. The other order keeps
    // u^2.
    const auto row = rig.accumulator_row<std::uint32_t>(0);
    EXPECT_EQ(row, (std::vector<std::uint32_t>{0, 0x7FC0'0000, 0x8000'0001, 0}));
    rig.set_scratchpad(0, std::vector<float>{1.0F, a, 0, 0});
    rig.set_scratchpad(4, std::vector<float>{-1.0F - 0x1p-22F, 0, 0, 0});
    rig.set_scratchpad(5, std::vector<float>{a, 0, 0, 0});
    rig.issue(preload(tile(4, 4, 4), tile(accumulator, 1, 4)));
    rig.issue(compute(tile(0, 1, 4), tile(garbage, 4, 4)));
    EXPECT_EQ(rig.accumulator_row<float>(0)[0], 0x1p-46F);
}

TEST(FunctionComputeInt8, SumsSaturatesAndReadsAccumulator) {
    Rig rig(int8_chip());
    rig.issue(config_execute({.scale = one_fp32}));
    for (std::uint32_t row = 0; row < 16; ++row) {
        rig.set_scratchpad(row, std::vector<std::int8_t>(16, -128));
        rig.set_scratchpad(16 + row, std::vector<std::int8_t>(16, -128));
        rig.set_scratchpad(32 + row, std::vector<std::int8_t>(16, 1));
    }
    rig.issue(preload(tile(16, 16, 16), tile(accumulator, 16, 16)));
    rig.issue(compute(tile(0, 16, 16), tile(32, 16, 16)));
    EXPECT_EQ(rig.accumulator_row<std::int32_t>(3)[5], 16 * 128 * 128 + 1);
    rig.issue(preload(tile(garbage, 16, 16), tile(64, 16, 16)));
    rig.issue(compute(tile(0, 16, 16), tile(garbage, 16, 16), false));
    EXPECT_EQ(rig.scratchpad<std::int8_t>(64), std::vector<std::int8_t>(16, 127));
    // 262145 out of the accumulator saturates to 127 as an operand.
    rig.issue(preload(tile(32, 16, 16), tile(accumulator | 16, 16, 16)));
    rig.issue(compute(tile(accumulator, 16, 16), tile(garbage, 16, 16)));
    EXPECT_EQ(rig.accumulator_row<std::int32_t>(16), std::vector<std::int32_t>(16, 16 * 127));
}

// On a larger array the mesh's 20 bits wrap.
TEST(FunctionComputeInt8, PartialSumsHaveTwentyBits) {
    Config chip = int8_chip();
    chip.mesh_side = 32;
    Rig rig(chip);
    rig.issue(config_execute({.scale = one_fp32}));
    for (std::uint32_t row = 0; row < 64; ++row) {
        rig.set_scratchpad(row, std::vector<std::int8_t>(32, -128));
    }
    rig.issue(preload(tile(32, 32, 32), tile(accumulator, 32, 32)));
    rig.issue(compute(tile(0, 32, 32), tile(garbage, 32, 32)));
    EXPECT_EQ(rig.accumulator_row<std::int32_t>(0)[0], -(1 << 19));  // 32 * 2^14 = 2^19
}

}  // namespace
}  // namespace partita::chip::gemmini::test
