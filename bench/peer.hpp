#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace partita::bench {

/// How a peer computes, which decides what may be compared with what.
enum class Precision {
    fp32,   ///< everything in FP32
    mixed,  ///< BF16 operands, FP32 accumulation and FP32 (or equivalent) master weights
    bf16,   ///< everything stored and accumulated in BF16, weights included
};

struct Setting {
    int threads = 1;
    int parts = 1;  ///< K; divides the workload's steps
};

struct PassResult {
    double seconds = 0.0;
    double loss = 0.0;  ///< cross-entropy summed over the batch at the last step, before the last update
    /// Euclidean length of each tensor's change over the pass, as bench::change() gives it. The loss of an
    /// untrained network is near ln(classes) whatever the gradients are; this is what shows that they agree.
    std::vector<double> change;
};

/// Thrown by a peer's constructor when it cannot run here; what() is the reason shown to the user.
class PeerUnavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// An implementation of the workload, set up for one Setting when it is constructed.
class Peer {
  public:
    Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    virtual ~Peer() = default;

    /// Versions and kernels found at run time, for the report.
    virtual std::string details() const = 0;

    /// Takes the weights back to the initial ones, then runs and times one training pass of `parts` parts:
    /// for each part forward, loss at its last step, exact back-propagation within the part, FPTT-SGD update;
    /// hidden and cell state carried, detached. Only the training is timed: not the reset, not the measuring
    /// of the change. Whatever depends on the weights (packing them for the kernels) is part of the training
    /// and done again in each part.
    virtual PassResult pass() = 0;
};

}  // namespace partita::bench
