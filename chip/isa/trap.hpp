#pragma once

// Traps and interrupts of machine mode, as the RISC-V privileged architecture (version 1.12, chapter 3) has
// them.

#include <cstdint>
#include <optional>

#include "chip/isa/instruction.hpp"
#include "chip/isa/state.hpp"

namespace partita::chip::isa {

// Why an instruction was not executed. Values are the codes of mcause; its code 0, a misaligned jump, cannot
// happen with compressed instructions.
enum class Trap : std::uint8_t {
    none = 0,
    fetch_fault = 1,  // the caller's to raise: `execute` does not fetch
    illegal = 2,
    breakpoint = 3,
    load_misaligned = 4,
    load_fault = 5,
    store_misaligned = 6,
    store_fault = 7,
    environment_call = 11,
};

// In words, for a report: "illegal instruction".
const char* name(Trap trap);

// What mtval says of a trap of this instruction (state as `execute` left it): the address of an access, the
// bits of an illegal instruction, the pc of a breakpoint or a fetch.
std::uint64_t trap_value(Trap trap, const Instruction& instruction, const HartState& state);

// Enters the handler: mepc, mcause, mtval and mstatus are set, pc becomes that of mtvec. A caller that wants
// to end the run instead where there is no handler looks at mtvec == 0 first.
void take_trap(HartState& state, Trap trap, std::uint64_t value);

// The interrupt to be taken before the next instruction, as mcause's code (external 11, software 3, timer 7,
// in this order), if one is pending in mip, enabled in mie and by mstatus.MIE.
std::optional<unsigned> pending_interrupt(const HartState& state);
// What ends a wfi: an interrupt pending and enabled in mie, whatever mstatus.MIE.
bool wakes(const HartState& state);
void take_interrupt(HartState& state, unsigned code);

// mret.
void return_from_trap(HartState& state);

}  // namespace partita::chip::isa
