#pragma once

// A number that two runs of the training program are compared by.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace partita::firmware {

// FNV-1a over 32-bit little-endian words; what is left of a word at the end does not count.
inline std::uint32_t digest(std::span<const std::byte> bytes) {
    std::uint32_t hash = 2166136261u;
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        hash = (hash ^ word) * 16777619u;
    }
    return hash;
}

}  // namespace partita::firmware
