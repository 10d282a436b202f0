#include "classifier_head.hpp"

#include <algorithm>
#include <cmath>

namespace partita::bench {
namespace {

template <typename Value>
std::span<Value> row(std::span<Value> matrix, int index, int columns) {
    return matrix.subspan(static_cast<std::size_t>(index) * columns, columns);
}

float dot(std::span<const float> left, std::span<const float> right) {
    float sum = 0.0F;
    const auto count = static_cast<int>(left.size());
#pragma omp simd reduction(+ : sum)
    for (int index = 0; index < count; ++index) {
        sum += left[index] * right[index];
    }
    return sum;
}

void add_scaled(std::span<float> accumulator, float scale, std::span<const float> values) {
    const auto count = static_cast<int>(accumulator.size());
#pragma omp simd
    for (int index = 0; index < count; ++index) {
        accumulator[index] += scale * values[index];
    }
}

}  // namespace

ClassifierHead::ClassifierHead(int batch, int hidden, std::span<const int> labels, int classes)
    : batch_(batch), hidden_(hidden), labels_(labels.begin(), labels.end()), logits_(classes) {}

float ClassifierHead::softmax_cross_entropy(std::span<float> logits, int label) const {
    const float largest = *std::max_element(logits.begin(), logits.end());
    const float label_logit = logits[label] - largest;
    float sum = 0.0F;
    for (float& logit : logits) {
        logit = std::exp(logit - largest);
        sum += logit;
    }
    for (float& logit : logits) {
        logit /= sum * static_cast<float>(batch_);
    }
    logits[label] -= 1.0F / static_cast<float>(batch_);
    return std::log(sum) - label_logit;
}

double ClassifierHead::train(std::span<const float> state, std::span<const float> weight,
                             std::span<const float> bias, std::span<float> state_gradient,
                             std::span<float> weight_gradient, std::span<float> bias_gradient) {
    std::ranges::fill(state_gradient, 0.0F);
    double loss = 0.0;
    const auto classes = static_cast<int>(logits_.size());
    for (int sample = 0; sample < batch_; ++sample) {
        const auto sample_state = row(state, sample, hidden_);
        const auto sample_gradient = row(state_gradient, sample, hidden_);
        for (int category = 0; category < classes; ++category) {
            logits_[category] = bias[category] + dot(sample_state, row(weight, category, hidden_));
        }
        loss += softmax_cross_entropy(logits_, labels_[sample]);
        for (int category = 0; category < classes; ++category) {
            const float gradient = logits_[category];
            bias_gradient[category] += gradient;
            add_scaled(row(weight_gradient, category, hidden_), gradient, sample_state);
            add_scaled(sample_gradient, gradient, row(weight, category, hidden_));
        }
    }
    return loss;
}

}  // namespace partita::bench
