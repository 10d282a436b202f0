// A core and its accelerator, and the marks of regions and waiting.

#include <gtest/gtest.h>

#include "chip/base/error.hpp"
#include "chip/rocket/tests/machine.hpp"

namespace partita::chip::rocket {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own helpers

constexpr std::uint32_t fence_all = 0x0ff0'000f;

std::uint32_t command(unsigned funct, unsigned rd, unsigned rs1, unsigned rs2) {
    const std::uint32_t uses = rd == 0 ? 3 : 7;  // xd, xs1, xs2
    return funct << 25 | rs2 << 20 | rs1 << 15 | uses << 12 | rd << 7 | 0x7bU;
}

std::uint32_t region(unsigned id) {
    return Assembler::match(Op::slti) | id << 20;
}

std::uint32_t waiting(bool begins) {
    return Assembler::match(Op::sltiu) | (begins ? 1U << 20 : 0);
}

TEST(Command, IsPresentedInWriteBack) {
    Machine machine;
    machine.x(a0) = 7;
    machine.x(a1) = 9;
    Assembler code(base);
    code.word(command(5, 0, a0, a1));
    code.nop();
    machine.place(code);
    const Cycle issue = machine.step();
    EXPECT_EQ(machine.step(), issue + 1);
    ASSERT_EQ(machine.accelerator.taken.size(), 1);
    const auto& [taken, at] = machine.accelerator.taken[0];
    EXPECT_EQ(at, issue + 3);
    EXPECT_EQ(taken.funct, 5);
    EXPECT_EQ(taken.rs1, 7);
    EXPECT_EQ(taken.rs2, 9);
    EXPECT_FALSE(taken.returns);
}

TEST(Command, WaitsForTheOthers) {
    Machine machine;
    Assembler code(base);
    code.nop();
    code.word(command(5, 0, a0, a1));
    machine.place(code);
    const Cycle first = machine.step();
    EXPECT_EQ(machine.core->run(never, first), Stop::shared);
    EXPECT_TRUE(machine.accelerator.taken.empty());
}

// Two fill the queue, in T + 3 and T + 4; the third, presented in T + 5, is refused. The first ends in T +
// 23: ID holds the third until T + 24.
TEST(Command, WaitsForRoom) {
    Machine machine;
    Assembler code(base);
    for (int i = 0; i < 3; ++i) {
        code.word(command(5, 0, a0, a1));
    }
    code.nop();
    machine.place(code);
    const Cycle first = machine.step();
    machine.step();
    EXPECT_EQ(machine.core->run(never, never), Stop::ready);
    EXPECT_FALSE(machine.core->runnable());
    EXPECT_EQ(machine.core->why(), Stop::ready);
    EXPECT_EQ(machine.core->run(never, never), Stop::ready);
    machine.accelerator.run(first + 23);
    machine.core->wake(*machine.accelerator.ready_since());
    EXPECT_TRUE(machine.core->runnable());
    EXPECT_EQ(machine.step(), first + 24);
    EXPECT_EQ(machine.accelerator.taken[2].second, first + 24 + 3);
    EXPECT_EQ(machine.core->spent(Cause::accelerator), 22);  // T + 2 ... T + 24
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

// Refused for a short time, it still takes 5 cycles to be presented again.
TEST(Command, IsReplayedAfterFiveCyclesAtTheSoonest) {
    Machine machine;
    machine.accelerator.work = 4;  // ends in T + 7 and T + 11
    Assembler code(base);
    for (int i = 0; i < 3; ++i) {
        code.word(command(5, 0, a0, a1));
    }
    machine.place(code);
    const Cycle first = machine.step();
    machine.step();
    EXPECT_EQ(machine.core->run(never, never), Stop::ready);
    machine.accelerator.run(first + 7);
    machine.core->wake(first + 5);
    EXPECT_EQ(machine.step(), first + 2 + 5);
}

TEST(Command, ResultIsScoreboarded) {
    Machine machine;
    Assembler code(base);
    code.word(command(126, t0, a0, 0));
    code.nop();
    code.i(Op::addi, t1, t0, 1);
    machine.place(code);
    const Cycle issue = machine.step();
    EXPECT_EQ(machine.step(), issue + 1);
    EXPECT_EQ(machine.step(), issue + 3 + 4);  // the fake answers 4 cycles after it took the command
    EXPECT_EQ(machine.x(t1), 1235);
    EXPECT_TRUE(machine.accelerator.taken[0].first.returns);
}

TEST(Command, IsIllegalWithoutAnAccelerator) {
    Machine machine({}, false);
    Assembler code(base);
    code.word(command(5, 0, a0, a1));
    machine.place(code);
    EXPECT_THROW(machine.step(), ProgramError);
}

// The fence waits until the command is past WB (ID + 4), then for the accelerator's end.
TEST(Fence, WaitsForTheAccelerator) {
    Machine machine;
    Assembler code(base);
    code.word(command(5, 0, a0, a1));
    code.word(fence_all);
    code.nop();
    machine.place(code);
    const Cycle issue = machine.step();
    EXPECT_EQ(machine.core->run(never, never), Stop::idle);
    EXPECT_EQ(machine.core->now(), issue + 4);
    machine.accelerator.run(issue + 23);
    machine.core->wake(*machine.accelerator.idle_since());
    EXPECT_EQ(machine.step(), issue + 3 + 20);
    EXPECT_EQ(machine.core->spent(Cause::fence), 22);
    EXPECT_EQ(machine.step(), issue + 24);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

TEST(Fence, CostsOneCycleWhereNothingIsWaitedFor) {
    Machine machine;
    Assembler code(base);
    code.nop();
    code.word(fence_all);
    code.nop();
    machine.place(code);
    const Cycle first = machine.step();
    machine.core->run(first + 3, 0);  // no need to ask the others
    EXPECT_EQ(machine.core->now(), first + 3);
    EXPECT_EQ(machine.core->state().pc, base + 12);
}

TEST(Marks, RegionsAreToldAndCostOneCycle) {
    Machine machine;
    Assembler code(base);
    code.word(region(12));
    code.nop();
    code.word(region(0));
    code.nop();
    machine.place(code);
    const Cycle first = machine.step();
    machine.step();
    machine.step();
    EXPECT_EQ(machine.step(), first + 3);
    ASSERT_EQ(machine.observer.regions.size(), 2);
    EXPECT_EQ(machine.observer.regions[0], (std::pair<unsigned, Cycle>{12, first}));
    EXPECT_EQ(machine.observer.regions[1], (std::pair<unsigned, Cycle>{0, first + 2}));
}

TEST(Marks, AllBetweenThoseOfWaitingIsBarrier) {
    Machine machine;
    machine.x(a0) = data;
    Assembler code(base);
    code.nop();
    code.word(waiting(true));
    code.l(Op::ld, t0, 0, a0);    // misses: 1 + 12
    code.i(Op::addi, t1, t0, 0);  // 1 + 1
    code.word(waiting(false));
    code.nop();
    machine.place(code);
    const Cycle first = machine.step();
    const auto before = machine.core->spent(Cause::issue);
    machine.step();
    machine.step();
    EXPECT_EQ(machine.core->spent(Cause::barrier), 13);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
    machine.step();
    machine.step();
    EXPECT_EQ(machine.step(), first + 1 + 13 + 2 + 2);
    EXPECT_EQ(machine.core->spent(Cause::barrier), 15);
    EXPECT_EQ(machine.core->spent(Cause::data_cache), 0);
    EXPECT_EQ(machine.core->spent(Cause::load_use), 0);
    EXPECT_EQ(machine.core->spent(Cause::issue) - before, 3);  // the marks and the nop
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

}  // namespace
}  // namespace partita::chip::rocket
