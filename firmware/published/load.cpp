#include "published/load.hpp"

#include "published/network.hpp"

namespace partita::firmware {
bool load(const Blob& blob) {
    if (blob.input != 1 || blob.hidden != hidden || blob.classes != classes || blob.count != batch ||
        blob.steps != steps) {
        return false;
    }
    Tensors& weights = network.weights;
    for (std::size_t row = 0; row < 4 * hidden; ++row) {
        Element* const to = weights.gate_weights[row / hidden][row % hidden];
        to[first_hidden == 0 ? hidden : 0] = narrow(blob.weight_ih[row]);
        for (std::size_t unit = 0; unit < hidden; ++unit) {
            to[first_hidden + unit] = narrow(blob.weight_hh[row * hidden + unit]);
        }
        weights.gate_biases[row / hidden][row % hidden] = narrow(blob.bias[row]);
    }
    for (std::size_t label = 0; label < classes; ++label) {
        for (std::size_t unit = 0; unit < hidden; ++unit) {
            weights.head_weights[label][unit] = narrow(blob.head_weight[label * hidden + unit]);
        }
        weights.head_biases[label] = narrow(blob.head_bias[label]);
    }
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t step = 0; step < steps; ++step) {
            network.samples[b][step] = narrow(blob.samples[b * steps + step]);
        }
        network.labels[b][blob.labels[b]] = one;
    }
    network.mean = network.weights;
    return true;
}

}  // namespace partita::firmware
