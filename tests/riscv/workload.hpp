#pragma once

#include <cstdint>
#include <span>

namespace partita::riscv {

/// Runs the workload and returns the bits of its results, one 32-bit word each (FP32 by bit_cast, BF16 in the
/// lower half), in a fixed order. The words stay valid until the next call. Every build of this function, on
/// every machine, must return the same words.
std::span<const std::uint32_t> run_workload();

}  // namespace partita::riscv
