#pragma once

// Stores on their way into the data cache's array (DCache.scala: pstore1, pstore2). One is written in any
// cycle in which no load reads the array, the first time in the store's s2. A load of bytes that are still on
// their way is nacked. Also remembers when the core accessed the cache, which a probe has to wait for.

#include <algorithm>
#include <array>
#include <cstdint>

#include "chip/base/units.hpp"

namespace partita::chip::rocket {

class PendingStores {
  public:
    // Tags are not compared, so addresses that are a multiple of `span` bytes (of a way) apart count as
    // equal.
    explicit PendingStores(unsigned span) : span_(span) {}

    // Accesses that were in ID in a cycle, in the order of time.
    void note_access(Cycle time, bool reads) {
        const Cycle by = time - last_;
        accesses_ = (by < 64 ? accesses_ << by : 0) | 1;
        reads_ = (by < 64 ? reads_ << by : 0) | (reads ? 1 : 0);
        last_ = time;
    }
    bool accessed(Cycle time) const { return at(accesses_, time); }
    Cycle last_access() const { return last_; }

    bool empty() const { return count_ == 0; }
    void clear() { count_ = 0; }
    void add(Cycle time, Address address, unsigned bytes) {
        if (count_ == stores_.size()) {
            pop();
        }
        stores_[count_++] = {time, word(address), mask(address, bytes)};
    }
    // Whether a load in ID in cycle `time` finds some of its bytes on their way.
    bool overlaps(Cycle time, Address address, unsigned bytes) {
        drain(time);
        for (unsigned i = 0; i < count_; ++i) {
            if (stores_[i].word == word(address) && (stores_[i].mask & mask(address, bytes)) != 0) {
                return true;
            }
        }
        return false;
    }

    // For a loop that repeats itself; see Predictor.
    struct Steady {
        std::uint64_t accesses = 0;
        std::uint64_t reads = 0;
        Cycle since = 0;
        bool operator==(const Steady&) const = default;
    };
    Steady steady(Cycle now) const {
        return now - last_ < 64 ? Steady{accesses_, reads_, now - last_} : Steady{};
    }
    void shift(Cycle by) { last_ += by; }

  private:
    struct Store {
        Cycle time;
        std::uint32_t word;
        std::uint32_t mask;
    };

    std::uint32_t word(Address address) const { return static_cast<std::uint32_t>(address % span_ / 8); }
    static std::uint32_t mask(Address address, unsigned bytes) {
        return ((1U << bytes) - 1) << (address % 8);
    }

    bool at(std::uint64_t bits, Cycle time) const {
        return time <= last_ && last_ - time < 64 && (bits >> (last_ - time) & 1) != 0;
    }
    void pop() {
        std::copy(stores_.begin() + 1, stores_.begin() + count_, stores_.begin());
        --count_;
    }
    void drain(Cycle time) {
        while (count_ != 0) {
            Cycle cycle = std::max(stores_[0].time + 3, drained_ + 1);
            while (cycle <= time && at(reads_, cycle - 1)) {
                ++cycle;
            }
            if (cycle > time) {
                return;
            }
            drained_ = cycle;
            pop();
        }
    }

    unsigned span_;
    std::uint64_t accesses_ = 0;  // bit i: one in cycle last_ - i
    std::uint64_t reads_ = 0;
    Cycle last_ = 0;
    Cycle drained_ = 0;
    unsigned count_ = 0;
    std::array<Store, 4> stores_ = {};
};

}  // namespace partita::chip::rocket
