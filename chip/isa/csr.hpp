#pragma once

// Control and status registers of a hart that has machine mode only (RISC-V privileged architecture 1.12,
// chapters 2 and 3). As in Rocket, mstatus.FS is either off or dirty.

#include <cstdint>

#include "chip/base/units.hpp"
#include "chip/isa/instruction.hpp"
#include "chip/isa/state.hpp"
#include "chip/isa/trap.hpp"

namespace partita::chip::isa {

namespace mstatus {
inline constexpr std::uint64_t interrupts = 1U << 3;            // MIE
inline constexpr std::uint64_t previous_interrupts = 1U << 7;   // MPIE
inline constexpr std::uint64_t previous_machine = 3U << 11;     // MPP, always machine mode
inline constexpr std::uint64_t floating = 3U << 13;             // FS: off (0) or dirty (3)
inline constexpr std::uint64_t dirty = std::uint64_t{1} << 63;  // SD
}  // namespace mstatus

// Executes csrr*; `cycle` is the time that cycle, mcycle and time read. Trap::illegal if the register does
// not exist, cannot be written or belongs to the floating-point unit that is off. A write of frm with an
// invalid rounding mode is kept: it makes the instructions that use it illegal.
Trap access_csr(const Instruction& instruction, HartState& state, Cycle cycle);

// Whether the register exists, and its value.
bool read_csr(const HartState& state, unsigned number, Cycle cycle, std::uint64_t& value);

}  // namespace partita::chip::isa
