#pragma once

// IEEE 754 arithmetic on bit patterns, as RISC-V wants it (unprivileged architecture, chapters F and D): all
// five rounding modes, flags, canonical NaNs, tininess detected after rounding. Integer operations only, so
// the same on every host; what is fast and common is done by the host's floating point in execute_float.hpp
// instead.
//
// `Bits` is std::uint32_t for single and std::uint64_t for double precision; BF16, std::uint16_t, only has
// conversions.

#include <cstdint>

namespace partita::chip::isa {

enum class Rounding : std::uint8_t { nearest_even, towards_zero, down, up, nearest_away };

// Bits of fflags.
namespace fflag {
inline constexpr std::uint8_t inexact = 1;
inline constexpr std::uint8_t underflow = 2;
inline constexpr std::uint8_t overflow = 4;
inline constexpr std::uint8_t divide_by_zero = 8;
inline constexpr std::uint8_t invalid = 16;
}  // namespace fflag

// The layout of a precision.
template <typename Bits>
struct Layout;

template <>
struct Layout<std::uint16_t> {
    static constexpr int fraction_bits = 7;
    static constexpr int bias = 127;
};

template <>
struct Layout<std::uint32_t> {
    using Host = float;
    static constexpr int fraction_bits = 23;
    static constexpr int bias = 127;
};

template <>
struct Layout<std::uint64_t> {
    using Host = double;
    static constexpr int fraction_bits = 52;
    static constexpr int bias = 1023;
};

template <typename Bits>
inline constexpr Bits sign_bit = Bits{1} << (sizeof(Bits) * 8 - 1);
template <typename Bits>
inline constexpr Bits infinity = static_cast<Bits>(Bits{2 * Layout<Bits>::bias + 1}
                                                   << Layout<Bits>::fraction_bits);
template <typename Bits>
inline constexpr Bits quiet_bit = Bits{1} << (Layout<Bits>::fraction_bits - 1);
template <typename Bits>
inline constexpr Bits canonical_nan = infinity<Bits> | quiet_bit<Bits>;
template <typename Bits>
inline constexpr Bits least_normal = Bits{1} << Layout<Bits>::fraction_bits;

template <typename Bits>
constexpr Bits magnitude(Bits a) {
    return a & static_cast<Bits>(~sign_bit<Bits>);
}

template <typename Bits>
constexpr bool is_nan(Bits a) {
    return magnitude(a) > infinity<Bits>;
}

template <typename Bits>
constexpr bool is_signaling(Bits a) {
    return is_nan(a) && (a & quiet_bit<Bits>) == 0;
}

// Each of the following adds to `flags` what the operation raises.
template <typename Bits>
Bits add(Bits a, Bits b, Rounding rounding, std::uint8_t& flags);
template <typename Bits>
Bits multiply(Bits a, Bits b, Rounding rounding, std::uint8_t& flags);
template <typename Bits>
Bits divide(Bits a, Bits b, Rounding rounding, std::uint8_t& flags);
template <typename Bits>
Bits square_root(Bits a, Rounding rounding, std::uint8_t& flags);
// a * b + c, rounded once. Infinity times zero is invalid whatever c.
template <typename Bits>
Bits multiply_add(Bits a, Bits b, Bits c, Rounding rounding, std::uint8_t& flags);

// minimumNumber and maximumNumber of IEEE 754-2019: the number if one operand is NaN; -0 is less than +0.
template <typename Bits>
Bits minimum(Bits a, Bits b, std::uint8_t& flags);
template <typename Bits>
Bits maximum(Bits a, Bits b, std::uint8_t& flags);

template <typename Bits>
bool equal(Bits a, Bits b, std::uint8_t& flags);  // quiet
template <typename Bits>
bool less(Bits a, Bits b, std::uint8_t& flags);  // signaling, as is the next
template <typename Bits>
bool less_or_equal(Bits a, Bits b, std::uint8_t& flags);

// The mask of fclass.
template <typename Bits>
std::uint64_t classify(Bits a);

// To std::int32_t, std::uint32_t, std::int64_t or std::uint64_t; out of range gives the nearest value, a NaN
// the greatest, and both are invalid.
template <typename Integer, typename Bits>
Integer to_integer(Bits a, Rounding rounding, std::uint8_t& flags);
template <typename Bits, typename Integer>
Bits from_integer(Integer value, Rounding rounding, std::uint8_t& flags);

std::uint64_t widen(std::uint32_t a, std::uint8_t& flags);
std::uint32_t narrow(std::uint64_t a, Rounding rounding, std::uint8_t& flags);
std::uint32_t widen_bf16(std::uint16_t a, std::uint8_t& flags);
std::uint16_t narrow_to_bf16(std::uint32_t a, Rounding rounding, std::uint8_t& flags);

}  // namespace partita::chip::isa
