#pragma once

// Clearing and copying without a C library.

#include <cstddef>
#include <span>

namespace partita::learn {

inline void clear(std::span<std::byte> bytes) {
    for (std::byte& b : bytes) {
        b = std::byte{0};
    }
}

// Copies `size` bytes; the ranges do not overlap.
inline void copy_bytes(const std::byte* from, std::byte* to, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        to[i] = from[i];
    }
}

}  // namespace partita::learn
