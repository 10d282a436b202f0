#pragma once

// The words that every room of the simulator uses.

#include <cstdint>

namespace partita::chip {

using Cycle = std::uint64_t;  // of the one clock that cores, buses and accelerator share, counted from reset
using Address = std::uint64_t;  // physical, in bytes

inline constexpr Cycle never = ~Cycle{0};
inline constexpr unsigned line_bytes = 64;  // of every cache, and of a coherence transaction

constexpr Address line_of(Address address) {
    return address & ~Address{line_bytes - 1};
}

}  // namespace partita::chip
