#include "chip/isa/csr.hpp"

#include "chip/isa/retire.hpp"

namespace partita::chip::isa {
namespace {

// Numbers of the registers; privileged architecture, tables "Currently allocated RISC-V CSR addresses".
// clang-format off
enum Number : unsigned {
    fflags = 0x001, frm = 0x002, fcsr = 0x003, satp = 0x180,
    mstatus_number = 0x300, misa = 0x301, mie = 0x304, mtvec = 0x305, mcounteren = 0x306, mcountinhibit = 0x320,
    mhpmevent3 = 0x323, mhpmevent31 = 0x33f,
    mscratch = 0x340, mepc = 0x341, mcause = 0x342, mtval = 0x343, mip = 0x344,
    pmpcfg0 = 0x3a0, pmpcfg14 = 0x3ae, pmpaddr0 = 0x3b0, pmpaddr63 = 0x3ef,
    tselect = 0x7a0, tdata3 = 0x7a3,
    mcycle = 0xb00, minstret = 0xb02, mhpmcounter3 = 0xb03, mhpmcounter31 = 0xb1f,
    cycle_number = 0xc00, time_number = 0xc01, instret = 0xc02, hpmcounter3 = 0xc03, hpmcounter31 = 0xc1f,
    mvendorid = 0xf11, marchid = 0xf12, mimpid = 0xf13, mhartid = 0xf14, mconfigptr = 0xf15,
};
// clang-format on

constexpr std::uint64_t extension(char letter) {
    return std::uint64_t{1} << static_cast<unsigned>(letter - 'A');
}

constexpr std::uint64_t misa_value = (std::uint64_t{2} << 62U) | extension('I') | extension('M') |
                                     extension('A') | extension('F') | extension('D') | extension('C');
constexpr std::uint64_t rocket_architecture = 1;  // marchid; riscv/riscv-isa-manual marchid.md
constexpr std::uint64_t interrupt_mask = (1U << 3U) | (1U << 7U) | (1U << 11U);
constexpr std::uint64_t counter_mask = 7;  // cycle, time, instret
constexpr std::uint64_t cause_mask = (std::uint64_t{1} << 63U) | 0x3fU;

std::uint64_t mstatus_value(const HartState& state) {
    const std::uint64_t kept = state.mstatus & (mstatus::interrupts | mstatus::previous_interrupts);
    const bool on = (state.mstatus & mstatus::floating) != 0;
    return kept | mstatus::previous_machine | (on ? mstatus::floating | mstatus::dirty : 0);
}

// A vectored table must be aligned to 256 bytes (Rocket's CSR.scala, formTVec).
std::uint64_t legal_handler(std::uint64_t value) {
    return value & ~((value & 1U) != 0 ? std::uint64_t{0xfe} : std::uint64_t{2});
}

bool is_floating(unsigned number) {
    return number == fflags || number == frm || number == fcsr;
}

// Registers that are there but always zero; writes are ignored. There are no counters of events, no trigger,
// no protected region and no translation; start-up codes for any chip write them nevertheless.
bool is_always_zero(unsigned number) {
    return number == satp || number == mcountinhibit || (number >= mhpmevent3 && number <= mhpmevent31) ||
           (number >= pmpcfg0 && number <= pmpcfg14 && number % 2 == 0) ||
           (number >= pmpaddr0 && number <= pmpaddr63) || (number >= tselect && number <= tdata3) ||
           (number >= mhpmcounter3 && number <= mhpmcounter31) ||
           (number >= hpmcounter3 && number <= hpmcounter31) || number == mvendorid || number == mimpid ||
           number == mconfigptr;
}

void write_csr(HartState& state, unsigned number, Cycle cycle, std::uint64_t value) {
    switch (number) {
        case fflags:
            state.fflags = value & 31U;
            break;
        case frm:
            state.frm = value & 7U;
            break;
        case fcsr:
            state.fflags = value & 31U;
            state.frm = value >> 5U & 7U;
            break;
        case mstatus_number:
            state.mstatus = value;
            state.mstatus = mstatus_value(state);
            break;
        case mie:
            state.mie = value & interrupt_mask;
            break;
        case mtvec:
            state.mtvec = legal_handler(value);
            break;
        case mcounteren:
            state.mcounteren = value & counter_mask;
            break;
        case mscratch:
            state.mscratch = value;
            break;
        case mepc:
            state.mepc = value & ~std::uint64_t{1};
            break;
        case mcause:
            state.mcause = value & cause_mask;
            break;
        case mtval:
            state.mtval = value;
            break;
        // The written value is what the counters show right after this instruction and this cycle.
        case mcycle:
            state.cycle_offset = value - (cycle + 1);
            break;
        case minstret:
            state.instruction_offset = value - (state.instructions + 1);
            break;
        default:  // misa, mip and what is always zero
            break;
    }
}

}  // namespace

bool read_csr(const HartState& state, unsigned number, Cycle cycle, std::uint64_t& value) {
    switch (number) {
        case fflags:
            value = state.fflags;
            return true;
        case frm:
            value = state.frm;
            return true;
        case fcsr:
            value = static_cast<std::uint64_t>(state.frm) << 5U | state.fflags;
            return true;
        case mstatus_number:
            value = mstatus_value(state);
            return true;
        case misa:
            value = misa_value;
            return true;
        case mie:
            value = state.mie;
            return true;
        case mip:
            value = state.mip;
            return true;
        case mtvec:
            value = state.mtvec;
            return true;
        case mcounteren:
            value = state.mcounteren;
            return true;
        case mscratch:
            value = state.mscratch;
            return true;
        case mepc:
            value = state.mepc;
            return true;
        case mcause:
            value = state.mcause;
            return true;
        case mtval:
            value = state.mtval;
            return true;
        case mcycle:
        case cycle_number:
            value = cycle + state.cycle_offset;
            return true;
        case time_number:
            value = cycle;
            return true;
        case minstret:
        case instret:
            value = state.instructions + state.instruction_offset;
            return true;
        case marchid:
            value = rocket_architecture;
            return true;
        case mhartid:
            value = state.hart;
            return true;
        default:
            value = 0;
            return is_always_zero(number);
    }
}

Trap access_csr(const Instruction& instruction, HartState& state, Cycle cycle) {
    const auto number = static_cast<unsigned>(instruction.immediate) & 0xfffU;
    const bool immediate =
        instruction.op == Op::csrrwi || instruction.op == Op::csrrsi || instruction.op == Op::csrrci;
    const bool replaces = instruction.op == Op::csrrw || instruction.op == Op::csrrwi;
    const bool sets = instruction.op == Op::csrrs || instruction.op == Op::csrrsi;
    const bool writes = replaces || instruction.rs1 != 0;
    const bool read_only = number >> 10U == 3;
    std::uint64_t old = 0;
    if (!read_csr(state, number, cycle, old) || (writes && read_only) ||
        (is_floating(number) && (state.mstatus & mstatus::floating) == 0)) {
        return Trap::illegal;
    }
    if (writes) {
        const std::uint64_t operand = immediate ? instruction.rs1 : state.x[instruction.rs1];
        write_csr(state, number, cycle, replaces ? operand : sets ? old | operand : old & ~operand);
    }
    write_integer(instruction, state, old);
    return Trap::none;
}

}  // namespace partita::chip::isa
