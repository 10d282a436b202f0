#pragma once

// Tags and directory of the inclusive L2: for each line its state and which data caches may have it. States
// and transitions are those of the SiFive inclusive cache (MSHR.scala).

#include <cstdint>
#include <optional>
#include <vector>

#include "chip/base/units.hpp"

namespace partita::chip::memory {

enum class LineState : std::uint8_t {
    invalid,
    branch,  // memory may have other readers above; never with a single L2
    trunk,   // one client alone has it and may have written it
    tip,     // the L2 may write it; clients, if any, only read
};

struct Line {
    Address address = ~Address{0};
    std::uint64_t clients = 0;  // a bit for each data cache
    LineState state = LineState::invalid;
    bool dirty = false;

    bool valid() const { return state != LineState::invalid; }
};

class Directory {
  public:
    Directory(std::uint64_t bytes, unsigned ways);

    unsigned set_of(Address line) const { return static_cast<unsigned>(line / line_bytes) & (sets_ - 1); }
    unsigned sets() const { return sets_; }
    // The line, or null.
    Line* find(Address line) {
        Line* const first = &lines_[std::size_t{set_of(line)} * ways_];
        for (Line* entry = first; entry != first + ways_; ++entry) {
            if (entry->address == line && entry->valid()) {
                return entry;
            }
        }
        return nullptr;
    }
    // Whose place a new line takes: a way at random, invalid ones are not preferred (Directory.scala).
    Line& victim(Address line);

  private:
    unsigned sets_;
    unsigned ways_;
    std::uint16_t random_ = 1;
    std::vector<Line> lines_;
};

}  // namespace partita::chip::memory
