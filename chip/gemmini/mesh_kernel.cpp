#include "chip/gemmini/mesh_kernel.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "chip/gemmini/number.hpp"

// One body is compiled for the baseline and for AVX2 with FMA; which runs is chosen when a chip is built.
// What is fused is fused in both, so they give the same bits.
#if defined(__x86_64__)
#define PARTITA_AVX2 __attribute__((target("avx2,fma")))
#endif
#define PARTITA_INLINE __attribute__((always_inline)) inline

namespace partita::chip::gemmini {

namespace {

bool has_avx2() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
    return false;
#endif
}

// Vectors of the compiler's own (GCC and clang), never passed to or from a function that is not inlined.
template <typename Lane, unsigned Lanes>
struct VectorOf {
    using Type [[gnu::vector_size(Lanes * sizeof(Lane))]] = Lane;
};

template <typename Vector, typename Lane>
PARTITA_INLINE void load(Vector& vector, const Lane* from) {
    std::memcpy(&vector, from, sizeof vector);
}

// A step of BF16 chains: the product of ordinary operands is exact, the sum is rounded to 24 bits and then
// to 8. That is one rounding unless the 24 bits look like a tie; a tie is decided by the sum's error, a float
// (Knuth's TwoSum).
struct Bf16 {
    template <typename Float, typename Bits>
    PARTITA_INLINE static void step(Float& next, float a, const Float& b, const Float& sum, Bits& ties) {
        const Float total = a * b + sum;
        const Bits bits = (Bits)total;
        ties |= (Bits)(bits << 16 == 0x8000'0000U);
        next = (Float)((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF'0000U);
    }
    template <typename Float, typename Bits>
    PARTITA_INLINE static void careful_step(Float& next, float a, const Float& b, const Float& sum, Bits&) {
        const Float product = a * b;
        const Float total = product + sum;
        const Float other = total - product;
        const Float error = (product - (total - other)) + (sum - other);
        const Bits bits = (Bits)total;
        const Bits inexact = (Bits)(error != 0.0F);
        const Bits same_sign = ~(bits ^ (Bits)error) >> 31;
        const Bits up = (inexact & same_sign) | (~inexact & (bits >> 16 & 1));
        next = (Float)((bits + 0x7FFF + up) & 0xFFFF'0000U);
    }
};

struct Fp32 {
    template <typename Float, typename Bits>
    PARTITA_INLINE static void step(Float& next, float a, const Float& b, const Float& sum, Bits&) {
        constexpr unsigned lanes = sizeof(Float) / sizeof(float);
        float results[lanes];
        for (unsigned lane = 0; lane < lanes; ++lane) {
            results[lane] = __builtin_fmaf(a, b[lane], sum[lane]);
        }
        std::memcpy(&next, results, sizeof next);
    }
};

struct Integer {
    template <typename Lanes, typename Bits>
    PARTITA_INLINE static void step(Lanes& next, std::int32_t a, const Lanes& b, const Lanes& sum, Bits&) {
        next = (Lanes)((Bits)sum + static_cast<std::uint32_t>(a) * (Bits)b);
    }
};

template <typename Bits>
PARTITA_INLINE bool any(const Bits& bits) {
    std::uint64_t words[sizeof(Bits) / sizeof(std::uint64_t)];
    std::memcpy(words, &bits, sizeof bits);
    std::uint64_t all = 0;
    for (const std::uint64_t word : words) {
        all |= word;
    }
    return all != 0;
}

// Several rows side by side, as a step of a chain waits for the one before it.
template <typename Step, typename Lane, unsigned Side, unsigned Rows>
PARTITA_INLINE void chain_rows(const Lane* a, const Lane* b, Lane* c) {
    constexpr unsigned lanes = std::min(Side, 8U);
    constexpr unsigned parts = Side / lanes;
    using Vector = typename VectorOf<Lane, lanes>::Type;
    using Bits = typename VectorOf<std::uint32_t, lanes>::Type;
    for (unsigned part = 0; part < parts; ++part) {
        Vector sums[Rows];
        for (unsigned row = 0; row < Rows; ++row) {
            load(sums[row], c + row * Side + part * lanes);
        }
        for (unsigned k = 0; k < Side; ++k) {
            Vector weights;
            load(weights, b + k * Side + part * lanes);
            Bits ties{};
            Vector next[Rows];
            for (unsigned row = 0; row < Rows; ++row) {
                Step::step(next[row], a[row * Side + k], weights, sums[row], ties);
            }
            if constexpr (std::is_same_v<Step, Bf16>) {
                if (any(ties)) {
                    for (unsigned row = 0; row < Rows; ++row) {
                        Step::careful_step(next[row], a[row * Side + k], weights, sums[row], ties);
                    }
                }
            }
            for (unsigned row = 0; row < Rows; ++row) {
                sums[row] = next[row];
            }
        }
        for (unsigned row = 0; row < Rows; ++row) {
            std::memcpy(c + row * Side + part * lanes, &sums[row], sizeof sums[row]);
        }
    }
}

template <typename Step, typename Lane, unsigned Side>
PARTITA_INLINE void chain(const Lane* a, const Lane* b, Lane* c, unsigned rows) {
    constexpr unsigned together = std::min(Side, 4U);
    unsigned row = 0;
    for (; row + together <= rows; row += together) {
        chain_rows<Step, Lane, Side, together>(a + row * Side, b, c + row * Side);
    }
    for (; row < rows; ++row) {
        chain_rows<Step, Lane, Side, 1>(a + row * Side, b, c + row * Side);
    }
}

template <typename Step, typename Lane, unsigned Side>
void baseline_chain(const Lane* a, const Lane* b, Lane* c, unsigned rows) {
    chain<Step, Lane, Side>(a, b, c, rows);
}

#if defined(PARTITA_AVX2)
template <typename Step, typename Lane, unsigned Side>
PARTITA_AVX2 void avx2_chain(const Lane* a, const Lane* b, Lane* c, unsigned rows) {
    chain<Step, Lane, Side>(a, b, c, rows);
}
#endif

template <typename Lane>
using Chain = void (*)(const Lane*, const Lane*, Lane*, unsigned);

template <typename Step, typename Lane, unsigned Side>
Chain<Lane> choose() {
#if defined(PARTITA_AVX2)
    if (has_avx2()) {
        return avx2_chain<Step, Lane, Side>;
    }
#endif
    return baseline_chain<Step, Lane, Side>;
}

template <typename Step, typename Lane>
Chain<Lane> choose(unsigned side) {
    switch (side) {
        case 2:
            return choose<Step, Lane, 2>();
        case 4:
            return choose<Step, Lane, 4>();
        case 8:
            return choose<Step, Lane, 8>();
        case 16:
            return choose<Step, Lane, 16>();
        case 32:
            return choose<Step, Lane, 32>();
        default:
            return choose<Step, Lane, 64>();
    }
}

}  // namespace

FloatChain ordinary_bf16_chain(unsigned side) {
    return choose<Bf16, float>(side);
}

FloatChain fp32_chain(unsigned side) {
    return choose<Fp32, float>(side);
}

IntegerChain integer_chain(unsigned side) {
    return choose<Integer, std::int32_t>(side);
}

void any_bf16_chain(const float* a, const float* b, float* c, unsigned rows, unsigned side) {
    for (unsigned row = 0; row < rows; ++row) {
        for (unsigned column = 0; column < side; ++column) {
            float sum = c[row * side + column];
            for (unsigned k = 0; k < side; ++k) {
                sum = widen_bf16(multiply_add_bf16(a[row * side + k], b[k * side + column], sum));
            }
            c[row * side + column] = sum;
        }
    }
}

}  // namespace partita::chip::gemmini
