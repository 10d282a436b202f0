#pragma once

// The LSTM cell of one unit, as every scalar backend computes it.

#include "partita/learn/activation.hpp"
#include "portable/arithmetic.hpp"

namespace partita::learn {

struct Gates {
    float i, f, g, o;
};

// Gates from their pre-activations, in PyTorch's order.
inline Gates activate(const float (&sums)[gate_count]) {
    return {sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3])};
}

inline float next_cell(const Gates& now, float c_before) {
    return fused(now.f, c_before, now.i * now.g);
}

// Gate gradients of one unit from dh and dc; dc moves one step back.
template <typename State>
Gates unit_gradient(Gates now, float c_before, float c, float dh, State& cell_grad) {
    const float t = tanh(c);
    const float dho = dh * now.o;
    const float dc = fused(dho, fused(-t, t, 1.0f), value(cell_grad));
    put(dc * now.f, cell_grad);
    return {(dc * now.g) * (now.i * (1.0f - now.i)), (dc * c_before) * (now.f * (1.0f - now.f)),
            (dc * now.i) * fused(-now.g, now.g, 1.0f), (dho * t) * (1.0f - now.o)};
}

}  // namespace partita::learn
