// The transposer: random matrices in and out of it, with pauses on both sides.

#include <gtest/gtest.h>

#include <deque>
#include <iostream>
#include <random>
#include <vector>

#include "Vtranspose_buffer_2.h"
#include "Vtranspose_buffer_4.h"
#include "Vtranspose_buffer_8.h"
#include "port_bits.hpp"
#include "rtl/instance.hpp"
#include "settings.hpp"

namespace partita::rtl::test {
namespace {

constexpr unsigned width = 16;
constexpr unsigned most_matrices = 4;

using Row = std::vector<std::uint32_t>;

template <typename Top>
void tick(Top& top) {
    top.clock = 0;
    top.eval();
    top.clock = 1;
    top.eval();
}

template <typename Top>
void transposes(unsigned side) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "seed " << seed << '\n';
    std::mt19937_64 engine(seed);
    Instance<Top> instance;
    Top& top = *instance;
    top.reset = 1;
    top.in_valid = 0;
    top.out_ready = 0;
    tick(top);
    top.reset = 0;

    std::vector<Row> matrix;   // as far as it has come
    std::deque<Row> expected;  // rows of transposes of whole matrices
    unsigned inside = 0;       // matrices begun and not freed
    unsigned rows = 0;         // taken
    unsigned full = 0;         // cycles in which a matrix had to wait
    for (unsigned cycle = 0; cycle < 20000; ++cycle) {
        // Spells in which one side is slower than the other.
        const unsigned pace = cycle / 500 % 3;
        const bool may_send = !matrix.empty() || inside < most_matrices;
        full += may_send ? 0 : 1;
        top.in_valid = may_send && engine() % (pace == 1 ? 4 : 8) != 0 && (pace != 2 || engine() % 2 == 0);
        top.out_ready = pace == 1 ? engine() % 4 == 0 : engine() % 8 != 0;
        Row row(side);
        for (unsigned i = 0; i < side; ++i) {
            row[i] = static_cast<std::uint32_t>(engine() & 0xFFFF);
            set_element(top.in_data, i, width, row[i]);
        }
        top.clock = 0;
        top.eval();

        ASSERT_EQ(top.out_valid != 0, !expected.empty()) << "cycle " << cycle;
        const bool leaves = top.out_valid && top.out_ready;
        if (leaves) {
            for (unsigned i = 0; i < side; ++i) {
                ASSERT_EQ(element_of(top.out_data, i, width), expected.front()[i])
                    << "cycle " << cycle << ", element " << i;
            }
            expected.pop_front();
            rows += 1;
        }
        ASSERT_EQ(top.freed != 0, leaves && rows % side == 0) << "cycle " << cycle;
        inside -= top.freed ? 1 : 0;
        if (top.in_valid) {
            inside += matrix.empty() ? 1 : 0;
            matrix.push_back(row);
            if (matrix.size() == side) {
                for (unsigned column = 0; column < side; ++column) {
                    Row transposed;
                    for (const Row& of_matrix : matrix) {
                        transposed.push_back(of_matrix[column]);
                    }
                    expected.push_back(transposed);
                }
                matrix.clear();
            }
        }
        top.clock = 1;
        top.eval();
    }
    EXPECT_GT(rows, 5000U);
    EXPECT_GT(full, 100U);
}

TEST(TransposeBuffer, OfSide2) {
    transposes<Vtranspose_buffer_2>(2);
}
TEST(TransposeBuffer, OfSide4) {
    transposes<Vtranspose_buffer_4>(4);
}
TEST(TransposeBuffer, OfSide8) {
    transposes<Vtranspose_buffer_8>(8);
}

}  // namespace
}  // namespace partita::rtl::test
