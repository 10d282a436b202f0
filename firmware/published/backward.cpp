#include "published/elementwise.hpp"
#include "published/gemm.hpp"
#include "published/network.hpp"
#include "published/training.hpp"

namespace partita::firmware {
namespace {

constexpr std::size_t state_size = batch * hidden;

Element* values(State& state) {
    return &state[0][0];
}

void weight_gradient(std::size_t gate, std::size_t step) {
    matmul_a_transposed(hidden, joined, batch, {values(network.gate_gradient[gate]), hidden},
                        {&network.joined_input[step][0][0], joined},
                        &network.gradient.gate_weights[gate][0][0]);
}

void bias_gradient(const Team& team, std::size_t gate) {
    mean_of_rows(team, batch, hidden, values(network.gate_gradient[gate]),
                 network.gradient.gate_biases[gate]);
}

// The gradient of the hidden state before a step, from all gates' gradients at the step.
void hidden_gradient() {
    const auto product = [](std::size_t gate) {
        matmul(batch, joined, hidden, {values(network.gate_gradient[gate]), hidden},
               {&network.weights.gate_weights[gate][0][0], joined}, &network.joined_gradient[gate][0][0]);
    };
    product(gate_i);
    product(gate_f);
    product(gate_g);
    product(gate_o);
    sum_of_four(batch, hidden, joined, first_hidden,
                {&network.joined_gradient[gate_i][0][0], &network.joined_gradient[gate_f][0][0],
                 &network.joined_gradient[gate_g][0][0], &network.joined_gradient[gate_o][0][0]},
                values(network.hidden_gradient));
}

void head_gradient(const Team& team) {
    subtract(team, batch * classes, &network.output[part_steps][0][0], &network.labels[0][0],
             &network.output_gradient[0][0]);
    mean_of_rows(team, batch, classes, &network.output_gradient[0][0], network.gradient.head_biases);
    if (team.hart == 0) {
        matmul_a_transposed(classes, hidden, batch, {&network.output_gradient[0][0], classes},
                            {values(network.hidden_state[part_steps]), hidden},
                            &network.gradient.head_weights[0][0]);
        matmul(batch, hidden, classes, {&network.output_gradient[0][0], classes},
               {&network.weights.head_weights[0][0], hidden}, values(network.hidden_gradient));
    }
    barrier(team);
}

// Output gate of step `from`, and where its hidden state's gradient enters the cell state.
void output_gate(const Team& team, std::size_t from) {
    Element* const o = values(network.gate[gate_o][from]);
    Element* const tanh_cell = values(network.tanh_cell[from]);
    Element* const gradient = values(network.gate_gradient[gate_o]);
    cell_gradient(team, state_size, o, tanh_cell, values(network.hidden_gradient),
                  values(network.cell_gradient));
    multiply(team, state_size, tanh_cell, values(network.hidden_gradient), gradient);
    sigmoid_gradient(team, state_size, o, gradient);
    bias_gradient(team, gate_o);
    if (team.hart == 0) {
        weight_gradient(gate_o, from);
    }
    barrier(team);
}

// The other gates at `step`.
void input_gates(const Team& team, std::size_t step, bool first) {
    Element* const i = values(network.gate[gate_i][step]);
    Element* const f = values(network.gate[gate_f][step]);
    Element* const g = values(network.gate[gate_g][step]);
    Element* const cell_gradient = values(network.cell_gradient);
    multiply(team, state_size, i, cell_gradient, values(network.gate_gradient[gate_g]));
    multiply(team, state_size, g, cell_gradient, values(network.gate_gradient[gate_i]));
    multiply(team, state_size, values(network.cell[step - 1]), cell_gradient,
             values(network.gate_gradient[gate_f]));
    sigmoid_gradient(team, state_size, i, values(network.gate_gradient[gate_i]));
    sigmoid_gradient(team, state_size, f, values(network.gate_gradient[gate_f]));
    tanh_gradient(team, state_size, g, values(network.gate_gradient[gate_g]));
    // As in the published program there is no barrier here: the array reads the gradients in the order in
    // which they were written, and by the time of the products' set-up all harts have written theirs.
    if (team.hart == 0) {
        weight_gradient(gate_i, step);
        weight_gradient(gate_f, step);
        weight_gradient(gate_g, step);
    }
    barrier(team);
    bias_gradient(team, gate_i);
    bias_gradient(team, gate_f);
    bias_gradient(team, gate_g);
    multiply(team, state_size, cell_gradient, f, cell_gradient);
    if (first && team.hart == 0) {
        hidden_gradient();
    }
    barrier(team);
}

}  // namespace

void backward(const Team& team) {
    head_gradient(team);
    for (std::size_t from = part_steps; from >= 1; --from) {
        output_gate(team, from);
        for (std::size_t step = from; step >= 1 && step + 2 > from; --step) {
            input_gates(team, step, step == from);
        }
        barrier(team);
    }
}

}  // namespace partita::firmware
