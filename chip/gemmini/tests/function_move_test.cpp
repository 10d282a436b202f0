#include <numeric>

#include "chip/gemmini/tests/function_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

using Row = std::vector<std::uint16_t>;

// BF16 1, 2, 3, ...
Row counting(unsigned count, unsigned first = 1) {
    Row row(count);
    for (unsigned i = 0; i < count; ++i) {
        row[i] = bf16(static_cast<float>(first + i));
    }
    return row;
}

Row slice(const Row& row, std::size_t first, std::size_t count) {
    return {row.begin() + static_cast<std::ptrdiff_t>(first),
            row.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

TEST(FunctionMove, BlocksGoApartAndPartColumnsLeaveTheRest) {
    Rig rig(bf16_chip());
    const Row source = counting(64);
    rig.put(memory_base + 2, source);  // misaligned rows, 14 bytes apart
    for (std::uint32_t row = 0; row < 64; ++row) {
        rig.set_scratchpad(row, Row(4, 0x1234));
    }
    rig.issue(config_load(0, 14, one_bf16, 16));
    rig.issue(move_in(memory_base + 2, 3, 2, 6));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(3), slice(source, 0, 4));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(4), slice(source, 7, 4));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(5), Row(4, 0x1234));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(19), (Row{source[4], source[5], 0x1234, 0x1234}));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(20), (Row{source[11], source[12], 0x1234, 0x1234}));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(21), Row(4, 0x1234));
}

TEST(FunctionMove, RowsWrapAround) {
    Rig rig(bf16_chip());
    const Row source = counting(16);
    rig.put(memory_base, source);
    rig.issue(config_load(0, 8, one_bf16, 4));
    rig.issue(move_in(memory_base, 16382, 4, 4));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(16383), slice(source, 4, 4));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(0), slice(source, 8, 4));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(1), slice(source, 12, 4));
}

TEST(FunctionMove, EachChannelHasItsConfiguration) {
    Rig rig(bf16_chip());
    rig.put(memory_base, counting(64));
    for (unsigned channel = 0; channel < 3; ++channel) {
        rig.issue(config_load(channel, 8 * (channel + 1), bf16(static_cast<float>(channel + 1)), 4));
    }
    for (unsigned channel = 0; channel < 3; ++channel) {
        rig.issue(move_in(memory_base, 0, 2, 4, channel));
        const auto scale = static_cast<float>(channel + 1);
        for (unsigned column = 0; column < 4; ++column) {
            const float second = static_cast<float>(4 * (channel + 1) + column + 1);
            EXPECT_EQ(rig.scratchpad<std::uint16_t>(1)[column], bf16(second * scale)) << channel;
        }
    }
}

TEST(FunctionMove, NullAddressGivesZerosStrideZeroRepeats) {
    Rig rig(bf16_chip());
    const Row source = counting(8);
    rig.put(memory_base, source);
    rig.issue(config_load(2, 0, one_bf16, 4, true));
    rig.issue(move_in(memory_base, accumulator | 8, 3, 8, 2));
    for (std::uint32_t row = 8; row < 11; ++row) {
        EXPECT_EQ(rig.accumulator_row<std::uint16_t>(row), slice(source, 0, 4));
        EXPECT_EQ(rig.accumulator_row<std::uint16_t>(row + 4), slice(source, 4, 4));
    }
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(11), Row(4, 0));
    rig.issue(move_in(0, accumulator | 8, 2, 4, 2));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(9), Row(4, 0));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(10), slice(source, 0, 4));
    // Zeros that are added canonicalise and turn -0 into +0.
    rig.set_accumulator(0, Row{0x8000, 0xFFC5, 0x0001, 0xC000});
    rig.issue(move_in(0, accumulator | accumulate, 1, 4, 2));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0), (Row{0x0000, 0x7FC0, 0x0001, 0xC000}));
}

TEST(FunctionMove, ScalingByOneCanonicalisesNanAndMinusZero) {
    const Row source = {0x8000, 0xFFFF, 0x7F81, 0x8001, 0x0000, 0xFF80, 0x7F80, 0x7F7F};
    for (const bool adds_zero : {true, false}) {
        Config chip = bf16_chip(8);
        chip.scale_adds_zero = adds_zero;
        Rig rig(chip);
        rig.put(memory_base, source);
        rig.issue(config_load(0, 16, one_bf16, 8));
        rig.issue(move_in(memory_base, 0, 1, 8));
        const std::uint16_t zero = adds_zero ? 0x0000 : 0x8000;
        EXPECT_EQ(rig.scratchpad<std::uint16_t>(0),
                  (Row{zero, 0x7FC0, 0x7FC0, 0x8001, 0x0000, 0xFF80, 0x7F80, 0x7F7F}));
    }
    // Shared scale units let a factor of one pass.
    Config chip = bf16_chip(8);
    chip.load_scale_units = 4;
    Rig rig(chip);
    rig.put(memory_base, source);
    rig.issue(config_load(0, 16, one_bf16, 8));
    rig.issue(move_in(memory_base, 0, 1, 8));
    EXPECT_EQ(rig.scratchpad<std::uint16_t>(0), source);
}

TEST(FunctionMove, EveryBitPatternScales) {
    for (const std::uint16_t scale : {one_bf16, bf16(0.75F), bf16(-3.0F), std::uint16_t{0x0001},
                                      std::uint16_t{0x8000}, std::uint16_t{0x7F80}}) {
        Rig rig(bf16_chip());
        rig.issue(config_load(0, 8, scale, 4));
        Row all(1 << 16);
        std::iota(all.begin(), all.end(), 0);
        rig.put(memory_base, all);
        for (std::uint32_t first = 0; first < 1 << 16; first += 32) {
            rig.issue(move_in(memory_base + 2 * first, 0, 1, 32));
            for (std::uint32_t i = 0; i < 32; ++i) {
                const auto x = static_cast<std::uint16_t>(first + i);
                ASSERT_EQ(rig.scratchpad<std::uint16_t>(i / 4 * 4)[i % 4], exact_multiply_add(x, scale, 0))
                    << x << ' ' << scale;
            }
        }
    }
}

TEST(FunctionMove, AccumulatorAddsWithOneRounding) {
    Rig rig(bf16_chip());
    rig.issue(config_load(2, 8, one_bf16, 4));
    // 1 + 2^-8 is a tie: to even. -0 + -0 (moved in as +0) is +0. inf - inf is NaN.
    rig.set_accumulator(0, Row{0x3F80, 0x8000, 0x7F80, 0x3F81});
    rig.put(memory_base, Row{0x3B80, 0x8000, 0xFF80, 0x3B80});
    rig.issue(move_in(memory_base, accumulator | accumulate, 1, 4, 2));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0), (Row{0x3F80, 0x0000, 0x7FC0, 0x3F82}));
    rig.issue(move_in(memory_base, accumulator, 1, 2, 2));
    EXPECT_EQ(rig.accumulator_row<std::uint16_t>(0), (Row{0x3B80, 0x0000, 0x7FC0, 0x3F82}));
}

TEST(FunctionMove, ShrinkSaysWhatIsInMemory) {
    Rig rig(wide_bf16_chip());
    rig.put(memory_base, std::vector<float>{1.0F + 0x1p-20F, -2.0F, 3.5F, 0x1p-140F});
    rig.issue(config_load(0, 16, one_fp32, 4));
    rig.issue(move_in(memory_base, accumulator, 1, 4));
    EXPECT_EQ(rig.accumulator_row<float>(0), (std::vector<float>{1.0F + 0x1p-20F, -2.0F, 3.5F, 0x1p-140F}));
    rig.put(memory_base, Row{bf16(1.5F), bf16(-2.0F), 0x0001, 0xFFC1});
    rig.issue(config_load(0, 8, std::bit_cast<std::uint32_t>(2.0F), 4, true));
    rig.issue(move_in(memory_base, accumulator | 1, 1, 4));
    EXPECT_EQ(rig.accumulator_row<std::uint32_t>(1),
              (std::vector<std::uint32_t>{0x4040'0000, 0xC080'0000, 0x0002'0000, 0x7FC0'0000}));
    // 17 floats of four bytes are more than a DMA's 64.
    rig.issue(config_load(0, 16, one_fp32, 4));
    EXPECT_EQ(rig.error(move_in(memory_base, accumulator, 1, 17)),
              "MVIN 1 x 17 from 0x80000000 to accumulator row 0: 68 bytes in a row; expected at most 64");
}

TEST(FunctionMove, OutOfScratchpadIsACopyAtAnyAlignment) {
    Rig rig(bf16_chip());
    rig.set_scratchpad(5, Row{0x8000, 0xFFC1, 0x0001, 4});
    rig.set_scratchpad(9, Row{5, 6, 7, 8});
    rig.set_scratchpad(6, Row{9, 10, 11, 12});
    rig.set_scratchpad(10, Row{13, 14, 15, 16});
    rig.put(memory_base, std::vector<std::uint8_t>(64, 0xEE));
    rig.issue(config_store(17, one_bf16));
    rig.issue(move_out(memory_base + 1, 5, 2, 6));
    EXPECT_EQ(rig.get<std::uint8_t>(memory_base, 1)[0], 0xEE);
    EXPECT_EQ(rig.get<std::uint16_t>(memory_base + 1, 6), (Row{0x8000, 0xFFC1, 0x0001, 4, 5, 6}));
    EXPECT_EQ(rig.get<std::uint8_t>(memory_base + 13, 5), std::vector<std::uint8_t>(5, 0xEE));
    EXPECT_EQ(rig.get<std::uint16_t>(memory_base + 18, 6), (Row{9, 10, 11, 12, 13, 14}));
    EXPECT_EQ(rig.get<std::uint8_t>(memory_base + 30, 5), std::vector<std::uint8_t>(5, 0xEE));
}

TEST(FunctionMove, OutOfAccumulatorActivatesAndScales) {
    Rig rig(bf16_chip());
    const Row row = {bf16(-1.5F), 0x8000, 0xFFC1, bf16(3.0F)};
    rig.set_accumulator(7, row);
    rig.issue(config_store(8, bf16(0.5F), 1));
    rig.issue(move_out(memory_base, accumulator | 7, 1, 4));
    EXPECT_EQ(rig.get<std::uint16_t>(memory_base, 4),
              (Row{0, 0, 0, bf16(1.5F)}));  // a negative NaN is negative
    rig.issue(config_store(8, 0xFFFF, 0));  // keeps 0.5
    rig.issue(move_out(memory_base, accumulator | 7, 1, 4));
    EXPECT_EQ(rig.get<std::uint16_t>(memory_base, 4), (Row{bf16(-0.75F), 0, 0x7FC0, bf16(1.5F)}));
    rig.issue(move_out(memory_base, accumulator | full_width | 7, 1, 4));
    EXPECT_EQ(rig.get<std::uint16_t>(memory_base, 4), row);  // raw
}

TEST(FunctionMove, WideAccumulatorNarrowsOrNot) {
    Rig rig(wide_bf16_chip());
    const std::vector<float> row = {0x1.01p0F, 0x1.02fffep0F, -0x1p-140F, 3.4e38F};
    rig.set_accumulator(0, row);
    rig.issue(config_store(16, one_fp32));
    rig.issue(move_out(memory_base, accumulator, 1, 4));
    // 1 + 2^-8 is a tie, to even; just below 1 + 3 * 2^-8: down; 2^-140 is below half of 2^-133; 3.4e38
    // rounds to infinity.
    EXPECT_EQ(rig.get<std::uint16_t>(memory_base, 4), (Row{0x3F80, 0x3F81, 0x8000, 0x7F80}));
    rig.issue(move_out(memory_base, accumulator | full_width, 1, 4));
    EXPECT_EQ(rig.get<float>(memory_base, 4), row);
}

TEST(FunctionMove, Int8ScalesRoundAndSaturate) {
    Rig rig(int8_chip());
    std::vector<std::int8_t> source(16);
    std::iota(source.begin(), source.end(), std::int8_t{-8});
    source[15] = 127;
    rig.put(memory_base, source);
    rig.issue(config_load(0, 16, std::bit_cast<std::uint32_t>(1.5F), 16));
    rig.issue(move_in(memory_base, 0, 1, 16));
    EXPECT_EQ(rig.scratchpad<std::int8_t>(0),
              (std::vector<std::int8_t>{-12, -10, -9, -8, -6, -4, -3, -2, 0, 2, 3, 4, 6, 8, 9, 127}));
    rig.issue(config_load(1, 64, std::bit_cast<std::uint32_t>(2.0F), 16));
    const std::vector<std::int32_t> wide = {1 << 30, -(1 << 30), 5, -5, 0, 127, 128, -129,
                                            1,       2,          3, 4,  5, 6,   7,   8};
    rig.put(memory_base, wide);
    rig.issue(move_in(memory_base, accumulator, 1, 16, 1));
    EXPECT_EQ(rig.accumulator_row<std::int32_t>(0), wide);  // int32 is not scaled
    rig.issue(move_in(memory_base, accumulator | accumulate, 1, 16, 1));
    EXPECT_EQ(rig.accumulator_row<std::int32_t>(0)[0],
              std::numeric_limits<std::int32_t>::min());  // 2^31 wraps
    rig.issue(config_store(16, std::bit_cast<std::uint32_t>(0.25F), 1));
    rig.issue(move_out(memory_base, accumulator, 1, 16));
    EXPECT_EQ(rig.get<std::int8_t>(memory_base, 16),
              (std::vector<std::int8_t>{0, 0, 2, 0, 0, 64, 64, 0, 0, 1, 2, 2, 2, 3, 4, 4}));
}

TEST(FunctionMove, ErrorsAreNamed) {
    Rig rig(bf16_chip());
    EXPECT_EQ(rig.error(move_in(memory_base, 0, 1, 4, 2)),
              "MVIN3 1 x 4 from 0x80000000 to scratchpad row 0: no CONFIG_LD for channel 2 before it");
    EXPECT_EQ(rig.error(move_out(memory_base, 0, 1, 4)),
              "MVOUT 1 x 4 to 0x80000000 from scratchpad row 0: no CONFIG_ST before it");
    rig.issue(config_load(0, 8, one_bf16, 3));
    EXPECT_EQ(rig.error(move_in(memory_base, 0, 4, 4)),
              "MVIN 4 x 4 from 0x80000000 to scratchpad row 0: the block stride, 3, is less than the number "
              "of rows");
    rig.issue(config_load(0, 8, one_bf16, 4));
    EXPECT_EQ(rig.error(move_in(memory_base + memory_size - 12, 0, 2, 4)),
              "MVIN 2 x 4 from 0x800ffff4 to scratchpad row 0: row 1, 8 bytes at 0x800ffffc, is outside "
              "memory, 0x80000000 to "
              "0x80100000");
    rig.issue(config_store(8, one_bf16));
    EXPECT_EQ(rig.error(move_out(0x1000, accumulator, 1, 4)),
              "MVOUT 1 x 4 to 0x1000 from accumulator row 0: row 0, 8 bytes at 0x1000, is outside memory, "
              "0x80000000 to "
              "0x80100000");
}

}  // namespace
}  // namespace partita::chip::gemmini::test
