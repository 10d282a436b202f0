#pragma once

// A hart without time: memory, state and a loop. For tests.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "chip/isa/execute.hpp"
#include "chip/isa/instruction.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::isa::test {

// Main memory with the clock that the counters read: one cycle an instruction.
class TimedMemory : public memory::FlatMemory {
  public:
    using FlatMemory::FlatMemory;
    Cycle cycle() const { return cycle_; }
    void set_cycle(Cycle cycle) { cycle_ = cycle; }

  private:
    Cycle cycle_ = 0;
};

inline constexpr std::uint64_t floating_on = 3U << 13U;  // mstatus.FS

class FunctionalHart {
  public:
    FunctionalHart(Address base, std::size_t size) : memory_(base, size), decoded_(size / 2) {
        state_.pc = base;
        state_.mstatus = floating_on;
    }

    HartState& state() { return state_; }
    TimedMemory& memory() { return memory_; }

    // Puts a flat image of a program at an address.
    void place(Address address, std::span<const std::byte> image) {
        std::memcpy(memory_.at(address), image.data(), image.size());
    }
    void place(Address address, std::span<const std::uint32_t> words) {
        place(address, std::as_bytes(words));
    }

    // Decoded once; the program does not change itself.
    const Instruction& instruction_at(Address pc) {
        Decoded& entry = decoded_[(pc - memory_.base()) / 2];
        if (!entry.known) {
            const auto low = memory_.load<std::uint16_t>(pc);
            const bool compressed = (low & 3U) != 3;
            const std::uint32_t high =
                compressed || !memory_.contains(pc + 2, 2) ? 0 : memory_.load<std::uint16_t>(pc + 2);
            entry = {decode(low | high << 16U), true};
        }
        return entry.instruction;
    }

    // Executes until a trap or until that many instructions more are retired.
    Trap run(std::uint64_t instructions) {
        const std::uint64_t end = state_.instructions + instructions;
        while (state_.instructions < end) {
            if (!memory_.contains(state_.pc, 2)) {
                return Trap::fetch_fault;
            }
            memory_.set_cycle(state_.instructions);
            if (const Trap trap = execute(instruction_at(state_.pc), state_, memory_); trap != Trap::none) {
                return trap;
            }
        }
        return Trap::none;
    }

  private:
    struct Decoded {
        Instruction instruction;
        bool known = false;
    };
    HartState state_;
    TimedMemory memory_;
    std::vector<Decoded> decoded_;
};

}  // namespace partita::chip::isa::test
