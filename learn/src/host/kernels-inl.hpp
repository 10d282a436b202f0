// The tables of kernels for the processor target being compiled.

// Each builds on those before, so the order is not the alphabet's.
// clang-format off
#include "host/vector-inl.hpp"
#include "host/cell-inl.hpp"
#include "host/gradient-inl.hpp"
#include "host/update-inl.hpp"
// clang-format on

HWY_BEFORE_NAMESPACE();
PARTITA_HOST_EXTRA_TARGET
namespace partita::learn {
namespace HWY_NAMESPACE {
namespace PARTITA_HOST_VARIANT {

template <typename Format, Precision precision>
constexpr Kernels table(const char* name) {
    using C = Cell<Format>;
    using G = Gradient<Format>;
    return {name,
            &C::forward,
            &C::gate_gradient,
            &G::hidden_gradient,
            &C::rebuild_block,
            &G::weight_gradient,
            &G::head_logits,
            &G::exponentials,
            &G::head_hidden_gradient,
            &G::head_gradient,
            &update<precision>,
            &collect};
}

#if HWY_TARGET == HWY_AVX2
#define PARTITA_HOST_TARGET_NAME "host (AVX2)"
#elif HWY_ARCH_ARM_A64
#define PARTITA_HOST_TARGET_NAME "host (NEON)"
#elif PARTITA_HOST_BF16_DOT
#define PARTITA_HOST_TARGET_NAME "host (AVX-512 BF16)"
#else
#define PARTITA_HOST_TARGET_NAME "host (AVX-512)"
#endif

const Kernels* kernels(Precision precision) {
    static constexpr Kernels fp32 = table<Fp32Format, Precision::fp32>(PARTITA_HOST_TARGET_NAME);
    static constexpr Kernels bf16 = table<Bf16Format, Precision::bf16>(PARTITA_HOST_TARGET_NAME);
    static constexpr Kernels mixed = table<MixedFormat, Precision::mixed>(PARTITA_HOST_TARGET_NAME);
    return precision == Precision::fp32 ? &fp32 : precision == Precision::bf16 ? &bf16 : &mixed;
}

#undef PARTITA_HOST_TARGET_NAME

}  // namespace PARTITA_HOST_VARIANT
}  // namespace HWY_NAMESPACE
}  // namespace partita::learn
HWY_AFTER_NAMESPACE();
