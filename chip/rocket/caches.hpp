#pragma once

// Tags of the first-level caches. What the lines hold is in main memory.

#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/memory/coherence.hpp"

namespace partita::chip::rocket {

// Rocket's random replacement: the low bits of a 16-bit LFSR that advances with each refill.
class RandomWay {
  public:
    unsigned way(unsigned ways) const { return state_ & (ways - 1); }
    void advance() {
        const unsigned bit = (state_ >> 15 ^ state_ >> 14 ^ state_ >> 12 ^ state_ >> 3) & 1;
        state_ = (state_ << 1 | bit) & 0xffff;
    }

  private:
    unsigned state_ = 1;
};

class InstructionTags {
  public:
    InstructionTags(unsigned sets, unsigned ways);
    bool holds(Address line) const;
    void fill(Address line);  // in place of a random line of the set
    void clear();

  private:
    unsigned sets_;
    unsigned ways_;
    RandomWay random_;
    std::vector<Address> tags_;
};

struct DataLine {
    static constexpr Address none = ~Address{0};
    Address line = none;
    memory::Permission permission = memory::Permission::none;
    bool dirty = false;
};

class DataTags {
  public:
    DataTags(unsigned sets, unsigned ways);
    // The line's entry, or null.
    DataLine* find(Address address) {
        const Address line = line_of(address);
        DataLine* const set = &lines_[line / line_bytes % sets_ * ways_];
        for (unsigned way = 0; way < ways_; ++way) {
            if (set[way].line == line) {
                return &set[way];
            }
        }
        return nullptr;
    }
    // What the next refill of the address replaces: chosen at random, whether or not a way is free.
    DataLine& victim(Address address);
    void refilled() { random_.advance(); }

  private:
    unsigned sets_;
    unsigned ways_;
    RandomWay random_;
    std::vector<DataLine> lines_;
};

}  // namespace partita::chip::rocket
