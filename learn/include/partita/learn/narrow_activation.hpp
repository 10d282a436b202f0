#pragma once

// sigmoid and tanh from BF16 to BF16, rounded correctly: the activations of the 16-bit formats. Tables, since
// a small core without conversions to BF16 spends less on one access than on a polynomial and two
// conversions. The error is half a unit of the result's last place, 2^-9 at most; a caller that rounds an
// FP32 number x to BF16 first adds at most 2^-8 |x sigmoid'(x)| < 2^-10, or 2^-8 of tanh.
//
// A table is indexed by the bits of the magnitude: from `lowest` on, `entries` of them. Below, sigmoid is 1/2
// and tanh its argument; above, both are saturated.

#include <array>
#include <cstddef>
#include <cstdint>

#include "partita/learn/bfloat16.hpp"

namespace partita::learn {

namespace activation {
inline constexpr std::uint16_t sigmoid_lowest = 0x3B80;  // 2^-8: sigmoid(+-2^-8) rounds to 1/2
inline constexpr std::size_t sigmoid_entries = 0x800;    // up to 2^8: exp(-92.2) is BF16's smallest number
inline constexpr std::uint16_t tanh_lowest = 0x3D80;     // 2^-4: below, x^2 / 3 < 2^-9 is lost by rounding
inline constexpr std::size_t tanh_entries = 0x580;       // up to 2^7; from 3.5 on, tanh rounds to 1

// sigmoid(m) and, from `sigmoid_entries` on, sigmoid(-m).
extern const std::array<Bf16, 2 * sigmoid_entries> sigmoid_table;
extern const std::array<Bf16, tanh_entries> tanh_table;
}  // namespace activation

inline constexpr Bf16 not_a_number{0x7FC0};

// 1 / (1 + exp(-x)); exactly 1 from 6.25 on, exactly 0 from -93 down. NaN gives NaN.
inline Bf16 sigmoid(Bf16 x) {
    namespace a = activation;
    const std::uint32_t magnitude = x.bits & 0x7FFFu;
    const bool negative = magnitude != x.bits;
    if (magnitude > 0x7F80u) {
        return not_a_number;
    }
    if (magnitude >= a::sigmoid_lowest + a::sigmoid_entries) {
        return {static_cast<std::uint16_t>(negative ? 0 : 0x3F80)};
    }
    const std::uint32_t at = magnitude < a::sigmoid_lowest ? 0 : magnitude - a::sigmoid_lowest;
    return a::sigmoid_table[at + (negative ? a::sigmoid_entries : 0)];
}

// Exactly +-1 from 3.46875 on, exactly x below 2^-4. NaN gives NaN, -0 gives -0.
inline Bf16 tanh(Bf16 x) {
    namespace a = activation;
    const std::uint32_t magnitude = x.bits & 0x7FFFu;
    const std::uint32_t sign = x.bits & 0x8000u;
    if (magnitude > 0x7F80u) {
        return not_a_number;
    }
    if (magnitude < a::tanh_lowest) {
        return x;
    }
    const std::uint32_t at = magnitude - a::tanh_lowest;
    const std::uint32_t result = at < a::tanh_entries ? a::tanh_table[at].bits : 0x3F80u;
    return {static_cast<std::uint16_t>(result | sign)};
}

}  // namespace partita::learn
