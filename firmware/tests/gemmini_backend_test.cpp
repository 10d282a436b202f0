// learn's gemmini backend on the functional model of the accelerator: the bits of the portable backend.

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "model.hpp"
#include "partita/learn/trainer.hpp"

namespace partita::firmware::test {
namespace {

using chip::gemmini::Number;
using learn::Plan;
using learn::Precision;
using learn::Shape;
using learn::Tape;

struct Case {
    Precision precision;
    std::uint32_t side;
    Shape shape;
    std::uint32_t batch;
    std::uint32_t steps;
    std::uint32_t parts;
    std::uint32_t members;
    bool options = false;  // momentum, clipping and the auxiliary loss
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << learn::name(c.precision) << " side " << c.side << ", " << c.shape.input << "x" << c.shape.hidden
         << "x" << c.shape.classes << ", batch " << c.batch << ", T " << c.steps << ", K " << c.parts
         << ", members " << c.members << (c.options ? ", options" : "");
}

Plan plan_of(const Case& c, bool array) {
    Plan plan{
        .shape = c.shape, .batch = c.batch, .steps = c.steps, .parts = c.parts, .precision = c.precision};
    plan.rule = c.options ? learn::Rule::momentum : learn::Rule::sgd;
    plan.clipping = c.options;
    plan.auxiliary = c.options;
    plan.array_side = array ? c.side : 0;
    plan.members = c.members;
    return plan;
}

// A random network and random sequences.
struct Problem {
    explicit Problem(const Case& c) : random(c.side * 1000 + c.batch) {
        const std::size_t gates = std::size_t{4} * c.shape.hidden;
        weight_ih = numbers(gates * c.shape.input, 0.5f);
        weight_hh = numbers(gates * c.shape.hidden, 0.2f);
        bias = numbers(gates, 0.5f);
        head_weight = numbers(std::size_t{c.shape.classes} * c.shape.hidden, 0.5f);
        head_bias = numbers(c.shape.classes, 0.5f);
        for (std::uint32_t b = 0; b < c.batch; ++b) {
            values.push_back(numbers(std::size_t{c.steps} * c.shape.input, 2.0f));
            labels.push_back(static_cast<std::uint32_t>(random() % c.shape.classes));
        }
        for (const auto& sequence : values) {
            sequences.push_back(sequence.data());
        }
    }
    std::vector<float> numbers(std::size_t count, float scale) {
        std::uniform_real_distribution<float> distribution(-scale, scale);
        std::vector<float> out(count);
        for (float& x : out) {
            x = distribution(random);
        }
        return out;
    }
    learn::Batch batch() const { return {sequences, labels}; }

    std::mt19937 random;
    std::vector<float> weight_ih, weight_hh, bias, head_weight, head_bias;
    std::vector<std::vector<float>> values;
    std::vector<const float*> sequences;
    std::vector<std::uint32_t> labels;
};

struct Outcome {
    std::vector<std::uint32_t> losses;
    std::vector<std::uint32_t> digests;  // of weights, e and d after each pass
};

// Two passes and an evaluation by a team.
Outcome train(const Case& c, const Plan& plan, const learn::Kernels& kernels, std::span<std::byte> memory) {
    const Problem problem(c);
    auto created = learn::Trainer::create(plan, memory, kernels, c.side);
    EXPECT_TRUE(created.ok()) << learn::describe(created.error());
    learn::Trainer& trainer = created.value();
    EXPECT_EQ(trainer.load({problem.weight_ih, problem.weight_hh, problem.bias, problem.head_weight,
                            problem.head_bias}),
              learn::Error::none);
    const learn::Batch batch = problem.batch();
    EXPECT_EQ(trainer.check_training(batch), learn::Error::none);
    learn::Barrier barrier(c.members, [] { std::this_thread::yield(); });
    Outcome outcome;
    const auto note = [&] {
        for (const float loss : trainer.losses()) {
            outcome.losses.push_back(std::bit_cast<std::uint32_t>(loss));
        }
    };
    const auto member = [&](std::uint32_t index) {
        const learn::Member self{index, c.members, &barrier};
        const learn::Hyper hyper{.learning_rate = 0.05f, .alpha = 0.3f, .clip_norm = 0.5f};
        for (int pass = 0; pass < 2; ++pass) {
            trainer.train(self, batch, hyper);
            self.meet();
            if (index == 0) {
                note();
                for (const auto id : {learn::BufferId::weights, learn::BufferId::regulariser_e,
                                      learn::BufferId::regulariser_d}) {
                    outcome.digests.push_back(trainer.digest(id));
                }
            }
            trainer.end_epoch(self, false);
            self.meet();
        }
        trainer.evaluate(self, batch);
    };
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t i = 1; i < c.members; ++i) {
            threads.emplace_back(member, i);
        }
        member(0);
    }
    note();
    return outcome;
}

class GemminiBackend : public testing::TestWithParam<Case> {};

TEST_P(GemminiBackend, LeavesThePortableBits) {
    const Case& c = GetParam();
    const Plan portable_plan = plan_of(c, false);
    const Plan array_plan = plan_of(c, true);

    const std::size_t portable_total = learn::layout(portable_plan).value().total;
    chip::memory::FlatMemory portable_memory(0x80000000, portable_total);
    const Outcome expected = train(c, portable_plan, *learn::portable_kernels(c.precision).value(),
                                   {portable_memory.at(portable_memory.base()), portable_total});

    const Number operand = c.precision == Precision::fp32 ? Number::fp32 : Number::bf16;
    const Number sum = c.precision == Precision::bf16 ? Number::bf16 : Number::fp32;
    const auto config = array_config(c.side, operand, sum);
    const chip::gemmini::Geometry geometry(config);
    const auto kernels =
        learn::gemmini_kernels(c.precision, {c.side, geometry.scratchpad_rows, geometry.accumulator_rows});
    ASSERT_TRUE(kernels.ok());
    const std::size_t total = learn::layout(array_plan).value().total;
    Model model(config, total);
    const Outcome found = train(c, array_plan, *kernels.value(), model.memory().first(total));

    EXPECT_EQ(found.losses, expected.losses);
    EXPECT_EQ(found.digests, expected.digests);
}

// The published shape; odd sizes; products larger than the scratchpad; a team larger than the blocks.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GemminiBackend,
    testing::Values(
        Case{Precision::bf16, 4, {1, 128, 10}, 4, 12, 3, 1},
        Case{Precision::bf16, 8, {1, 128, 10}, 4, 12, 3, 4},
        Case{Precision::fp32, 4, {1, 128, 10}, 4, 12, 3, 4}, Case{Precision::bf16, 4, {3, 17, 5}, 3, 7, 2, 1},
        Case{Precision::bf16, 8, {2, 33, 3}, 5, 9, 4, 4, true},
        Case{Precision::fp32, 4, {3, 17, 5}, 3, 7, 2, 4, true},
        Case{Precision::fp32, 8, {1, 16, 2}, 1, 5, 1, 1}, Case{Precision::bf16, 4, {1, 16, 2}, 1, 1, 1, 4},
        Case{Precision::bf16, 4, {1, 16, 10}, 4, 600, 1, 1},
        Case{Precision::fp32, 4, {200, 40, 10}, 2, 6, 2, 1},
        Case{Precision::mixed, 4, {1, 128, 10}, 4, 12, 3, 4},
        Case{Precision::mixed, 8, {1, 128, 10}, 4, 13, 4, 1},
        Case{Precision::mixed, 8, {2, 33, 3}, 5, 9, 4, 2, true},
        // Pieces of the weights' gradient in the tape; the second's W is
        // taller than half of the accumulator.
        Case{Precision::bf16, 4, {1, 128, 10}, 4, 28, 2, 8},
        Case{Precision::bf16, 4, {1, 272, 3}, 4, 9, 2, 3},
        Case{Precision::bf16, 8, {1, 128, 10}, 4, 29, 2, 5},
        Case{Precision::bf16, 4, {2, 64, 10}, 8, 16, 2, 3},
        Case{Precision::fp32, 4, {1, 64, 10}, 4, 14, 1, 3},
        // W in the scratchpad: in one loop; in two; with tiles on their way, of
        // more inputs than a tile has rows; with inputs that leave no room.
        Case{Precision::bf16, 8, {1, 20, 10}, 4, 12, 3, 2},
        Case{Precision::bf16, 8, {1, 100, 10}, 4, 9, 2, 3},
        Case{Precision::mixed, 8, {1, 128, 10}, 8, 10, 2, 8},
        Case{Precision::bf16, 8, {9, 128, 3}, 4, 9, 2, 3}, Case{Precision::bf16, 8, {6, 128, 3}, 4, 6, 1, 2},
        Case{Precision::fp32, 8, {2, 64, 3}, 2, 8, 2, 2}, Case{Precision::bf16, 16, {1, 128, 10}, 4, 9, 2, 3},
        Case{Precision::bf16, 32, {1, 100, 10}, 4, 9, 2, 2}));

TEST(GemminiPlan, RefusesWhatTheArrayCannotDo) {
    Plan plan{.shape = {1, 16, 2}, .array_side = 4};
    plan.precision = Precision::bf16;
    plan.tape = Tape::lean;
    EXPECT_EQ(learn::layout(plan).error(), learn::Error::bad_option);
    EXPECT_EQ(learn::gemmini_kernels(Precision::bf16, {4, 8, 8}).error(), learn::Error::bad_array_side);
    // A plan for the array needs a backend that has one, and the other way round.
    plan.tape = Tape::full;
    alignas(64) static std::byte memory[1 << 16];
    EXPECT_EQ(learn::Trainer::create(plan, memory, *learn::portable_kernels(Precision::bf16).value()).error(),
              learn::Error::bad_option);
    plan.array_side = 0;
    EXPECT_EQ(learn::Trainer::create(plan, memory,
                                     *learn::gemmini_kernels(Precision::bf16, {4, 16384, 4096}).value())
                  .error(),
              learn::Error::bad_option);
}

}  // namespace
}  // namespace partita::firmware::test
