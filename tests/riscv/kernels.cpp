#include "kernels.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "gemmini/cells.hpp"

namespace partita::riscv {
namespace {

using learn::Bf16;

constexpr std::uint32_t units = 4;
constexpr std::uint32_t groups = 6;
constexpr std::uint32_t batch = 4;
constexpr std::size_t numbers = std::size_t{groups} * units * batch;

// A linear congruential generator (Numerical Recipes).
class Numbers {
  public:
    // Mostly in [-limit, limit), else anything, a NaN only as 0x7FC00000.
    float draw(float limit) {
        const std::uint32_t any = bits();
        if (any >> 27 == 0) {
            const auto number = std::bit_cast<float>(bits());
            return number == number ? number : std::bit_cast<float>(0x7FC00000U);
        }
        return static_cast<float>(static_cast<std::int32_t>(bits()) >> 8) * 0x1p-23F * limit;
    }
    template <typename T, std::size_t n>
    void fill(std::array<T, n>& to, float limit) {
        for (T& number : to) {
            learn::put(draw(limit), number);
        }
    }

  private:
    std::uint32_t bits() { return state_ = state_ * 1664525U + 1013904223U; }

    std::uint32_t state_ = 77;
};

// 32-bit FNV-1a over words; a NaN's sign and payload are the processor's.
template <typename T, std::size_t n>
std::uint32_t hash_of(const std::array<T, n>& values) {
    std::uint32_t hash = 2166136261U;
    for (const T& number : values) {
        const float x = learn::value(number);
        hash = (hash ^ (x == x ? std::bit_cast<std::uint32_t>(x) : 0x7FC00000U)) * 16777619U;
    }
    return hash;
}

template <typename Format>
struct Memory {
    alignas(8) std::array<learn::Sum<Format>, 4 * numbers> sums;
    alignas(8) std::array<Bf16, 4 * numbers> gates;
    alignas(8) std::array<typename Format::State, numbers> cell;
    alignas(8) std::array<Bf16, numbers> before;
    alignas(8) std::array<Bf16, numbers> again;
    alignas(8) std::array<Bf16, numbers> hidden;
    alignas(8) std::array<typename Format::State, numbers> hidden_grad;
    alignas(8) std::array<typename Format::State, numbers> cell_grad;
    alignas(8) std::array<Bf16, 4 * numbers> weights;
    alignas(8) std::array<std::uint16_t, 4 * numbers> low;
    alignas(8) std::array<Bf16, 4 * numbers> e;
    alignas(8) std::array<Bf16, 4 * numbers> d;
};

template <typename Format>
void run(Memory<Format>& memory, std::span<std::uint32_t, kernel_results / 2> results) {
    Numbers random;
    random.fill(memory.sums, 6.0F);
    random.fill(memory.cell, 2.0F);
    learn::forward_cells(learn::CellForward<Format>{.sums = {memory.sums.data(), batch},
                                                    .gates = {memory.gates.data(), batch},
                                                    .groups = groups,
                                                    .units = units,
                                                    .batch = batch,
                                                    .cell = {memory.cell.data(), batch},
                                                    .taped = {memory.before.data(), batch},
                                                    .hidden = {memory.hidden.data(), batch}});
    results[0] = hash_of(memory.gates);
    results[1] = hash_of(memory.cell);
    results[2] = hash_of(memory.before);
    results[3] = hash_of(memory.hidden);
    learn::repeat_cells<Format>({memory.gates.data(), batch}, units, batch, {memory.before.data(), batch},
                                {memory.again.data(), batch}, groups);
    results[4] = hash_of(memory.again);
    random.fill(memory.hidden_grad, 0.1F);
    random.fill(memory.cell_grad, 0.1F);
    learn::backward_cells(learn::CellBackward<Format>{.gates = {memory.gates.data(), batch},
                                                      .groups = groups,
                                                      .units = units,
                                                      .batch = batch,
                                                      .cell_before = {memory.before.data(), batch},
                                                      .cell = {memory.again.data(), batch},
                                                      .last_cell = {},
                                                      .hidden_grad = {memory.hidden_grad.data(), batch},
                                                      .cell_grad = {memory.cell_grad.data(), batch},
                                                      .first = false,
                                                      .hidden = {memory.again.data(), batch}});
    results[5] = hash_of(memory.gates);
    results[6] = hash_of(memory.cell_grad);
    results[7] = hash_of(memory.again);
    random.fill(memory.sums, 0.5F);
    random.fill(memory.e, 0.01F);
    random.fill(memory.d, 0.01F);
    for (std::size_t i = 0; i < memory.weights.size(); ++i) {
        const learn::SplitFloat planes = learn::split(random.draw(0.1F));
        memory.weights[i] = planes.high;
        memory.low[i] = planes.low;
    }
    learn::move_tile<Format>({.rows = 4 * groups,
                              .columns = units * batch - 4,
                              .gradient = {memory.sums.data(), units * batch},
                              .moved = {memory.d.data(), units * batch},
                              .weights = memory.weights.data(),
                              .low = memory.low.data(),
                              .e = memory.e.data(),
                              .stride = units * batch,
                              .learning_rate = 0.03F,
                              .alpha = 0.1F});
    results[8] = hash_of(memory.weights);
    std::uint32_t low = 0;
    for (const std::uint16_t bits : memory.low) {
        low = low * 31 + bits;
    }
    results[9] = low;
    results[10] = hash_of(memory.e);
    results[11] = hash_of(memory.d);
}

constinit Memory<learn::PortableBf16> narrow_memory{};
constinit Memory<learn::PortableMixed> mixed_memory{};

}  // namespace

void run_kernels(std::span<std::uint32_t, kernel_results> results) {
    run(narrow_memory, results.first<kernel_results / 2>());
    run(mixed_memory, results.last<kernel_results / 2>());
}

}  // namespace partita::riscv
