// The host backend for AVX-512 with BF16 dot products, which this version of Highway has no target for: its
// AVX-512 target with one more instruction set switched on.

#include <hwy/detect_targets.h>

#include "partita/learn/backend.hpp"

#if HWY_ARCH_X86_64 && HWY_COMPILER_GCC_ACTUAL

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/host_avx512_bf16.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET == HWY_AVX3
#undef PARTITA_HOST_VARIANT
#define PARTITA_HOST_VARIANT bf16_dot
#undef PARTITA_HOST_EXTRA_TARGET
#define PARTITA_HOST_EXTRA_TARGET _Pragma("GCC target(\"avx512bf16\")")
#undef PARTITA_HOST_BF16_DOT
#define PARTITA_HOST_BF16_DOT 1
#include "host/kernels-inl.hpp"
#endif

#if HWY_ONCE

namespace partita::learn {

namespace N_AVX3::bf16_dot {
const Kernels* kernels(Precision precision);
}

const Kernels* avx512_bf16_kernels(Precision precision) {
    const bool runs = (hwy::SupportedTargets() & HWY_AVX3) != 0 && __builtin_cpu_supports("avx512bf16");
    return runs ? N_AVX3::bf16_dot::kernels(precision) : nullptr;
}

}  // namespace partita::learn

#endif  // HWY_ONCE

#else

namespace partita::learn {
const Kernels* avx512_bf16_kernels(Precision) {
    return nullptr;
}
}  // namespace partita::learn

#endif
