#pragma once

#include <span>
#include <vector>

namespace partita::bench {

/// Linear layer with softmax cross-entropy for peers whose library only brings the recurrent layer.
class ClassifierHead {
  public:
    ClassifierHead(int batch, int hidden, std::span<const int> labels, int classes);

    /// Cross-entropy of `state` [batch][hidden] summed over the batch. Adds the gradients of its mean to
    /// weight_gradient [classes][hidden] and bias_gradient [classes], and stores that of the state in
    /// state_gradient [batch][hidden].
    double train(std::span<const float> state, std::span<const float> weight, std::span<const float> bias,
                 std::span<float> state_gradient, std::span<float> weight_gradient,
                 std::span<float> bias_gradient);

  private:
    float softmax_cross_entropy(std::span<float> logits, int label) const;

    int batch_;
    int hidden_;
    std::vector<int> labels_;
    std::vector<float> logits_;  ///< [classes] of one sample, then their gradients
};

}  // namespace partita::bench
