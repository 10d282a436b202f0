#pragma once

// The number that the chip's array computes with, and the core's arithmetic on it. In BF16 each operation is
// a function of its own: widen, one FP32 operation, narrow by adding the first dropped bit (half away from
// zero, not to nearest even, as the published program does; NaN and infinity are not special).

#include <bit>
#include <cstddef>
#include <cstdint>

#include "partita_chip.h"

namespace partita::firmware {

#if defined(PARTITA_CHIP_ELEMENT_BF16)

using Element = std::uint16_t;

inline constexpr std::uint32_t element_one = 0x3f80;      // 1 as the array's scale
inline constexpr std::uint32_t element_quarter = 0x3e80;  // 1 / batch
inline constexpr Element learning_rate = 0x3c24;
inline constexpr Element alpha = 0x3dcd;
inline constexpr Element half = 0x3f00;
inline constexpr Element half_per_alpha = 0x40a0;
inline constexpr Element one = 0x3f80;

inline float widen(Element x) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}
inline Element narrow(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return static_cast<Element>((bits >> 16) + ((bits & 0x8000) != 0));
}

#elif defined(PARTITA_CHIP_ELEMENT_FP32)

using Element = float;

inline constexpr std::uint32_t element_one = 0x3f800000;
inline constexpr std::uint32_t element_quarter = 0x3e800000;
inline constexpr Element learning_rate = 0.01f;
inline constexpr Element alpha = 0.1f;
inline constexpr Element half = 0.5f;
inline constexpr Element half_per_alpha = 0.5f / 0.1f;
inline constexpr Element one = 1.0f;

inline float widen(Element x) {
    return x;
}
inline Element narrow(float x) {
    return x;
}

#else
#error "The published program needs a chip whose elements are BF16 or FP32"
#endif

inline Element add(Element a, Element b) {
    return narrow(widen(a) + widen(b));
}
inline Element subtract(Element a, Element b) {
    return narrow(widen(a) - widen(b));
}
inline Element multiply(Element a, Element b) {
    return narrow(widen(a) * widen(b));
}
inline Element divide(Element a, Element b) {
    return narrow(widen(a) / widen(b));
}
// c + a * b and c - a * b: two operations in BF16; in FP32 one, as GCC fuses them in plain C.
inline Element multiply_add(Element a, Element b, Element c) {
#if defined(PARTITA_CHIP_ELEMENT_BF16)
    return add(c, multiply(a, b));
#else
    return __builtin_fmaf(a, b, c);
#endif
}
inline Element multiply_subtract(Element a, Element b, Element c) {
#if defined(PARTITA_CHIP_ELEMENT_BF16)
    return subtract(c, multiply(a, b));
#else
    return __builtin_fmaf(-a, b, c);
#endif
}
inline Element maximum(Element a, Element b) {
    return widen(a) > widen(b) ? a : b;
}

}  // namespace partita::firmware
