#pragma once

// BF16: the upper half of an IEEE binary32. Narrowing rounds to nearest even everywhere; NaN becomes the
// canonical 0x7FC0.

#include <bit>
#include <cstdint>

namespace partita::learn {

struct Bf16 {
    std::uint16_t bits = 0;
};

constexpr float widen(Bf16 value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

constexpr Bf16 narrow(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
        return {0x7FC0};
    }
    return {static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16)};
}

// The value that survives storage in BF16.
constexpr float round_to_bf16(float value) {
    return widen(narrow(value));
}

// An FP32 number in two planes of 16 bits: `high` is the number rounded to BF16, which a BF16 array can read
// on its own, and `low` the signed distance from it in units of the FP32 number's last place.
struct SplitFloat {
    Bf16 high;
    std::uint16_t low = 0;
};

constexpr float join(SplitFloat split) {
    const auto distance =
        static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<std::int16_t>(split.low)));
    return std::bit_cast<float>((static_cast<std::uint32_t>(split.high.bits) << 16) + distance);
}

// A number exactly half-way between two BF16 numbers could belong to either and the distance 2^15 has no
// positive form, so it is moved away from zero by one unit in its last place (2^-24 of its size, once in
// 65,536 numbers). All others are exact.
constexpr SplitFloat split(float value) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7F800000u) == 0x7F800000u) {
        return {narrow(value), 0};
    }
    if ((bits & 0xFFFFu) == 0x8000u) {
        bits |= 1u;
    }
    return {{static_cast<std::uint16_t>((bits + 0x8000u) >> 16)}, static_cast<std::uint16_t>(bits)};
}

}  // namespace partita::learn
