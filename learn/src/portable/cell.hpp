#pragma once

// The LSTM cell of one unit, as every scalar backend computes it. In FP32 nothing is rounded on the way. The
// 16-bit formats round to BF16 what an activation takes and gives, so that the backward pass finds on the
// tape exactly what the forward pass has used.

#include "partita/learn/activation.hpp"
#include "partita/learn/narrow_activation.hpp"
#include "portable/arithmetic.hpp"

namespace partita::learn {

struct Gates {
    float i, f, g, o;
};

template <typename Format>
float sigmoid_of(float x) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        return widen(sigmoid(narrow(x)));
    } else {
        return sigmoid(x);
    }
}

template <typename Format>
float tanh_of(float x) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        return widen(tanh(narrow(x)));
    } else {
        return tanh(x);
    }
}

// Gates from their pre-activations, in PyTorch's order.
template <typename Format>
Gates activate(const float (&sums)[gate_count]) {
    return {sigmoid_of<Format>(sums[0]), sigmoid_of<Format>(sums[1]), tanh_of<Format>(sums[2]),
            sigmoid_of<Format>(sums[3])};
}

// c_t, to be stored as State.
inline float next_cell(const Gates& now, float c_before) {
    return fused(now.f, c_before, now.i * now.g);
}

// h_t, to be stored as Operand, from c_t as stored.
template <typename Format>
float hidden_state(float o, float c) {
    return o * tanh_of<Format>(c);
}

// sigmoid' from s = sigmoid; one operation where it need not be what FP32 has always been.
template <typename Format>
float sigmoid_slope(float s) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        return fused(-s, s, s);
    } else {
        return s * (1.0f - s);
    }
}

// Gate gradients of one unit from dh and dc; dc moves one step back. The cell states are used as the tape of
// operands keeps them.
template <typename Format>
Gates unit_gradient(Gates now, float c_before, float c, float dh, typename Format::State& cell_grad) {
    c_before = as_stored<typename Format::Operand>(c_before);
    const float t = tanh_of<Format>(c);
    const float dho = dh * now.o;
    const float dc = fused(dho, fused(-t, t, 1.0f), value(cell_grad));
    put(dc * now.f, cell_grad);
    return {(dc * now.g) * sigmoid_slope<Format>(now.i), (dc * c_before) * sigmoid_slope<Format>(now.f),
            (dc * now.i) * fused(-now.g, now.g, 1.0f), (dho * t) * (1.0f - now.o)};
}

}  // namespace partita::learn
