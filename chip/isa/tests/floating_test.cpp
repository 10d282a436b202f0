// Built with -frounding-math: the host's own arithmetic, in four rounding modes and with its flags, is the
// reference.

#include "chip/isa/floating.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <random>

#include "chip/isa/execute_float.hpp"
#include "encode.hpp"
#include "functional.hpp"

namespace partita::chip::isa::test {
namespace {

struct HostMode {
    Rounding rounding;
    int host;
};
constexpr HostMode host_modes[] = {{Rounding::nearest_even, FE_TONEAREST},
                                   {Rounding::towards_zero, FE_TOWARDZERO},
                                   {Rounding::down, FE_DOWNWARD},
                                   {Rounding::up, FE_UPWARD}};

std::uint8_t host_flags() {
    const int raised = std::fetestexcept(FE_ALL_EXCEPT);
    std::uint8_t flags = 0;
    flags |= (raised & FE_INEXACT) != 0 ? fflag::inexact : 0;
    flags |= (raised & FE_UNDERFLOW) != 0 ? fflag::underflow : 0;
    flags |= (raised & FE_OVERFLOW) != 0 ? fflag::overflow : 0;
    flags |= (raised & FE_DIVBYZERO) != 0 ? fflag::divide_by_zero : 0;
    flags |= (raised & FE_INVALID) != 0 ? fflag::invalid : 0;
    return flags;
}

// Values that collide: exponents from a short range, from the ends of the range, and fractions of few bits.
template <typename Bits>
Bits any_value(std::mt19937_64& random) {
    constexpr int fraction_bits = Layout<Bits>::fraction_bits;
    auto bits = static_cast<Bits>(random());
    const Bits sign_and_fraction = bits & static_cast<Bits>(~infinity<Bits>);
    const auto with_exponent = [&](int exponent) {
        return static_cast<Bits>(sign_and_fraction | static_cast<Bits>(Bits(exponent) << fraction_bits));
    };
    const int near = static_cast<int>(random() % 8);
    switch (random() % 8) {
        case 0:
            return bits;
        case 1:
            return with_exponent(near / 3);  // subnormal or about to be
        case 2:
            return with_exponent(2 * Layout<Bits>::bias - near / 3);  // about to overflow
        case 3:
            return with_exponent(Layout<Bits>::bias / 2 + near - 4 +
                                 fraction_bits / 2);  // products that underflow
        case 4:
            bits &= static_cast<Bits>(sign_bit<Bits> | infinity<Bits>);  // powers of two, zeros, infinities
            return bits;
        default:
            return with_exponent(Layout<Bits>::bias + near - 4);
    }
}

template <typename Bits>
void expect_same(Bits ours, std::uint8_t our_flags, typename Layout<Bits>::Host host, std::uint8_t flags,
                 const char* operation) {
    const Bits theirs = std::isnan(host) ? canonical_nan<Bits> : std::bit_cast<Bits>(host);
    ASSERT_EQ(ours, theirs) << operation;
    ASSERT_EQ(int{our_flags}, int{flags}) << operation << " gives " << ours;
}

// Calls both, the host in its rounding mode, and compares value and flags.
template <typename Bits, typename Ours, typename Hosts>
void compare(const HostMode& mode, const char* operation, Ours ours, Hosts hosts) {
    std::uint8_t our_flags = 0;
    const Bits result = ours(mode.rounding, our_flags);
    std::fesetround(mode.host);
    std::feclearexcept(FE_ALL_EXCEPT);
    const volatile typename Layout<Bits>::Host host = hosts();
    const std::uint8_t flags = host_flags();
    std::fesetround(FE_TONEAREST);
    expect_same<Bits>(result, our_flags, host, flags, operation);
}

template <typename Bits>
void compare_with_host(int count) {
    using Host = typename Layout<Bits>::Host;
    std::mt19937_64 random(5);
    for (int i = 0; i < count && !testing::Test::HasFatalFailure(); ++i) {
        const HostMode& mode = host_modes[i % 4];
        const Bits a = any_value<Bits>(random);
        const Bits b = any_value<Bits>(random);
        Bits c = any_value<Bits>(random);
        const volatile Host x = std::bit_cast<Host>(a);
        const volatile Host y = std::bit_cast<Host>(b);
        if (i % 3 == 0) {
            c = std::bit_cast<Bits>(static_cast<Host>(-(x * y)));  // cancels
        }
        const volatile Host z = std::bit_cast<Host>(c);
        SCOPED_TRACE(testing::Message() << std::hex << a << ' ' << b << ' ' << c << " mode " << i % 4);
        using Flags = std::uint8_t;
        compare<Bits>(
            mode, "a + b", [&](Rounding r, Flags& f) { return add(a, b, r, f); }, [&] { return x + y; });
        compare<Bits>(
            mode, "a * b", [&](Rounding r, Flags& f) { return multiply(a, b, r, f); }, [&] { return x * y; });
        compare<Bits>(
            mode, "a / b", [&](Rounding r, Flags& f) { return divide(a, b, r, f); }, [&] { return x / y; });
        compare<Bits>(
            mode, "sqrt a", [&](Rounding r, Flags& f) { return square_root(a, r, f); },
            [&] { return std::sqrt(x); });
        // x86 does not say invalid of infinity times zero plus a quiet NaN; RISC-V does.
        if (!is_nan(c)) {
            compare<Bits>(
                mode, "a * b + c", [&](Rounding r, Flags& f) { return multiply_add(a, b, c, r, f); },
                [&] { return std::fma(x, y, z); });
        }
    }
}

TEST(Floating, SingleArithmeticIsTheHosts) {
    compare_with_host<std::uint32_t>(100000);
}

TEST(Floating, DoubleArithmeticIsTheHosts) {
    compare_with_host<std::uint64_t>(100000);
}

// To nearest with ties away from zero, which no host has: 1 + 2^-24 is half way between 1 and the next
// single.
TEST(Floating, RoundsTiesAway) {
    constexpr std::uint32_t one = 0x3f800000;
    constexpr std::uint32_t half_step = 0x33800000;        // 2^-24
    constexpr std::uint32_t below_half_step = 0x337fffff;  // a little less
    std::uint8_t flags = 0;
    EXPECT_EQ(add(one, half_step, Rounding::nearest_away, flags), one + 1);
    EXPECT_EQ(add(one, half_step, Rounding::nearest_even, flags), one);
    EXPECT_EQ(add(one | sign_bit<std::uint32_t>, half_step | sign_bit<std::uint32_t>, Rounding::nearest_away,
                  flags),
              (one + 1) | sign_bit<std::uint32_t>);
    EXPECT_EQ(add(one, below_half_step, Rounding::nearest_away, flags), one);
    EXPECT_EQ(flags, fflag::inexact);
    // 0.5, 1.5, -2.5 to integers: 1, 2, -3
    flags = 0;
    EXPECT_EQ((to_integer<std::int32_t, std::uint32_t>(0x3f000000, Rounding::nearest_away, flags)), 1);
    EXPECT_EQ((to_integer<std::int32_t, std::uint32_t>(0x3fc00000, Rounding::nearest_away, flags)), 2);
    EXPECT_EQ((to_integer<std::int64_t, std::uint64_t>(0xc004000000000000, Rounding::nearest_away, flags)),
              -3);
    EXPECT_EQ((to_integer<std::int64_t, std::uint64_t>(0xc004000000000000, Rounding::nearest_even, flags)),
              -2);
    // The least subnormal halved: a tie between 0 and itself.
    EXPECT_EQ(multiply<std::uint32_t>(1, 0x3f000000, Rounding::nearest_away, flags), 1U);
    EXPECT_EQ(multiply<std::uint32_t>(1, 0x3f000000, Rounding::nearest_even, flags), 0U);
}

TEST(Floating, InfinityTimesZeroIsInvalidWhateverIsAdded) {
    std::uint8_t flags = 0;
    const std::uint64_t quiet = canonical_nan<std::uint64_t> | 5;
    EXPECT_EQ(multiply_add(infinity<std::uint64_t>, std::uint64_t{0}, quiet, Rounding::nearest_even, flags),
              canonical_nan<std::uint64_t>);
    EXPECT_EQ(flags, fflag::invalid);
}

// Tiny is judged after rounding: (1 - 2^-24) * 2^-126 needs one bit more than a subnormal has. Rounded to 24
// bits it is below 2^-126, so tiny, although the result is 2^-126; one bit more and rounding to 24 bits
// reaches 2^-126: not tiny.
TEST(Floating, TininessIsDetectedAfterRounding) {
    std::uint8_t flags = 0;
    EXPECT_EQ(narrow(std::bit_cast<std::uint64_t>((1 - 0x1p-24) * 0x1p-126), Rounding::nearest_even, flags),
              0x00800000U);
    EXPECT_EQ(flags, fflag::inexact | fflag::underflow);
    flags = 0;
    EXPECT_EQ(narrow(std::bit_cast<std::uint64_t>((1 - 0x1p-25) * 0x1p-126), Rounding::nearest_even, flags),
              0x00800000U);
    EXPECT_EQ(flags, fflag::inexact);
}

TEST(Floating, ConversionsOutOfRangeSaturate) {
    std::uint8_t flags = 0;
    const std::uint64_t huge = std::bit_cast<std::uint64_t>(1e300);
    const std::uint64_t negative_huge = huge | sign_bit<std::uint64_t>;
    EXPECT_EQ(to_integer<std::uint32_t>(huge, Rounding::nearest_even, flags), 0xffffffffU);
    EXPECT_EQ(to_integer<std::uint64_t>(negative_huge, Rounding::nearest_even, flags), 0U);
    EXPECT_EQ(to_integer<std::int64_t>(negative_huge, Rounding::nearest_even, flags), INT64_MIN);
    EXPECT_EQ(
        to_integer<std::int32_t>(canonical_nan<std::uint64_t> | sign_bit<std::uint64_t>, Rounding::up, flags),
        INT32_MAX);
    EXPECT_EQ(flags, fflag::invalid);
    flags = 0;
    EXPECT_EQ(to_integer<std::uint64_t>(std::bit_cast<std::uint64_t>(-0.5), Rounding::towards_zero, flags),
              0U);
    EXPECT_EQ(flags, fflag::inexact);
    EXPECT_EQ(to_integer<std::uint64_t>(std::bit_cast<std::uint64_t>(-0.5), Rounding::down, flags), 0U);
    EXPECT_EQ(flags, fflag::inexact | fflag::invalid);
}

// The host's way must leave what the exact way leaves, whatever flags there are.
TEST(Floating, FastWayEqualsExactWay) {
    std::mt19937_64 random(9);
    // funct7 of all operations; rs2 selects among conversions.
    constexpr std::uint32_t functions[] = {0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x20,
                                           0x2c, 0x50, 0x60, 0x68, 0x70, 0x78};
    unsigned legal = 0;
    for (int i = 0; i < 200000; ++i) {
        const auto precision = static_cast<std::uint32_t>(random() % 2);
        const auto rounding = static_cast<std::uint32_t>(random() % 8);
        std::uint32_t bits = 0;
        if (i % 4 == 0) {  // fused
            bits = 0x43 | static_cast<std::uint32_t>(random() % 4) << 2U | rounding << 12U |
                   precision << 25U | (1U << 15U) | (2U << 20U) | (3U << 27U) | (4U << 7U);
        } else {
            const std::uint32_t function = functions[random() % std::size(functions)] | precision;
            const bool unary = function >= 0x20 && function < 0x50;
            const auto choice = static_cast<std::uint32_t>(random() % 4);
            const std::uint32_t second = unary || function >= 0x60 ? choice : 2;
            bits = floating(function, rounding, 4, 1, second);
        }
        const Instruction instruction = decode(bits);
        if (instruction.op == Op::illegal) {
            continue;
        }
        HartState fast;
        fast.mstatus = floating_on;
        fast.fflags = random() % 4 == 0 ? 0 : 1;
        fast.frm = static_cast<std::uint8_t>(random() % 3 == 0 ? random() % 8 : 0);
        for (int index = 1; index <= 3; ++index) {
            fast.f[index] =
                precision == 1 ? any_value<std::uint64_t>(random) : box(any_value<std::uint32_t>(random));
            fast.x[index] = random() >> (random() % 64);
        }
        if (random() % 32 == 0) {
            fast.f[1] ^= std::uint64_t{1} << 40U;
        }
        HartState exact = fast;
        const Trap fast_trap = execute_float(instruction, fast);
        const Trap exact_trap = execute_float_exactly(instruction, exact);
        ++legal;
        ASSERT_EQ(fast_trap, exact_trap) << name(instruction.op);
        ASSERT_EQ(std::memcmp(fast.f, exact.f, sizeof fast.f), 0)
            << name(instruction.op) << std::hex << ' ' << exact.f[1] << ' ' << exact.f[2] << ' ' << exact.f[3]
            << " fast " << fast.f[4] << " exact " << exact.f[4];
        ASSERT_EQ(std::memcmp(fast.x, exact.x, sizeof fast.x), 0) << name(instruction.op);
        ASSERT_EQ(fast.fflags, exact.fflags)
            << name(instruction.op) << std::hex << ' ' << exact.f[1] << ' ' << exact.f[2];
        ASSERT_EQ(fast.pc, exact.pc);
    }
    EXPECT_GT(legal, 50000U);
}

}  // namespace
}  // namespace partita::chip::isa::test
