#include "chip/rocket/muldiv.hpp"

#include <algorithm>
#include <bit>

namespace partita::chip::rocket {
namespace {

using isa::Op;

constexpr unsigned word = 64;

bool works_on_words(Op op) {
    return op == Op::mulw || op == Op::divw || op == Op::divuw || op == Op::remw || op == Op::remuw;
}

bool is_signed(Op op) {
    return op == Op::div || op == Op::rem || op == Op::divw || op == Op::remw;
}

bool is_remainder(Op op) {
    return op == Op::rem || op == Op::remu || op == Op::remw || op == Op::remuw;
}

// The unit looks whether what is left of the multiplier is zero before each iteration but the first and the
// last. A mulw starts half-way through a mul's count, so it looks before its first one too.
unsigned multiply_iterations(const Config& config, Op op, std::uint64_t multiplier) {
    const bool narrow = op == Op::mulw;
    const unsigned full = (narrow ? word / 2 : word) / config.multiply_unroll;
    const bool high = op == Op::mulh || op == Op::mulhsu || op == Op::mulhu;
    if (high || !config.multiply_early_out) {
        return full;
    }
    const std::uint64_t value = narrow ? multiplier & 0xffffffff : multiplier;
    const unsigned used =
        (static_cast<unsigned>(std::bit_width(value)) + config.multiply_unroll - 1) / config.multiply_unroll;
    const unsigned least = narrow ? 1 : 2;
    return std::min(full, std::max(least, used + 1));
}

unsigned divide_iterations(const Config& config, Op op, std::uint64_t a, std::uint64_t b) {
    const bool with_sign = is_signed(op);
    if (works_on_words(op)) {
        a = with_sign ? static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(a)})
                      : a & 0xffffffff;
        b = with_sign ? static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(b)})
                      : b & 0xffffffff;
    }
    const bool a_negative = with_sign && (a >> (word - 1)) != 0;
    const bool b_negative = with_sign && (b >> (word - 1)) != 0;
    const bool by_zero = b == 0;
    const bool negates = is_remainder(op) ? a_negative : a_negative != b_negative && !by_zero;
    const unsigned extra = (a_negative || b_negative ? 1U : 0U) + (negates ? 1U : 0U);
    const unsigned full = word + 1;
    if (by_zero || !config.divide_early_out) {
        return full + extra;
    }
    const auto top = [](std::uint64_t value) { return value == 0 ? 0U : std::bit_width(value) - 1U; };
    const unsigned shift = ~(top(a_negative ? 0 - a : a) - top(b_negative ? 0 - b : b)) % word;
    // One iteration shifts; the others count from there to `word`.
    return extra + (shift == 0 ? full : full - shift + 1);
}

struct Parts {
    bool special;  // zero, infinite or no number
    int exponent;
    std::uint64_t fraction;  // without the leading one, for normalised values
};

template <typename Bits, unsigned fraction_bits>
Parts split(Bits bits) {
    constexpr Bits fraction_mask = (Bits{1} << fraction_bits) - 1;
    constexpr Bits exponent_mask = (static_cast<Bits>(~Bits{0}) >> (fraction_bits + 1));
    const Bits fraction = bits & fraction_mask;
    const Bits exponent = (bits >> fraction_bits) & exponent_mask;
    if (exponent == exponent_mask || (exponent == 0 && fraction == 0)) {
        return {true, 0, 0};
    }
    if (exponent == 0) {
        const unsigned shift = fraction_bits + 1 - static_cast<unsigned>(std::bit_width(fraction));
        return {false, 1 - static_cast<int>(shift), (std::uint64_t{fraction} << shift) & fraction_mask};
    }
    return {false, static_cast<int>(exponent), fraction};
}

}  // namespace

unsigned integer_iterations(const Config& config, Op op, std::uint64_t a, std::uint64_t b) {
    return isa::properties(op).pipe == isa::Pipe::multiply ? multiply_iterations(config, op, a)
                                                           : divide_iterations(config, op, a, b);
}

unsigned float_iterations(Op op, std::uint64_t a, std::uint64_t b) {
    const bool is_double = op == Op::fdiv_d || op == Op::fsqrt_d;
    const bool root = op == Op::fsqrt_s || op == Op::fsqrt_d;
    const unsigned significant = is_double ? 53 : 24;
    const auto parts = [&](std::uint64_t bits) {
        if (is_double) {
            return split<std::uint64_t, 52>(bits);
        }
        const bool boxed = bits >> 32 == 0xffffffff;
        return boxed ? split<std::uint32_t, 23>(static_cast<std::uint32_t>(bits)) : Parts{true, 0, 0};
    };
    const Parts left = parts(a);
    if (root) {
        const bool negative = (a >> (is_double ? 63 : 31) & 1) != 0;
        if (left.special || negative) {
            return 1;
        }
        // The bias is odd: an even biased exponent is an odd power of two.
        return left.exponent % 2 == 0 ? significant : significant + 1;
    }
    const Parts right = parts(b);
    if (left.special || right.special) {
        return 1;
    }
    // A quotient of at least one has its leading bit at once, which saves a cycle.
    return significant + 2 - (left.fraction >= right.fraction ? 1 : 0);
}

}  // namespace partita::chip::rocket
