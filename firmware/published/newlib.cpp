#include "published/newlib.hpp"

#include <bit>
#include <cstdint>

namespace partita::firmware::newlib {
namespace {

// A function that newlib compiles by itself: calls of it are calls.
#define PARTITA_APART [[gnu::noinline, gnu::noipa]]

constexpr double ln2_high[2] = {6.93147180369123816490e-01, -6.93147180369123816490e-01};
constexpr double ln2_low[2] = {1.90821492927058770002e-10, -1.90821492927058770002e-10};
constexpr double one_half[2] = {0.5, -0.5};
constexpr double inverse_ln2 = 1.44269504088896338700;
constexpr double exp_p1 = 1.66666666666666019037e-01;
constexpr double exp_p2 = -2.77777777770155933842e-03;
constexpr double exp_p3 = 6.61375632143793436117e-05;
constexpr double exp_p4 = -1.65339022054652515390e-06;
constexpr double exp_p5 = 4.13813679705723846039e-08;
constexpr double exp_overflows = 7.09782712893383973096e+02;
constexpr double exp_underflows = -7.45133219101941108420e+02;

constexpr float ln2_high_single = 6.9313812256e-01f;
constexpr float ln2_low_single = 9.0580006145e-06f;
constexpr float inverse_ln2_single = 1.4426950216e+00f;
constexpr float expm1_q1 = -3.3333335072e-02f;
constexpr float expm1_q2 = 1.5873016091e-03f;
constexpr float expm1_q3 = -7.9365076090e-05f;
constexpr float expm1_q4 = 4.0082177293e-06f;
constexpr float expm1_q5 = -2.0109921195e-07f;

constexpr int range_error = 34;  // ERANGE
volatile int mathematics_error;
volatile int error_handling = 1;  // newlib's _LIB_VERSION: POSIX

double with_exponent_added(double y, std::int32_t k) {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(y) +
                                 (static_cast<std::uint64_t>(static_cast<std::int64_t>(k)) << 52));
}
float with_exponent_added(float y, std::int32_t k) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(y) + (static_cast<std::uint32_t>(k) << 23));
}

// x = k ln2 + r, |r| <= ln2 / 2; exp(r) by a rational function of r; times 2^k.
PARTITA_APART double exp_kernel(double x) {
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
    const auto sign = static_cast<std::uint32_t>(bits >> 63);
    const auto magnitude = static_cast<std::uint32_t>(bits >> 32) & 0x7fffffff;
    if (magnitude >= 0x40862e42) {  // |x| >= 709.78
        if (magnitude >= 0x7ff00000) {
            if ((bits << 12) != 0) {
                return x + x;
            }
            return sign == 0 ? x : 0.0;
        }
        if (x > exp_overflows) {
            return 0x1p1023 * 2.0;
        }
        if (x < exp_underflows) {
            return 0.0;
        }
    }
    double high = 0;
    double low = 0;
    std::int32_t k = 0;
    if (magnitude > 0x3fd62e42) {      // |x| > ln2 / 2
        if (magnitude < 0x3ff0a2b2) {  // |x| < 1.5 ln2
            high = x - ln2_high[sign];
            low = ln2_low[sign];
            k = 1 - static_cast<std::int32_t>(sign) - static_cast<std::int32_t>(sign);
        } else {
            k = static_cast<std::int32_t>(__builtin_fma(inverse_ln2, x, one_half[sign]));
            const double t = k;
            high = __builtin_fma(-t, ln2_high[0], x);
            low = t * ln2_low[0];
        }
        x = high - low;
    } else if (magnitude < 0x3e300000) {  // |x| < 2^-28
        if (1e300 + x > 1.0) {
            return 1.0 + x;
        }
    }
    const double t = x * x;
    double series = __builtin_fma(t, exp_p5, exp_p4);
    series = __builtin_fma(t, series, exp_p3);
    series = __builtin_fma(t, series, exp_p2);
    series = __builtin_fma(t, series, exp_p1);
    const double c = __builtin_fma(-t, series, x);
    if (k == 0) {
        return 1.0 - ((x * c) / (c - 2.0) - x);
    }
    const double y = 1.0 - ((low - (x * c) / (2.0 - c)) - high);
    if (k >= -1021) {
        return with_exponent_added(y, k);
    }
    return with_exponent_added(y, k + 1000) * 0x1p-1000;
}

PARTITA_APART int is_finite(double x) {
    const auto high = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(x) >> 32);
    return static_cast<int>(((high & 0x7fffffff) - 0x7ff00000) >> 31);
}

// exp(x) - 1, without loss for small x.
PARTITA_APART float expm1f(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const std::uint32_t sign = bits & 0x80000000;
    const std::uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x4195b844) {  // |x| >= 27 ln2
        if (magnitude > 0x7f800000) {
            return x + x;
        }
        if (sign != 0) {
            return -1.0f;
        }
        if (x > 8.8721679688e+01f) {
            return __builtin_inff();
        }
    }
    float c = 0;
    std::int32_t k = 0;
    if (magnitude > 0x3eb17218) {  // |x| > ln2 / 2
        float high = 0;
        float low = 0;
        if (magnitude < 0x3f851592) {  // |x| < 1.5 ln2
            if (sign == 0) {
                high = x - ln2_high_single;
                low = ln2_low_single;
                k = 1;
            } else {
                high = x + ln2_high_single;
                low = -ln2_low_single;
                k = -1;
            }
        } else {
            k = static_cast<std::int32_t>(__builtin_fmaf(inverse_ln2_single, x, sign == 0 ? 0.5f : -0.5f));
            const auto t = static_cast<float>(k);
            high = __builtin_fmaf(-t, ln2_high_single, x);
            low = t * ln2_low_single;
        }
        x = high - low;
        c = (high - x) - low;
    } else if (magnitude < 0x33000000) {  // |x| < 2^-25
        const float t = 1e30f + x;
        return x - (t - (1e30f + x));
    }
    const float half_x = 0.5f * x;
    const float square = x * half_x;
    float series = __builtin_fmaf(square, expm1_q5, expm1_q4);
    series = __builtin_fmaf(square, series, expm1_q3);
    series = __builtin_fmaf(square, series, expm1_q2);
    series = __builtin_fmaf(square, series, expm1_q1);
    const float r1 = __builtin_fmaf(square, series, 1.0f);
    float t = __builtin_fmaf(-r1, half_x, 3.0f);
    float e = square * ((r1 - t) / __builtin_fmaf(-x, t, 6.0f));
    if (k == 0) {
        return x - __builtin_fmaf(x, e, -square);
    }
    e = __builtin_fmaf(x, e - c, -c);
    e -= square;
    if (k == -1) {
        return __builtin_fmaf(0.5f, x - e, -0.5f);
    }
    if (k == 1) {
        return x < -0.25f ? -2.0f * (e - (x + 0.5f)) : __builtin_fmaf(2.0f, x - e, 1.0f);
    }
    if (k <= -2 || k > 56) {
        return with_exponent_added(1.0f - (e - x), k) - 1.0f;
    }
    if (k < 23) {
        t = std::bit_cast<float>(0x3f800000u - (0x1000000u >> k));
        return with_exponent_added(t - (e - x), k);
    }
    t = std::bit_cast<float>(static_cast<std::uint32_t>(0x7f - k) << 23);
    return with_exponent_added((x - (e + t)) + 1.0f, k);
}

}  // namespace

// newlib's entry: the kernel, then a look at the argument for errno.
PARTITA_APART double exp(double x) {
    const double z = exp_kernel(x);
    if (error_handling == -1) {
        return z;
    }
    if (is_finite(x) != 0) {
        if (x > exp_overflows) {
            mathematics_error = range_error;
            return __builtin_inf();
        }
        if (x < exp_underflows) {
            mathematics_error = range_error;
            return 0.0;
        }
    }
    return z;
}

// By expm1 of 2|x|, so that nothing is lost for small x.
PARTITA_APART float tanhf(float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    const std::int32_t magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x7f800000) {
        return bits >= 0 ? 1.0f / x + 1.0f : 1.0f / x - 1.0f;
    }
    float z = 0;
    if (magnitude < 0x41b00000) {      // |x| < 22
        if (magnitude < 0x24000000) {  // |x| < 2^-55
            return x * (1.0f + x);
        }
        if (magnitude >= 0x3f800000) {
            const float t = expm1f(2.0f * __builtin_fabsf(x));
            z = 1.0f - 2.0f / (t + 2.0f);
        } else {
            const float t = expm1f(-2.0f * __builtin_fabsf(x));
            z = -t / (t + 2.0f);
        }
    } else {
        z = 1.0f - 1.0e-30f;
    }
    return bits >= 0 ? z : -z;
}

}  // namespace partita::firmware::newlib
