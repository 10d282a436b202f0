#include "published/elementwise.hpp"
#include "published/network.hpp"
#include "published/training.hpp"

namespace partita::firmware {
void update(const Team& team) {
    for (std::size_t gate = 0; gate < 4; ++gate) {
        update(team, hidden * joined, &network.weights.gate_weights[gate][0][0],
               &network.gradient.gate_weights[gate][0][0], &network.lambda.gate_weights[gate][0][0],
               &network.mean.gate_weights[gate][0][0]);
    }
    for (std::size_t gate = 0; gate < 4; ++gate) {
        update(team, hidden, network.weights.gate_biases[gate], network.gradient.gate_biases[gate],
               network.lambda.gate_biases[gate], network.mean.gate_biases[gate]);
    }
    update(team, classes * hidden, &network.weights.head_weights[0][0], &network.gradient.head_weights[0][0],
           &network.lambda.head_weights[0][0], &network.mean.head_weights[0][0]);
    update(team, classes, network.weights.head_biases, network.gradient.head_biases,
           network.lambda.head_biases, network.mean.head_biases);
}

}  // namespace partita::firmware
