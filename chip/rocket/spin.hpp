#pragma once

// Finds loops that repeat themselves: if registers, pipeline and predictor are the same at two passes of the
// loop's end, and nothing was written or read from outside in between, every further round will be the same,
// until the core loses a line or is interrupted.

#include <array>
#include <cstdint>
#include <cstring>

#include "chip/base/units.hpp"
#include "chip/rocket/fetch.hpp"
#include "chip/rocket/predictor.hpp"
#include "chip/rocket/stores.hpp"

namespace partita::chip::rocket {

// All that a round depends on and may change, relative to the cycle in which it begins.
struct RoundState {
    std::array<std::uint64_t, 32> registers = {};
    std::array<Cycle, 32> pending = {};
    Fetch::Steady fetch;
    PendingStores::Steady accesses;
    Predictor::Steady predictor;
    bool fence_pending = false;
    bool operator==(const RoundState&) const = default;
};

// When to look: a loop must have closed so often that its history has left all windows, and loops that only
// look like it are looked at more and more rarely.
class SpinWatch {
  public:
    // The jump at `pc` went back a little; `effects` counts what rules a round out. Whether to compare now.
    bool closes(Address pc, std::uint64_t effects) {
        if (pc != pc_ || effects != effects_) {
            pc_ = pc;
            effects_ = effects;
            rounds_ = 0;
            look_ = first_look;
            armed_ = false;
            return false;
        }
        return ++rounds_ >= look_;
    }
    bool armed() const { return armed_; }
    // The state was taken at this pass, to be compared at the next.
    void arm() { armed_ = true; }
    // The next pass was different.
    void fail() {
        armed_ = false;
        look_ = rounds_ + look_;
    }
    void restart() { pc_ = 0; }

  private:
    static constexpr std::uint64_t first_look = 32;
    Address pc_ = 0;
    std::uint64_t effects_ = 0;
    std::uint64_t rounds_ = 0;
    std::uint64_t look_ = first_look;
    bool armed_ = false;
};

}  // namespace partita::chip::rocket
