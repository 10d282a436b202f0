#pragma once

#include <cstdint>

#include "chip/gemmini/counters.hpp"
#include "chip/gemmini/function.hpp"
#include "chip/gemmini/loop.hpp"

namespace partita::chip::gemmini {

// Gemmini without time: a command has been carried out when issue() returns.
class Machine {
  public:
    Machine(const Config& config, memory::FlatMemory& memory);

    // The result is 0 but for counters. Throws ProgramError as decode(), LoopSlots and Function do.
    std::uint64_t issue(const RoccCommand& raw);

    Function& function() { return function_; }

  private:
    Function function_;
    LoopSlots loops_;
    Counters counters_;
};

}  // namespace partita::chip::gemmini
