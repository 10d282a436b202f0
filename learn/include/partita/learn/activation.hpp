#pragma once

// exp, sigmoid and tanh of the project: built from IEEE additions, multiplications, fused multiply-adds and
// one division in a fixed order, so that every processor computes the same bits. The host's SIMD kernels
// repeat them lane by lane, with the constants of this file. Errors are bounded by tests over all floats
// (learn/tests/activation_test.cpp).

#include <bit>
#include <cstdint>

namespace partita::learn {

namespace activation {
inline constexpr float log2_e = 0x1.715476p+0f;
inline constexpr float ln2_high = 0x1.63p-1f;       // 9 bits: its product with |n| < 2^15 is exact
inline constexpr float ln2_low = -0x1.bd0106p-13f;  // ln 2 - ln2_high
inline constexpr float round_magic = 0x1.8p23f;  // x + magic - magic rounds x to an integer, to nearest even
inline constexpr float exp_min = -87.0f;         // exp(-87) is still a normal number
inline constexpr float exp_max = 88.0f;
inline constexpr float tanh_saturates = 9.1f;  // from 9.011 on tanh rounds to 1
// exp(r) = 1 + r + r^2 (c0 + c1 r + c2 r^2 + c3 r^3 + c4 r^4) for |r| <= ln(2)/2, a weighted minimax fit:
// relative error of exp(r) - 1 below 1.7e-8.
inline constexpr float c0 = 0x1.fffffep-2f;
inline constexpr float c1 = 0x1.5554aep-3f;
inline constexpr float c2 = 0x1.555676p-5f;
inline constexpr float c3 = 0x1.1228e6p-7f;
inline constexpr float c4 = 0x1.6bebcep-10f;
}  // namespace activation

namespace detail {

struct ReducedExp {
    float minus_one;  // exp(r) - 1
    float scale;      // 2^n, so that exp(x) = scale * (1 + minus_one)
};

// x in [-87.4, 88.1].
inline ReducedExp reduce_exp(float x) {
    namespace a = activation;
    const float shifted = __builtin_fmaf(x, a::log2_e, a::round_magic);
    const float n = shifted - a::round_magic;
    float r = __builtin_fmaf(n, -a::ln2_high, x);
    r = __builtin_fmaf(n, -a::ln2_low, r);
    float q = __builtin_fmaf(a::c4, r, a::c3);
    q = __builtin_fmaf(q, r, a::c2);
    q = __builtin_fmaf(q, r, a::c1);
    q = __builtin_fmaf(q, r, a::c0);
    const float minus_one = __builtin_fmaf(q * r, r, r);
    // The low bits of `shifted` hold n in two's complement.
    const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(shifted) + 127u) << 23;
    return {minus_one, std::bit_cast<float>(exponent)};
}

inline float clamp(float x, float low, float high) {
    const float at_most = x < high ? x : high;
    return at_most > low ? at_most : low;
}

}  // namespace detail

// exp(x), within 1.1 ULP for -87 <= x <= 88; outside it keeps the value at the nearer end. NaN gives NaN.
inline float exp(float x) {
    const auto e = detail::reduce_exp(detail::clamp(x, activation::exp_min, activation::exp_max));
    const float result = __builtin_fmaf(e.scale, e.minus_one, e.scale);
    return x == x ? result : x;
}

// 1 / (1 + exp(-x)), within 2.5 ULP for x >= -88; below, it keeps the value at -88 (6.1e-39, a subnormal
// number, as is every value below x = -87.34). NaN gives NaN.
inline float sigmoid(float x) {
    const auto e = detail::reduce_exp(detail::clamp(-x, activation::exp_min, activation::exp_max));
    const float result = 1.0f / (1.0f + __builtin_fmaf(e.scale, e.minus_one, e.scale));
    return x == x ? result : x;
}

// tanh(x) = m / (m + 2) with m = exp(2x) - 1, within 2.6 ULP everywhere; 1 from 9.011 on, and here and there
// from 8.664 on. NaN gives NaN, -0 gives -0.
inline float tanh(float x) {
    const float magnitude = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFu);
    const float clamped = detail::clamp(magnitude, 0.0f, activation::tanh_saturates);
    const auto e = detail::reduce_exp(clamped + clamped);
    const float m = __builtin_fmaf(e.scale, e.minus_one, e.scale - 1.0f);
    const float result = m / (m + 2.0f);
    const std::uint32_t sign = std::bit_cast<std::uint32_t>(x) & 0x80000000u;
    return x == x ? std::bit_cast<float>(std::bit_cast<std::uint32_t>(result) | sign) : x;
}

// Natural logarithm of a normal positive number, within 0.501 ULP: the exponent, and the series of
// 2 atanh((m - 1) / (m + 1)) for the significand m in [sqrt(1/2), sqrt(2)). Used for losses, not inside
// loops.
inline float log(float x) {
    auto bits = std::bit_cast<std::uint32_t>(x);
    auto exponent = static_cast<std::int32_t>(bits >> 23) - 127;
    bits = (bits & 0x007FFFFFu) | 0x3F800000u;
    double m = static_cast<double>(std::bit_cast<float>(bits));
    if (m > 1.41421356237309505) {
        m *= 0.5;
        ++exponent;
    }
    const double z = (m - 1.0) / (m + 1.0);
    const double y = z * z;
    const double series =
        1.0 +
        y * (1.0 / 3.0 + y * (1.0 / 5.0 + y * (1.0 / 7.0 + y * (1.0 / 9.0 + y * (1.0 / 11.0 + y / 13.0)))));
    const double result = static_cast<double>(exponent) * 0.69314718055994530942 + 2.0 * z * series;
    return x == x ? static_cast<float>(result) : x;
}

}  // namespace partita::learn
