// Queues, dependences between commands of different controllers, and the lines that the core sees.

#include "timing_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

constexpr Address elsewhere = memory_base + 0x20000;

std::uint64_t square(std::uint32_t local) {
    return tile(local, 4, 4);
}

TEST(Port, IdleUntilTheFirstCommand) {
    TimedRig rig(bf16_chip(4));
    EXPECT_TRUE(rig.accelerator.idle());
    EXPECT_EQ(rig.accelerator.idle_since(), Cycle{0});
    EXPECT_EQ(rig.accelerator.ready_since(), Cycle{0});
    rig.accelerator.run(1'000'000'000'000);
    EXPECT_EQ(rig.accelerator.now(), 1'000'000'000'000U);
    EXPECT_EQ(rig.accelerator.statistics().busy_cycles, 0U);
}

TEST(Port, ConfigurationPassesTheQueues) {
    TimedRig rig(bf16_chip(4));
    const Cycle a = rig.issue(config_load(0, 64, one_bf16, 4));
    EXPECT_FALSE(rig.accelerator.idle_since());
    // Router a+1, raw a+2, convolution a+3, loop a+4, unrolled a+5, station a+6; issued, and complete by it.
    EXPECT_EQ(rig.fence(), a + 7);
    EXPECT_EQ(rig.accelerator.statistics().busy_cycles, 7U);
}

TEST(Port, ExecuteConfigurationIsCompleteWhenTheControllerHasIt) {
    TimedRig rig(bf16_chip(4));
    const Cycle a = rig.issue(config_execute());
    // Issued in a+6, in the unroller a+7, in the queue and carried out in a+8.
    EXPECT_EQ(rig.fence(), a + 9);
}

TEST(Port, LonePreloadIsNotBusy) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const Cycle a = rig.issue(preload(square(0), square(accumulator)));
    EXPECT_EQ(rig.fence(), a + 6);
    EXPECT_TRUE(rig.accelerator.idle());
    rig.time += 1000;
    const Cycle b = rig.issue(compute(square(0), square(garbage)));
    EXPECT_FALSE(rig.accelerator.idle());
    // In the execute queue in b+8: preload, compute; then bank 2, register 1, mesh 37 and a cycle of
    // completion.
    EXPECT_EQ(rig.fence(), b + 8 + 8 - 1 + 40 + 1);
}

// Nothing comes back from memory: the load queue of the station fills, then all queues in front of it.
TEST(Port, FullQueuesHoldTheCore) {
    TimedRig rig(bf16_chip(4), 1'000'000);
    configure(rig);
    unsigned taken = 0;
    for (; rig.accelerator.ready_since(); ++taken) {
        Cycle ignored = 0;
        rig.accelerator.issue(move_in(data, taken * 4, 4, 4), rig.time, ignored);
        rig.advance(++rig.time);
        rig.advance(rig.time += 20);
    }
    // Station 8; unrolled, loop, convolution, raw and router queue 2 each.
    EXPECT_EQ(taken, 8U + 5 * 2);
    EXPECT_FALSE(rig.accelerator.idle_since());
    // Until the first is complete. Its entry is free in the next cycle and taken by the next command; room
    // for one moves on through the four other queues and the router's is seen in the cycle after.
    while (!rig.accelerator.ready_since()) {
        rig.accelerator.run(rig.accelerator.now() + rig.slice);
    }
    ASSERT_FALSE(rig.log.events.empty());
    const Cycle complete = rig.log.events.front().last;
    EXPECT_EQ(*rig.accelerator.ready_since(), complete + 1 + 4 + 1);
    EXPECT_EQ(rig.accelerator.now(), *rig.accelerator.ready_since());  // stops early
}

TEST(Port, AFullQueueBlocksOtherCommandsBehindIt) {
    TimedRig rig(bf16_chip(4), 2000);
    configure(rig);
    for (unsigned each = 0; each < 9; ++each) {
        rig.issue(move_in(data, each * 4, 4, 4));
    }
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(8192), square(garbage)));
    rig.fence();
    // The ninth move-in waits for an entry, and the products behind it wait with it.
    EXPECT_GT(rig.log.of("execute").front().first, rig.log.of("load").front().last);
}

TEST(Dependence, ComputeAfterTheMoveInOfItsOperand) {
    TimedRig rig(bf16_chip(4), 500);
    configure(rig);
    rig.issue(move_in(data, 0, 4, 4));
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(0), square(garbage)));
    rig.fence();
    const Cycle complete = rig.log.of("load").front().last;
    // The compute is issued in the cycle after, in the unroller in the one after that, then in the queue;
    // only then the preload in front of it may begin.
    EXPECT_EQ(rig.log.of("execute")[0].first, complete + 1 + 1 + 1);
}

TEST(Dependence, NoneBetweenDifferentRows) {
    TimedRig rig(bf16_chip(4), 500);
    configure(rig);
    rig.issue(move_in(data, 0, 4, 4));
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(4), square(garbage)));
    rig.fence();
    EXPECT_LT(rig.log.of("execute").back().last, rig.log.of("load").front().last);
}

TEST(Dependence, BlocksOfAMoveInCount) {
    // The third block lies at row 8 if blocks are 4 rows apart.
    TimedRig rig(bf16_chip(4), 500);
    configure(rig);
    rig.issue(move_in(data, 0, 4, 12));
    rig.issue(preload(square(8), square(accumulator)));
    rig.issue(compute(square(8192), square(garbage)));
    rig.fence();
    EXPECT_GT(rig.log.of("execute").front().first, rig.log.of("load").front().last);
}

TEST(Dependence, MoveInAfterTheComputeThatReadsItsRows) {
    TimedRig rig(bf16_chip(4), 5);
    configure(rig);
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(0), square(garbage)));
    rig.issue(move_in(data, 2, 1, 4));
    rig.fence();
    const Cycle fed = rig.log.of("execute").back().last;
    // The compute is complete in the cycle after it has been fed; the move-in is issued in the next, begins
    // in the one after.
    EXPECT_EQ(rig.log.of("load").front().first, fed + 1 + 1 + 1);
}

TEST(Dependence, MoveInAfterTheMoveOutOfItsRows) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    rig.issue(move_out(elsewhere, 0, 4, 4));
    rig.issue(move_in(data, 2, 1, 4));
    rig.fence();
    EXPECT_EQ(rig.log.of("load").front().first, rig.log.of("store").front().last + 1 + 1);
}

TEST(Dependence, MoveOutAfterTheMoveInOfItsRows) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    rig.issue(move_in(data, 0, 4, 4));
    rig.issue(move_out(elsewhere, 3, 1, 4));
    rig.fence();
    EXPECT_EQ(rig.log.of("store").front().first, rig.log.of("load").front().last + 1 + 1);
}

TEST(Dependence, MoveOutAfterTheResults) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(0), square(garbage)));
    rig.issue(move_out(elsewhere, accumulator, 4, 4));
    rig.fence();
    // Last row fed + bank 2 + register 1 + mesh 37 is the cycle in which the preload is complete.
    EXPECT_EQ(rig.log.of("store").front().first, rig.log.of("execute").back().last + 40 + 1 + 1);
}

TEST(Dependence, ResultsAfterTheMoveOutOfTheirRows) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    rig.issue(move_out(elsewhere, accumulator, 4, 4));
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(0), square(garbage)));
    rig.fence();
    // The preload is issued in the cycle after the move-out is complete, the compute in the next.
    EXPECT_EQ(rig.log.of("execute").front().first, rig.log.of("store").front().last + 1 + 1 + 2);
}

TEST(Dependence, MoveInsOfAControllerStayInOrder) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    for (unsigned each = 0; each < 12; ++each) {
        rig.issue(move_in(data + each * 0x100, 0, 4, 4));
    }
    rig.fence();
    const auto loads = rig.log.of("load");
    ASSERT_EQ(loads.size(), 12U);
    for (unsigned each = 1; each < 12; ++each) {
        EXPECT_GT(loads[each].first, loads[each - 1].first);
        EXPECT_GT(loads[each].last, loads[each - 1].last);
    }
}

TEST(Dependence, OneCompletionACycle) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    for (unsigned each = 0; each < 6; ++each) {
        rig.issue(move_in(data, 1024 + each * 4, 1, 4));
        rig.issue(move_out(elsewhere, accumulator | each, 1, 4));
    }
    rig.fence();
    std::vector<Cycle> ends;
    for (const auto& event : rig.log.events) {
        ends.push_back(event.last);
    }
    std::sort(ends.begin(), ends.end());
    EXPECT_EQ(std::adjacent_find(ends.begin(), ends.end()), ends.end());
}

TEST(Counters, CountWhatTheyAreSetTo) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    const auto counter = [](unsigned index, unsigned event, bool external = false) {
        return command(126, std::uint64_t{external} << 31 | event << 12 | index << 4 | 1 << 3, 0, true);
    };
    const auto read = [](unsigned index) { return command(126, index << 4, 0, true); };
    rig.issue(counter(0, 24));       // execute active
    rig.issue(counter(1, 42));       // station not empty
    rig.issue(counter(2, 4, true));  // bytes read
    Cycle result_at = 0;
    rig.fence();
    rig.advance(rig.time);
    rig.accelerator.issue(read(0), rig.time, result_at);
    // Five queues, then the result a cycle later.
    EXPECT_EQ(result_at, rig.time + 6);
    rig.time = result_at + 10;
    rig.issue(move_in(data, 0, 4, 32));
    rig.issue(preload(square(8192), square(accumulator)));
    rig.issue(compute(square(0), square(garbage)));
    rig.fence();
    const auto value = [&](unsigned index) {
        rig.issue(read(index));
        rig.fence();
        return rig.result;
    };
    // A phase of 4 rows is in its state for 3 cycles: the first row is fed in the cycle that sees the
    // commands.
    EXPECT_EQ(value(0), 2U * 3);
    EXPECT_GT(value(1), 50U);
    EXPECT_EQ(value(2), 4U * 64);
}

TEST(State, SaysWhoWaitsForWhat) {
    TimedRig rig(bf16_chip(4), 1'000'000);
    configure(rig);
    EXPECT_NE(rig.accelerator.state().find("idle since cycle"), std::string::npos);
    for (unsigned each = 0; each < 12; ++each) {
        rig.issue(move_in(data, each * 4, 4, 4));
    }
    rig.issue(preload(square(0), square(accumulator)));
    rig.advance(rig.time + 100);
    const std::string text = rig.accelerator.state();
    for (const char* part : {"busy at cycle", "load: 8 of 8", "oldest MVIN", "3 of 4 rows requested",
                             "unrolled queue: MVIN", "loop queue", "execute: idle"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
    }
}

// A preload without its compute holds a move-in that wants its rows: the accelerator is busy, but nothing can
// happen.
TEST(State, NothingToSimulateUntilACommandComes) {
    TimedRig rig(bf16_chip(4));
    configure(rig);
    rig.issue(preload(square(0), square(accumulator)));
    rig.issue(move_in(data, 0, 4, 4));
    rig.advance(rig.time + 1000);
    EXPECT_FALSE(rig.accelerator.idle_since());
    EXPECT_TRUE(rig.accelerator.idle());
    const std::string text = rig.accelerator.state();
    EXPECT_NE(text.find("waits for a command"), std::string::npos) << text;
    EXPECT_NE(text.find("waits for PRELOAD"), std::string::npos) << text;
    EXPECT_NE(text.find("waits for its compute"), std::string::npos) << text;
    rig.issue(compute(square(8192), square(garbage)));
    EXPECT_NE(rig.fence(), never);
}

}  // namespace
}  // namespace partita::chip::gemmini::test
