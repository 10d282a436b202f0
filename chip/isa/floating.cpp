#include "chip/isa/floating.hpp"

#include <bit>
#include <limits>
#include <type_traits>

namespace partita::chip::isa {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int wide_bits = 128;

// A finite value other than zero: significand * 2^exponent, times -1 if negative. A significand may end in a
// bit that only says "and something more below" (it is then far below the last bit that is kept).
struct Exact {
    bool negative = false;
    int exponent = 0;
    Wide significand = 0;
};

int top_bit(Wide value) {
    const auto high = static_cast<std::uint64_t>(value >> 64U);
    return high != 0 ? 127 - std::countl_zero(high)
                     : 63 - std::countl_zero(static_cast<std::uint64_t>(value));
}

// value / 2^count; what is shifted out stays visible in the lowest bit.
Wide shift_right_sticky(Wide value, int count) {
    if (count == 0) {
        return value;
    }
    if (count >= wide_bits) {
        return value != 0 ? 1 : 0;
    }
    const Wide lost = value & ((Wide{1} << count) - 1);
    return value >> count | (lost != 0 ? 1 : 0);
}

// value / 2^count rounded to an integer; `lost` says that it was not one. count < 128, or value is below a
// quarter.
Wide round_shifted(Wide value, int count, bool negative, Rounding rounding, bool& lost) {
    if (count <= 0) {
        lost = false;
        return value << -count;
    }
    if (count >= wide_bits) {
        value = 1;
        count = 2;
    }
    const Wide kept = value >> count;
    const Wide rest = value & ((Wide{1} << count) - 1);
    const Wide half = Wide{1} << (count - 1);
    lost = rest != 0;
    bool up = false;
    switch (rounding) {
        case Rounding::nearest_even:
            up = rest > half || (rest == half && (kept & 1U) != 0);
            break;
        case Rounding::nearest_away:
            up = rest >= half;
            break;
        case Rounding::down:
            up = negative && lost;
            break;
        case Rounding::up:
            up = !negative && lost;
            break;
        case Rounding::towards_zero:
            break;
    }
    return kept + (up ? 1 : 0);
}

template <typename Bits>
Bits with_sign(Bits absolute, bool negative) {
    return negative ? static_cast<Bits>(absolute | sign_bit<Bits>) : absolute;
}

template <typename Bits>
Bits overflowed(bool negative, Rounding rounding, std::uint8_t& flags) {
    flags |= fflag::overflow | fflag::inexact;
    const bool to_infinity = rounding == Rounding::nearest_even || rounding == Rounding::nearest_away ||
                             rounding == (negative ? Rounding::down : Rounding::up);
    const Bits result = to_infinity ? infinity<Bits> : static_cast<Bits>(infinity<Bits> - 1);
    return with_sign(result, negative);
}

template <typename Bits>
Bits round_to(const Exact& value, Rounding rounding, std::uint8_t& flags) {
    constexpr int fraction_bits = Layout<Bits>::fraction_bits;
    constexpr int least_exponent = 1 - Layout<Bits>::bias;
    const int exponent = value.exponent + top_bit(value.significand);
    if (exponent > Layout<Bits>::bias) {
        return overflowed<Bits>(value.negative, rounding, flags);
    }
    const int kept_exponent = exponent < least_exponent ? least_exponent : exponent;
    const int shift = kept_exponent - fraction_bits - value.exponent;
    bool lost = false;
    const Wide kept = round_shifted(value.significand, shift, value.negative, rounding, lost);
    if (lost) {
        flags |= fflag::inexact;
        if (exponent < least_exponent) {
            // Tiny if it would be below the normal numbers also when rounded with their full precision.
            bool ignored = false;
            const Wide full = round_shifted(value.significand, exponent - fraction_bits - value.exponent,
                                            value.negative, rounding, ignored);
            const bool reaches_normal = exponent == least_exponent - 1 && top_bit(full) > fraction_bits;
            flags |= reaches_normal ? std::uint8_t{0} : fflag::underflow;
        }
    }
    // The leading bit of a normal number counts as 1 in the exponent's field; a carry out of the fraction
    // too.
    const auto field = static_cast<Bits>(kept_exponent + Layout<Bits>::bias - 1);
    const auto result = static_cast<Bits>((field << fraction_bits) + static_cast<Bits>(kept));
    if (result >= infinity<Bits>) {
        return overflowed<Bits>(value.negative, rounding, flags);
    }
    return with_sign(result, value.negative);
}

// Of a finite value other than zero; the significand's leading bit is at Layout::fraction_bits.
template <typename Bits>
Exact unpack(Bits a) {
    constexpr int fraction_bits = Layout<Bits>::fraction_bits;
    const Bits field = magnitude(a) >> fraction_bits;
    const Bits fraction = a & static_cast<Bits>(least_normal<Bits> - 1);
    const bool negative = (a & sign_bit<Bits>) != 0;
    const int offset = Layout<Bits>::bias + fraction_bits;
    if (field != 0) {
        return {negative, static_cast<int>(field) - offset, Wide{fraction} | least_normal<Bits>};
    }
    const int shift = fraction_bits - top_bit(fraction);
    return {negative, 1 - offset - shift, Wide{fraction} << shift};
}

template <typename Bits>
bool is_zero(Bits a) {
    return magnitude(a) == 0;
}

template <typename Bits>
bool is_infinite(Bits a) {
    return magnitude(a) == infinity<Bits>;
}

template <typename Bits>
bool is_negative(Bits a) {
    return (a & sign_bit<Bits>) != 0;
}

template <typename Bits>
Bits invalid(std::uint8_t& flags) {
    flags |= fflag::invalid;
    return canonical_nan<Bits>;
}

template <typename Bits>
Bits nan_of(bool any_signaling, std::uint8_t& flags) {
    flags |= any_signaling ? fflag::invalid : std::uint8_t{0};
    return canonical_nan<Bits>;
}

// The sign of a sum that is exactly zero.
template <typename Bits>
Bits zero_sum(bool negative_a, bool negative_b, Rounding rounding) {
    return with_sign<Bits>(0, negative_a == negative_b ? negative_a : rounding == Rounding::down);
}

// a + b, where a has at most 106 significant bits and b at most 53. The one with the lower exponent may lose
// bits into the sticky one, but only so far below the other's leading bit that rounding does not see which
// they were.
template <typename Bits>
Bits rounded_sum(Exact a, Exact b, Rounding rounding, std::uint8_t& flags) {
    constexpr int room_for_a = 18;
    constexpr int room_for_b = 70;
    if (b.exponent >= a.exponent) {
        const int distance = b.exponent - a.exponent;
        const int shift = distance < room_for_b ? distance : room_for_b;
        b.significand <<= shift;
        a.significand = shift_right_sticky(a.significand, distance - shift);
        a.exponent = b.exponent - shift;
    } else {
        const int distance = a.exponent - b.exponent;
        const int shift = distance < room_for_a ? distance : room_for_a;
        a.significand <<= shift;
        a.exponent -= shift;
        b.significand = shift_right_sticky(b.significand, distance - shift);
    }
    Exact sum{a.negative, a.exponent, 0};
    if (a.negative == b.negative) {
        sum.significand = a.significand + b.significand;
    } else if (a.significand > b.significand) {
        sum.significand = a.significand - b.significand;
    } else if (a.significand < b.significand) {
        sum.significand = b.significand - a.significand;
        sum.negative = b.negative;
    } else {
        return zero_sum<Bits>(a.negative, b.negative, rounding);
    }
    return round_to<Bits>(sum, rounding, flags);
}

Wide integer_square_root(Wide value, Wide& remainder) {
    Wide bit = Wide{1} << (wide_bits - 2);
    while (bit > value) {
        bit >>= 2U;
    }
    Wide root = 0;
    for (; bit != 0; bit >>= 2U) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1U) + bit;
        } else {
            root >>= 1U;
        }
    }
    remainder = value;
    return root;
}

}  // namespace

template <typename Bits>
Bits add(Bits a, Bits b, Rounding rounding, std::uint8_t& flags) {
    if (is_nan(a) || is_nan(b)) {
        return nan_of<Bits>(is_signaling(a) || is_signaling(b), flags);
    }
    if (is_infinite(a)) {
        return is_infinite(b) && a != b ? invalid<Bits>(flags) : a;
    }
    if (is_infinite(b)) {
        return b;
    }
    if (is_zero(a)) {
        return is_zero(b) ? zero_sum<Bits>(is_negative(a), is_negative(b), rounding) : b;
    }
    return is_zero(b) ? a : rounded_sum<Bits>(unpack(a), unpack(b), rounding, flags);
}

template <typename Bits>
Bits multiply(Bits a, Bits b, Rounding rounding, std::uint8_t& flags) {
    const bool negative = is_negative(a) != is_negative(b);
    if (is_nan(a) || is_nan(b)) {
        return nan_of<Bits>(is_signaling(a) || is_signaling(b), flags);
    }
    if (is_infinite(a) || is_infinite(b)) {
        return is_zero(a) || is_zero(b) ? invalid<Bits>(flags) : with_sign(infinity<Bits>, negative);
    }
    if (is_zero(a) || is_zero(b)) {
        return with_sign<Bits>(0, negative);
    }
    const Exact x = unpack(a);
    const Exact y = unpack(b);
    return round_to<Bits>({negative, x.exponent + y.exponent, x.significand * y.significand}, rounding,
                          flags);
}

template <typename Bits>
Bits divide(Bits a, Bits b, Rounding rounding, std::uint8_t& flags) {
    const bool negative = is_negative(a) != is_negative(b);
    if (is_nan(a) || is_nan(b)) {
        return nan_of<Bits>(is_signaling(a) || is_signaling(b), flags);
    }
    if (is_infinite(a)) {
        return is_infinite(b) ? invalid<Bits>(flags) : with_sign(infinity<Bits>, negative);
    }
    if (is_infinite(b)) {
        return with_sign<Bits>(0, negative);
    }
    if (is_zero(b)) {
        if (is_zero(a)) {
            return invalid<Bits>(flags);
        }
        flags |= fflag::divide_by_zero;
        return with_sign(infinity<Bits>, negative);
    }
    if (is_zero(a)) {
        return with_sign<Bits>(0, negative);
    }
    constexpr int more_bits = 64;  // of the quotient, which then has at least 64
    const Exact x = unpack(a);
    const Exact y = unpack(b);
    const Wide dividend = x.significand << more_bits;
    const Wide quotient = dividend / y.significand;
    const bool rest = dividend % y.significand != 0;
    return round_to<Bits>({negative, x.exponent - y.exponent - more_bits, quotient | (rest ? 1 : 0)},
                          rounding, flags);
}

template <typename Bits>
Bits square_root(Bits a, Rounding rounding, std::uint8_t& flags) {
    if (is_nan(a)) {
        return nan_of<Bits>(is_signaling(a), flags);
    }
    if (is_zero(a)) {
        return a;
    }
    if (is_negative(a)) {
        return invalid<Bits>(flags);
    }
    if (is_infinite(a)) {
        return a;
    }
    const Exact x = unpack(a);
    const int shift =
        (x.exponent & 1) != 0 ? 65 : 64;  // an even exponent, and a root of more than 43 or 58 bits
    Wide rest = 0;
    const Wide root = integer_square_root(x.significand << shift, rest);
    return round_to<Bits>({false, (x.exponent - shift) / 2, root | (rest != 0 ? 1 : 0)}, rounding, flags);
}

template <typename Bits>
Bits multiply_add(Bits a, Bits b, Bits c, Rounding rounding, std::uint8_t& flags) {
    const bool negative = is_negative(a) != is_negative(b);
    if ((is_infinite(a) && is_zero(b)) || (is_zero(a) && is_infinite(b))) {
        return invalid<Bits>(flags);
    }
    if (is_nan(a) || is_nan(b) || is_nan(c)) {
        return nan_of<Bits>(is_signaling(a) || is_signaling(b) || is_signaling(c), flags);
    }
    if (is_infinite(a) || is_infinite(b)) {
        return is_infinite(c) && is_negative(c) != negative ? invalid<Bits>(flags)
                                                            : with_sign(infinity<Bits>, negative);
    }
    if (is_infinite(c)) {
        return c;
    }
    if (is_zero(a) || is_zero(b)) {
        return is_zero(c) ? zero_sum<Bits>(negative, is_negative(c), rounding) : c;
    }
    const Exact x = unpack(a);
    const Exact y = unpack(b);
    const Exact product{negative, x.exponent + y.exponent, x.significand * y.significand};
    return is_zero(c) ? round_to<Bits>(product, rounding, flags)
                      : rounded_sum<Bits>(product, unpack(c), rounding, flags);
}

namespace {

// Of numbers and infinities; -0 below +0.
template <typename Bits>
bool ordered_before(Bits a, Bits b) {
    if (is_negative(a) != is_negative(b)) {
        return is_negative(a);
    }
    return is_negative(a) ? a > b : a < b;
}

template <typename Bits>
Bits number_of(Bits a, Bits b, bool take_a_if_before, std::uint8_t& flags) {
    if (is_signaling(a) || is_signaling(b)) {
        flags |= fflag::invalid;
    }
    if (is_nan(a)) {
        return is_nan(b) ? canonical_nan<Bits> : b;
    }
    if (is_nan(b)) {
        return a;
    }
    return ordered_before(a, b) == take_a_if_before ? a : b;
}

template <typename Bits>
bool unordered(Bits a, Bits b, std::uint8_t& flags) {
    if (is_nan(a) || is_nan(b)) {
        flags |= fflag::invalid;
        return true;
    }
    return false;
}

}  // namespace

template <typename Bits>
Bits minimum(Bits a, Bits b, std::uint8_t& flags) {
    return number_of(a, b, true, flags);
}

template <typename Bits>
Bits maximum(Bits a, Bits b, std::uint8_t& flags) {
    return number_of(a, b, false, flags);
}

template <typename Bits>
bool equal(Bits a, Bits b, std::uint8_t& flags) {
    if (is_nan(a) || is_nan(b)) {
        flags |= is_signaling(a) || is_signaling(b) ? fflag::invalid : std::uint8_t{0};
        return false;
    }
    return a == b || (is_zero(a) && is_zero(b));
}

template <typename Bits>
bool less(Bits a, Bits b, std::uint8_t& flags) {
    return !unordered(a, b, flags) && !(is_zero(a) && is_zero(b)) && ordered_before(a, b);
}

template <typename Bits>
bool less_or_equal(Bits a, Bits b, std::uint8_t& flags) {
    return !unordered(a, b, flags) && (a == b || (is_zero(a) && is_zero(b)) || ordered_before(a, b));
}

template <typename Bits>
std::uint64_t classify(Bits a) {
    if (is_nan(a)) {
        return is_signaling(a) ? 1U << 8U : 1U << 9U;
    }
    // 0: -infinity, 1: negative normal, 2: negative subnormal, 3: -0, and 4 to 7 the positive ones in
    // reverse.
    const unsigned from_infinity = is_infinite(a)                       ? 0
                                   : magnitude(a) >= least_normal<Bits> ? 1
                                   : is_zero(a)                         ? 3
                                                                        : 2;
    return 1U << (is_negative(a) ? from_infinity : 7 - from_infinity);
}

template <typename Integer, typename Bits>
Integer to_integer(Bits a, Rounding rounding, std::uint8_t& flags) {
    constexpr Integer least = std::numeric_limits<Integer>::min();
    constexpr Integer most = std::numeric_limits<Integer>::max();
    constexpr int too_large = 65;  // 2^65 is out of every range
    if (is_zero(a)) {
        return 0;
    }
    const bool negative = is_negative(a) && !is_nan(a);
    const auto out_of_range = [&] {
        flags |= fflag::invalid;
        return negative ? least : most;
    };
    if (is_nan(a) || is_infinite(a)) {
        return out_of_range();
    }
    const Exact value = unpack(a);
    if (value.exponent + Layout<Bits>::fraction_bits >= too_large) {
        return out_of_range();
    }
    bool lost = false;
    const Wide rounded = round_shifted(value.significand, -value.exponent, negative, rounding, lost);
    const Wide limit = negative ? Wide{0} - static_cast<Wide>(least) : static_cast<Wide>(most);
    if (rounded > limit) {
        return out_of_range();
    }
    flags |= lost ? fflag::inexact : std::uint8_t{0};
    const auto low = static_cast<std::uint64_t>(rounded);
    return static_cast<Integer>(negative ? 0 - low : low);
}

template <typename Bits, typename Integer>
Bits from_integer(Integer value, Rounding rounding, std::uint8_t& flags) {
    if (value == 0) {
        return 0;
    }
    const auto wide = static_cast<std::uint64_t>(value);
    const bool negative = std::is_signed_v<Integer> && value < 0;
    return round_to<Bits>({negative, 0, negative ? 0 - wide : wide}, rounding, flags);
}

std::uint64_t widen(std::uint32_t a, std::uint8_t& flags) {
    using Bits = std::uint64_t;
    if (is_nan(a)) {
        return nan_of<Bits>(is_signaling(a), flags);
    }
    if (is_infinite(a) || is_zero(a)) {
        return with_sign<Bits>(is_zero(a) ? 0 : infinity<Bits>, is_negative(a));
    }
    return round_to<Bits>(unpack(a), Rounding::nearest_even, flags);  // exact
}

namespace {

// To a precision of less range or fewer bits.
template <typename Narrow, typename Bits>
Narrow narrow_to(Bits a, Rounding rounding, std::uint8_t& flags) {
    if (is_nan(a)) {
        return nan_of<Narrow>(is_signaling(a), flags);
    }
    if (is_infinite(a) || is_zero(a)) {
        return with_sign<Narrow>(is_zero(a) ? Narrow{0} : infinity<Narrow>, is_negative(a));
    }
    return round_to<Narrow>(unpack(a), rounding, flags);
}

}  // namespace

std::uint32_t narrow(std::uint64_t a, Rounding rounding, std::uint8_t& flags) {
    return narrow_to<std::uint32_t>(a, rounding, flags);
}

// A BF16 number is the upper half of a single.
std::uint32_t widen_bf16(std::uint16_t a, std::uint8_t& flags) {
    return is_nan(a) ? nan_of<std::uint32_t>(is_signaling(a), flags) : std::uint32_t{a} << 16U;
}

std::uint16_t narrow_to_bf16(std::uint32_t a, Rounding rounding, std::uint8_t& flags) {
    return narrow_to<std::uint16_t>(a, rounding, flags);
}

// What the instructions need of the templates.
#define PARTITA_INSTANTIATE_CONVERSIONS(Bits, Integer)                   \
    template Integer to_integer<Integer>(Bits, Rounding, std::uint8_t&); \
    template Bits from_integer<Bits>(Integer, Rounding, std::uint8_t&);
#define PARTITA_INSTANTIATE(Bits)                                          \
    template Bits add(Bits, Bits, Rounding, std::uint8_t&);                \
    template Bits multiply(Bits, Bits, Rounding, std::uint8_t&);           \
    template Bits divide(Bits, Bits, Rounding, std::uint8_t&);             \
    template Bits square_root(Bits, Rounding, std::uint8_t&);              \
    template Bits multiply_add(Bits, Bits, Bits, Rounding, std::uint8_t&); \
    template Bits minimum(Bits, Bits, std::uint8_t&);                      \
    template Bits maximum(Bits, Bits, std::uint8_t&);                      \
    template bool equal(Bits, Bits, std::uint8_t&);                        \
    template bool less(Bits, Bits, std::uint8_t&);                         \
    template bool less_or_equal(Bits, Bits, std::uint8_t&);                \
    template std::uint64_t classify(Bits);                                 \
    PARTITA_INSTANTIATE_CONVERSIONS(Bits, std::int32_t)                    \
    PARTITA_INSTANTIATE_CONVERSIONS(Bits, std::uint32_t)                   \
    PARTITA_INSTANTIATE_CONVERSIONS(Bits, std::int64_t)                    \
    PARTITA_INSTANTIATE_CONVERSIONS(Bits, std::uint64_t)
PARTITA_INSTANTIATE(std::uint32_t)
PARTITA_INSTANTIATE(std::uint64_t)
#undef PARTITA_INSTANTIATE
#undef PARTITA_INSTANTIATE_CONVERSIONS

}  // namespace partita::chip::isa
