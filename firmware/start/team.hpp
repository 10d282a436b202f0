#pragma once

// The harts of the chip as a team: all run the same program.

#include <cstddef>

namespace partita::firmware {

struct Team {
    std::size_t hart;   // this one, counted from 0; hart 0 owns the accelerator
    std::size_t harts;  // how many there are
};

// All harts meet; what each wrote before is visible to all after. One shared counter that each hart adds to,
// and a flag whose sense the last one reverses, with a fence before and after: the barrier of riscv-tests'
// multi-core benchmarks, which the published system uses as well.
void barrier(const Team& team);

}  // namespace partita::firmware
