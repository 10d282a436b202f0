// Nothing depends on how a core is run: in small steps or large ones, with spinning skipped or not.

#include <gtest/gtest.h>

#include <random>

#include "chip/rocket/tests/machine.hpp"

namespace partita::chip::rocket {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own helpers
using memory::Permission;

struct Outcome {
    Cycle now = 0;
    Address pc = 0;
    std::uint64_t instructions = 0;
    Cycle answered = 0;
    std::vector<std::uint64_t> spent;
    std::vector<std::uint64_t> registers;
    bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(Machine& machine) {
    Outcome outcome;
    outcome.now = machine.core->now();
    outcome.pc = machine.core->state().pc;
    outcome.instructions = machine.core->state().instructions;
    for (unsigned cause = 0; cause < static_cast<unsigned>(Cause::count); ++cause) {
        outcome.spent.push_back(machine.core->spent(static_cast<Cause>(cause)));
    }
    const isa::HartState& state = machine.core->state();
    outcome.registers.assign(std::begin(state.x), std::end(state.x));
    EXPECT_EQ(machine.all_spent(), machine.core->now());
    return outcome;
}

struct Loop {
    const char* name;
    std::function<void(Assembler&)> write;  // waits until the word at a0 is not zero
};

// The word at a0 becomes one when its line is taken away in cycle `change`, as another core's store does it.
Outcome wait_for_change(const Loop& loop, bool skip, Cycle change, Permission to) {
    Config config;
    config.skip_spins = skip;
    Machine machine(config, false);
    machine.x(a0) = data;
    machine.x(a1) = data + 0x100;
    Assembler code(base);
    code.l(Op::lw, t1, 0, a1);
    loop.write(code);
    const Address end = code.here();
    code.nops(8);
    machine.place(code);
    // As the system does it: a step at a time, and not nearer to the probe than a request takes to become
    // one.
    bool parked = false;
    while (machine.core->runnable() && machine.core->now() + 16 < change) {
        parked = machine.core->run(machine.core->now() + 8, never) == Stop::spinning;
    }
    EXPECT_EQ(parked, skip && change > 1000) << loop.name;
    Outcome at_probe;
    at_probe.answered = machine.core->probe(data, to, change).at;
    EXPECT_TRUE(machine.core->runnable());
    if (to == Permission::none) {
        machine.memory.store<std::uint32_t>(data, 1);
        while (machine.core->state().pc != end) {
            machine.core->run(machine.core->now() + 1, never);
        }
    } else {
        // It spins on, as a reader.
        machine.core->run(change + 100, never);
        machine.core->probe(data, Permission::none, change + 2000);
        machine.memory.store<std::uint32_t>(data, 1);
        while (machine.core->state().pc != end) {
            machine.core->run(machine.core->now() + 1, never);
        }
    }
    Outcome outcome = outcome_of(machine);
    outcome.answered = at_probe.answered;
    return outcome;
}

const Loop loops[] = {
    {"plain",
     [](Assembler& code) {
         const Address head = code.here();
         code.l(Op::lw, t0, 0, a0);
         code.b(Op::beq, t0, zero, head);
     }},
    {"bytes_and_nops",
     [](Assembler& code) {
         const Address head = code.here();
         code.l(Op::lbu, t0, 0, a0);
         code.c_nop();
         code.nop();
         code.b(Op::beq, t0, zero, head);
     }},
    {"odd_halfword",
     [](Assembler& code) {
         code.c_nop();
         const Address head = code.here();
         code.l(Op::lw, t0, 0, a0);
         code.l(Op::ld, t2, 0, a1);
         code.b(Op::beq, t0, zero, head);
     }},
    {"fenced",
     [](Assembler& code) {
         const Address head = code.here();
         code.l(Op::lw, t0, 0, a0);
         code.word(0x0230'000f);  // fence r, rw
         code.b(Op::beq, t0, zero, head);
     }},
    {"closed_by_a_jump",
     [](Assembler& code) {
         const Address head = code.here();
         code.l(Op::lw, t0, 0, a0);
         const Address leave = code.forward(Op::bne, t0, zero);
         code.nop();
         code.j(zero, head);
         code.bind(leave);
     }},
    {"between_marks",
     [](Assembler& code) {
         code.word(Assembler::match(Op::sltiu) | 1U << 20);
         const Address head = code.here();
         code.l(Op::lw, t0, 0, a0);
         code.b(Op::beq, t0, zero, head);
         code.word(Assembler::match(Op::sltiu));
     }},
};

TEST(Spin, SkippingChangesNothing) {
    for (const Loop& loop : loops) {
        for (Cycle change = 1200; change < 1240; ++change) {
            const Outcome skipped = wait_for_change(loop, true, change, Permission::none);
            const Outcome run = wait_for_change(loop, false, change, Permission::none);
            EXPECT_TRUE(skipped == run)
                << loop.name << " at " << change << ": " << skipped.now << " or " << run.now << ", answered "
                << skipped.answered << " or " << run.answered;
            EXPECT_GE(skipped.now, change);
        }
    }
}

TEST(Spin, GoesOnAsAReader) {
    for (const Loop& loop : loops) {
        for (Cycle change = 1300; change < 1310; ++change) {
            EXPECT_TRUE(wait_for_change(loop, true, change, Permission::branch) ==
                        wait_for_change(loop, false, change, Permission::branch))
                << loop.name << " at " << change;
        }
    }
}

TEST(Spin, IsNoneWhereSomethingChanges) {
    const std::vector<std::function<void(Assembler&)>> bodies = {
        [](Assembler& code) { code.i(Op::addi, t1, t1, 1); },
        [](Assembler& code) { code.s(Op::sw, zero, 0, a1); },
        [](Assembler& code) { code.csr(Op::csrrs, t2, 0xc00, zero); },
        [](Assembler& code) { code.r(Op::fadd_s, 1, 1, 2); },
        [](Assembler& code) { code.r(Op::amoadd_w, zero, a1, zero); },
        [](Assembler& code) { code.l(Op::lw, t2, 0, a2); },  // a device
    };
    for (const auto& body : bodies) {
        Machine machine({}, false);
        machine.x(a0) = data;
        machine.x(a1) = data + 0x100;
        machine.x(a2) = FakeDevices::first;
        Assembler code(base);
        code.l(Op::lw, t0, 0, a0);
        body(code);
        code.b(Op::beq, t0, zero, base);
        machine.place(code);
        while (machine.core->runnable() && machine.core->now() < 20000) {
            machine.core->run(20000, never);
        }
        EXPECT_TRUE(machine.core->runnable());
    }
}

TEST(Spin, IsNoneWhileInterruptsAreEnabled) {
    Machine machine({}, false);
    machine.core->state().mie = 8;
    Assembler code(base);
    code.j(zero, base);
    machine.place(code);
    EXPECT_EQ(machine.core->run(20000, never), Stop::horizon);
}

TEST(Spin, CanBeWokenAtACycle) {
    Machine machine({}, false);
    Assembler code(base);
    code.j(zero, base);
    machine.place(code);
    EXPECT_EQ(machine.core->run(never, never), Stop::spinning);
    EXPECT_FALSE(machine.core->runnable());
    EXPECT_EQ(machine.core->why(), Stop::spinning);
    machine.core->wake(1'000'000);
    EXPECT_TRUE(machine.core->runnable());
    EXPECT_LE(machine.core->now(), 1'000'000);
    EXPECT_GT(machine.core->now(), 1'000'000 - 10);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

// Random code over a few lines of data, all kinds of instructions, with short loops.
void write_random(Assembler& code, std::mt19937_64& random) {
    const auto pick = [&](std::uint64_t count) { return static_cast<unsigned>(random() % count); };
    const auto reg = [&] { return static_cast<unsigned>(t0 + pick(3)); };
    for (int block = 0; block < 40; ++block) {
        code.i(Op::addi, s0, zero, static_cast<int>(1 + pick(6)));
        if (pick(2) == 0) {
            code.c_nop();
        }
        const Address head = code.here();
        for (unsigned n = 2 + pick(10); n != 0; --n) {
            const int offset = static_cast<int>(8 * pick(64));
            const unsigned pointer = a0 + pick(4);
            switch (pick(16)) {
                case 0:
                    code.l(Op::ld, reg(), offset, pointer);
                    break;
                case 1:
                    code.l(Op::lhu, reg(), offset, pointer);
                    break;
                case 2:
                case 3:
                    code.s(Op::sd, reg(), offset, pointer);
                    break;
                case 4:
                    code.r(Op::mul, reg(), reg(), reg());
                    break;
                case 5:
                    code.r(Op::divu, reg(), reg(), reg());
                    break;
                case 6:
                    code.r(Op::fmul_s, pick(4), pick(4), pick(4));
                    break;
                case 7:
                    code.i(Op::fmv_w_x, pick(4), reg(), 0);
                    break;
                case 8:
                    code.r4(Op::fmadd_d, pick(4), pick(4), pick(4), pick(4));
                    break;
                case 9:
                    code.r(Op::fmv_x_w, reg(), pick(4));
                    break;
                case 10:
                    code.r(Op::amoadd_d, reg(), pointer, reg());
                    break;
                case 11:
                    code.c_nop();
                    break;
                case 12:
                    code.r(Op::fdiv_s, pick(4), pick(4), pick(4));
                    break;
                case 13:
                    code.s(Op::fsw, pick(4), offset, pointer);
                    break;
                default:
                    code.r(Op::add, reg(), reg(), reg());
                    break;
            }
        }
        if (pick(3) == 0) {
            const Address skip = code.forward(Op::bltu, reg(), reg());
            code.word(0x0ff0'000f);
            code.nops(pick(4));
            code.bind(skip);
        }
        code.i(Op::addi, s0, s0, -1);
        code.b(Op::bne, s0, zero, head);
    }
}

TEST(Steps, OfAnySizeGiveTheSameCycles) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
        Assembler code(base);
        std::mt19937_64 random(seed);
        write_random(code, random);
        const Address end = code.here();
        code.j(zero, end);
        const auto run = [&](Cycle step, bool others) {
            Config config;
            config.skip_spins = false;
            Machine machine(config, false);
            for (unsigned i = 0; i < 4; ++i) {
                machine.x(a0 + i) = data + Address{0x1000} * i;  // of one set
            }
            machine.place(code);
            while (machine.core->state().pc != end) {
                // With others that are behind, it stops at what they could see, and goes on when they are
                // there.
                if (machine.core->run(machine.core->now() + step, others ? 0 : never) == Stop::shared) {
                    machine.core->run(machine.core->now() + 1, machine.core->now());
                }
                if (step > 1 && machine.core->state().instructions > 100000) {
                    break;
                }
            }
            return outcome_of(machine);
        };
        const Outcome single = run(1, false);
        EXPECT_TRUE(single == run(1, true)) << seed;
        EXPECT_GT(single.instructions, 500);
        // Larger steps may run on into the closing loop: compare where they are at a time.
        const auto until = [&](Cycle step) {
            Machine machine({}, false);
            for (unsigned i = 0; i < 4; ++i) {
                machine.x(a0 + i) = data + Address{0x1000} * i;
            }
            machine.place(code);
            while (machine.core->now() < single.now) {
                machine.core->run(std::min(machine.core->now() + step, single.now), never);
            }
            return outcome_of(machine);
        };
        EXPECT_TRUE(until(1) == until(8)) << seed;
        EXPECT_TRUE(until(1) == until(1000)) << seed;
    }
}

}  // namespace
}  // namespace partita::chip::rocket
