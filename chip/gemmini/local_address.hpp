#pragma once

#include <cstdint>

#include "chip/gemmini/config.hpp"

namespace partita::chip::gemmini {

// A row of the scratchpad or of the accumulator, with what a command wants there (Gemmini's LocalAddr.scala):
// bit 31 accumulator, 30 accumulate, 29 full width; the row in the lowest bits, one garbage bit above them.
struct LocalAddress {
    std::uint32_t row = 0;     // within its memory
    bool accumulator = false;  // else the scratchpad
    bool accumulate = false;   // a write adds
    bool full_width = false;   // a read gives the accumulator's type
    bool garbage = false;      // no operand: all three flags, the garbage bit and all bits of the row are one

    bool operator==(const LocalAddress&) const = default;
};

// Rows beyond a memory wrap around, as the hardware looks at the low bits only.
constexpr LocalAddress decode_local_address(std::uint32_t bits, const Geometry& geometry) {
    LocalAddress local;
    local.accumulator = (bits >> 31 & 1) != 0;
    local.accumulate = (bits >> 30 & 1) != 0;
    local.full_width = (bits >> 29 & 1) != 0;
    const std::uint32_t ones = (std::uint32_t{2} << geometry.row_bits) - 1;
    local.garbage = local.accumulator && local.accumulate && local.full_width && (bits & ones) == ones;
    const std::uint32_t rows = local.accumulator ? geometry.accumulator_rows : geometry.scratchpad_rows;
    local.row = bits & (rows - 1);
    return local;
}

constexpr std::uint32_t encode_local_address(const LocalAddress& local) {
    if (local.garbage) {
        return ~std::uint32_t{0};
    }
    return std::uint32_t{local.accumulator} << 31 | std::uint32_t{local.accumulate} << 30 |
           std::uint32_t{local.full_width} << 29 | local.row;
}

constexpr LocalAddress garbage_address() {
    return {.row = 0, .accumulator = true, .accumulate = true, .full_width = true, .garbage = true};
}

// The row `offset` further on; wraps within its memory and keeps the flags.
constexpr std::uint32_t row_after(const LocalAddress& local, std::uint32_t offset, const Geometry& geometry) {
    const std::uint32_t rows = local.accumulator ? geometry.accumulator_rows : geometry.scratchpad_rows;
    return (local.row + offset) & (rows - 1);
}

}  // namespace partita::chip::gemmini
