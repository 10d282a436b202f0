#pragma once

// The core-local interruptor: software interrupts from hart to hart, and the timer. SiFive's CLINT, as
// Rocket's CLINT.scala lays it out.

#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/soc/config.hpp"

namespace partita::chip::soc {

class Interruptor {
  public:
    explicit Interruptor(const Config& config);

    bool contains(Address address) const { return address - base_ < interruptor_bytes; }

    // Registers, from the base on: msip of hart h, 4 bytes at 4 h, of which only bit 0 exists; mtimecmp of
    // hart h, 8 bytes at 0x4000 + 8 h; mtime, 8 bytes at 0xbff8. Any 1, 2, 4 or 8 naturally aligned bytes of
    // them may be read or written; what lies between reads as zero and ignores writes. `at`: in order of
    // time. Throws ProgramError if the access is not aligned.
    std::uint64_t load(Address address, unsigned bytes, Cycle at) const;
    void store(Address address, unsigned bytes, std::uint64_t value, Cycle at);

    std::uint64_t time(Cycle at) const { return at / divider_ + time_offset_; }
    // As bits of mip: machine software (3) and machine timer (7).
    std::uint64_t interrupts(unsigned hart, Cycle at) const;
    // The first cycle after `at` in which `interrupts` changes by itself, or `never`.
    Cycle next_interrupt(unsigned hart, Cycle at) const;

  private:
    std::uint64_t word(std::uint64_t offset, Cycle at) const;
    void set_word(std::uint64_t offset, std::uint64_t value, Cycle at);

    Address base_;
    std::uint64_t divider_;
    std::uint64_t time_offset_ = 0;             // by writes of mtime
    std::vector<std::uint8_t> software_;        // msip, by hart
    std::vector<std::uint64_t> timer_compare_;  // mtimecmp, by hart
};

}  // namespace partita::chip::soc
