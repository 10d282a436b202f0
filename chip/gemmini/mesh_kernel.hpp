#pragma once

// The chains of multiply-adds that the weight-stationary mesh forms, for a host's vector unit.

#include <bit>
#include <cstdint>

namespace partita::chip::gemmini {

// C[r][c] = the chain over k = 0 ... side-1 of A[r][k] B[k][c] + C[r][c] for `rows` rows, each step rounded.
// Arrays are row-major, `side` wide.
using FloatChain = void (*)(const float* a, const float* b, float* c, unsigned rows);
using IntegerChain = void (*)(const std::int32_t* a, const std::int32_t* b, std::int32_t* c, unsigned rows);

// Rounds to BF16; all are BF16 numbers held as floats. Only for ordinary() operands and C.
FloatChain ordinary_bf16_chain(unsigned side);
// The same for any operands, slower.
void any_bf16_chain(const float* a, const float* b, float* c, unsigned rows, unsigned side);
// Rounds to FP32. A NaN result may be any NaN.
FloatChain fp32_chain(unsigned side);
// Wraps at 32 bits.
IntegerChain integer_chain(unsigned side);

// All numbers are 0 or have a magnitude of 2^-60 to 2^60. Then a product of two is a normal float and exact,
// and no sum of up to 64 of them leaves the range of float.
inline bool ordinary(const float* numbers, unsigned count) {
    constexpr auto least = std::bit_cast<std::int32_t>(0x1p-60F);
    constexpr auto most = std::bit_cast<std::int32_t>(0x1p60F);
    std::int32_t outside = 0;
    for (unsigned i = 0; i < count; ++i) {
        const std::int32_t magnitude = std::bit_cast<std::int32_t>(numbers[i]) & 0x7FFF'FFFF;
        outside |= static_cast<std::int32_t>(magnitude > most) |
                   (static_cast<std::int32_t>(magnitude < least) & static_cast<std::int32_t>(magnitude != 0));
    }
    return outside == 0;
}

}  // namespace partita::chip::gemmini
