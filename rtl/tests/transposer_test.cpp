// The transposer: matrices of numbered elements, back to back and with pauses.

#include <gtest/gtest.h>

#include <deque>
#include <iostream>
#include <optional>
#include <vector>

#include "Vtransposer_2.h"
#include "Vtransposer_4.h"
#include "Vtransposer_8.h"
#include "port_bits.hpp"
#include "settings.hpp"

namespace partita::rtl::test {
namespace {

constexpr unsigned width = 16;

template <typename Top>
void transposer(unsigned side) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "seed " << seed << '\n';
    std::mt19937_64 engine(seed);
    Top top;
    using Row = std::vector<std::uint32_t>;
    std::vector<Row> matrix;
    std::deque<std::optional<Row>> expected(side);  // from this cycle on
    unsigned checked = 0;
    for (unsigned cycle = 0; cycle < 2000; ++cycle) {
        // A matrix follows the one before it at once, or after a pause.
        const bool between = matrix.empty() || matrix.size() == side;
        const bool start = between && engine() % 4 != 0;
        if (start) {
            matrix.clear();
        }
        Row row(side);
        for (unsigned i = 0; i < side; ++i) {
            row[i] = static_cast<std::uint32_t>(engine() & 0xFFFF);
            set_element(top.in, i, width, row[i]);
        }
        top.start = start;
        expected.emplace_back();
        if (start || !between) {
            matrix.push_back(row);
            if (matrix.size() == side) {
                for (unsigned column = 0; column < side; ++column) {
                    Row transposed;
                    for (const Row& of_matrix : matrix) {
                        transposed.push_back(of_matrix[column]);
                    }
                    // Column 0 leaves in the next cycle, side cycles after row 0 came.
                    if (expected.size() <= column + 1) {
                        expected.emplace_back();
                    }
                    expected[column + 1] = transposed;
                }
            }
        }
        top.clock = 0;
        top.eval();
        if (const auto& due = expected.front()) {
            for (unsigned i = 0; i < side; ++i) {
                ASSERT_EQ(element_of(top.out, i, width), (*due)[i]) << "cycle " << cycle << ", element " << i;
            }
            checked += 1;
        }
        expected.pop_front();
        top.clock = 1;
        top.eval();
    }
    EXPECT_GT(checked, 1000U);
}

TEST(Transposer, OfSide2) {
    transposer<Vtransposer_2>(2);
}
TEST(Transposer, OfSide4) {
    transposer<Vtransposer_4>(4);
}
TEST(Transposer, OfSide8) {
    transposer<Vtransposer_8>(8);
}

}  // namespace
}  // namespace partita::rtl::test
