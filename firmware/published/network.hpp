#pragma once

// What the published program keeps: the network's ten tensors four times over (values, gradients, lambda,
// running mean) and every state of a part's steps. Matrices are row-major, batch first.

#include <cstddef>

#include "published/element.hpp"

#ifndef PARTITA_PARTS
#error "PARTITA_PARTS is the number of parts, K"
#endif
#ifndef PARTITA_STEPS
#define PARTITA_STEPS 784
#endif

namespace partita::firmware {

inline constexpr std::size_t batch = 4;
inline constexpr std::size_t hidden = 128;
inline constexpr std::size_t classes = 10;
inline constexpr std::size_t joined = 1 + hidden;  // columns of a step's input and the hidden state before it
inline constexpr std::size_t first_hidden = 1;     // column of the hidden state's first unit among them
inline constexpr std::size_t steps = PARTITA_STEPS;
inline constexpr std::size_t parts = PARTITA_PARTS;
inline constexpr std::size_t part_steps = steps / parts;
static_assert(parts > 0 && part_steps > 0 && part_steps * parts == steps, "K must divide T");

inline constexpr std::size_t gate_i = 0;
inline constexpr std::size_t gate_f = 1;
inline constexpr std::size_t gate_g = 2;
inline constexpr std::size_t gate_o = 3;

struct Tensors {
    alignas(64) Element gate_weights[4][hidden][joined];
    alignas(64) Element gate_biases[4][hidden];
    alignas(64) Element head_weights[classes][hidden];
    alignas(64) Element head_biases[classes];
};

using State = Element[batch][hidden];

struct Network {
    Tensors weights;
    Tensors gradient;
    Tensors lambda;
    Tensors mean;

    alignas(64) Element samples[batch][steps];
    alignas(64) Element labels[batch][classes];  // one-hot

    // By step; step 0 is the state that the part before ended with.
    alignas(64) Element joined_input[part_steps + 1][batch][joined];
    alignas(64) State pre_activation[4][part_steps + 1];
    alignas(64) State gate[4][part_steps + 1];
    alignas(64) State cell[part_steps + 1];
    alignas(64) State tanh_cell[part_steps + 1];
    alignas(64) State hidden_state[part_steps + 1];
    alignas(64) Element logits[part_steps + 1][batch][classes];
    alignas(64) Element output[part_steps + 1][batch][classes];

    alignas(64) Element output_gradient[batch][classes];
    alignas(64) State hidden_gradient;
    alignas(64) State cell_gradient;
    alignas(64) State gate_gradient[4];
    alignas(64) Element joined_gradient[4][batch][joined];
};

#ifdef __riscv
extern Network network;
#else
extern Network& network;  // in the memory of a model of the chip
#endif

}  // namespace partita::firmware
