#pragma once

// The arithmetic of the portable backend: how each precision stores a number and how a weight-stationary
// array of a given side forms a product.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "partita/learn/bfloat16.hpp"
#include "partita/learn/rounding.hpp"
#include "partita/learn/update.hpp"
#include "partita/learn/workspace.hpp"

namespace partita::learn {

inline float fused(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}

inline float value(float x) {
    return x;
}
inline float value(Bf16 x) {
    return widen(x);
}
inline void put(float x, float& to) {
    to = x;
}
inline void put(float x, Bf16& to) {
    to = narrow(x);
}

template <typename T>
float as_stored(float x) {
    T stored;
    put(x, stored);
    return value(stored);
}

// fused_bf16 for all arguments. The product has at most 16 significant bits and is exact in FP32 short of its
// range, so FP64 holds it always; the FP64 sum is rounded to odd, which keeps the one rounding that follows
// correct.
inline float fused_bf16_by_wider_sum(float a, float b, float c) {
    const double product = static_cast<double>(a) * static_cast<double>(b);
    const double addend = static_cast<double>(c);
    double sum = product + addend;
    if (!(sum - sum == 0.0)) {
        return round_to_bf16(static_cast<float>(sum));  // infinite or not a number
    }
    const double back = sum - product;
    const double error = (product - (sum - back)) + (addend - back);
    auto bits = std::bit_cast<std::uint64_t>(sum);
    if (error != 0.0 && (bits & 1u) == 0) {
        // Away from zero where the rest has the sum's sign, else towards it.
        bits = (error > 0.0) == (sum > 0.0) ? bits + 1 : bits - 1;
    }
    // To BF16 in integers: FP64 -> FP32 would round a second time.
    const std::uint64_t sign = bits >> 63;
    const auto exponent = static_cast<std::int32_t>((bits >> 52) & 0x7FFu) - 1023;
    const std::uint64_t significand = (bits & 0xFFFFFFFFFFFFFull) | (std::uint64_t{1} << 52);
    if (((bits >> 52) & 0x7FFu) == 0) {
        return sign != 0 ? -0.0f : 0.0f;  // zero, or far below BF16's smallest number
    }
    // 45 bits go for a normal BF16 number, more for a subnormal one.
    const std::int32_t drop = exponent >= -126 ? 45 : 45 + (-126 - exponent);
    std::uint64_t kept = 0;
    if (drop < 54) {
        const std::uint64_t rest = significand & ((std::uint64_t{1} << drop) - 1);
        const std::uint64_t half = std::uint64_t{1} << (drop - 1);
        kept = significand >> drop;
        kept += rest > half || (rest == half && (kept & 1u) != 0) ? 1u : 0u;
    }
    // `kept` has its leading one at bit 7 for a normal number; adding it to the exponent carries where it
    // rounds up.
    const std::int32_t biased = exponent >= -126 ? exponent + 126 : 0;
    std::uint64_t result = (static_cast<std::uint64_t>(biased) << 7) + kept;
    if (result >= 0x7F80u) {
        result = 0x7F80u;
    }
    return widen({static_cast<std::uint16_t>(result | (sign << 15))});
}

// Whether an FP32 sum, or the product in it, may be so small that FP32 has rounded it: below 2^-117.
inline bool is_small(std::uint32_t bits) {
    return ((bits >> 23) & 0xFFu) < 10;
}
inline bool is_not_finite(std::uint32_t bits) {
    return ((bits >> 23) & 0xFFu) == 0xFFu;
}
// Half-way between two BF16 numbers.
inline bool is_half_way(std::uint32_t bits) {
    return (bits & 0xFFFFu) == 0x8000u;
}
inline float rounded_from_bits(std::uint32_t bits) {
    return std::bit_cast<float>((bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u);
}

// a * b + c for BF16 numbers, rounded once to BF16. Numbers half-way between two BF16 numbers are FP32
// numbers and rounding is monotonic, so the FP32 sum never lies beyond one that the true sum does not reach:
// unless it is half-way itself, rounding it again is right. A product that FP32 has rounded too is below
// 2^-133; beside it c, about as large as the sum, is 2^-126 at least from any half-way number.
inline float fused_bf16(float a, float b, float c) {
    const auto bits = std::bit_cast<std::uint32_t>(a * b + c);
    return is_small(bits) || is_half_way(bits) || is_not_finite(bits) ? fused_bf16_by_wider_sum(a, b, c)
                                                                      : rounded_from_bits(bits);
}

// The same for a row of numbers: chain = a * b + chain. Where a factor is zero a small sum is exact: it is c.
// A sum that is half-way and exact is rounded to even like any other.
template <std::uint32_t lanes>
void fused_bf16_row(float a, const float (&b)[lanes], float (&chain)[lanes]) {
    float rounded[lanes];
    std::uint32_t unsure = 0;
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        const float product = a * b[lane];
        const float sum = product + chain[lane];
        const float back = sum - product;
        const float error = (product - (sum - back)) + (chain[lane] - back);
        const auto bits = std::bit_cast<std::uint32_t>(sum);
        const bool zero =
            std::bit_cast<std::uint32_t>(a) << 1 == 0 || std::bit_cast<std::uint32_t>(b[lane]) << 1 == 0;
        const bool exact = std::bit_cast<std::uint32_t>(error) << 1 == 0;
        unsure |= static_cast<std::uint32_t>(is_not_finite(bits) | (is_half_way(bits) & !exact) |
                                             (is_small(bits) & !zero));
        rounded[lane] = rounded_from_bits(bits);
    }
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        chain[lane] = unsure == 0 ? rounded[lane] : fused_bf16(a, b[lane], chain[lane]);
    }
}

// The same in FP32.
template <std::uint32_t lanes>
void fused_row(float a, const float (&b)[lanes], float (&chain)[lanes]) {
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        chain[lane] = fused(a, b[lane], chain[lane]);
    }
}

// Where a 16-bit array keeps the parameter that is `at` in plain order.
inline std::size_t interleaved_place(const Workspace& ws, std::size_t at) {
    if (ws.plan().array_side != 0 || at >= ws.extents().lstm_parameters) {
        return at;
    }
    const auto within = static_cast<std::uint32_t>(at % gates_per_block);
    return at - within + paired_place(within / units_per_block, within % units_per_block);
}

// FP32: operands, products and sums.
struct PortableFp32 {
    using Operand = float;
    using State = float;
    static float multiply_add(float a, float b, float c) { return fused(a, b, c); }
    template <std::uint32_t lanes>
    static void multiply_add(float a, const float (&b)[lanes], float (&chain)[lanes]) {
        fused_row(a, b, chain);
    }
    static float add(float a, float b) { return a + b; }
    static float get_weight(const Workspace& ws, std::size_t at) {
        return ws.array<float>(BufferId::weights)[at];
    }
    static float put_weight(const Workspace& ws, std::size_t at, float w) {
        return ws.array<float>(BufferId::weights)[at] = w;
    }
};

// BF16: each multiply-add of a chain and each addition to the accumulator is rounded to BF16.
struct PortableBf16 {
    using Operand = Bf16;
    using State = Bf16;
    static float multiply_add(float a, float b, float c) { return fused_bf16(a, b, c); }
    template <std::uint32_t lanes>
    static void multiply_add(float a, const float (&b)[lanes], float (&chain)[lanes]) {
        fused_bf16_row(a, b, chain);
    }
    static float add(float a, float b) { return round_to_bf16(a + b); }
    static float get_weight(const Workspace& ws, std::size_t at) {
        return widen(ws.array<Bf16>(BufferId::weights)[interleaved_place(ws, at)]);
    }
    static float put_weight(const Workspace& ws, std::size_t at, float w) {
        Bf16& to = ws.array<Bf16>(BufferId::weights)[interleaved_place(ws, at)];
        to = narrow(w);
        return widen(to);
    }
};

// Mixed: BF16 operands, FP32 chains and accumulator, weights in two planes.
struct PortableMixed {
    using Operand = Bf16;
    using State = float;
    static float multiply_add(float a, float b, float c) { return fused(a, b, c); }
    template <std::uint32_t lanes>
    static void multiply_add(float a, const float (&b)[lanes], float (&chain)[lanes]) {
        fused_row(a, b, chain);
    }
    static float add(float a, float b) { return a + b; }
    static float get_weight(const Workspace& ws, std::size_t at) {
        const std::size_t place = interleaved_place(ws, at);
        return join({ws.array<Bf16>(BufferId::weights)[place],
                     ws.array<std::uint16_t>(BufferId::weights_low)[place]});
    }
    static float put_weight(const Workspace& ws, std::size_t at, float w) {
        const std::size_t place = interleaved_place(ws, at);
        const SplitFloat planes = split(w);
        ws.array<Bf16>(BufferId::weights)[place] = planes.high;
        ws.array<std::uint16_t>(BufferId::weights_low)[place] = planes.low;
        return join(planes);
    }
};

// Sum over k < n of a(k) b(k) as an array of `side` rows forms it: chains of `side` multiply-adds from +0 (a
// short last chain is padded with zeros), whose results are added in order to `start`, or replace it where
// there is none.
template <typename Format, typename A, typename B>
float chained_product(std::uint32_t n, std::uint32_t side, const A& a, const B& b, bool has_start,
                      float start) {
    float total = start;
    for (std::uint32_t first = 0; first < n; first += side) {
        const std::uint32_t last = n - first < side ? n : first + side;
        float chain = 0.0f;
        for (std::uint32_t k = first; k < last; ++k) {
            chain = Format::multiply_add(a(k), b(k), chain);
        }
        if (last - first < side) {
            chain = chain + 0.0f;  // the padding's multiply-adds turn -0 into +0
        }
        total = first == 0 && !has_start ? chain : Format::add(total, chain);
    }
    return total;
}

inline bool narrow_state(const Plan& plan) {
    return plan.narrow_regulariser || plan.precision != Precision::fp32;
}

inline float get_state(const Workspace& ws, BufferId id, std::size_t at) {
    return narrow_state(ws.plan()) ? widen(ws.array<Bf16>(id)[interleaved_place(ws, at)])
                                   : ws.array<float>(id)[at];
}

inline void put_state(const Workspace& ws, BufferId id, std::size_t at, float x) {
    if (narrow_state(ws.plan())) {
        ws.array<Bf16>(id)[interleaved_place(ws, at)] = narrow(x);
    } else {
        ws.array<float>(id)[at] = x;
    }
}

// FPTT's e and d after a weight has moved by `moved`, before they are stored: D = moved, d' = D - e,
// e' = d/2 - d'. The 16-bit formats take these steps as the accelerator can take them: D and d/2 are BF16
// numbers, sums are the accumulator's.
struct Regulariser {
    float e;
    float d;
};
template <typename Format>
Regulariser regularise(float moved, float e, float d) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        const float away = Format::add(as_stored<Bf16>(moved), -e);
        const float half = as_stored<Bf16>(0.5f * d) + 0.0f;  // its -0 becomes +0
        return {Format::add(half, -away), away};
    } else {
        return {fused(0.5f, d, e) - moved, moved - e};
    }
}

// The number of the parameter that is `at` in plain order; units that only fill up the last block share those
// of others, for their weights stay zero.
inline std::uint64_t parameter_index(const Workspace& ws, std::size_t at) {
    const ParameterIndex index{ws.plan().shape};
    const Extents& e = ws.extents();
    if (at >= ws.head_bias_index()) {
        return index.head_bias(static_cast<std::uint32_t>(at - ws.head_bias_index()));
    }
    if (at >= e.lstm_parameters) {
        const std::size_t within = at - e.lstm_parameters;
        return index.head(static_cast<std::uint32_t>(within / e.padded_hidden),
                          static_cast<std::uint32_t>(within % e.padded_hidden));
    }
    const auto row = static_cast<std::uint32_t>(at / gates_per_block % e.rows);
    const auto block = static_cast<std::uint32_t>(at / gates_per_block / e.rows);
    const auto place = static_cast<std::uint32_t>(at % gates_per_block);
    return index.lstm(row, place / units_per_block, block * units_per_block + place % units_per_block);
}

// Stores an updated weight by the plan's rounding; returns it as stored.
template <typename Format>
float put_updated(const Workspace& ws, const UpdateStep& step, std::size_t at, float w) {
    if constexpr (std::is_same_v<Format, PortableBf16>) {
        if (ws.plan().rounding == Rounding::stochastic) {
            w = widen(stochastic_narrow(w, stochastic_bits(step.rounding_key, parameter_index(ws, at))));
        }
    }
    return Format::put_weight(ws, at, w);
}

// The way to go for a gradient, by the plan's rule.
inline float direction(const Workspace& ws, const UpdateStep& step, std::size_t at, float g) {
    if (ws.plan().rule == Rule::sgd) {
        return g;
    }
    float& first = ws.array<float>(BufferId::first_moment)[at];
    if (ws.plan().rule == Rule::momentum) {
        first = fused(step.momentum, first, g);
        return first;
    }
    float& second = ws.array<float>(BufferId::second_moment)[at];
    first = fused(1.0f - step.beta1, g - first, first);
    second = fused(1.0f - step.beta2, g * g - second, second);
    return first * step.correction1 / (__builtin_sqrtf(second * step.correction2) + step.epsilon);
}

}  // namespace partita::learn
