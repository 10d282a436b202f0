#pragma once

// Gemmini's commands as RoCC instructions (custom-3; ucb-bar/gemmini's GemminiISA.scala and
// gemmini-rocc-tests' gemmini.h give the fields). On a host they go to a function that the program's
// surroundings provide, so that the same code drives a model of the accelerator.

#include <cstddef>
#include <cstdint>

namespace partita::gemmini {

#ifndef __riscv
// Takes a command where there is no accelerator. Set before the first one.
extern void (*issue_to_model)(unsigned funct, std::uint64_t rs1, std::uint64_t rs2);
#endif

template <unsigned funct>
[[gnu::always_inline]] inline void issue(std::uint64_t rs1, std::uint64_t rs2) {
#ifdef __riscv
    asm volatile(".insn r CUSTOM_3, 3, %0, x0, %1, %2" ::"i"(funct), "r"(rs1), "r"(rs2));
#else
    issue_to_model(funct, rs1, rs2);
#endif
}

// Waits until the accelerator has done everything, its stores to memory included.
[[gnu::always_inline]] inline void fence() {
#ifdef __riscv
    asm volatile("fence" ::: "memory");
#endif
}

inline constexpr unsigned configure = 0;
inline constexpr unsigned move_in_1 = 1;  // by load channel
inline constexpr unsigned move_in_0 = 2;
inline constexpr unsigned move_out = 3;
inline constexpr unsigned compute_preloaded = 4;
inline constexpr unsigned compute_accumulated = 5;
inline constexpr unsigned preload = 6;
inline constexpr unsigned run_loop = 8;
inline constexpr unsigned loop_bounds = 9;
inline constexpr unsigned loop_operand_addresses = 10;
inline constexpr unsigned loop_result_addresses = 11;
inline constexpr unsigned loop_operand_strides = 12;
inline constexpr unsigned loop_result_strides = 13;
inline constexpr unsigned move_in_2 = 14;

// Execution: weight stationary, no activation, strides of one row within the scratchpad.
inline void configure_execution(bool transpose_a, bool transpose_b, std::uint32_t one) {
    constexpr std::uint64_t weight_stationary = 1u << 2;
    issue<configure>(std::uint64_t{one} << 32 | std::uint64_t{1} << 16 | std::uint64_t{transpose_b} << 9 |
                         std::uint64_t{transpose_a} << 8 | weight_stationary,
                     std::uint64_t{1} << 48);
}

// Loads of channel `channel` (0: A, 1: B, 2: D): rows `stride` bytes apart, each element times `scale` (its
// bits).
inline void configure_load(unsigned channel, std::uint64_t stride, std::uint32_t scale, bool narrow,
                           std::uint64_t side) {
    issue<configure>(std::uint64_t{scale} << 32 | side << 16 | std::uint64_t{1} << 8 |
                         std::uint64_t{channel} << 3 | std::uint64_t{narrow} << 2 | 1u,
                     stride);
}

// Stores: rows `stride` bytes apart, each element of the accumulator times `scale` (its bits).
inline void configure_store(std::uint64_t stride, std::uint32_t scale, unsigned activation) {
    issue<configure>(std::uint64_t{activation} << 2 | 2u, std::uint64_t{scale} << 32 | stride);
}

// Where a move's rows are: in the scratchpad, or in the accumulator and what the move does there; `whole`:
// out of it in the accumulator's own type.
enum class Into : std::uint64_t {
    scratchpad = 0,
    overwrite = std::uint64_t{1} << 31,
    add = std::uint64_t{3} << 30,
    whole = std::uint64_t{5} << 29
};

// `rows` rows of `columns` elements from row `row` on of a local memory.
constexpr std::uint64_t tile(Into into, std::uint32_t row, std::uint64_t rows, std::uint64_t columns) {
    return rows << 48 | columns << 32 | static_cast<std::uint64_t>(into) | row;
}
// No operand: a PRELOAD keeps the weights that are there, a COMPUTE starts from zero.
constexpr std::uint64_t no_tile(std::uint64_t rows, std::uint64_t columns) {
    return rows << 48 | columns << 32 | 0xFFFFFFFF;
}

// `rows` rows (a side at most) of `columns` elements (64 bytes at most) between memory and a local memory's
// rows from `row` on, block by block of a side's columns.
template <unsigned funct>
[[gnu::always_inline]] inline void move(const void* memory, std::uint32_t row, Into into, std::uint64_t rows,
                                        std::uint64_t columns) {
    issue<funct>(reinterpret_cast<std::uintptr_t>(memory), tile(into, row, rows, columns));
}

}  // namespace partita::gemmini
