// Loops as commands: what Gemmini's two sets of registers hold when a loop runs, whatever has been left out,
// and that the loops of a step's product form it.

#include "gemmini/loops.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "gemmini/step_product.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

using gemmini::LoopShape;

struct Registers {
    std::uint64_t rs1 = ~std::uint64_t{0};
    std::uint64_t rs2 = ~std::uint64_t{0};
    bool operator==(const Registers&) const = default;
};

// As Gemmini has them: two sets take turns and keep their values.
struct Unit {
    std::map<unsigned, Registers> sets[2];
    unsigned set = 0;
    std::size_t commands = 0;
    std::vector<std::map<unsigned, Registers>> loops;  // with what each ran

    void take(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) {
        ++commands;
        sets[set][funct] = {rs1, rs2};
        if (funct == gemmini::run_loop) {
            loops.push_back(sets[set]);
            set ^= 1U;
        }
    }
};
Unit loop_registers;

class Loops : public testing::Test {
  protected:
    void SetUp() override {
        loop_registers = {};
        gemmini::loop_unit = {};
        gemmini::issue_to_model = [](unsigned funct, std::uint64_t rs1, std::uint64_t rs2) {
            loop_registers.take(funct, rs1, rs2);
        };
    }
    void TearDown() override { gemmini::issue_to_model = nullptr; }

    // The published 4x4 array in BF16.
    const gemmini::Array array{{4, 16384, 4096}, 2, 2};
};

TEST_F(Loops, RunWithAllTheirValues) {
    const gemmini::Arrangement ways[] = {{true, false, 512, 4, 4, 0}, {false, true, 4, 4, 32, 0}};
    const LoopShape shapes[] = {{array, ways[0], 96, 4}, {array, ways[0], 96, 4}, {array, ways[1], 132, 32}};
    const std::uint64_t strides[] = {512, 512, 4};
    const std::uint64_t result_strides[] = {4, 4, 32};
    Random random(1);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    const auto address = [&](bool some) {
        return reinterpret_cast<void*>(some ? 0x80000000 + below(64) * 64 : 0);
    };
    for (int n = 0; n < 2000; ++n) {
        const std::uint32_t shape = below(8) < 6 ? 0 : below(3);
        const std::size_t inner = below(4) < 3 ? 8 : 1 + below(20);
        void* const left = address(true);
        void* const right = address(true);
        void* const start = address(below(10) == 0);
        void* const result = address(below(3) == 0);
        const bool first = below(2) == 0;
        shapes[shape].issue(inner, left, right, start, first, result);

        ASSERT_EQ(loop_registers.loops.size(), n + 1u);
        auto& ran = loop_registers.loops.back();
        const auto bits = [](const void* at) { return std::uint64_t{reinterpret_cast<std::uintptr_t>(at)}; };
        const std::size_t depth = (inner + 3) / 4;
        const std::size_t tiles = shape == 2 ? std::size_t{8} << 16 | 33 : std::size_t{1} << 16 | 24;
        EXPECT_EQ(ran[gemmini::loop_bounds], (Registers{(depth * 4 - inner) << 32, depth << 32 | tiles}));
        EXPECT_EQ(ran[gemmini::loop_operand_addresses], (Registers{bits(left), bits(right)}));
        EXPECT_EQ(ran[gemmini::loop_result_addresses], (Registers{bits(start), bits(result)}));
        EXPECT_EQ(ran[gemmini::loop_operand_strides], (Registers{strides[shape], 4}));
        EXPECT_EQ(ran[gemmini::loop_result_strides], (Registers{0, result_strides[shape]}));
        EXPECT_EQ(ran[gemmini::run_loop].rs1 & 1, std::uint64_t{!first || start != nullptr});
    }
    EXPECT_LT(loop_registers.commands, 2000u * 5) << "nothing was left out";
}

TEST_F(Loops, OfOneShapeTakeTwoCommands) {
    const LoopShape shape(array, {false, true, 4, 4, 32, 0}, 132, 32);
    for (std::uintptr_t n = 1; n <= 6; ++n) {
        const std::size_t before = loop_registers.commands;
        shape.issue(8, reinterpret_cast<void*>(n * 64), reinterpret_cast<void*>(n * 128), nullptr, n == 1,
                    nullptr);
        EXPECT_EQ(loop_registers.commands - before, n <= 2 ? 6u : 2u) << "loop " << n;
    }
}

// Each element of W times the operand's, once; a sum begins with its first loop and is stored with its last.
void expect_product(const gemmini::Array& array, const gemmini_routine::StepShape& shape,
                    const gemmini::Arrangement& way) {
    std::vector<std::uint16_t> weights(shape.rows * shape.run_ends[shape.runs - 1]);
    std::vector<std::uint16_t> operand(shape.run_ends[shape.runs - 1] * way.right_stride);
    std::vector<std::uint16_t> sums(shape.rows * way.result_stride);
    const gemmini_routine::StepProduct<std::uint16_t, std::uint16_t> product(array, way, shape,
                                                                             weights.data());
    std::vector<int> times(weights.size());
    std::size_t row = 0;   // of the sum that is being formed
    std::size_t done = 0;  // of its inner dimension
    for (std::uint32_t run = 0; run < shape.runs; ++run) {
        const std::size_t before = loop_registers.loops.size();
        product.issue(run, operand.data(), sums.data());
        for (std::size_t n = before; n < loop_registers.loops.size(); ++n) {
            auto& loop = loop_registers.loops[n];
            const auto offset = [](std::uint64_t at, const std::vector<std::uint16_t>& of) {
                return (at - reinterpret_cast<std::uintptr_t>(of.data())) / sizeof(std::uint16_t);
            };
            const Registers bounds = loop[gemmini::loop_bounds];
            const std::size_t rows = (bounds.rs2 & 0xFFFF) * array.memory.side - (bounds.rs1 & 0xFFFF);
            const std::size_t inner = (bounds.rs2 >> 32) * array.memory.side - (bounds.rs1 >> 32);
            const std::size_t left = offset(loop[gemmini::loop_operand_addresses].rs1, weights);
            const std::size_t right = offset(loop[gemmini::loop_operand_addresses].rs2, operand);
            ASSERT_EQ(left, row * shape.left_row + done * shape.left_inner);
            ASSERT_EQ(right, done * way.right_stride);
            ASSERT_LE(done + inner, shape.run_ends[run]) << "reads what is not there yet";
            EXPECT_EQ(loop[gemmini::run_loop].rs1 & 1, done == 0 ? 0u : 1u);
            for (std::size_t r = 0; r < rows; ++r) {
                for (std::size_t k = 0; k < inner; ++k) {
                    ++times[left + r * shape.left_row + k * shape.left_inner];
                }
            }
            done += inner;
            const std::uint64_t result = loop[gemmini::loop_result_addresses].rs2;
            if (done != shape.run_ends[shape.runs - 1]) {
                EXPECT_EQ(result, 0u);
                continue;
            }
            EXPECT_EQ(offset(result, sums), row * way.result_stride);
            row += rows;
            done = 0;
        }
    }
    EXPECT_EQ(row, shape.rows);
    for (const int n : times) {
        ASSERT_EQ(n, 1);
    }
}

TEST_F(Loops, FormAProductAsItsOperandComes) {
    // Forward with one member and with eight, backward, a single run, and other pieces of unlike size.
    gemmini_routine::StepShape forward{512, 384, 128, 4, 4, 2, 1, 512, 4, {32, 64, 96, 130}};
    expect_product(array, forward, {true, false, 512, 4, 4, 0});
    forward.run_loops = 2;
    forward.other_loops = 3;
    expect_product(array, forward, {true, false, 512, 4, 4, 0});
    expect_product(array, {128, 96, 32, 4, 4, 2, 512, 1, 4, {128, 256, 384, 512}},
                   {false, false, 512, 4, 4, 0});
    expect_product(array, {32, 32, 32, 4, 4, 2, 1, 32, 1, {10}}, {true, false, 32, 4, 4, 0});
    expect_product(array, {400, 96, 128, 4, 4, 3, 1, 400, 2, {48, 101}}, {true, false, 400, 4, 4, 0});
}

}  // namespace
}  // namespace partita::learn::test
