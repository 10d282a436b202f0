// The host backend for every processor target that Highway knows, and the choice among them at run time.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/host.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#undef PARTITA_HOST_VARIANT
#define PARTITA_HOST_VARIANT plain
#undef PARTITA_HOST_EXTRA_TARGET
#define PARTITA_HOST_EXTRA_TARGET
#undef PARTITA_HOST_BF16_DOT
#define PARTITA_HOST_BF16_DOT 0
#include "partita/learn/backend.hpp"
// Fused multiply-add is part of the arithmetic: processors without it have no host backend.
#undef PARTITA_HOST_TARGET
#define PARTITA_HOST_TARGET \
    (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON)
#if PARTITA_HOST_TARGET
#include "host/kernels-inl.hpp"
#endif

HWY_BEFORE_NAMESPACE();
namespace partita::learn {
namespace HWY_NAMESPACE {
#if PARTITA_HOST_TARGET
const Kernels* plain_kernels(Precision precision) {
    return plain::kernels(precision);
}
#else
const Kernels* plain_kernels(Precision) {
    return nullptr;
}
#endif
}  // namespace HWY_NAMESPACE
}  // namespace partita::learn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace partita::learn {

HWY_EXPORT(plain_kernels);

// From host_avx512_bf16.cpp; null where the processor or the compiler lacks the instructions.
const Kernels* avx512_bf16_kernels(Precision precision);

Result<const Kernels*> host_kernels(Precision precision) {
    const Kernels* found = avx512_bf16_kernels(precision);
    if (found == nullptr) {
        found = HWY_DYNAMIC_DISPATCH(plain_kernels)(precision);
    }
    if (found == nullptr) {
        return Error::backend_unavailable;
    }
    return found;
}

}  // namespace partita::learn

#endif  // HWY_ONCE
