#pragma once

// Products of the portable backend, several at a time: each is formed as `chained_product` forms one, but
// what they share is read once, and a compiler has something to put in vectors.

#include <cstddef>
#include <cstdint>

#include "portable/arithmetic.hpp"

namespace partita::learn {

// Products of up to `rows_at_once` left operands with `lanes` right ones.
template <typename Format, std::uint32_t lanes>
struct Products {
    static constexpr std::uint32_t rows_at_once = 4;

    float total[rows_at_once][lanes] = {};

    // Calls visit(first, count) for [first, last) in groups of rows that can be formed together.
    template <typename Visit>
    static void for_groups(std::uint32_t first, std::uint32_t last, const Visit& visit) {
        for (; first < last; first += rows_at_once) {
            visit(first, last - first < rows_at_once ? last - first : rows_at_once);
        }
    }

    // Adds sums over k < n of left(k, row) right(k)[lane], in chains of `side`, to what is there, or replaces
    // it where it is `fresh`. `right(k, to)` writes the values of all lanes.
    template <typename Left, typename Right>
    void add(std::uint32_t n, std::uint32_t side, std::uint32_t rows, const Left& left, const Right& right,
             bool fresh) {
        for (std::uint32_t first = 0; first < n; first += side) {
            const std::uint32_t last = n - first < side ? n : first + side;
            float chain[rows_at_once][lanes] = {};
            for (std::uint32_t k = first; k < last; ++k) {
                float values[lanes];
                right(k, values);
                for (std::uint32_t row = 0; row < rows; ++row) {
                    Format::template multiply_add<lanes>(left(k, row), values, chain[row]);
                }
            }
            const bool padded = last - first < side;
            for (std::uint32_t row = 0; row < rows; ++row) {
                for (std::uint32_t lane = 0; lane < lanes; ++lane) {
                    // The padding's multiply-adds turn -0 into +0.
                    const float sum = padded ? chain[row][lane] + 0.0f : chain[row][lane];
                    total[row][lane] = first == 0 && fresh ? sum : Format::add(total[row][lane], sum);
                }
            }
        }
    }
};

}  // namespace partita::learn
