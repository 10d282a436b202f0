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

// Gate gradients of one unit from dh and dc; dc moves one step back. The cell states are used as the tape of
// operands keeps them.
template <typename Format>
Gates unit_gradient(Gates now, float c_before, float c, float dh, typename Format::State& cell_grad) {
    const float t = tanh_of<Format>(c);
    const float dho = dh * now.o;
    if constexpr (sizeof(typename Format::Operand) == 2) {
        // The same products as below, shared so that a core has the fewest operations.
        const float dhot = dho * t;
        const float dc = fused(-dhot, t, dho) + value(cell_grad);
        const float dcf = dc * now.f;
        put(dcf, cell_grad);
        const float dcfc = dcf * round_to_bf16(c_before);
        const float dci = dc * now.i;
        const float dcig = dci * now.g;
        return {fused(-dcig, now.i, dcig), fused(-dcfc, now.f, dcfc), fused(-dcig, now.g, dci),
                fused(-dhot, now.o, dhot)};
    } else {
        const float dc = fused(dho, fused(-t, t, 1.0f), value(cell_grad));
        put(dc * now.f, cell_grad);
        return {(dc * now.g) * (now.i * (1.0f - now.i)), (dc * c_before) * (now.f * (1.0f - now.f)),
                (dc * now.i) * fused(-now.g, now.g, 1.0f), (dho * t) * (1.0f - now.o)};
    }
}

}  // namespace partita::learn
