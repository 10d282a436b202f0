#include "fptt_sgd.hpp"

namespace partita::bench {
namespace {

/// The arrays never overlap, and saying so is what lets the compiler vectorise: hence pointers, which can say
/// it.
void update_range(float* __restrict weights, float* __restrict gradients, float* __restrict e,
                  float* __restrict d, int begin, int end, float learning_rate, float alpha) {
    for (int index = begin; index < end; ++index) {
        const float before = weights[index];
        const float offset = e[index];
        const float after = before - learning_rate * (gradients[index] - alpha * offset);
        const float moved = after - before;
        weights[index] = after;
        e[index] = offset + 0.5F * d[index] - moved;
        d[index] = moved - offset;
        gradients[index] = 0.0F;
    }
}

}  // namespace

void fptt_sgd_update(const Parameters& parameters, float learning_rate, float alpha, int threads) {
    const auto count = static_cast<int>(parameters.weights.size());
    const int share = (count / threads + 15) / 16 * 16;
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int member = 0; member < threads; ++member) {
        const int begin = member * share;
        const int end = member == threads - 1 ? count : begin + share;
        update_range(parameters.weights.data(), parameters.gradients.data(), parameters.e.data(),
                     parameters.d.data(), begin, end, learning_rate, alpha);
    }
}

}  // namespace partita::bench
