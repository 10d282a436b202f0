#pragma once

#include <span>

namespace partita::bench {

/// All parameters of a network end to end, and what FPTT-SGD keeps beside them: e = u - W and d, where u is
/// the point the regulariser pulls to (the delta form of FPTT's update: equal to mean and lambda, half the
/// operations).
struct Parameters {
    std::span<float> weights;
    std::span<float> gradients;
    std::span<float> e;
    std::span<float> d;
};

/// W' = W - learning_rate * (g - alpha * e); D = W' - W as rounded; e' = e + d/2 - D; d' = D - e. Leaves the
/// gradients zero for the next part. Runs on `threads` OpenMP threads.
void fptt_sgd_update(const Parameters& parameters, float learning_rate, float alpha, int threads);

}  // namespace partita::bench
