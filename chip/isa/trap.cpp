#include "chip/isa/trap.hpp"

#include "chip/isa/csr.hpp"

namespace partita::chip::isa {
namespace {

constexpr std::uint64_t interrupt_cause = std::uint64_t{1} << 63U;

void enter_handler(HartState& state, std::uint64_t cause, std::uint64_t value, std::uint64_t handler) {
    state.mepc = state.pc;
    state.mcause = cause;
    state.mtval = value;
    const bool enabled = (state.mstatus & mstatus::interrupts) != 0;
    state.mstatus &= ~(mstatus::interrupts | mstatus::previous_interrupts);
    state.mstatus |= enabled ? mstatus::previous_interrupts : 0;
    state.pc = handler;
}

}  // namespace

const char* name(Trap trap) {
    switch (trap) {
        case Trap::none:
            return "no trap";
        case Trap::fetch_fault:
            return "instruction fetch outside memory";
        case Trap::illegal:
            return "illegal instruction";
        case Trap::breakpoint:
            return "breakpoint";
        case Trap::load_misaligned:
            return "misaligned load";
        case Trap::load_fault:
            return "load outside memory";
        case Trap::store_misaligned:
            return "misaligned store or atomic";
        case Trap::store_fault:
            return "store or atomic outside memory";
        case Trap::environment_call:
            return "environment call";
    }
    return "unknown trap";
}

std::uint64_t trap_value(Trap trap, const Instruction& instruction, const HartState& state) {
    switch (trap) {
        case Trap::illegal:
            return instruction.bits;
        case Trap::breakpoint:
        case Trap::fetch_fault:
            return state.pc;
        case Trap::load_misaligned:
        case Trap::load_fault:
        case Trap::store_misaligned:
        case Trap::store_fault:
            return state.x[instruction.rs1] + static_cast<std::uint64_t>(std::int64_t{instruction.immediate});
        default:
            return 0;
    }
}

void take_trap(HartState& state, Trap trap, std::uint64_t value) {
    enter_handler(state, static_cast<std::uint64_t>(trap), value, state.mtvec & ~std::uint64_t{3});
}

std::optional<unsigned> pending_interrupt(const HartState& state) {
    if ((state.mstatus & mstatus::interrupts) == 0) {
        return std::nullopt;
    }
    for (const unsigned code : {11U, 3U, 7U}) {
        if ((state.mip & state.mie & (std::uint64_t{1} << code)) != 0) {
            return code;
        }
    }
    return std::nullopt;
}

bool wakes(const HartState& state) {
    return (state.mip & state.mie) != 0;
}

void take_interrupt(HartState& state, unsigned code) {
    const bool vectored = (state.mtvec & 1U) != 0;
    enter_handler(state, interrupt_cause | code, 0,
                  (state.mtvec & ~std::uint64_t{3}) + (vectored ? std::uint64_t{4} * code : 0));
}

void return_from_trap(HartState& state) {
    const bool enabled = (state.mstatus & mstatus::previous_interrupts) != 0;
    state.mstatus &= ~mstatus::interrupts;
    state.mstatus |= mstatus::previous_interrupts | (enabled ? mstatus::interrupts : 0);
    state.pc = state.mepc;
}

}  // namespace partita::chip::isa
