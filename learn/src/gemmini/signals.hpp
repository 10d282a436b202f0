#pragma once

// How members and the array wait for one another inside a part, without barrier or fence: a fence on the
// member that owns the accelerator would wait until it is idle.
//
// - What the array will store is marked as pending beforehand: the first element of each tile's row has all
//   bits set, a NaN that the accelerator never writes (its NaNs are canonical). Who needs a row waits until
//   the mark is gone; a row of a tile lies within one transaction of the DMA, so it comes as a whole.
// - Each member counts its steps of work; the first member reads the counts before it issues a command that
//   reads what they have written. Counts lie side by side: members that have done their work hand the line
//   over while others work, but the first one reads it when the array waits, and a line each would let it
//   miss once for each member. It counts by an AMO with release semantics, which orders its own stores before
//   its commands as a fence would, but does not look at the accelerator.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "partita/learn/bfloat16.hpp"
#include "partita/learn/team.hpp"

namespace partita::learn::gemmini_routine {

inline constexpr std::uint32_t most_members = 64;

struct Count {
    std::atomic<std::uint32_t> value{0};
};
alignas(64) extern Count counts[most_members];

// What the first member tells the others.
alignas(64) extern Count announced;

inline void count(Count& own, std::uint32_t value) {
#ifdef __riscv
    // What a compiler makes of an atomic exchange may be a fence and a plain AMO.
    asm volatile("amoswap.w.rl zero, %1, %0" : "+A"(own.value) : "r"(value) : "memory");
#else
    own.value.store(value, std::memory_order_release);
#endif
}
inline void count(const Member& member, std::uint32_t value) {
    count(counts[member.index], value);
}

inline void order_after_wait() {
#ifdef __riscv
    asm volatile("" ::: "memory");  // harts execute in order, and a fence would wait for the accelerator
#endif
}

#ifdef __riscv
inline constexpr auto order_of_loads = std::memory_order_relaxed;
#else
inline constexpr auto order_of_loads = std::memory_order_acquire;
#endif
inline void wait_for(const Member& member, const Count& other, std::uint32_t value) {
    member.until([&] { return static_cast<std::int32_t>(other.value.load(order_of_loads) - value) >= 0; });
    order_after_wait();
}
// The first member waits until every member has counted to `value`.
inline void wait_for_all(const Member& member, std::uint32_t value) {
    for (std::uint32_t other = 0; other < member.size; ++other) {
        wait_for(member, counts[other], value);
    }
}

// ---- Rows that the array stores ----

inline bool pending(const Bf16* at) {
    return __atomic_load_n(&at->bits, static_cast<int>(order_of_loads)) == 0xFFFF;
}
inline bool pending(const float* at) {
    return __atomic_load_n(reinterpret_cast<const std::uint32_t*>(at), static_cast<int>(order_of_loads)) ==
           0xFFFFFFFF;
}
inline void set_pending(Bf16* at) {
    at->bits = 0xFFFF;
}
inline void set_pending(float* at) {
    *at = std::bit_cast<float>(0xFFFFFFFFu);
}

// A matrix of `rows` rows, `stride` elements apart, stored by tiles of `side` columns.
template <typename T>
struct Stored {
    T* start = nullptr;
    std::size_t rows = 0;
    std::size_t stride = 0;
    std::uint32_t columns = 0;
    std::uint32_t side = 0;

    void mark() const {
        for (std::uint32_t c = 0; c < columns; c += side) {
            T* at = start + c;
            std::size_t r = rows;
            for (; r >= at_once; r -= at_once, at += at_once * stride) {
                T* const third = at + 2 * stride;
                set_pending(at);
                set_pending(at + stride);
                set_pending(third);
                set_pending(third + stride);
            }
            for (; r != 0; --r, at += stride) {
                set_pending(at);
            }
        }
    }
    void wait(const Member& member) const {
        if (rows == 0) {
            return;
        }
        // The last row comes last; to look at others first would take their lines from the array in vain.
        const T* last = start + (rows - 1) * stride;
        member.until([&] { return !pending(last); });
        for (std::uint32_t c = 0; c < columns; c += side) {
            const T* at = start + c;
            std::size_t r = rows;
            for (; r >= at_once; r -= at_once, at += at_once * stride) {
                const T* const third = at + 2 * stride;
                const bool any = static_cast<int>(pending(at)) | static_cast<int>(pending(at + stride)) |
                                 static_cast<int>(pending(third)) | static_cast<int>(pending(third + stride));
                if (any) [[unlikely]] {
                    for (const T* one : {at, at + stride, third, third + stride}) {
                        member.until([&] { return !pending(one); });
                    }
                }
            }
            for (; r != 0; --r, at += stride) {
                member.until([&] { return !pending(at); });
            }
        }
        order_after_wait();
    }

  private:
    // Rows that are looked at together: one by one, each load would be waited for.
    static constexpr std::size_t at_once = 4;
};

}  // namespace partita::learn::gemmini_routine
