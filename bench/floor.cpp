#include "floor.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "partita/learn/team.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace partita::bench {
namespace {

/// What one thread does in a burst; returns a value that depends on all of it, so that nothing can be left
/// out.
using Burst = std::function<float(int member)>;

/// Best rate over the bursts of `threads` threads that start together, `work` units in each burst of each
/// thread.
double best_rate(int threads, double work, const Burst& burst) {
    constexpr int bursts = 40;
    std::barrier line(threads);
    std::vector<std::vector<double>> seconds(threads, std::vector<double>(bursts));
    std::vector<float> results(threads);
    const auto run = [&](int member) {
        for (int index = 0; index < bursts; ++index) {
            line.arrive_and_wait();
            const auto start = std::chrono::steady_clock::now();
            results[member] += burst(member);
            seconds[member][index] =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        }
    };
    {
        std::vector<std::jthread> team;
        for (int member = 0; member < threads; ++member) {
            team.emplace_back(run, member);
        }
    }
    double best = 0.0;
    for (int index = 0; index < bursts; ++index) {
        double rate = 0.0;
        for (int member = 0; member < threads; ++member) {
            rate += work / seconds[member][index];
        }
        best = std::max(best, rate);
    }
    volatile float sink = results.front();
    static_cast<void>(sink);
    return best;
}

/// Nanoseconds of a meeting: how far the processors are from each other.
double meeting_time(int threads) {
    constexpr int meetings = 2'000;
    learn::Barrier barrier(static_cast<std::uint32_t>(threads), [] { std::this_thread::yield(); });
    const double best = best_rate(threads, meetings, [&](int member) {
        for (int index = 0; index < meetings; ++index) {
            barrier.wait(static_cast<std::uint32_t>(member));
        }
        return 0.0F;
    });
    return 1e9 * threads / best;
}

#if defined(__x86_64__)

// Enough independent chains to cover a multiply-add's latency on two pipes, few enough to stay in registers.
constexpr int chains = 12;
constexpr int burst_steps = 200'000;
constexpr std::size_t l2_bytes = 524'288;
constexpr int l2_sweeps = 100;
constexpr std::size_t loads = 8;  // independent sums, for the same reason

__attribute__((target("avx512f"))) float fma_avx512(int /*member*/) {
    const __m512 factor = _mm512_set1_ps(0.999F);
    const __m512 addend = _mm512_set1_ps(0.001F);
    __m512 sums[chains];
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain) {
        sums[chain] = _mm512_set1_ps(static_cast<float>(chain));  // equal chains would be merged into one
    }
    for (int step = 0; step < burst_steps; ++step) {
#pragma GCC unroll 12
        for (auto& sum : sums) {
            sum = _mm512_fmadd_ps(sum, factor, addend);
        }
    }
    __m512 total = addend;
    for (const auto& sum : sums) {
        total = _mm512_add_ps(total, sum);
    }
    return _mm512_cvtss_f32(total);
}

__attribute__((target("avx2,fma"))) float fma_avx2(int /*member*/) {
    const __m256 factor = _mm256_set1_ps(0.999F);
    const __m256 addend = _mm256_set1_ps(0.001F);
    __m256 sums[chains];
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain) {
        sums[chain] = _mm256_set1_ps(static_cast<float>(chain));  // equal chains would be merged into one
    }
    for (int step = 0; step < burst_steps; ++step) {
#pragma GCC unroll 12
        for (auto& sum : sums) {
            sum = _mm256_fmadd_ps(sum, factor, addend);
        }
    }
    __m256 total = addend;
    for (const auto& sum : sums) {
        total = _mm256_add_ps(total, sum);
    }
    return _mm256_cvtss_f32(total);
}

__attribute__((target("avx512f,avx512bf16"))) float dot_bf16(int /*member*/) {
    const __m512bh left = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5F), _mm512_set1_ps(-0.5F));
    const __m512bh right = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.25F), _mm512_set1_ps(0.25F));
    __m512 sums[chains];
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain) {
        sums[chain] = _mm512_set1_ps(static_cast<float>(chain));
    }
    for (int step = 0; step < burst_steps; ++step) {
#pragma GCC unroll 12
        for (auto& sum : sums) {
            sum = _mm512_dpbf16_ps(sum, left, right);
        }
    }
    __m512 total = _mm512_setzero_ps();
    for (const auto& sum : sums) {
        total = _mm512_add_ps(total, sum);
    }
    return _mm512_cvtss_f32(total);
}

__attribute__((target("avx512f"))) float read_avx512(const float* values, std::size_t count) {
    __m512 sums[loads] = {};
    for (int sweep = 0; sweep < l2_sweeps; ++sweep) {
        for (std::size_t index = 0; index < count; index += 16 * loads) {
#pragma GCC unroll 8
            for (std::size_t load = 0; load < loads; ++load) {
                sums[load] = _mm512_add_ps(sums[load], _mm512_load_ps(values + index + 16 * load));
            }
        }
    }
    for (const auto& sum : sums) {
        sums[0] = _mm512_add_ps(sums[0], sum);
    }
    return _mm512_cvtss_f32(sums[0]);
}

__attribute__((target("avx2"))) float read_avx2(const float* values, std::size_t count) {
    __m256 sums[loads] = {};
    for (int sweep = 0; sweep < l2_sweeps; ++sweep) {
        for (std::size_t index = 0; index < count; index += 8 * loads) {
#pragma GCC unroll 8
            for (std::size_t load = 0; load < loads; ++load) {
                sums[load] = _mm256_add_ps(sums[load], _mm256_load_ps(values + index + 8 * load));
            }
        }
    }
    for (const auto& sum : sums) {
        sums[0] = _mm256_add_ps(sums[0], sum);
    }
    return _mm256_cvtss_f32(sums[0]);
}

double l2_rate(int threads, bool avx512) {
    constexpr std::size_t count = l2_bytes / sizeof(float);
    struct alignas(64) Line {
        float values[16];
    };
    std::vector<std::vector<Line>> buffers(threads, std::vector<Line>(count / 16));
    const double gigabytes = 1e-9 * static_cast<double>(l2_bytes) * l2_sweeps;
    return best_rate(threads, gigabytes, [&](int member) {
        const float* values = buffers[member].front().values;
        return avx512 ? read_avx512(values, count) : read_avx2(values, count);
    });
}

#endif

}  // namespace

Floor measure_floor(int threads) {
    Floor floor;
    floor.threads = threads;
    if (threads > 1) {
        floor.meeting_ns = meeting_time(threads);
    }
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        return floor;
    }
    const bool avx512 = __builtin_cpu_supports("avx512f") != 0;
    constexpr double multiply_adds = 1e-9 * burst_steps * chains;
    floor.fp32_gflops = avx512 ? best_rate(threads, 2 * 16 * multiply_adds, fma_avx512)
                               : best_rate(threads, 2 * 8 * multiply_adds, fma_avx2);
    if (__builtin_cpu_supports("avx512bf16")) {
        floor.bf16_gflops = best_rate(threads, 2 * 32 * multiply_adds, dot_bf16);
    }
    floor.l2_gbytes = l2_rate(threads, avx512);
#endif
    return floor;
}

double gemm_operations(const Workload& workload) {
    const double columns = workload.hidden + 1.0;  // the hidden state and the input
    const double products = static_cast<double>(workload.steps) * workload.batch * 4.0 * workload.hidden *
                            (columns + workload.hidden + columns);
    return 2.0 * products;
}

}  // namespace partita::bench
