#include "partita/runner/cost.hpp"

#include "fixtures.hpp"

namespace partita::runner::test {
namespace {

// The matrix products and updates of all functions are those of learn::operations; what comes on top is
// element by element, for every step, sequence and hidden unit: 9 operations forward, 23 backward, 32 more
// where a lean tape computes the gates again.
TEST(Cost, OperationsAddUpToThoseOfThePlan) {
    for (const learn::Tape tape : {learn::Tape::full, learn::Tape::lean}) {
        for (const std::uint32_t parts : {1u, 3u, 7u}) {
            for (const learn::Rule rule : {learn::Rule::sgd, learn::Rule::momentum, learn::Rule::adam}) {
                learn::Plan plan = small_plan();
                plan.tape = tape;
                plan.parts = parts;
                plan.rule = rule;
                plan.regulariser = parts != 1;
                std::uint64_t total = 0;
                for (std::size_t i = 0; i < learn::function_count; ++i) {
                    total += cost(plan, static_cast<learn::Function>(i)).operations;
                }
                const std::uint64_t elements = 7 * 4 * 5;
                const std::uint64_t by_element = elements * (9 + 23 + (tape == learn::Tape::lean ? 32 : 0));
                EXPECT_EQ(total, learn::operations(plan).total() + by_element);
            }
        }
    }
}

// Plain SGD in fp32 on the smallest network, all written out. One input, one unit, one class, one sequence,
// one step.
TEST(Cost, SmallestPlanByHand) {
    const learn::Plan plan{.shape = {1, 1, 1}, .regulariser = false};
    // 4 gates of 3 rows (hidden, input, bias), a multiply-add each, and the nine of the activations.
    EXPECT_EQ(cost(plan, learn::Function::forward).operations, 4u * 3 * 2 + 9);
    // Weight and bias, three products (logits, hidden gradient, weight gradient).
    EXPECT_EQ(cost(plan, learn::Function::head).operations, 2u * 2 * 3);
    // The first step of a part sends no gradient further back.
    EXPECT_EQ(cost(plan, learn::Function::hidden_gradient).operations, 0u);
    EXPECT_EQ(cost(plan, learn::Function::weight_gradient).operations, 4u * 3 * 2);
    // 12 LSTM and 2 head parameters, a multiply and an add each.
    EXPECT_EQ(cost(plan, learn::Function::update).operations, 14u * 2);
    // Weights read and written, gradient read.
    EXPECT_EQ(cost(plan, learn::Function::update).bytes, 14u * (4 + 4 + 4));
    EXPECT_EQ(cost(plan, learn::Function::inputs).bytes, 4u + 4);
    EXPECT_EQ(cost(plan, learn::Function::waiting).operations, 0u);
    EXPECT_EQ(cost(plan, learn::Function::waiting).bytes, 0u);
}

TEST(Cost, WhatIsKeptNarrowMovesFewerBytes) {
    learn::Plan plan = small_plan();
    const auto update_bytes = [&] { return cost(plan, learn::Function::update).bytes; };
    const std::uint64_t updated = 3 * learn::parameter_count(plan.shape);  // three parts
    const std::uint64_t wide = update_bytes();
    EXPECT_EQ(wide, updated * (2 * (8 + 4) + 4));  // e and d, weights; read and written; gradient read
    plan.narrow_regulariser = true;
    EXPECT_EQ(wide - update_bytes(), updated * 2 * 4);
    plan.rule = learn::Rule::adam;
    plan.clipping = true;
    EXPECT_EQ(update_bytes(), updated * (2 * (4 + 4 + 8) + 12));
}

}  // namespace
}  // namespace partita::runner::test
