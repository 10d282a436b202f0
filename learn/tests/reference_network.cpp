#include "reference_network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace partita::learn::test {

ReferenceNetwork::ReferenceNetwork(Shape shape, std::vector<double> values)
    : parameters(std::move(values)), shape_(shape) {}

void ReferenceNetwork::run(std::span<const float> inputs, ReferenceState& state) const {
    const std::size_t hidden = shape_.hidden;
    const std::size_t input = shape_.input;
    const double* weight_ih = parameters.data();
    const double* weight_hh = weight_ih + 4 * hidden * input;
    const double* bias = weight_hh + 4 * hidden * hidden;
    state.hidden.resize(hidden);
    state.cell.resize(hidden);
    std::vector<double> sum(4 * hidden);
    const auto sigmoid = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
    for (const float* x = inputs.data(); x != inputs.data() + inputs.size(); x += input) {
        for (std::size_t row = 0; row < 4 * hidden; ++row) {
            sum[row] = bias[row];
            for (std::size_t i = 0; i < input; ++i) {
                sum[row] += weight_ih[row * input + i] * x[i];
            }
            for (std::size_t k = 0; k < hidden; ++k) {
                sum[row] += weight_hh[row * hidden + k] * state.hidden[k];
            }
        }
        for (std::size_t u = 0; u < hidden; ++u) {
            state.cell[u] =
                sigmoid(sum[hidden + u]) * state.cell[u] + sigmoid(sum[u]) * std::tanh(sum[2 * hidden + u]);
            state.hidden[u] = sigmoid(sum[3 * hidden + u]) * std::tanh(state.cell[u]);
        }
    }
}

std::vector<double> ReferenceNetwork::logits(const ReferenceState& state) const {
    const std::size_t hidden = shape_.hidden;
    const double* weight = parameters.data() + 4 * hidden * (shape_.input + hidden + 1);
    const double* bias = weight + shape_.classes * hidden;
    std::vector<double> result(bias, bias + shape_.classes);
    for (std::size_t c = 0; c < result.size(); ++c) {
        for (std::size_t u = 0; u < hidden; ++u) {
            result[c] += weight[c * hidden + u] * state.hidden[u];
        }
    }
    return result;
}

double cross_entropy(std::span<const double> logits, std::span<const double> target) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const double z : logits) {
        sum += std::exp(z - largest);
    }
    double loss = 0.0;
    for (std::size_t c = 0; c < logits.size(); ++c) {
        loss -= target[c] * (logits[c] - largest - std::log(sum));
    }
    return loss;
}

}  // namespace partita::learn::test
