#pragma once

// Element types of local memory: how they are stored, and the lane that arithmetic works on.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "chip/gemmini/config.hpp"
#include "chip/gemmini/number.hpp"

namespace partita::chip::gemmini {

struct Bf16 {
    using Storage = std::uint16_t;
    using Lane = float;
    static Lane widen(Storage bits) { return widen_bf16(bits); }
    static Storage round(Lane value) { return round_to_bf16(value); }
};

struct Fp32 {
    using Storage = std::uint32_t;
    using Lane = float;
    static Lane widen(Storage bits) { return std::bit_cast<float>(bits); }
    static Storage round(Lane value) { return canonical_fp32(value); }
};

struct Int8 {
    using Storage = std::int8_t;
    using Lane = std::int32_t;
    static Lane widen(Storage value) { return value; }
    static Storage round(Lane value) { return static_cast<Storage>(std::clamp(value, -128, 127)); }
};

struct Int32 {
    using Storage = std::int32_t;
    using Lane = std::int32_t;
    static Lane widen(Storage value) { return value; }
    static Storage round(Lane value) { return value; }
};

// Scale bits of a type as a float.
inline float decode_scale(std::uint32_t bits, Number type) {
    return type == Number::bf16 ? widen_bf16(static_cast<std::uint16_t>(bits)) : std::bit_cast<float>(bits);
}

// value * scale in the float type Element; `scale` is one of its numbers. Float rounds the product of two
// BF16 numbers (16 bits) only if it is less than 2^-134, half of BF16's least number; BF16 makes 0 of it
// either way.
template <typename Element>
typename Element::Storage multiply(float value, float scale, bool adds_zero) {
    const auto result = Element::round(value * scale);
    if (adds_zero && (value == 0.0F || scale == 0.0F) && Element::widen(result) == 0.0F) {
        return 0;
    }
    return result;
}

// value * scale, rounded to float, then to the nearest even integer, saturated. NaN gives the largest, as
// HardFloat's RecFNToIN does.
inline std::int32_t multiply_integer(std::int32_t value, float scale) {
    const float product = static_cast<float>(value) * scale;
    if (!(product < 0x1p31F)) {
        return std::numeric_limits<std::int32_t>::max();
    }
    if (product < -0x1p31F) {
        return std::numeric_limits<std::int32_t>::min();
    }
    // Adding and taking away 2^23 leaves the nearest even integer; larger floats are integers.
    constexpr float integers = 0x1p23F;
    const float magnitude = std::abs(product);
    const float nearest = magnitude < integers ? (magnitude + integers) - integers : magnitude;
    return static_cast<std::int32_t>(std::copysign(nearest, product));
}

}  // namespace partita::chip::gemmini
