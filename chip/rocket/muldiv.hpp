#pragma once

// How long the iterative units work, which depends on their operands.

#include <cstdint>

#include "chip/isa/instruction.hpp"
#include "chip/rocket/config.hpp"

namespace partita::chip::rocket {

// Iterations of the integer unit for an instruction of Pipe::multiply or Pipe::divide, the cycles in which it
// negates operands and result included. A dependent instruction may be in ID `iterations` + 2 cycles after
// the instruction itself was (Multiplier.scala, class MulDiv).
unsigned integer_iterations(const Config& config, isa::Op op, std::uint64_t a, std::uint64_t b);

// The same of fdiv and fsqrt: what the counter of berkeley-hardfloat's DivSqrtRecFN_small starts with, less
// the cycle that it skips. A dependent instruction may be in ID `iterations` + 3 cycles after.
unsigned float_iterations(isa::Op op, std::uint64_t a, std::uint64_t b);

}  // namespace partita::chip::rocket
