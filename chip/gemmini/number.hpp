#pragma once

// Arithmetic as Gemmini's floating-point units do it (Arithmetic.scala on Berkeley HardFloat): round to
// nearest even, subnormals in full, every NaN result the canonical one.

#include <bit>
#include <cmath>
#include <cstdint>

namespace partita::chip::gemmini {

inline constexpr std::uint32_t canonical_nan = 0x7FC0'0000;
inline constexpr std::uint32_t sign_bit = 0x8000'0000;

// A BF16 number is its upper half of an FP32 number, so it is held as a float where it takes part in
// arithmetic.
inline float widen_bf16(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

// Rounds a float that is the exact value, or was rounded to odd from it, or whose own rounding cannot matter.
inline std::uint16_t round_to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) {
        return canonical_nan >> 16;
    }
    return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// a b + c of BF16 numbers with one rounding. In double the product is exact (16 bits) and the sum is rounded
// to odd with the help of its error (Knuth's TwoSum), so that the two roundings after it act as one.
inline std::uint16_t multiply_add_bf16(float a, float b, float c) {
    const double product = static_cast<double>(a) * static_cast<double>(b);
    double sum = product + static_cast<double>(c);
    if (!std::isfinite(sum)) {
        return round_to_bf16(static_cast<float>(sum));
    }
    const double other = sum - product;
    const double error = (product - (sum - other)) + (static_cast<double>(c) - other);
    if (auto bits = std::bit_cast<std::uint64_t>(sum); error != 0.0 && (bits & 1) == 0) {
        bits += (std::signbit(error) == std::signbit(sum)) ? 1 : ~std::uint64_t{0};
        sum = std::bit_cast<double>(bits);
    }
    auto narrow = static_cast<float>(sum);
    const auto bits = std::bit_cast<std::uint32_t>(narrow);
    if (const auto back = static_cast<double>(narrow); back != sum && (bits & 1) == 0) {
        const bool outward = std::abs(sum) > std::abs(back);
        narrow = std::bit_cast<float>(bits + (outward ? 1 : ~std::uint32_t{0}));
    }
    return round_to_bf16(narrow);
}

inline std::uint32_t canonical_fp32(float value) {
    return std::isnan(value) ? canonical_nan : std::bit_cast<std::uint32_t>(value);
}

}  // namespace partita::chip::gemmini
