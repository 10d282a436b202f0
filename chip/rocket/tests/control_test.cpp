// What jumps, fetches, traps and interrupts cost.

#include <gtest/gtest.h>

#include "chip/base/error.hpp"
#include "chip/rocket/tests/machine.hpp"

namespace partita::chip::rocket {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own helpers

std::vector<Cycle> issues_of(Machine& machine, std::size_t count) {
    std::vector<Cycle> issues;
    while (issues.size() < count) {
        issues.push_back(machine.step());
    }
    return issues;
}

// A new branch that is taken n times in a row: where its history has been seen before, what was seen there is
// believed. The table's index has the hash (221 * history mod 256) / 32 in it, and histories follow one
// another as 00 80 c0 e0 f0 f8 fc fe ff ff ..., whose hashes are 0 4 6 3 1 0 4 2 1 1 ...: wrong at the first
// five and the eighth.
TEST(Branch, LearnsALoop) {
    Machine machine;
    Assembler code(base);
    code.i(Op::addi, t0, zero, 20);
    const Address loop = code.here();
    code.i(Op::addi, t0, t0, -1);
    code.b(Op::bne, t0, zero, loop);
    code.nop();
    machine.place(code);
    const auto issues = issues_of(machine, 1 + 2 * 20 + 1);
    for (std::size_t round = 1; round <= 20; ++round) {
        const bool wrong = round <= 5 || round == 8 || round == 20;
        EXPECT_EQ(issues[2 * round] - issues[2 * round - 1], 1) << "round " << round;
        EXPECT_EQ(issues[2 * round + 1] - issues[2 * round], wrong ? 4 : 1) << "round " << round;
    }
    EXPECT_EQ(machine.core->spent(Cause::branch), 7 * 3);
}

// Predecoding finds the first one, one bubble; it is then in the BTB.
TEST(Jump, CostsOneBubbleAndThenNone) {
    Machine machine;
    Assembler code(base);
    code.nops(2);
    code.j(zero, base);
    machine.place(code);
    const auto issues = issues_of(machine, 10);
    EXPECT_EQ(issues[3] - issues[2], 2);
    EXPECT_EQ(issues[6] - issues[5], 1);
    EXPECT_EQ(issues[9] - issues[8], 1);
}

// While ID waits for the multiplier (3 bubbles), the front end runs ahead; its bubble is then not seen, and
// the BTB not bothered.
TEST(Jump, HidesItsBubbleBehindAFullQueue) {
    Machine machine;
    machine.x(a1) = 3;
    Assembler code(base);
    code.r(Op::mul, t0, a1, a1);
    code.i(Op::addi, t1, t0, 1);
    code.nop();
    code.j(zero, base);
    machine.place(code);
    const auto issues = issues_of(machine, 9);
    EXPECT_EQ(issues[1] - issues[0], 4);
    EXPECT_EQ(issues[4] - issues[3], 1);
    EXPECT_EQ(issues[8] - issues[7], 1);
}

TEST(Return, IsPredictedByTheStack) {
    Machine machine;
    Assembler code(base);
    code.j(ra, base + 16);  // call
    code.nop();
    code.j(zero, base);
    code.nop();
    code.nop();  // base + 16
    code.i(Op::jalr, zero, ra, 0);
    machine.place(code);
    // call, nop, return, nop, jump: one bubble each the first time.
    const auto issues = issues_of(machine, 11);
    EXPECT_EQ(issues[1] - issues[0], 2);
    EXPECT_EQ(issues[3] - issues[2], 2);
    EXPECT_EQ(issues[6] - issues[5], 1);
    EXPECT_EQ(issues[8] - issues[7], 1);
}

TEST(IndirectJump, IsLearntInMem) {
    Machine machine;
    machine.x(t0) = base;
    Assembler code(base);
    code.nops(2);
    code.i(Op::jalr, zero, t0, 0);
    code.nops(5);
    machine.place(code);
    const auto issues = issues_of(machine, 6);
    EXPECT_EQ(issues[3] - issues[2], 4);  // nobody knows
    machine.x(t0) = base + 16;
    const Cycle jump = issues[5];
    EXPECT_EQ(machine.step() - jump, 1);  // the BTB did: the jump at issues[5] went to base
}

TEST(IndirectJump, ToAnotherTargetIsWrong) {
    Machine machine;
    machine.x(t0) = base;
    Assembler code(base);
    code.nops(2);
    code.i(Op::jalr, zero, t0, 0);
    code.nops(5);
    machine.place(code);
    issues_of(machine, 5);
    machine.x(t0) = base + 16;
    const Cycle jump = machine.step();
    EXPECT_EQ(machine.step() - jump, 4);
}

// A link register that is used at once: one bubble, as jalr's result is not bypassed from EX.
TEST(IndirectJump, LinkIsReadyAfterOneBubble) {
    Machine machine;
    machine.x(t0) = base;
    Assembler code(base);
    code.i(Op::addi, t1, ra, 0);
    code.i(Op::jalr, ra, t0, 0);
    machine.place(code);
    const auto issues = issues_of(machine, 7);
    EXPECT_EQ(issues[6] - issues[5], 2);  // predicted by then
}

// 32-bit instructions at odd halfwords need two packets where they are jumped to, and none more in sequence.
TEST(Fetch, StraddlingTargetCostsOneCycle) {
    Machine machine;
    Assembler code(base);
    code.c_nop();
    code.nop();  // base + 2
    code.nop();
    code.nop();
    code.j(zero, base + 2);
    machine.place(code);
    const auto issues = issues_of(machine, 11);
    EXPECT_EQ(issues[2] - issues[1], 1);
    // At the second jump it is in the BTB: distance 1, + 1 for the target's second packet.
    EXPECT_EQ(issues[9] - issues[8], 2);
    EXPECT_EQ(issues[10] - issues[9], 1);
}

TEST(Fetch, CompressedTargetAtAnOddHalfwordIsWholeAtOnce) {
    Machine machine;
    Assembler code(base);
    code.c_nop();
    code.c_nop();  // base + 2
    code.nop();
    code.nop();
    code.j(zero, base + 2);
    machine.place(code);
    const auto issues = issues_of(machine, 13);
    EXPECT_EQ(issues[9] - issues[8], 1);
    EXPECT_EQ(issues[10] - issues[9], 1);
}

// A refill's last beat comes 9 cycles after the request, which is made in the packet's s2; 3 cycles later the
// packet is in ID, if the front end looks in that cycle (every other one).
TEST(InstructionCache, MissCost) {
    for (const Cycle latency : {9, 10}) {
        Machine machine;
        machine.caches.latency = latency;
        Assembler code(base);
        code.nops(20);
        machine.place(code);
        const auto issues = issues_of(machine, 18);
        EXPECT_EQ(issues[16] - issues[15], 1 + (latency == 9 ? 12 : 14));
        EXPECT_EQ(issues[17] - issues[16], 1);
        ASSERT_EQ(machine.caches.of('f').size(), 2);
        EXPECT_EQ(machine.caches.of('f')[1].line, base + 64);
        EXPECT_EQ(machine.caches.of('f')[1].at, issues[15] + 1);
        EXPECT_EQ(machine.core->spent(Cause::instruction_cache), issues[0] + (latency == 9 ? 12 : 14));
    }
}

// fence.i: refetch from its WB (ID in 5), and the line is gone: + 12. What was stored meanwhile is executed.
TEST(InstructionCache, FenceIEmptiesIt) {
    Machine machine;
    machine.x(a0) = base;
    machine.x(t1) = Assembler::match(Op::addi) | t0 << 7 | 5U << 20;
    Assembler code(base);
    code.nop();
    code.s(Op::sw, t1, 0, a0);
    code.exact(Op::fence_i);
    code.j(zero, base);
    machine.place(code);
    const auto issues = issues_of(machine, 5);
    EXPECT_GE(issues[3] - issues[2], 5 + 12);
    EXPECT_EQ(issues[3] - issues[2], 17);
    EXPECT_EQ(machine.x(t0), 5);
}

TEST(Trap, WithoutAHandlerEndsTheRun) {
    const auto sentence = [](const std::function<void(Assembler&)>& write, std::uint64_t pointer) {
        Machine machine;
        machine.x(a0) = pointer;
        Assembler code(base);
        code.nop();
        write(code);
        machine.place(code);
        try {
            machine.core->run(100, never);
        } catch (const ProgramError& error) {
            EXPECT_EQ(machine.core->state().pc, base + 4);
            EXPECT_EQ(machine.all_spent(), machine.core->now());
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_EQ(sentence([](Assembler& c) { c.word(0xffff'ffff); }, 0),
              "illegal instruction 0xffffffff at pc 0x80000004");
    EXPECT_EQ(sentence([](Assembler& c) { c.half(0); }, 0), "illegal instruction 0x0000 at pc 0x80000004");
    EXPECT_NE(sentence([](Assembler& c) { c.l(Op::ld, t0, 0, a0); }, 0x1000)
                  .find("ld of address 0x1000 at pc 0x80000004"),
              std::string::npos);
    EXPECT_NE(sentence([](Assembler& c) { c.s(Op::sw, t0, 0, a0); }, data + 2)
                  .find("sw of address 0x80010002 at pc 0x80000004"),
              std::string::npos);
    EXPECT_NE(sentence([](Assembler& c) { c.exact(Op::ebreak); }, 0).find("at pc 0x80000004"),
              std::string::npos);
    // A command to an accelerator that is none.
    EXPECT_EQ(sentence([](Assembler& c) { c.word(0x0000'000b); }, 0),
              "illegal instruction 0x0000000b at pc 0x80000004");
}

TEST(Trap, OutsideMemoryIsNotFetched) {
    Machine machine;
    machine.x(t0) = 0x1000;
    Assembler code(base);
    code.i(Op::jalr, zero, t0, 0);
    machine.place(code);
    EXPECT_THROW(machine.core->run(100, never), ProgramError);
    EXPECT_EQ(machine.core->state().pc, 0x1000);
}

// A trap passes down the pipeline in the instruction's place; its handler is in ID 5 cycles later, and so is
// what mret goes back to.
TEST(Trap, HandlerCost) {
    Machine machine;
    machine.core->state().mtvec = base + 32;
    Assembler code(base);
    code.nop();
    code.exact(Op::ecall);
    code.nops(6);
    code.nop();  // base + 32
    code.csr(Op::csrrw, zero, 0x341, a0);
    code.exact(Op::mret);
    machine.place(code);
    machine.x(a0) = base + 16;
    const auto issues = issues_of(machine, 6);
    // nop, ecall, handler's nop, csrrw (mepc: no flush), mret, nop at base + 16
    EXPECT_EQ(issues[1] - issues[0], 1);
    EXPECT_EQ(issues[2] - issues[1], 5);
    EXPECT_EQ(issues[4] - issues[2], 2);
    EXPECT_EQ(issues[5] - issues[4], 5);
    EXPECT_EQ(machine.core->state().mcause, 11);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

// Taken before the first instruction that would be in ID in cycle 40 or later; the handler is in ID 5 cycles
// later (its line is the loop's).
TEST(Interrupt, IsTakenWhenItIsRaised) {
    Machine machine;
    machine.core->state().mtvec = base + 32;
    machine.core->state().mie = 1U << 7;
    machine.core->state().mstatus |= 1U << 3;
    machine.devices.lines = 1U << 7;
    machine.devices.raised_at = 40;
    Assembler code(base);
    code.nops(7);
    code.j(zero, base);
    code.nops(2);  // base + 32
    machine.place(code);
    Cycle next = 0;
    while (machine.core->now() < 40) {
        machine.step();
        next = machine.core->now();
    }
    const Address interrupted = machine.core->state().pc;
    EXPECT_EQ(machine.core->state().mcause, 0);
    machine.core->run(next + 1, never);  // takes it, in the place of an instruction
    EXPECT_EQ(machine.core->state().pc, base + 32);
    EXPECT_EQ(machine.core->state().mepc, interrupted);
    EXPECT_EQ(machine.core->state().mcause, std::uint64_t{1} << 63 | 7);
    EXPECT_EQ(machine.step(), next + 5);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

TEST(Sleep, LastsUntilWoken) {
    Machine machine;
    machine.core->state().mie = 1U << 3;
    Assembler code(base);
    code.exact(Op::wfi);
    code.nop();
    machine.place(code);
    EXPECT_EQ(machine.core->run(1000, never), Stop::asleep);
    EXPECT_FALSE(machine.core->runnable());
    const Cycle slept = machine.core->now();
    machine.core->wake(500);
    EXPECT_TRUE(machine.core->runnable());
    EXPECT_EQ(machine.core->spent(Cause::asleep), 500 - slept);
    EXPECT_EQ(machine.step(), 500);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

TEST(Sleep, IsNoneWhereAnInterruptIsPending) {
    Machine machine;
    machine.core->state().mie = 1U << 3;
    machine.devices.lines = 1U << 3;
    machine.devices.raised_at = 0;
    Assembler code(base);
    code.exact(Op::wfi);
    code.nop();
    machine.place(code);
    const auto issues = issues_of(machine, 2);
    EXPECT_EQ(issues[1] - issues[0], 5);
}

}  // namespace
}  // namespace partita::chip::rocket
