#pragma once

// What the system on a chip has beside its cores, caches and accelerator.

#include <cstdint>

#include "chip/base/field.hpp"

namespace partita::chip::soc {

// The core-local interruptor takes 64 KB of the address space, wherever it is (SiFive's CLINT, Rocket's
// CLINT.scala).
inline constexpr std::uint64_t interruptor_bytes = 0x10000;

struct Config {
    // Rocket cores (harts); the accelerator belongs to hart 0.
    std::uint32_t cores = 1;
    // Of the one clock that cores, buses and accelerator share; turns cycles into seconds and changes no
    // cycle.
    std::uint64_t clock_hz = 500'000'000;
    // Cycles in which mtime advances by one.
    std::uint32_t real_time_clock_divider = 500;
    // First address of the core-local interruptor.
    std::uint64_t interruptor_base = 0x0200'0000;

    template <typename Self, typename Visitor>
    static void fields(Self& self, Visitor&& visit) {
        visit("cores", self.cores, Bounds{1, 64});
        visit("clock_hz", self.clock_hz, Bounds{1'000'000, 10'000'000'000});
        visit("real_time_clock_divider", self.real_time_clock_divider, Bounds{1, 1'000'000});
        visit("interruptor_base", self.interruptor_base, Bounds{0, std::uint64_t{1} << 40});
    }
};

}  // namespace partita::chip::soc
