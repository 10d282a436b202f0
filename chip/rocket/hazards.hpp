#pragma once

// When the registers' pending results may be used, and who occupies the FP write port.

#include <algorithm>
#include <array>
#include <cstdint>

#include "chip/base/units.hpp"
#include "chip/rocket/core.hpp"

namespace partita::chip::rocket {

// Both register files, numbered through: x0 ... x31, f0 ... f31, and two that are none.
using Slot = std::uint8_t;
inline constexpr Slot first_float = 32;
inline constexpr Slot no_source = 64;       // never pending
inline constexpr Slot no_destination = 65;  // never pending, either
inline constexpr unsigned slots = 66;

// Results that take longer than an ALU's. An ALU's need no entry: it may only be issued when its destination
// is no longer pending.
class Hazards {
  public:
    // No result is pending from this cycle on.
    Cycle latest() const { return latest_; }
    Cycle ready(Slot slot) const { return ready_[slot]; }
    Cause cause(Slot slot) const { return cause_[slot]; }
    void set(Slot destination, Cycle at, Cause cause) {
        if (destination == no_destination) {
            return;
        }
        ready_[destination] = at;
        cause_[destination] = cause;
        latest_ = std::max(latest_, at);
    }
    // For a loop that repeats itself: as if everything happened so much later.
    void shift(Cycle by) {
        for (Slot slot = 0; slot < no_source; ++slot) {
            ready_[slot] += by;
        }
        latest_ += by;
    }

  private:
    std::array<Cycle, slots> ready_ = {};
    std::array<Cause, slots> cause_ = {};
    Cycle latest_ = 0;
};

// The one write port of the FP register file (FPU.scala: wen, write_port_busy).
class FloatPort {
  public:
    // Whether an instruction that is in ID at `time` and writes through a pipe of `depth` finds it taken.
    bool taken(Cycle time, unsigned depth) const {
        const Cycle writes = time + 1 + depth;
        return writes <= last_ && last_ - writes < 32 && (bits_ >> (last_ - writes) & 1) != 0;
    }
    void take(Cycle time, unsigned depth) {
        const Cycle writes = time + 1 + depth;
        if (writes > last_) {
            bits_ = writes - last_ < 32 ? bits_ << (writes - last_) | 1U : 1U;
            last_ = writes;
        } else {
            bits_ |= 1U << (last_ - writes);
        }
    }
    // The last cycle in which it is taken.
    Cycle last() const { return last_; }

  private:
    Cycle last_ = 0;
    std::uint32_t bits_ = 0;  // bit i: taken in cycle last_ - i
};

}  // namespace partita::chip::rocket
