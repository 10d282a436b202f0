#pragma once

// A channel that carries one beat a cycle, as a calendar of its busy cycles: messages asked for later may go
// earlier than ones that wait for memory. A message's beats are not interleaved with others.

#include <bit>
#include <cstdint>

#include "chip/base/units.hpp"

namespace partita::chip::memory {

class Channel {
  public:
    // The first cycle from `at` on with `beats` free cycles in a row (at most 16), which are taken.
    Cycle reserve(Cycle at, unsigned beats) {
        for (;;) {
            const std::uint64_t busy = window(at);
            const std::uint64_t wanted = (std::uint64_t{1} << beats) - 1;
            const std::uint64_t conflict = busy & wanted;
            if (conflict == 0) {
                break;
            }
            at += static_cast<Cycle>(64 - std::countl_zero(conflict));
        }
        take(at, beats);
        return at;
    }

  private:
    static constexpr unsigned words = 64;  // 4,096 cycles ahead of the earliest request

    struct Word {
        std::uint64_t index = 0;
        std::uint64_t busy = 0;
    };

    // A word of cycles long past is used again; nobody asks for cycles before it any more.
    std::uint64_t& word(std::uint64_t index) {
        Word& found = words_[index % words];
        if (found.index != index) {
            found = {index, 0};
        }
        return found.busy;
    }
    // Busy bits of the 64 cycles from `at` on.
    std::uint64_t window(Cycle at) {
        const unsigned shift = at % 64;
        const std::uint64_t low = word(at / 64) >> shift;
        return shift == 0 ? low : low | word(at / 64 + 1) << (64 - shift);
    }
    void take(Cycle at, unsigned beats) {
        for (unsigned beat = 0; beat < beats; ++beat) {
            word((at + beat) / 64) |= std::uint64_t{1} << ((at + beat) % 64);
        }
    }

    Word words_[words];
};

}  // namespace partita::chip::memory
