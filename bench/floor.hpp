#pragma once

#include <optional>

#include "workload.hpp"

namespace partita::bench {

/// What this machine's processor can do at best, measured: the best of many short bursts, all threads at
/// once.
struct Floor {
    int threads = 1;
    std::optional<double> fp32_gflops;  ///< fused multiply-adds, counted as two operations
    std::optional<double> bf16_gflops;  ///< VDPBF16PS; absent where the processor has none
    std::optional<double> l2_gbytes;    ///< per second, reading 512 KiB a thread over and over
    std::optional<double> meeting_ns;   ///< one meeting of a team that does nothing else; with threads > 1
};

/// Every rate but the meetings' is absent on processors other than x86-64 with AVX2.
Floor measure_floor(int threads);

/// Operations of one training pass in its matrix products alone: gates forward, gradient of the hidden state,
/// gradient of the weights.
double gemm_operations(const Workload& workload);

}  // namespace partita::bench
