#pragma once

// What the end of every instruction has in common.

#include <cstdint>

#include "chip/base/units.hpp"
#include "chip/isa/instruction.hpp"
#include "chip/isa/state.hpp"

namespace partita::chip::isa {

// The address of the instruction behind this one. A branch of the host, which it predicts, is faster here
// than a sum: the next instruction's address would otherwise wait for this one's length to be loaded.
[[gnu::always_inline]] inline Address next_address(const Instruction& instruction, const HartState& state) {
    Address next = state.pc + 4;
    if (instruction.length != 4) {
        next = state.pc + 2;
        asm volatile("");  // keeps the compiler from turning the branch into arithmetic
    }
    return next;
}

// The instruction after this one comes next.
[[gnu::always_inline]] inline void retire(const Instruction& instruction, HartState& state) {
    state.pc = next_address(instruction, state);
    ++state.instructions;
}

[[gnu::always_inline]] inline void write_integer(const Instruction& instruction, HartState& state,
                                                 std::uint64_t value) {
    state.x[instruction.rd] = value;
    state.x[0] = 0;
}

}  // namespace partita::chip::isa
