#pragma once

// A team of n members that run the same program: threads on a host, harts on a chip. Work is divided by
// output element, so the results do not depend on n.

#include <atomic>
#include <cstdint>

namespace partita::learn {

// All members meet; what each wrote before is visible to all after. Called by exactly `members` threads or
// harts.
class Barrier {
  public:
    // `idle` is called now and then while waiting long: a host with fewer processors than members yields
    // there.
    explicit Barrier(std::uint32_t members, void (*idle)() = nullptr) : members_(members), idle_(idle) {}
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    void wait() {
        if (members_ == 1) {
            return;
        }
        const std::uint32_t round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
            arrived_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        for (std::uint32_t spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
            if (idle_ != nullptr && spins % spins_before_idle == spins_before_idle - 1) {
                idle_();
            }
        }
    }

  private:
    static constexpr std::uint32_t spins_before_idle = 4096;
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> round_{0};
    std::uint32_t members_;
    void (*idle_)();
};

// A range of indices [first, last).
struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

// One member's view of its team.
struct Member {
    std::uint32_t index = 0;
    std::uint32_t size = 1;
    Barrier* barrier = nullptr;  // may be null for a team of one

    void meet() const {
        if (barrier != nullptr) {
            barrier->wait();
        }
    }
    // This member's share of `count` items.
    constexpr Range share(std::uint32_t count) const {
        const std::uint64_t n = count;
        return {static_cast<std::uint32_t>(n * index / size),
                static_cast<std::uint32_t>(n * (index + 1) / size)};
    }
};

}  // namespace partita::learn
