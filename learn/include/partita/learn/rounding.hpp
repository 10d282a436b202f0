#pragma once

// Stochastic rounding of stored weights to BF16: up or down with probabilities that make the mean of many
// roundings the number itself, so that updates smaller than half a unit of the weight are not lost but made
// now and then. Random bits are a function of (seed, update, parameter): there is no state to keep, and
// neither the size of a team nor where a backend keeps a parameter matters.
// Source: Gupta et al., "Deep Learning with Limited Numerical Precision", ICML 2015, section 3.

#include <bit>
#include <cstdint>

#include "partita/learn/bfloat16.hpp"
#include "partita/learn/plan.hpp"

namespace partita::learn {

// `value` rounded to BF16 by 16 random bits: the upper half of value's bits, plus one with the probability
// lower half / 2^16, subnormals included. BF16 numbers and infinities stay as they are; a number beyond the
// largest BF16 number may become infinite, NaN becomes the canonical one.
constexpr Bf16 stochastic_narrow(float value, std::uint32_t random) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
        return {0x7FC0};
    }
    return {static_cast<std::uint16_t>((bits + (random & 0xFFFFu)) >> 16)};
}

// A bijection of 64-bit words each of whose bits depends on all of the argument's.
// Source: degski's 64-bit mixer (xor-shift, multiply, twice).
constexpr std::uint64_t mixed_word(std::uint64_t word) {
    constexpr std::uint64_t factor = 0xD6E8FEB86659FD93u;
    word = (word ^ (word >> 32)) * factor;
    word = (word ^ (word >> 32)) * factor;
    return word ^ (word >> 32);
}

// What the random bits of one update come from; the same for all its parameters. Updates count from 0.
constexpr std::uint64_t stochastic_key(std::uint64_t seed, std::uint64_t update) {
    return mixed_word(mixed_word(seed) + update);
}

// Random bits of four parameters at once, of indices 4 quad .. 4 quad + 3: 16 bits each, the first lowest.
constexpr std::uint64_t stochastic_quad(std::uint64_t key, std::uint64_t quad) {
    return mixed_word(key + quad * 0x9E3779B97F4A7C15u);
}

// 16 random bits of one parameter.
constexpr std::uint32_t stochastic_bits(std::uint64_t key, std::uint64_t index) {
    return static_cast<std::uint32_t>(stochastic_quad(key, index / 4) >> (index % 4 * 16)) & 0xFFFFu;
}

// The number of a parameter, by which it finds its random bits in every backend. Four neighbouring units of
// one gate and one column share a quad: the units are counted up to a multiple of four.
//     LSTM  [column][gate][unit]     columns: hidden units, inputs, bias; gates i, f, g, o
//     head  [class][unit], then the biases [class]
struct ParameterIndex {
    Shape shape;

    constexpr std::uint64_t units() const { return (std::uint64_t{shape.hidden} + 3) / 4 * 4; }
    constexpr std::uint64_t lstm(std::uint32_t column, std::uint32_t gate, std::uint32_t unit) const {
        return (std::uint64_t{column} * 4 + gate) * units() + unit;
    }
    constexpr std::uint64_t head(std::uint32_t label, std::uint32_t unit) const {
        const std::uint64_t columns = std::uint64_t{shape.hidden} + shape.input + 1;
        return (columns * 4 + label) * units() + unit;
    }
    constexpr std::uint64_t head_bias(std::uint32_t label) const { return head(shape.classes, label); }
};

}  // namespace partita::learn
