#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "partita/data/safetensors.hpp"

namespace partita::data {

/// An LSTM classifier as PyTorch keeps it: one layer, then a linear head. Gate order i, f, g, o
/// (torch.nn.LSTM); PyTorch's two biases are one here, their sum. H = hidden, I = input, C = classes;
/// matrices row-major.
struct Model {
    std::size_t input = 0;
    std::size_t hidden = 0;
    std::size_t classes = 0;
    std::vector<float> weight_ih;    ///< [4H][I]
    std::vector<float> weight_hh;    ///< [4H][H]
    std::vector<float> bias;         ///< [4H]
    std::vector<float> head_weight;  ///< [C][H]
    std::vector<float> head_bias;    ///< [C]
    std::map<std::string, std::string> metadata;

    bool operator==(const Model&) const = default;
};

/// Tensors whose names begin so belong to a checkpoint, not to the model, and are ignored when a model is
/// read.
inline constexpr std::string_view training_prefix = "training.";

/// Reads a model. Expected names: lstm.weight_ih_l0 [4H, I], lstm.weight_hh_l0 [4H, H], lstm.bias_ih_l0 [4H],
/// lstm.bias_hh_l0 [4H], fc.weight [C, H], fc.bias [C]; other prefixes than "lstm." and "fc." are accepted
/// where only one reading is possible. Float types of any width are converted. Throws DataError for names
/// that do not fit (found and expected are listed), tensors too many, wrong shapes, NaN, infinity.
Model model_from(const File& file);
Model load_model(const std::filesystem::path& path);

/// The model with PyTorch's names, F32; the summed bias goes to lstm.bias_ih_l0, zeros to lstm.bias_hh_l0.
/// Throws DataError if a member's size does not match the three sizes. Tensors may be added to the result (a
/// checkpoint).
File file_from(const Model& model);
/// Writes atomically.
void save_model(const std::filesystem::path& path, const Model& model);

/// PyTorch's default start, torch.nn.LSTM and torch.nn.Linear: everything uniform in [-1/sqrt(H), 1/sqrt(H)];
/// `bias` is the sum of two such draws, as PyTorch's two biases are. With `forget_bias_one` the forget gate's
/// bias is 1 instead. Throws DataError for a size of zero or sizes whose product overflows.
Model random_model(std::size_t input, std::size_t hidden, std::size_t classes, std::uint64_t seed,
                   bool forget_bias_one = false);

}  // namespace partita::data
