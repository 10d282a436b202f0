#pragma once

// A team of n members that run the same program: threads on a host, harts on a chip. Work is divided by
// output element, so the results do not depend on n.

#include <atomic>
#include <cstdint>

#include "partita/learn/marks.hpp"

namespace partita::learn {

// All members meet; what each wrote before is visible to all after. Called by exactly `members` threads or
// harts, each with its own index. In a small team everyone raises a flag of his own and reads the others':
// one line handed over from core to core each way, at the same time. A shared counter would be handed over
// twice, one time after the other.
class Barrier {
  public:
    // `idle` is called now and then while waiting long: a host with fewer processors than members yields
    // there.
    constexpr explicit Barrier(std::uint32_t members, void (*idle)() = nullptr)
        : members_(members), idle_(idle) {}
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    void wait(std::uint32_t member) {
        if (members_ == 1) {
            return;
        }
        if (members_ <= most_flags) {
            wait_for_flags(member);
        } else {
            wait_for_count();
        }
    }

    // Waits until `done()`, a load of what another member writes.
    template <typename Done>
    void spin_until(const Done& done) {
        begin_wait();
        for (std::uint32_t spins = 1; !done(); ++spins) {
            if (idle_ != nullptr && spins % spins_before_idle == 0) {
                idle_();
            }
        }
        end_wait();
    }

  private:
    struct alignas(64) Line {
        std::atomic<std::uint32_t> value{0};
    };

    void wait_for_flags(std::uint32_t member) {
        const std::uint32_t round = flags_[member].value.load(std::memory_order_relaxed) + 1;
        flags_[member].value.store(round, std::memory_order_release);
        for (std::uint32_t other = 0; other < members_; ++other) {
            // The other may already be one round further.
            spin_until([&] {
                const std::uint32_t ahead = flags_[other].value.load(std::memory_order_acquire) - round;
                return static_cast<std::int32_t>(ahead) >= 0;
            });
        }
    }
    void wait_for_count() {
        const std::uint32_t round = round_.value.load(std::memory_order_relaxed);
        if (arrived_.value.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
            arrived_.value.store(0, std::memory_order_relaxed);
            round_.value.store(round + 1, std::memory_order_release);
            return;
        }
        spin_until([&] { return round_.value.load(std::memory_order_acquire) != round; });
    }

    static constexpr std::uint32_t spins_before_idle = 4096;
    static constexpr std::uint32_t most_flags = 8;
    Line flags_[most_flags];
    Line arrived_;
    Line round_;
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
            barrier->wait(index);
        }
    }
    // Waits until `done()`, a load of what another member, or an accelerator, writes.
    template <typename Done>
    void until(const Done& done) const {
        if (done()) {
            return;
        }
        if (barrier != nullptr) {
            barrier->spin_until(done);
            return;
        }
        begin_wait();
        while (!done()) {
        }
        end_wait();
    }
    // This member's share of `count` items.
    constexpr Range share(std::uint32_t count) const {
        const std::uint64_t n = count;
        return {static_cast<std::uint32_t>(n * index / size),
                static_cast<std::uint32_t>(n * (index + 1) / size)};
    }
};

}  // namespace partita::learn
