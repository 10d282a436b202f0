#include <cstring>

#include "published/elementwise.hpp"
#include "published/gemm.hpp"
#include "published/network.hpp"
#include "published/regions.hpp"
#include "published/training.hpp"

namespace partita::firmware {
namespace {

constexpr std::size_t state_size = batch * hidden;

void gate_product(std::size_t gate, std::size_t step) {
    matmul_b_transposed(batch, hidden, joined, {&network.joined_input[step][0][0], joined},
                        {&network.weights.gate_weights[gate][0][0], joined},
                        network.weights.gate_biases[gate], &network.pre_activation[gate][step][0][0]);
}

void forward_step(const Team& team, std::size_t step) {
    if (team.hart == 0) {
        begin_region<region_data_movement>();
        for (std::size_t b = 0; b < batch; ++b) {
            std::memcpy(&network.joined_input[step][b][first_hidden], network.hidden_state[step - 1][b],
                        hidden * sizeof(Element));
        }
        end_region();
        gate_product(gate_g, step);
        gate_product(gate_i, step);
        gate_product(gate_f, step);
        gate_product(gate_o, step);
    }
    barrier(team);

    Element* const i = &network.gate[gate_i][step][0][0];
    Element* const f = &network.gate[gate_f][step][0][0];
    Element* const g = &network.gate[gate_g][step][0][0];
    Element* const o = &network.gate[gate_o][step][0][0];
    Element* const cell = &network.cell[step][0][0];
    Element* const tanh_cell = &network.tanh_cell[step][0][0];
    tanh(team, state_size, &network.pre_activation[gate_g][step][0][0], g);
    sigmoid(team, state_size, &network.pre_activation[gate_i][step][0][0], i);
    sigmoid(team, state_size, &network.pre_activation[gate_f][step][0][0], f);
    sigmoid(team, state_size, &network.pre_activation[gate_o][step][0][0], o);
    multiply(team, state_size, g, i, cell);
    multiply_accumulate(team, state_size, f, &network.cell[step - 1][0][0], cell);
    tanh(team, state_size, cell, tanh_cell);
    multiply(team, state_size, tanh_cell, o, &network.hidden_state[step][0][0]);

    if (team.hart == 0) {
        matmul_b_transposed(batch, classes, hidden, {&network.hidden_state[step][0][0], hidden},
                            {&network.weights.head_weights[0][0], hidden}, network.weights.head_biases,
                            &network.logits[step][0][0]);
        softmax(batch, classes, &network.logits[step][0][0], &network.output[step][0][0]);
    }
    barrier(team);
}

}  // namespace

void begin_part(const Team& team, std::size_t part) {
    if (team.hart == 0) {
        begin_region<region_data_movement>();
        for (std::size_t step = 1; step <= part_steps; ++step) {
            for (std::size_t b = 0; b < batch; ++b) {
                network.joined_input[step][b][first_hidden == 0 ? hidden : 0] =
                    network.samples[b][part * part_steps + step - 1];
            }
        }
        if (part > 0) {
            std::memcpy(network.hidden_state[0], network.hidden_state[part_steps], sizeof(State));
            std::memcpy(network.cell[0], network.cell[part_steps], sizeof(State));
        }
        end_region();
    }
    barrier(team);
}

void forward(const Team& team) {
    for (std::size_t step = 1; step <= part_steps; ++step) {
        forward_step(team, step);
    }
}

}  // namespace partita::firmware
