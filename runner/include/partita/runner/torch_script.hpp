#pragma once

// What PyTorch's side of a comparison needs to run in a process of its own (bench/torch_peer.py): the
// workload in a file, and an environment.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace partita::runner {

struct TorchWorkload {
    std::uint32_t steps = 0;
    std::uint32_t batch = 0;
    std::uint32_t hidden = 0;
    std::uint32_t classes = 0;
    float learning_rate = 0.0f;
    float alpha = 0.0f;
    std::vector<std::uint32_t> labels;  // [batch]
    std::vector<float> samples;         // [steps][batch]
    // weight_ih, weight_hh, bias (the sum of PyTorch's two), head_weight, head_bias, with PyTorch's shapes.
    std::array<std::span<const float>, 5> tensors;
};

// Eight bytes with the length of a JSON header (sizes, learning rate, alpha, labels), the header, the
// samples, the tensors, as FP32 in the machine's byte order. Throws RunError if the file cannot be written.
void write_torch_workload(const TorchWorkload& workload, const std::string& path);

// The environment in which PyTorch is at its best, NAME=VALUE: this process's without what steers OpenBLAS
// and OpenMP from outside; freed memory stays with the process, which otherwise spends most of its time on
// page faults.
std::vector<std::string> torch_environment(std::uint32_t threads);

// An empty file with a name of its own that goes with its owner. Throws RunError if there cannot be one.
class TemporaryFile {
  public:
    TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile();
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace partita::runner
