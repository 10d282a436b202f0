#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace partita::bench {

/// The five tensors of the network in PyTorch's layout. Gates are stacked in the order i, f, g, o, and one
/// bias stands for PyTorch's two, which only ever act as their sum.
struct Network {
    std::vector<float> weight_ih;    ///< [4 * hidden][1]
    std::vector<float> weight_hh;    ///< [4 * hidden][hidden]
    std::vector<float> bias;         ///< [4 * hidden]
    std::vector<float> head_weight;  ///< [classes][hidden]
    std::vector<float> head_bias;    ///< [classes]
};

/// What every peer trains on: one batch of pixel-by-pixel digits and the network before training.
struct Workload {
    int steps = 784;
    int batch = 4;
    int hidden = 128;
    int classes = 10;
    float learning_rate = 0.01F;
    float alpha = 0.1F;
    std::vector<float> samples;  ///< [steps][batch]
    std::vector<int> labels;     ///< [batch]
    Network initial;
};

/// Weights as PyTorch initialises them, U(-1/sqrt(hidden), 1/sqrt(hidden)), and samples that look like
/// normalised MNIST rows: a background of -0.42 with short strokes up to 2.8. The same seed gives the same
/// workload everywhere.
Workload make_workload(std::uint64_t seed);

/// Writes the workload for a peer in another process (partita/runner/torch_script.hpp). Throws
/// std::runtime_error if the file cannot be written.
void write_workload(const Workload& workload, const std::filesystem::path& path);

/// Euclidean length of each tensor's change, in the order of Network's members: what a pass did to the
/// weights.
std::vector<double> change(const Network& before, const Network& after);

}  // namespace partita::bench
