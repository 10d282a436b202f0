// Vectors of the host backend: activations lane by lane, 16-bit storage, sums across lanes.
//
// The -inl files are parts of kernels-inl.hpp, which Highway's foreach_target mechanism includes once per
// processor target: they have no guards of their own.

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "partita/learn/activation.hpp"
#include "partita/learn/bfloat16.hpp"
#include "partita/learn/layout.hpp"

HWY_BEFORE_NAMESPACE();
PARTITA_HOST_EXTRA_TARGET
namespace partita::learn {
namespace HWY_NAMESPACE {
namespace PARTITA_HOST_VARIANT {

namespace hn = hwy::HWY_NAMESPACE;

// A strip: as many of a block's 16 units as one vector holds.
using FloatTag = hn::CappedTag<float, units_per_block>;
using WordTag = hn::RebindToUnsigned<FloatTag>;
using HalfTag = hn::Rebind<std::uint16_t, FloatTag>;
using Floats = hn::Vec<FloatTag>;
using Words = hn::Vec<WordTag>;

inline constexpr FloatTag float_tag;
inline constexpr WordTag word_tag;
inline constexpr HalfTag half_tag;
inline constexpr std::uint32_t lanes = hn::MaxLanes(FloatTag());
inline constexpr std::uint32_t strips = units_per_block / lanes;

HWY_INLINE Floats load(const float* from) {
    return hn::LoadU(float_tag, from);
}
HWY_INLINE void store(Floats value, float* to) {
    hn::StoreU(value, float_tag, to);
}
HWY_INLINE Floats broadcast(float value) {
    return hn::Set(float_tag, value);
}
// Keeps a broadcast value in a register. GCC would fold the load into each multiply-add that uses it, and
// with four of them the load ports, not the multipliers, would set the pace.
template <typename V>
HWY_INLINE V in_register(V v) {
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86
    asm("" : "+v"(v.raw));
#endif
    return v;
}
HWY_INLINE Floats zero() {
    return hn::Zero(float_tag);
}

// Asks for all lines of an array at once. What another member has just written is far away; asked for one by
// one as products need it, it would cost that way each time.
template <typename T>
HWY_INLINE void fetch_early(const T* from, std::size_t count) {
    constexpr std::size_t line = 64 / sizeof(T);
    for (std::size_t i = 0; i < count; i += line) {
        hwy::Prefetch(from + i);
    }
}

// ---- Two BF16 numbers a word ----

HWY_INLINE Words load_words(const Bf16* from) {
    return hn::LoadU(word_tag, reinterpret_cast<const std::uint32_t*>(from));
}
HWY_INLINE void store_words(Words value, Bf16* to) {
    hn::StoreU(value, word_tag, reinterpret_cast<std::uint32_t*>(to));
}
HWY_INLINE Floats even(Words pair) {
    return hn::BitCast(float_tag, hn::ShiftLeft<16>(pair));
}
HWY_INLINE Floats odd(Words pair) {
    return hn::BitCast(float_tag, hn::And(pair, hn::Set(word_tag, 0xFFFF0000u)));
}
// Bits of the value rounded to BF16 (nearest even) in the upper half, rubbish in the lower. A NaN stays a NaN
// but for one whose payload is all ones, which arithmetic does not produce.
HWY_INLINE Words rounded_upper(Floats value) {
    const Words bits = hn::BitCast(word_tag, value);
    const Words ties = hn::And(hn::ShiftRight<16>(bits), hn::Set(word_tag, 1u));
    return hn::Add(hn::Add(bits, hn::Set(word_tag, 0x7FFFu)), ties);
}
HWY_INLINE Floats round_to_bf16(Floats value) {
    return hn::BitCast(float_tag, hn::And(rounded_upper(value), hn::Set(word_tag, 0xFFFF0000u)));
}
// Upper halves of two vectors of words: `low` to the even places, `high` to the odd ones.
HWY_INLINE Words pack_upper(Words low, Words high) {
    return hn::Or(hn::ShiftRight<16>(low), hn::And(high, hn::Set(word_tag, 0xFFFF0000u)));
}
HWY_INLINE Words pack_lower(Words low, Words high) {
    return hn::Or(hn::And(low, hn::Set(word_tag, 0xFFFFu)), hn::ShiftLeft<16>(high));
}
HWY_INLINE Words pack_bf16(Floats low, Floats high) {
    return pack_upper(rounded_upper(low), rounded_upper(high));
}

// ---- One BF16 number a half-word ----

HWY_INLINE Floats load(const Bf16* from) {
    const auto halves = hn::LoadU(half_tag, reinterpret_cast<const std::uint16_t*>(from));
    return hn::BitCast(float_tag, hn::ShiftLeft<16>(hn::PromoteTo(word_tag, halves)));
}
HWY_INLINE void store_upper(Words value, Bf16* to) {
    const auto halves = hn::TruncateTo(half_tag, hn::ShiftRight<16>(value));
    hn::StoreU(halves, half_tag, reinterpret_cast<std::uint16_t*>(to));
}
HWY_INLINE void store(Floats value, Bf16* to) {
    store_upper(rounded_upper(value), to);
}

// acc + a.even * b.even + a.odd * b.odd on pairs of BF16 numbers, each product added with one rounding, the
// odd one first.
HWY_INLINE Floats add_products(Floats acc, Words a, Words b) {
#if PARTITA_HOST_BF16_DOT
    return Floats{
        _mm512_dpbf16_ps(acc.raw, reinterpret_cast<__m512bh>(a.raw), reinterpret_cast<__m512bh>(b.raw))};
#else
    return hn::MulAdd(even(a), even(b), hn::MulAdd(odd(a), odd(b), acc));
#endif
}

// ---- Activations, operation by operation as in activation.hpp ----

// Each function below works on several vectors abreast, operation by operation: with one vector after the
// other the processor would wait for results.
template <std::uint32_t n>
struct Abreast {
    Floats v[n];
};

template <std::uint32_t n>
struct ReducedExpLanes {
    Abreast<n> minus_one;
    Abreast<n> scale;
};

template <std::uint32_t n>
HWY_INLINE ReducedExpLanes<n> reduce_exp(const Abreast<n>& x) {
    namespace a = activation;
    const Floats magic = broadcast(a::round_magic);
    Abreast<n> shifted, whole, r, q;
    for (std::uint32_t i = 0; i < n; ++i) {
        shifted.v[i] = hn::MulAdd(x.v[i], broadcast(a::log2_e), magic);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
        whole.v[i] = hn::Sub(shifted.v[i], magic);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
        r.v[i] = hn::MulAdd(whole.v[i], broadcast(-a::ln2_high), x.v[i]);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
        r.v[i] = hn::MulAdd(whole.v[i], broadcast(-a::ln2_low), r.v[i]);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
        q.v[i] = hn::MulAdd(broadcast(a::c4), r.v[i], broadcast(a::c3));
    }
    for (const float c : {a::c2, a::c1, a::c0}) {
        for (std::uint32_t i = 0; i < n; ++i) {
            q.v[i] = hn::MulAdd(q.v[i], r.v[i], broadcast(c));
        }
    }
    ReducedExpLanes<n> result;
    for (std::uint32_t i = 0; i < n; ++i) {
        result.minus_one.v[i] = hn::MulAdd(hn::Mul(q.v[i], r.v[i]), r.v[i], r.v[i]);
    }
    for (std::uint32_t i = 0; i < n; ++i) {
        const Words exponent =
            hn::ShiftLeft<23>(hn::Add(hn::BitCast(word_tag, shifted.v[i]), hn::Set(word_tag, 127u)));
        result.scale.v[i] = hn::BitCast(float_tag, exponent);
    }
    return result;
}

// x between the bounds; NaN stays NaN, as x86's minimum and maximum return their second operand then (and
// NEON's any NaN).
HWY_INLINE Floats at_most(Floats x, float high) {
    return hn::Min(broadcast(high), x);
}
HWY_INLINE Floats at_least(Floats x, float low) {
    return hn::Max(broadcast(low), x);
}

HWY_INLINE Floats exp(Floats x) {
    const auto e = reduce_exp<1>({{at_least(at_most(x, activation::exp_max), activation::exp_min)}});
    return hn::MulAdd(e.scale.v[0], e.minus_one.v[0], e.scale.v[0]);
}

// Sigmoid of the first `sigmoids` vectors, tanh of the others.
template <std::uint32_t sigmoids, std::uint32_t n>
HWY_INLINE Abreast<n> activations(const Abreast<n>& x) {
    const Floats one = broadcast(1.0f);
    Abreast<n> argument;
    for (std::uint32_t i = 0; i < sigmoids; ++i) {
        argument.v[i] = at_least(at_most(hn::Neg(x.v[i]), activation::exp_max), activation::exp_min);
    }
    for (std::uint32_t i = sigmoids; i < n; ++i) {
        const Floats clamped = at_most(hn::Abs(x.v[i]), activation::tanh_saturates);
        argument.v[i] = hn::Add(clamped, clamped);
    }
    const ReducedExpLanes<n> e = reduce_exp(argument);
    Abreast<n> result;
    for (std::uint32_t i = 0; i < sigmoids; ++i) {
        const Floats exponential = hn::MulAdd(e.scale.v[i], e.minus_one.v[i], e.scale.v[i]);
        result.v[i] = hn::Div(one, hn::Add(one, exponential));
    }
    for (std::uint32_t i = sigmoids; i < n; ++i) {
        const Floats m = hn::MulAdd(e.scale.v[i], e.minus_one.v[i], hn::Sub(e.scale.v[i], one));
        result.v[i] = hn::CopySignToAbs(hn::Div(m, hn::Add(m, broadcast(2.0f))), x.v[i]);
    }
    return result;
}

template <std::uint32_t n>
HWY_INLINE Abreast<n> tanh(const Abreast<n>& x) {
    return activations<0>(x);
}

// ---- Sums across lanes ----

using QuadTag = hn::CappedTag<float, 4>;
using Quad = hn::Vec<QuadTag>;

template <typename V, typename D>
HWY_INLINE Quad fold_to_quad(V v, D d) {
    if constexpr (hn::MaxLanes(D()) == 4) {
        (void)d;
        return v;
    } else {
        const hn::Half<D> half;
        return fold_to_quad(hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), half);
    }
}

// (sum of a, sum of b, sum of c, sum of d), always in the same order of additions.
HWY_INLINE Quad sums(Floats a, Floats b, Floats c, Floats d) {
    const Floats ac = hn::Add(hn::InterleaveLower(float_tag, a, c), hn::InterleaveUpper(float_tag, a, c));
    const Floats bd = hn::Add(hn::InterleaveLower(float_tag, b, d), hn::InterleaveUpper(float_tag, b, d));
    const Floats all =
        hn::Add(hn::InterleaveLower(float_tag, ac, bd), hn::InterleaveUpper(float_tag, ac, bd));
    return fold_to_quad(all, float_tag);
}

HWY_INLINE void store_quad(Quad value, float* to) {
    hn::StoreU(value, QuadTag(), to);
}
HWY_INLINE void store_quad(Quad value, Bf16* to) {
    using Tag = hn::RebindToUnsigned<QuadTag>;
    const Tag words;
    const hn::Rebind<std::uint16_t, QuadTag> halves;
    const auto bits = hn::BitCast(words, value);
    const auto ties = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
    const auto rounded = hn::Add(hn::Add(bits, hn::Set(words, 0x7FFFu)), ties);
    hn::StoreU(hn::TruncateTo(halves, hn::ShiftRight<16>(rounded)), halves,
               reinterpret_cast<std::uint16_t*>(to));
}

}  // namespace PARTITA_HOST_VARIANT
}  // namespace HWY_NAMESPACE
}  // namespace partita::learn
HWY_AFTER_NAMESPACE();
