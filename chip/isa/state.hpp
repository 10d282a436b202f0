#pragma once

#include <cstdint>

namespace partita::chip::isa {

// The architectural state of one hart in machine mode.
struct HartState {
    std::uint64_t x[32] = {};
    std::uint64_t f[32] = {};  // FP32 values are NaN-boxed
    std::uint64_t pc = 0;

    std::uint64_t mstatus = 0;  // FS, MPP, MPIE, MIE
    std::uint64_t mtvec = 0;    // 0: a trap ends the run with a report
    std::uint64_t mepc = 0;
    std::uint64_t mcause = 0;
    std::uint64_t mtval = 0;
    std::uint64_t mscratch = 0;
    std::uint64_t mie = 0;
    std::uint64_t mip = 0;  // as the CLINT drives it: MSIP (bit 3), MTIP (bit 7)
    std::uint64_t mcounteren = 0;
    std::uint64_t hart = 0;  // mhartid
    std::uint8_t fflags = 0;
    std::uint8_t frm = 0;

    std::uint64_t instructions = 0;        // retired
    std::uint64_t cycle_offset = 0;        // added to the clock by writes of mcycle
    std::uint64_t instruction_offset = 0;  // the same for minstret

    bool reserved = false;          // LR/SC
    std::uint64_t reservation = 0;  // its line
};

}  // namespace partita::chip::isa
