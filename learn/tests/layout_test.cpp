#include "partita/learn/layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "partita/learn/trainer.hpp"
#include "partita/learn/workspace.hpp"
#include "support.hpp"

namespace partita::learn::test {
namespace {

// ---- Sums by hand ----

constexpr std::size_t total_of(const Plan& plan) {
    return layout(plan).value().total;
}

// Everything of size one, FP32, full tape. One block of 16 units; 3 rows (hidden, input, bias) * 64 = 192
// LSTM parameters, 2 classes * 16 units + 16 biases = 48 of the head: 240.
//   weights, e, d          3 * 240 * 4       2,880
//   hidden, cell           2 * 2 slots * 64    256
//   gates                  (64 and 128 of padding between blocks) * 4    768
//   inputs, outcome, labels: 4, 8, 4 bytes, each rounded up to 64    192
//   head                   16 * 4               64
//   scratch: a tile of 32 rows * 64 * 4, more than 64 + 64 for the step    8,192
constexpr Plan smallest{.shape = {1, 1, 2}, .batch = 1, .steps = 1, .parts = 1};
static_assert(total_of(smallest) == 2880 + 256 + 768 + 192 + 64 + 8192);

// Mixed, lean tape, Adam, clipping, auxiliary loss, two members. Hidden 17: two blocks, 32 units; 21 rows;
// 2 * 21 * 64 + 3 * 32 + 16 = 2,800 parameters. T = 10, K = 4: three steps a part, four parts, the last of
// one step.
//   weights and their low plane, e, d    4 * 2,800 * 2 = 4 * 5,600, each rounded up to 5,632    22,528
//   two moments, gradient                3 * 2,800 * 4                                       33,600
//   hidden   4 slots * 2 pairs * 32 units * 2 sequences * 2 bytes                             1,024
//   cell     5 slots * 3 sequences * 32 units * 4                                             1,920
//   inputs   3 steps * 3 sequences * 3 * 4 = 108                                                128
//   head     3 * 16 * 4                                                                         192
//   outcome, labels    24 and 12 bytes                                                          128
//   auxiliary, in use and next    2 * 4 parts * 3 labels * (3 classes + 1) * 4                  384
//   partial sums    (2 blocks + 3 classes + 1) * 8 = 48                                          64
//   scratch, the larger of
//     by step: gate gradients 2 * 3 * 64 * 2 = 768, hidden and cell gradients 2 * 3 * 32 * 4 = 768, and a
//     hidden state
//       of 3 * 32 * 2 = 192 for each member                                                   1,920
//     by member: tile 8,192; gates 3 steps * 2 pairs * 64 * 2 * 2 = 1,536; cell 4 slots * 3 * 16 * 4 = 768;
//     hidden state
//       192; cell gradient 3 * 16 * 4 = 192; together 10,880, twice                          21,760
constexpr Plan everything{.shape = {3, 17, 3},
                          .batch = 3,
                          .steps = 10,
                          .parts = 4,
                          .precision = Precision::mixed,
                          .tape = Tape::lean,
                          .rule = Rule::adam,
                          .clipping = true,
                          .auxiliary = true,
                          .members = 2};
static_assert(total_of(everything) == 22528 + 33600 + 1024 + 1920 + 128 + 192 + 128 + 384 + 64 + 21760);
static_assert(part_steps(everything) == 3 && part_count(everything) == 4);

// BF16 without a tape: nothing grows with the steps of a part but the inputs, and training's options cost
// nothing. 18 rows * 64 + 10 * 16 + 16 = 1,328 parameters.
//   weights 2,656 -> 2,688; hidden 2 slots * 2 pairs * 16 * 4 = 256; cell 2 slots * 4 * 16 * 2 = 256; inputs
//   16 -> 64; head 4 * 16 * 4 = 256; outcome 32 -> 64; labels 16 -> 64; scratch: a hidden state of 4 * 16 * 2
//   = 128
constexpr Plan evaluation_plan{.shape = {1, 16, 10},
                               .batch = 4,
                               .steps = 784,
                               .parts = 784,
                               .precision = Precision::bf16,
                               .tape = Tape::none,
                               .rule = Rule::adam,
                               .clipping = true,
                               .auxiliary = true};
static_assert(total_of(evaluation_plan) == 2688 + 256 + 256 + 64 + 256 + 64 + 64 + 128);

// A layout in static memory, as the firmware reserves it.
alignas(buffer_alignment) std::byte reserved[layout(smallest).value().total];

TEST(Layout, ReservesStaticMemory) {
    EXPECT_TRUE(Trainer::create(smallest, reserved, kernels(Backend::portable, Precision::fp32)).ok());
    EXPECT_EQ(Trainer::create(smallest, std::span(reserved).first(sizeof(reserved) - 1),
                              kernels(Backend::portable, Precision::fp32))
                  .error(),
              Error::memory_too_small);
}

TEST(Layout, BuffersFollowEachOtherAlignedAndWithoutOverlap) {
    int plans = 0;
    for (const Precision precision : precisions) {
        for (const Tape tape : {Tape::none, Tape::full, Tape::lean}) {
            for (const std::uint32_t hidden : {1u, 16u, 17u, 128u}) {
                for (const std::uint32_t batch : {1u, 2u, 5u}) {
                    for (const std::uint32_t options : {0u, 1u}) {
                        Plan plan{.shape = {3, hidden, 10}, .batch = batch, .steps = 11, .parts = 3};
                        plan.precision = precision;
                        plan.tape = tape;
                        plan.clipping = plan.auxiliary = options != 0;
                        plan.members = 1 + 2 * options;
                        const Layout laid_out = layout(plan).value();
                        std::size_t end = 0;
                        for (const Buffer& buffer : laid_out.buffers) {
                            EXPECT_EQ(buffer.offset % buffer_alignment, 0u) << describe_plan(plan);
                            EXPECT_GE(buffer.offset, end) << describe_plan(plan);
                            // No more than the alignment lies between them.
                            EXPECT_LT(buffer.offset, end + buffer_alignment) << describe_plan(plan);
                            end = buffer.offset + buffer.size;
                        }
                        EXPECT_GE(laid_out.total, end);
                        EXPECT_LT(laid_out.total, end + buffer_alignment);
                        ++plans;
                    }
                }
            }
        }
    }
    EXPECT_EQ(plans, 216);
}

TEST(Layout, ScratchOfAStepAndOfTheMembersFits) {
    for (const Precision precision : precisions) {
        for (const Tape tape : tapes) {
            const Plan plan{.shape = {2, 33, 3},
                            .batch = 5,
                            .steps = 9,
                            .parts = 2,
                            .precision = precision,
                            .tape = tape,
                            .members = 3};
            const Layout laid_out = layout(plan).value();
            const ScratchMap& map = laid_out.scratch;
            const std::size_t state = std::size_t{5} * 48 * (precision == Precision::bf16 ? 2 : 4);
            EXPECT_GE(map.cell_grad, map.hidden_grad + state);
            EXPECT_GE(map.member_step, map.cell_grad + state);
            EXPECT_LE(map.member_step + 3 * map.member_step_size, laid_out[BufferId::scratch].size);
            EXPECT_LE(map.member_tile + 3 * map.member_tile_size, laid_out[BufferId::scratch].size);
            if (precision != Precision::fp32) {
                EXPECT_GE(map.member_step_size, 5u * 48 * 2);
            }
        }
    }
}

TEST(Layout, MembersCostOnlyTheirScratch) {
    Plan plan = everything;
    plan.members = 1;
    const std::size_t one = total_of(plan);
    for (const std::uint32_t members : {2u, 3u, 7u, 1024u}) {
        plan.members = members;
        EXPECT_EQ(total_of(plan), one + (members - 1) * 10'880ull);
        EXPECT_EQ(layout(plan).value()[BufferId::scratch].size, members * 10'880ull);
    }
}

// Places of weights, checked against the sentence in layout.hpp.
TEST(Layout, TwoGatesShareAWordInSixteenBits) {
    static_assert(plain_place(2, 5) == 2 * 16 + 5);
    static_assert(paired_place(0, 5) == 10 && paired_place(1, 5) == 11);
    static_assert(paired_place(2, 5) == 42 && paired_place(3, 5) == 43);
    std::vector<int> seen(gates_per_block, 0);
    for (std::uint32_t gate = 0; gate < gate_count; ++gate) {
        for (std::uint32_t unit = 0; unit < units_per_block; ++unit) {
            ++seen[paired_place(gate, unit)];
        }
    }
    EXPECT_EQ(seen, std::vector<int>(gates_per_block, 1));
}

// ---- Parts ----

TEST(Plan, ARemainderMakesAShorterLastPart) {
    struct Case {
        std::uint32_t steps, parts, longest, made;
    };
    for (const Case c : {Case{10, 4, 3, 4}, Case{10, 6, 2, 5}, Case{7, 3, 3, 3}, Case{7, 7, 1, 7},
                         Case{7, 1, 7, 1}, Case{784, 56, 14, 56}, Case{9, 5, 2, 5}, Case{1, 1, 1, 1}}) {
        const Plan plan{.shape = {1, 1, 1}, .steps = c.steps, .parts = c.parts};
        EXPECT_EQ(part_steps(plan), c.longest) << c.steps << " in " << c.parts;
        EXPECT_EQ(part_count(plan), c.made) << c.steps << " in " << c.parts;
        const std::uint32_t before_last = (part_count(plan) - 1) * part_steps(plan);
        EXPECT_LT(before_last, c.steps);
        EXPECT_LE(c.steps - before_last, part_steps(plan));
    }
}

// 1-128-10, T = 784, batch 4, K = 28: 28 steps a part; 130 rows, 512 gates; 512 * 130 + 129 * 10 = 67,850
// parameters.
TEST(Plan, CountsOperations) {
    Plan plan{.shape = {1, 128, 10}, .batch = 4, .steps = 784, .parts = 28};
    const std::uint64_t product = 2ull * 4 * 784 * 512 * 130;
    Operations count = operations(plan);
    EXPECT_EQ(parameter_count(plan.shape), 67'850u);
    EXPECT_EQ(count.forward, product);
    EXPECT_EQ(count.weight_gradient, product);
    EXPECT_EQ(count.hidden_gradient, 2ull * 4 * (784 - 28) * 512 * 128);
    EXPECT_EQ(count.head, 3ull * 2 * 28 * 4 * 10 * 129);
    EXPECT_EQ(count.update, 28ull * 67'850 * 8);
    EXPECT_EQ(count.recomputed, 0u);
    plan.tape = Tape::lean;
    EXPECT_EQ(operations(plan).recomputed, 2 * product);
    EXPECT_EQ(operations(plan).total(), count.total() + 2 * product);
    plan.tape = Tape::none;
    EXPECT_EQ(operations(plan).total(), product + 2ull * 28 * 4 * 10 * 129);
}

// ---- Plans that cannot be ----

TEST(Layout, RefusesSizesOfZero) {
    const Plan good{.shape = {1, 1, 1}};
    ASSERT_TRUE(layout(good).ok());
    std::vector<Plan> plans(7, good);
    plans[0].shape.input = 0;
    plans[1].shape.hidden = 0;
    plans[2].shape.classes = 0;
    plans[3].batch = 0;
    plans[4].steps = 0;
    plans[5].parts = 0;
    plans[6].members = 0;
    for (const Plan& plan : plans) {
        EXPECT_EQ(layout(plan).error(), Error::zero_size) << describe_plan(plan);
    }
}

TEST(Layout, RefusesMorePartsThanSteps) {
    EXPECT_EQ(layout({.shape = {1, 1, 1}, .steps = 7, .parts = 8}).error(), Error::parts_exceed_steps);
    EXPECT_TRUE(layout({.shape = {1, 1, 1}, .steps = 7, .parts = 7}).ok());
}

TEST(Layout, RefusesSizesThatOverflow) {
    constexpr std::uint32_t most = 0xFFFFFFFFu;
    constexpr std::uint32_t limit = 1u << 30;
    std::vector<Plan> plans(12, {.shape = {1, 16, 10}, .batch = 4, .steps = 8});
    plans[0].shape.input = most;
    plans[1].shape.hidden = most;
    plans[2].shape.classes = most;
    plans[3].batch = most;
    plans[4].steps = most;
    plans[5].members = 1025;
    // Each extent allowed, their product not: 2^64 and beyond wraps, 2^48 is more than there is.
    plans[6].shape.hidden = limit;
    plans[7].batch = plans[7].steps = limit;
    plans[8].shape = {limit, limit, limit};
    plans[9].shape.hidden = limit;
    plans[9].batch = plans[9].steps = limit;
    plans[10].batch = 1u << 20;  // 2^20 * 2^20 steps * 64 gates * 4 bytes = 2^48
    plans[10].steps = 1u << 20;
    plans[11].shape = {1, 1u << 20, 1};  // 2^20 * 2^20 * 4 gates * 4 bytes * 3 (e, d) = 3 * 2^44 fits ...
    plans[11].batch = 1u << 24;          // ... but 8 slots of 2^24 * 2^20 do not
    for (const Plan& plan : plans) {
        EXPECT_EQ(layout(plan).error(), Error::size_overflow) << describe_plan(plan);
    }
    EXPECT_TRUE(layout({.shape = {1, 1u << 20, 1}}).ok());
}

// ---- Memory beside the published system ----

// Static memory of the published training program, in MiB: Zhang, Gomony, Corporaal, Corradi, "A Scalable
// Hardware Architecture for Efficient Learning of Recurrent Neural Networks at the Edge", VLSI-SoC 2024, and
// the report behind it. Batch 4, T = 784, LSTM 1->128, linear 128->10.
struct Published {
    std::uint32_t parts;
    double fp32, bf16;
};
constexpr Published published[] = {{1, 19.7, 9.85}, {2, 10.39, 5.2},  {7, 3.74, 1.87},
                                   {14, 2.41, 1.2}, {28, 1.74, 0.87}, {56, 1.41, 0.71}};

constexpr double mebibytes(Precision precision, std::uint32_t parts, Tape tape, bool narrow_regulariser) {
    Plan plan{.shape = {1, 128, 10}, .batch = 4, .steps = 784, .parts = parts};
    plan.precision = precision;
    plan.tape = tape;
    plan.narrow_regulariser = narrow_regulariser;
    return static_cast<double>(layout(plan).value().total) / 0x1p20;
}

// The first that fits of: full tape, lean tape, lean tape with e and d in BF16 (FP32 only).
std::string choice_within(double limit, Precision precision, std::uint32_t parts) {
    if (mebibytes(precision, parts, Tape::full, false) <= limit) {
        return "full";
    }
    if (mebibytes(precision, parts, Tape::lean, false) <= limit) {
        return "lean";
    }
    return precision == Precision::fp32 && mebibytes(precision, parts, Tape::lean, true) <= limit
               ? "lean, narrow regulariser"
               : "none";
}

TEST(Memory, IsWellBelowThePublishedSystems) {
    std::vector<std::string> fp32;
    std::vector<std::string> bf16;
    std::vector<std::string> mixed;
    for (const Published& p : published) {
        fp32.push_back(choice_within(0.60 * p.fp32, Precision::fp32, p.parts));
        bf16.push_back(choice_within(0.65 * p.bf16, Precision::bf16, p.parts));
        mixed.push_back(choice_within(0.85 * p.bf16, Precision::mixed, p.parts));
    }
    // What each needs for it, K = 1, 2, 7, 14, 28, 56. Only FP32 at K = 56 must narrow its regulariser.
    EXPECT_EQ(fp32,
              (std::vector<std::string>{"full", "full", "full", "lean", "lean", "lean, narrow regulariser"}));
    EXPECT_EQ(bf16, (std::vector<std::string>{"full", "full", "full", "full", "full", "lean"}));
    EXPECT_EQ(mixed, (std::vector<std::string>{"full", "full", "full", "full", "full", "lean"}));
}

// A plan for an array of 4 x 4 by hand: the published shape at K = 28, parts of 28 steps.
TEST(Layout, ArrayPlanByHand) {
    Plan plan{.shape = {1, 128, 10}, .batch = 4, .steps = 784, .parts = 28, .precision = Precision::bf16};
    plan.array_side = 4;
    const Layout l = layout(plan).value();
    EXPECT_EQ(l.array.parameters, 67850u);
    EXPECT_EQ(l[BufferId::gates].size, 28u * 512 * 4 * 2);
    EXPECT_EQ(l[BufferId::states].size, 28u * 130 * 4 * 2);
    EXPECT_EQ(l[BufferId::hidden].size, 130u * 4 * 2);
    // A quarter of the tape of 112 KiB beyond 64 KiB for the gradient, then logits of 10 x 4 values.
    EXPECT_EQ(l[BufferId::scratch].size, 12u * 1024 + 128);
    // W, e and d, each rounded up to 135744; gates 114688; states 29120, hidden 1088 and cell 1024 in whole
    // lines; head 256, outcome and labels 64 each.
    EXPECT_EQ(l.total, 3u * 135744 + 114688 + 29120 + 1088 + 1024 + 256 + 64 + 64 + 12416);
    plan.members = 4;
    EXPECT_EQ(layout(plan).value().total, l.total);
}

// On an array of 8 x 8 two steps share a row of the tape; an odd last one has it for itself.
TEST(Layout, StepsShareRowsOfTheArray) {
    Plan plan{.shape = {2, 30, 3}, .batch = 4, .steps = 7, .parts = 1, .precision = Precision::fp32};
    plan.array_side = 8;
    const Layout two = layout(plan).value();
    EXPECT_EQ(two.array.steps_per_row, 2u);
    EXPECT_EQ(two.array.tape_rows, 4u);
    EXPECT_EQ(two[BufferId::gates].size, 4u * 128 * 8 * 4);
    // A batch that does not divide the side is filled up.
    plan.batch = 5;
    const Layout one = layout(plan).value();
    EXPECT_EQ(one.array.columns, 8u);
    EXPECT_EQ(one.array.steps_per_row, 1u);
    EXPECT_EQ(one[BufferId::gates].size, 7u * 128 * 8 * 4);
}

// Beside the published system's memory in BF16 (MiB), at every K: 0.65 times in bf16, 0.85 times in mixed.
TEST(Layout, ArrayPlansNeedLessThanThePublishedSystem) {
    const struct {
        std::uint32_t parts;
        double published;
    } points[] = {{1, 9.85}, {2, 5.2}, {7, 1.87}, {14, 1.2}, {28, 0.87}, {56, 0.71}};
    for (const auto& point : points) {
        for (const std::uint32_t side : {4u, 8u}) {
            Plan plan{.shape = {1, 128, 10}, .batch = 4, .steps = 784, .parts = point.parts};
            plan.array_side = side;
            const double mebibytes = point.published * 1048576.0;
            plan.precision = Precision::bf16;
            EXPECT_LE(static_cast<double>(layout(plan).value().total), 0.65 * mebibytes) << point.parts;
            plan.precision = Precision::mixed;
            EXPECT_LE(static_cast<double>(layout(plan).value().total), 0.85 * mebibytes) << point.parts;
        }
    }
}

}  // namespace
}  // namespace partita::learn::test
