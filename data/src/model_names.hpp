#pragma once

#include <array>
#include <string_view>

#include "partita/data/safetensors.hpp"

namespace partita::data {

/// The six tensors of a model, found in a file.
struct ModelTensors {
    const Tensor* weight_ih = nullptr;
    const Tensor* weight_hh = nullptr;
    const Tensor* bias_ih = nullptr;
    const Tensor* bias_hh = nullptr;
    const Tensor* head_weight = nullptr;
    const Tensor* head_bias = nullptr;
};

/// PyTorch's names for a module `lstm` and a module `fc`, in the order of ModelTensors.
inline constexpr std::array<std::string_view, 6> model_names{
    "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0", "lstm.bias_hh_l0", "fc.weight", "fc.bias"};

/// Finds the six tensors whatever their modules are called: one prefix for the four of the LSTM, another for
/// the two of the head, nothing else in the file but a checkpoint's tensors. Throws DataError listing what
/// was found and expected.
ModelTensors find_model_tensors(const File& file);

}  // namespace partita::data
