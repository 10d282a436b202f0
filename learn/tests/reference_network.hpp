#pragma once

// The network of learn once more, forward only, in FP64 and in the plainest form: what gradients are checked
// against.

#include <cstdint>
#include <span>
#include <vector>

#include "partita/learn/plan.hpp"

namespace partita::learn::test {

struct ReferenceState {
    std::vector<double> hidden;
    std::vector<double> cell;
};

class ReferenceNetwork {
  public:
    // `parameters` in a row: weight_ih [4 hidden][input], weight_hh [4 hidden][hidden], bias [4 hidden],
    // head_weight [classes][hidden], head_bias [classes]; gates i, f, g, o.
    ReferenceNetwork(Shape shape, std::vector<double> parameters);

    // One sequence through steps whose inputs are given, [step][input]; the state starts at zero where it is
    // empty.
    void run(std::span<const float> inputs, ReferenceState& state) const;
    std::vector<double> logits(const ReferenceState& state) const;

    std::vector<double> parameters;

  private:
    Shape shape_;
};

// -sum_c target[c] ln(softmax(logits)[c])
double cross_entropy(std::span<const double> logits, std::span<const double> target);

}  // namespace partita::learn::test
