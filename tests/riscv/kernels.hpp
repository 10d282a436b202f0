#pragma once

#include <cstdint>
#include <span>

namespace partita::riscv {

inline constexpr std::uint32_t kernel_results = 24;

// Hashes of what the kernels of the array's backend (gemmini/cells.hpp) make of numbers of every kind, those
// with code of their own for RISC-V above all.
void run_kernels(std::span<std::uint32_t, kernel_results> results);

}  // namespace partita::riscv
