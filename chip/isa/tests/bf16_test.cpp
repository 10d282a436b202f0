// Zfbfmin against its definition (RISC-V BF16 extensions, version 1.0), written on magnitudes as integers.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "chip/isa/execute.hpp"
#include "encode.hpp"
#include "functional.hpp"

namespace partita::chip::isa::test {
namespace {

constexpr Extensions with_bf16{.bf16 = true};

constexpr std::uint32_t to_bf16(std::uint32_t rounding) {
    return floating(0x22, rounding, 4, 1, 8);
}
constexpr std::uint32_t to_single(std::uint32_t rounding) {
    return floating(0x20, rounding, 4, 1, 6);
}

struct Expected {
    std::uint16_t bits = 0;
    std::uint8_t flags = 0;
};

// Whether a magnitude whose lower part is `rest` of 2 * `half`, above an odd or even number, goes up.
bool goes_up(std::uint32_t rest, std::uint32_t half, bool odd, bool negative, Rounding rounding) {
    switch (rounding) {
        case Rounding::nearest_even:
            return rest > half || (rest == half && odd);
        case Rounding::nearest_away:
            return rest >= half;
        case Rounding::down:
            return negative && rest != 0;
        case Rounding::up:
            return !negative && rest != 0;
        case Rounding::towards_zero:
            break;
    }
    return false;
}

// The exponents of the two formats are the same, so that rounding is of the bits as an integer.
Expected rounded(std::uint32_t single, Rounding rounding) {
    const bool negative = single >> 31U != 0;
    const std::uint32_t size = single & 0x7fff'ffffU;
    if (size > 0x7f80'0000U) {
        const bool signaling = (size & 0x0040'0000U) == 0;
        return {0x7fc0, signaling ? fflag::invalid : std::uint8_t{0}};
    }
    const std::uint32_t rest = size & 0xffffU;
    const std::uint32_t kept = size >> 16U;
    const std::uint32_t up = goes_up(rest, 0x8000, (kept & 1U) != 0, negative, rounding) ? 1 : 0;
    Expected expected;
    expected.bits = static_cast<std::uint16_t>(kept + up + (negative ? 0x8000U : 0U));
    if (rest != 0) {
        expected.flags |= fflag::inexact;
        expected.flags |= kept + up == 0x7f80U ? fflag::overflow : std::uint8_t{0};
        // Below 2^-126 eight bits end at 2^-134 or lower; tiny is what stays below 2^-126 with them. Only
        // from 2^-127 on can it get there.
        const std::uint32_t eight = size >> 15U;
        const bool reaches = eight == 0xffU && goes_up(size & 0x7fffU, 0x4000, true, negative, rounding);
        expected.flags |= size < 0x0080'0000U && !reaches ? fflag::underflow : std::uint8_t{0};
    }
    return expected;
}

class Bf16 : public testing::Test {
  protected:
    Bf16() { state_.mstatus = floating_on; }
    Trap one(std::uint32_t bits) { return execute(decode(bits, with_bf16), state_, memory_); }

    HartState state_;
    TimedMemory memory_{0x80000000, 0x1000};
};

// Every BF16 number with what may follow it: nothing, one, just below, at and just above a half, all, and the
// quarter that decides about tininess.
TEST_F(Bf16, RoundsEveryNeighbourhoodInEveryMode) {
    constexpr std::uint32_t tails[] = {0,      1,      0x3fff, 0x4000, 0x4001, 0x7fff,
                                       0x8000, 0x8001, 0xbfff, 0xc000, 0xffff};
    for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
        for (const std::uint32_t tail : tails) {
            const std::uint32_t single = upper << 16U | tail;
            for (std::uint32_t mode = 0; mode < 5; ++mode) {
                const Expected expected = rounded(single, static_cast<Rounding>(mode));
                std::uint8_t flags = 0;
                ASSERT_EQ(narrow_to_bf16(single, static_cast<Rounding>(mode), flags), expected.bits)
                    << std::hex << single << ", mode " << mode;
                ASSERT_EQ(flags, expected.flags) << std::hex << single << ", mode " << mode;
            }
        }
    }
}

// The instruction, by its own and the dynamic mode, with fflags clear and set, which decides who does it.
TEST_F(Bf16, ConvertsFromSingle) {
    std::mt19937 random(1);
    for (int i = 0; i < 200000; ++i) {
        const auto mode = static_cast<std::uint32_t>(i % 5);
        const bool dynamic = i % 2 == 0;
        auto single = static_cast<std::uint32_t>(random());
        single = i % 3 == 0 ? single & 0xffff'8000U : single;
        const std::uint8_t before = i % 4 == 0 ? 0 : fflag::inexact;
        state_.f[1] = box(single);
        state_.frm = static_cast<std::uint8_t>(mode);
        state_.fflags = before;
        ASSERT_EQ(one(to_bf16(dynamic ? 7 : mode)), Trap::none);
        const Expected expected = rounded(single, static_cast<Rounding>(mode));
        ASSERT_EQ(state_.f[4], 0xffff'ffff'ffff'0000U | expected.bits) << std::hex << single;
        ASSERT_EQ(state_.fflags, before | expected.flags) << std::hex << single;
    }
}

TEST_F(Bf16, ConvertsEveryNumberToSingle) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const bool nan = (bits & 0x7fffU) > 0x7f80U;
        const bool signaling = nan && (bits & 0x40U) == 0;
        for (const std::uint32_t mode : {0U, 1U, 4U}) {
            state_.f[1] = 0xffff'ffff'ffff'0000U | bits;
            state_.fflags = 0;
            ASSERT_EQ(one(to_single(mode)), Trap::none);
            ASSERT_EQ(state_.f[4], 0xffff'ffff'0000'0000U | (nan ? 0x7fc0'0000U : bits << 16U));
            ASSERT_EQ(state_.fflags, signaling ? fflag::invalid : 0) << std::hex << bits;
        }
    }
}

// What is not boxed as its format wants is the canonical NaN, without a flag.
TEST_F(Bf16, NeedsBoxedOperands) {
    for (const std::uint64_t held :
         {0xffff'ffff'3f80'0000U, std::uint64_t{0x0000'ffff'ffff'3f80U}, 0xffff'ffff'fffe'3f80U,
          0x3ff0'0000'0000'0000U, 0xffff'ffff'0000'3f80U}) {
        state_.f[1] = held;
        ASSERT_EQ(one(to_single(0)), Trap::none);
        EXPECT_EQ(state_.f[4], 0xffff'ffff'7fc0'0000U) << std::hex << held;
    }
    for (const std::uint64_t held :
         {std::uint64_t{0x3f80'0000U}, 0xffff'fffe'3f80'0000U, 0x3ff0'0000'0000'0000U}) {
        for (const std::uint8_t before : {std::uint8_t{0}, fflag::inexact}) {
            state_.f[1] = held;
            state_.fflags = before;
            ASSERT_EQ(one(to_bf16(0)), Trap::none);
            EXPECT_EQ(state_.f[4], 0xffff'ffff'ffff'7fc0U) << std::hex << held;
            EXPECT_EQ(state_.fflags, before);
        }
    }
}

TEST_F(Bf16, MovesBits) {
    state_.f[1] = 0x1234'5678'9abc'8001U;  // boxed or not
    ASSERT_EQ(one(floating(0x72, 0, 5, 1, 0)), Trap::none);
    EXPECT_EQ(state_.x[5], 0xffff'ffff'ffff'8001U);
    state_.f[1] = 0x7f81;
    ASSERT_EQ(one(floating(0x72, 0, 5, 1, 0)), Trap::none);
    EXPECT_EQ(state_.x[5], 0x7f81U) << "a signaling NaN is not looked at";
    state_.x[1] = 0xaaaa'bbbb'cccc'7f81U;
    ASSERT_EQ(one(floating(0x7a, 0, 4, 1, 0)), Trap::none);
    EXPECT_EQ(state_.f[4], 0xffff'ffff'ffff'7f81U);
    EXPECT_EQ(state_.fflags, 0);
}

TEST_F(Bf16, LoadsAndStores) {
    state_.x[10] = memory_.base();
    memory_.store<std::uint64_t>(memory_.base(), 0x0123'4567'89ab'cdefU);
    ASSERT_EQ(one(immediate_type(0x07, 1, 4, 10, 2)), Trap::none);
    EXPECT_EQ(state_.f[4], 0xffff'ffff'ffff'89abU);
    state_.f[3] = 0x1111'2222'3333'4444U;
    ASSERT_EQ(one(store(1, 3, 10, 6) | 4U), Trap::none);
    EXPECT_EQ(memory_.load<std::uint64_t>(memory_.base()), 0x4444'4567'89ab'cdefU);
    EXPECT_EQ(one(immediate_type(0x07, 1, 4, 10, 1)), Trap::load_misaligned);
    EXPECT_EQ(one(store(1, 3, 10, 1) | 4U), Trap::store_misaligned);
    EXPECT_EQ(one(immediate_type(0x07, 1, 4, 10, -2)), Trap::load_fault);
}

TEST_F(Bf16, IsIllegalWhereItMustBe) {
    const std::uint32_t words[] = {to_bf16(7),
                                   to_single(7),
                                   floating(0x72, 0, 5, 1, 0),
                                   floating(0x7a, 0, 4, 1, 0),
                                   immediate_type(0x07, 1, 4, 10, 0),
                                   store(1, 3, 10, 0) | 4U};
    state_.x[10] = memory_.base();
    for (const std::uint32_t word : words) {
        EXPECT_EQ(decode(word).op, Op::illegal) << "without the extension";
        state_.mstatus = 0;
        EXPECT_EQ(one(word), Trap::illegal) << "while the unit is off";
        state_.mstatus = floating_on;
        EXPECT_EQ(one(word), Trap::none);
    }
    state_.frm = 5;
    EXPECT_EQ(one(to_bf16(7)), Trap::illegal);
    EXPECT_EQ(one(to_single(7)), Trap::illegal);
    EXPECT_EQ(one(to_bf16(5)), Trap::illegal);
    EXPECT_EQ(one(to_single(6)), Trap::illegal);
    // Zfhmin's conversions of FP16, beside which they stand.
    EXPECT_EQ(one(floating(0x22, 0, 4, 1, 0)), Trap::illegal);
    EXPECT_EQ(one(floating(0x20, 0, 4, 1, 2)), Trap::illegal);
}

// As GNU's assembler knows the words of the standard.
TEST_F(Bf16, DecodesTheStandardsWords) {
    const auto op = [](std::uint32_t bits) { return std::string(name(decode(bits, with_bf16).op)); };
    EXPECT_EQ(op(0x44857553), "fcvt.bf16.s");  // fa0, fa0
    EXPECT_EQ(op(0x40650553), "fcvt.s.bf16");  // fa0, fa0, rne
    EXPECT_EQ(op(0x00251787), "flh");          // fa5, 2(a0)
    EXPECT_EQ(op(0x00f51227), "fsh");          // fa5, 4(a0)
    EXPECT_EQ(op(0xe40787d3), "fmv.x.h");      // a5, fa5
    EXPECT_EQ(op(0xf40787d3), "fmv.h.x");      // fa5, a5
}

}  // namespace
}  // namespace partita::chip::isa::test
