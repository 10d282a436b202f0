// The tables, computed by the compiler in FP64, whose error of some 2^-50 never decides a rounding to 8 bits
// (learn/tests/narrow_activation_test.cpp compares every entry with the C library).

#include "partita/learn/narrow_activation.hpp"

namespace partita::learn::activation {
namespace {

// exp(-x) for 0 <= x <= 256: the series of exp(-x / 2^k), squared k times.
constexpr double exp_of_minus(double x) {
    int squarings = 0;
    while (x > 0.125) {
        x *= 0.5;
        ++squarings;
    }
    double sum = 1.0;
    for (int n = 10; n > 0; --n) {
        sum = 1.0 - x / n * sum;
    }
    for (; squarings > 0; --squarings) {
        sum *= sum;
    }
    return sum;
}

// Rounds a positive number once, to nearest: FP32 may have moved it onto the middle of two BF16 numbers.
constexpr Bf16 nearest(double x) {
    const auto single = static_cast<float>(x);
    auto bits = std::bit_cast<std::uint32_t>(single);
    if ((bits & 0xFFFFu) == 0x8000u) {
        const auto back = static_cast<double>(single);
        bits += x > back ? 1u : 0u;
        bits -= x < back ? 1u : 0u;
    }
    return narrow(std::bit_cast<float>(bits));
}

constexpr double magnitude(std::uint16_t lowest, std::size_t at) {
    return static_cast<double>(widen({static_cast<std::uint16_t>(lowest + at)}));
}

constexpr auto make_sigmoid() {
    std::array<Bf16, 2 * sigmoid_entries> table{};
    for (std::size_t at = 0; at < sigmoid_entries; ++at) {
        const double e = exp_of_minus(magnitude(sigmoid_lowest, at));
        table[at] = nearest(1.0 / (1.0 + e));
        table[sigmoid_entries + at] = nearest(e / (1.0 + e));
    }
    return table;
}

constexpr auto make_tanh() {
    std::array<Bf16, tanh_entries> table{};
    for (std::size_t at = 0; at < tanh_entries; ++at) {
        const double e = exp_of_minus(2.0 * magnitude(tanh_lowest, at));
        table[at] = nearest((1.0 - e) / (1.0 + e));
    }
    return table;
}

}  // namespace

constexpr std::array<Bf16, 2 * sigmoid_entries> sigmoid_table = make_sigmoid();
constexpr std::array<Bf16, tanh_entries> tanh_table = make_tanh();

}  // namespace partita::learn::activation
