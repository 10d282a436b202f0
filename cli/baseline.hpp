#pragma once

// The chips' pass on the machine at hand: what `baseline` measures, and how.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chip_program.hpp"
#include "partita/learn/plan.hpp"

namespace partita::cli {

// Of the programs on the chip, too.
inline constexpr float baseline_learning_rate = 0.01f;
inline constexpr float baseline_alpha = 0.1f;

struct BaselineWork {
    ProgramData data;
    std::uint32_t steps = 784;
    std::uint32_t batch = 4;
    std::vector<std::uint32_t> parts;  // K
    std::uint32_t threads = 1;
    std::uint32_t rounds = 5;        // passes of each K that are timed, after one that is not
    std::function<void()> measured;  // called after each K, if there is one
};

// Passes of one K in one precision by one program.
struct Baseline {
    std::string platform = "cpu";  // or "cuda"
    std::string program;           // "learn" or "torch"
    std::string version;           // of the program, and what it computes with
    std::string machine;           // in the processor's own words, and how many threads
    std::uint32_t parts = 0;
    std::string precision;
    std::vector<double> seconds;  // of each round
    // Cross-entropy in nats, summed over the sequences: at the end of each part of the pass, before its
    // update, or at the last step alone.
    std::vector<double> losses;

    double median() const;
};

// By learn on this machine. Losses are those of the portable backend with a 4x4 array's order of sums, which
// are the chip's to the bit in bf16. Throws RunError.
std::vector<Baseline> measure_learn(const BaselineWork& work, learn::Precision precision);

// By PyTorch's nn.LSTM in `python`'s process, in FP32: on the CPU and, where PyTorch finds one, on a CUDA
// device. Empty if there is no PyTorch; `absence` then says why. Throws RunError if the process fails.
std::vector<Baseline> measure_torch(const BaselineWork& work, const std::string& python,
                                    std::string& absence);

// "AMD EPYC, 2 threads"
std::string machine_with(std::uint32_t threads);

}  // namespace partita::cli
