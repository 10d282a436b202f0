// Phases of the mesh. `a` is the cycle in which the core issues the first command; one command comes a cycle.
// A command is in the reservation station from a+6 on, in the transpose unroller from a+7 and in the execute
// queue from a+8. A phase begins when its commands are in the queue: a first preload when its compute is, in
// a+9.

#include "timing_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

// The rows of a tile and where it lies, for the builders of commands.
std::uint64_t full(const TimedRig& rig, std::uint32_t local) {
    return tile(local, rig.geometry.side, rig.geometry.side);
}
std::uint64_t none(const TimedRig& rig) {
    return full(rig, garbage);
}

// `count` products, A at row 0, B (the weights) in bank 1, C in the accumulator.
Cycle issue_products(TimedRig& rig, unsigned count, unsigned a_rows, bool keep_weights = false) {
    const std::uint32_t bank = rig.geometry.scratchpad_bank_rows;
    Cycle first = 0;
    for (unsigned each = 0; each < count; ++each) {
        const bool loads = each == 0 || !keep_weights;
        const std::uint32_t b = bank + each * rig.geometry.side;
        const Cycle at =
            rig.issue(preload(loads ? full(rig, b) : none(rig),
                              tile(accumulator | each * rig.geometry.side, a_rows, rig.geometry.side)));
        first = each == 0 ? at : first;
        rig.issue(compute(tile(0, a_rows, rig.geometry.side), none(rig), loads));
    }
    return first;
}

// From a row's last cycle of feeding to its result at the accumulator: bank 2, input register 1, then the
// mesh: 4 (8) processing elements down and 3 (7) across of 4 + 1 cycles each, and 2.
constexpr Cycle mesh_4 = 2 + 1 + 4 * 5 + 3 * 5 + 2;
constexpr Cycle mesh_8 = 2 + 1 + 8 * 5 + 7 * 5 + 2;

TEST(Execute, OneProduct) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = issue_products(rig, 1, 4);
    // 4 cycles for the preload, 4 for the compute, of which the last row is fed in a+16.
    EXPECT_EQ(rig.fence(), a + 16 + mesh_4 + 1);
    EXPECT_EQ(rig.log.of("execute"),
              (std::vector<EventLog::Event>{{"execute", "PRELOAD", a + 9, a + 12},
                                            {"execute", "COMPUTE_PRELOADED", a + 13, a + 16}}));
    EXPECT_EQ(rig.accelerator.statistics().array_cycles, 4U);
    EXPECT_EQ(rig.accelerator.statistics().multiply_adds, 4U * 4 * 4);
}

TEST(Execute, OneProductOnTheLargerArray) {
    TimedRig rig(bf16_chip(8));
    configure(rig);
    const Cycle a = issue_products(rig, 1, 8);
    EXPECT_EQ(rig.fence(), a + 9 + 8 + 8 - 1 + mesh_8 + 1);
}

TEST(Execute, FewRowsStillTakeAPhaseOfTheArraysSide) {
    TimedRig rig(bf16_chip(8));
    configure(rig);
    const Cycle a = issue_products(rig, 2, 4);
    // The preload and the overlapped phase feed 8 rows of weights; the last compute has only its 4 rows of A.
    EXPECT_EQ(rig.fence(), a + 9 + 8 + 8 + 4 - 1 + mesh_8 + 1);
    EXPECT_EQ(rig.accelerator.statistics().array_cycles, 8U + 4);
    EXPECT_EQ(rig.accelerator.statistics().multiply_adds, 2U * 4 * 8 * 8);
}

TEST(Execute, PreloadsOverlapComputes) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = issue_products(rig, 6, 4);
    // Phases: preload 0, compute 0 with preload 1, ..., compute 5.
    EXPECT_EQ(rig.fence(), a + 9 + (1 + 6) * 4 - 1 + mesh_4 + 1);
}

TEST(Execute, KeptWeightsNeedOnlyTheRowsOfA) {
    TimedRig rig(bf16_chip(8));
    configure(rig);
    const Cycle a = issue_products(rig, 3, 5, true);
    // Only the first phase feeds weights: 8 rows; the others the 5 rows of A.
    EXPECT_EQ(rig.fence(), a + 9 + 8 + 3 * 5 - 1 + mesh_8 + 1);
}

TEST(Execute, FourRowsAtLeast) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = issue_products(rig, 2, 1, true);
    EXPECT_EQ(rig.fence(), a + 9 + 4 + 2 * 4 - 1 + mesh_4 + 1);
}

// A and B in one bank take turns: two cycles a row.
TEST(Execute, OperandsInOneBankTakeTurns) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = rig.issue(preload(full(rig, 64), full(rig, accumulator)));
    rig.issue(compute(full(rig, 0), none(rig)));
    rig.issue(preload(full(rig, 68), full(rig, accumulator | 4)));
    rig.issue(compute(full(rig, 0), none(rig)));
    // Preload 4, compute with preload 8, compute 4.
    EXPECT_EQ(rig.fence(), a + 9 + 4 + 8 + 4 - 1 + mesh_4 + 1);
}

TEST(Execute, TransposedWeightsTakeTwoPhases) {
    TimedRig rig(bf16_chip(4));
    configure(rig, {.transpose_b = true});
    const Cycle a = issue_products(rig, 3, 4);
    // The unroller gives a preload of B, a compute, a preload of the result and the compute; the first of
    // them when the compute is in the unroller (a+8), so the first phase begins when two are in the queue
    // (a+10). Each product is two phases, but for the first preload and the last compute: 1 + 2 * 3 in all.
    EXPECT_EQ(rig.fence(), a + 10 + (1 + 2 * 3) * 4 - 1 + mesh_4 + 1);
    EXPECT_EQ(rig.accelerator.statistics().array_cycles, 3U * 4);
}

TEST(Execute, TransposedInputIsFedAPhaseEarly) {
    TimedRig rig(bf16_chip(4));
    configure(rig, {.transpose_a = true});
    const Cycle a = issue_products(rig, 3, 4);
    // Throughput is as without: 1 + 3 phases.
    EXPECT_EQ(rig.fence(), a + 9 + (1 + 3) * 4 - 1 + mesh_4 + 1);
}

TEST(Execute, ComputeAloneWhenItsNextPreloadIsLate) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = issue_products(rig, 1, 4);
    rig.time = a + 30;
    const Cycle b = issue_products(rig, 1, 4);
    // The second product pays for its own preload.
    EXPECT_EQ(rig.fence(), b + 9 + 4 + 4 - 1 + mesh_4 + 1);
}

TEST(Execute, ConfigurationWaitsForTheMesh) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = issue_products(rig, 1, 4);
    rig.issue(config_execute());
    const Cycle idle = rig.fence();
    const Cycle result = a + 16 + mesh_4;
    // It pushes 4 rows through the mesh at a time until no result is outstanding: 2 + 4 cycles a try.
    EXPECT_GT(idle, result + 1);
    EXPECT_LE(idle, result + 1 + 6 + 1);
}

// A move-in that writes a row of a bank in every cycle keeps the mesh from reading there.
TEST(Banks, MoveInsStarveTheMesh) {
    Cycle idle[2];
    std::uint64_t conflicts[2];
    for (const bool same : {false, true}) {
        TimedRig rig(bf16_chip(4));
        configure(rig);
        const std::uint32_t bank = rig.geometry.scratchpad_bank_rows;
        for (unsigned row = 0; row < 4; ++row) {
            rig.issue(move_in(data + row * 0x400, (same ? bank : 2 * bank) + 1024 + row * 32, 4, 32));
        }
        rig.time += 20;
        const Cycle a = issue_products(rig, 4, 4);
        idle[same] = 0;
        rig.fence();
        idle[same] = rig.log.of("execute").back().last - a;
        conflicts[same] = rig.accelerator.statistics().conflict_cycles;
    }
    // Elsewhere: 9 + (1 + 4) * 4 - 1. In the same bank the mesh waits for the end of the writes.
    EXPECT_EQ(idle[0], 9U + 5 * 4 - 1);
    EXPECT_EQ(conflicts[0], 0U);
    EXPECT_GT(conflicts[1], 50U);
    EXPECT_EQ(idle[1], idle[0] + conflicts[1]);
}

TEST(Banks, AccumulatingDelaysMoveOuts) {
    Cycle last[2];
    for (const bool adds : {false, true}) {
        TimedRig rig(bf16_chip(4));
        configure(rig);
        for (unsigned each = 0; each < 7; ++each) {
            const std::uint32_t c = accumulator | (adds ? accumulate : 0) | each * 4;
            rig.issue(preload(full(rig, rig.geometry.scratchpad_bank_rows + each * 4), full(rig, c)));
            rig.issue(compute(full(rig, 0), none(rig)));
        }
        // Rows that nobody writes, read while results arrive.
        rig.time = rig.log.events.empty() ? rig.time + 35 : rig.time;
        rig.issue(move_out(data, accumulator | 1024, 4, 16));
        rig.fence();
        last[adds] = rig.log.of("store").back().last;
    }
    EXPECT_GT(last[1], last[0]);
}

// With scaling, operands and results in any memory, a compute overlaps the next preload only once the compute
// after it is in the queue.
TEST(Execute, LooksThreeCommandsAheadWhereResultsCanBeOperands) {
    Config chip = bf16_chip(4);
    chip.execute_writes_scratchpad = true;
    TimedRig rig(chip);
    configure(rig);
    const Cycle a = issue_products(rig, 2, 4);
    EXPECT_EQ(rig.fence(), a + 9 + (1 + 2) * 4 - 1 + mesh_4 + 1);
    // The operand is the first row of the result before: it waits for it.
    rig.log.events.clear();
    const std::uint32_t place = 256;
    const Cycle b = rig.issue(preload(full(rig, rig.geometry.scratchpad_bank_rows), full(rig, place)));
    rig.issue(compute(full(rig, 0), none(rig)));
    rig.issue(preload(full(rig, rig.geometry.scratchpad_bank_rows), full(rig, accumulator)));
    rig.issue(compute(full(rig, place), none(rig)));
    rig.fence();
    const auto phases = rig.log.of("execute");
    // Preload, compute alone (its preload's operand is not there), preload after the last result has left,
    // compute.
    ASSERT_EQ(phases.size(), 4U);
    EXPECT_EQ(phases[1].last, b + 9 + 8 - 1);
    EXPECT_EQ(phases[2].first, phases[1].last + mesh_4 + 1);
}

}  // namespace
}  // namespace partita::chip::gemmini::test
