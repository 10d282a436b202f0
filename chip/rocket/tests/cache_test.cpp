// The data cache: what accesses cost and ask for. All code here fits one line of the instruction cache, so
// after the first instruction no fetch is waited for.

#include <gtest/gtest.h>

#include "chip/rocket/tests/machine.hpp"

namespace partita::chip::rocket {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own helpers
using memory::Permission;

std::vector<Cycle> issues_of(Machine& machine, const std::function<void(Assembler&)>& write) {
    const Address start = machine.fresh();
    Assembler code(start);
    write(code);
    const Address end = code.here();
    code.nop();
    machine.place(code);
    machine.core->state().pc = start;
    return machine.trace_to(end);
}

// The lines at data and data + 0x100 are in the cache, writable.
void warm(Machine& machine) {
    machine.x(a0) = data;
    machine.x(a1) = data + 0x100;
    issues_of(machine, [](Assembler& code) {
        code.s(Op::sd, zero, 0, a0);
        code.s(Op::sd, zero, 0, a1);
        code.nops(10);
    });
}

// Load in ID -1, EX 0, MEM 1, WB 2: the request is valid there; last beat 9 cycles later, in 11; ID again
// in 11.
TEST(Miss, CostsTwelveCyclesOverAHit) {
    Machine machine;
    machine.x(a0) = data;
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.nop();
        code.l(Op::ld, t0, 8, a0);
        code.i(Op::addi, t1, t0, 1);
        code.l(Op::ld, t0, 16, a0);
    });
    EXPECT_EQ(issues[1] - issues[0], 1 + 12);
    EXPECT_EQ(issues[2] - issues[1], 2);
    EXPECT_EQ(issues[3] - issues[2], 1);
    const auto calls = machine.caches.of('a');
    ASSERT_EQ(calls.size(), 1);
    EXPECT_EQ(calls[0].line, data);
    EXPECT_EQ(calls[0].at, issues[0] + 1 + 3);
    EXPECT_EQ(calls[0].wanted, Permission::branch);
    EXPECT_EQ(calls[0].held, Permission::none);
    EXPECT_EQ(machine.core->spent(Cause::data_cache), 12);
    EXPECT_EQ(machine.core->spent(Cause::load_use), 1);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

TEST(Miss, IsReplayedAfterFiveCyclesAtTheSoonest) {
    Machine machine;
    machine.x(a0) = data;
    machine.caches.latency = 1;  // last beat in WB + 1, ID + 4
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.nop();
        code.l(Op::ld, t0, 0, a0);
    });
    EXPECT_EQ(issues[1] - issues[0], 1 + 5);
}

TEST(Miss, TellsProbingFromTheRest) {
    Machine machine;
    machine.x(a0) = data;
    machine.caches.latency = 9 + 16;
    machine.caches.coherence = 16;
    issues_of(machine, [](Assembler& code) { code.s(Op::sd, t0, 0, a0); });
    EXPECT_EQ(machine.core->spent(Cause::coherence), 16);
    EXPECT_EQ(machine.core->spent(Cause::data_cache), 12);
    EXPECT_EQ(machine.caches.of('a')[0].wanted, Permission::trunk);
}

TEST(Miss, WaitsForTheOthers) {
    Machine machine;
    machine.x(a0) = data;
    Assembler code(base);
    code.nop();
    code.l(Op::ld, t0, 0, a0);
    machine.place(code);
    const Cycle first = machine.step();
    EXPECT_EQ(machine.core->run(never, first), Stop::shared);
    EXPECT_EQ(machine.core->now(), first + 1);
    EXPECT_EQ(machine.core->state().pc, base + 4);
    EXPECT_EQ(machine.core->run(never, first), Stop::shared);
    EXPECT_TRUE(machine.caches.of('a').empty());
    machine.core->run(first + 2, first + 1);
    EXPECT_EQ(machine.core->state().pc, base + 8);
    EXPECT_EQ(machine.core->now(), first + 1 + 12 + 1);
}

TEST(Miss, UpgradesAReadersLine) {
    Machine machine;
    machine.x(a0) = data;
    machine.caches.exclusive = false;
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.l(Op::ld, t0, 0, a0);
        code.nops(3);
        code.s(Op::sd, t0, 0, a0);
        code.s(Op::sd, t0, 8, a0);
    });
    const auto calls = machine.caches.of('a');
    ASSERT_EQ(calls.size(), 2);
    EXPECT_EQ(calls[1].held, Permission::branch);
    EXPECT_EQ(calls[1].wanted, Permission::trunk);
    EXPECT_EQ(issues[4] - issues[3], 1 + 12);
    EXPECT_EQ(issues[5] - issues[4], 1);
}

TEST(Miss, SoleReaderMayWrite) {
    Machine machine;
    machine.x(a0) = data;
    issues_of(machine, [](Assembler& code) {
        code.l(Op::ld, t0, 0, a0);
        code.s(Op::sd, t0, 0, a0);
    });
    EXPECT_EQ(machine.caches.of('a').size(), 1);
}

// Refills replace ways 1, 2, 0, 0, 1 (the LFSR's states 1, 2, 4, 8, 17).
TEST(Victim, DirtyIsWrittenBackFirst) {
    Machine machine;
    machine.x(a0) = data;
    for (unsigned i = 1; i < 5; ++i) {
        machine.x(a0 + i) = data + Address{0x1000} * i;  // the same set
    }
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.s(Op::sd, t0, 0, a0);  // way 1
        code.l(Op::ld, t0, 0, a1);  // way 2
        code.l(Op::ld, t0, 0, a2);  // way 0
        code.l(Op::ld, t0, 0, a3);  // way 0: a2's, clean, is dropped silently
        code.nops(3);
        code.l(Op::ld, t0, 0, a4);  // way 1: a0's is dirty
        code.l(Op::ld, t0, 0, a1);
        code.nops(2);
        code.l(Op::ld, t0, 0, a0);  // gone
    });
    const auto releases = machine.caches.of('r');
    const auto acquires = machine.caches.of('a');
    ASSERT_EQ(releases.size(), 1);
    EXPECT_EQ(releases[0].line, data);
    ASSERT_EQ(acquires.size(), 6);
    EXPECT_EQ(acquires[4].line, data + 0x4000);
    const Cycle tried = issues[6] + 1;
    // WB 3; its first beat leaves 3 later; 4 beats; the cache is free 1 later, ID 1 later, WB 3 later.
    EXPECT_EQ(releases[0].at, tried + 3 + 3);
    EXPECT_EQ(acquires[4].at, tried + 3 + 3 + 4 + 1 + 1 + 3);
    EXPECT_EQ(issues[7], tried + 12 + 12);
    EXPECT_EQ(issues[8] - issues[7], 2);  // t0 is pending
    EXPECT_EQ(acquires[5].line, data);
}

struct Overlap {
    const char* name;
    std::function<void(Assembler&)> code;  // its last instruction is the load
    bool nacked;
};

class PendingStore : public ::testing::TestWithParam<Overlap> {};

// A store is in s2 3 cycles after its ID and written in the first cycle from then on in which no load is in
// EX. A load looks when it is in s1, 2 cycles after its ID; nacked, it is in ID again after 5.
TEST_P(PendingStore, NacksLoadsOfItsBytes) {
    Machine machine;
    warm(machine);
    const auto before = machine.core->spent(Cause::replay);
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.nop();
        GetParam().code(code);
    });
    const std::size_t last = issues.size() - 2;
    EXPECT_EQ(issues[last] - issues[last - 1], GetParam().nacked ? 6 : 1);
    EXPECT_EQ(machine.core->spent(Cause::replay) - before, GetParam().nacked ? 5 : 0);
    EXPECT_EQ(issues[last + 1] - issues[last], 1);
}

INSTANTIATE_TEST_SUITE_P(Distances, PendingStore,
                         ::testing::Values(Overlap{"next",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   true},
                                           Overlap{"after_one",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.nop();
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   true},
                                           Overlap{"after_two",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.nops(2);
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   false},
                                           Overlap{"load_between",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.nop();
                                                       c.l(Op::ld, t2, 0, a1);
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   true},
                                           Overlap{"load_before_that",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.l(Op::ld, t2, 0, a1);
                                                       c.nop();
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   false},
                                           Overlap{"two_stores",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 8, a0);
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.nop();
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   true},
                                           Overlap{"two_stores_later",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 8, a0);
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.nops(2);
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   false},
                                           Overlap{"byte_of_word",
                                                   [](Assembler& c) {
                                                       c.s(Op::sw, t1, 0, a0);
                                                       c.l(Op::lbu, t0, 3, a0);
                                                   },
                                                   true},
                                           Overlap{"word_of_byte",
                                                   [](Assembler& c) {
                                                       c.s(Op::sb, t1, 5, a0);
                                                       c.l(Op::lw, t0, 4, a0);
                                                   },
                                                   true},
                                           Overlap{"other_half",
                                                   [](Assembler& c) {
                                                       c.s(Op::sh, t1, 0, a0);
                                                       c.l(Op::lhu, t0, 2, a0);
                                                   },
                                                   false},
                                           Overlap{"other_word",
                                                   [](Assembler& c) {
                                                       c.s(Op::sd, t1, 0, a0);
                                                       c.l(Op::ld, t0, 8, a0);
                                                   },
                                                   false},
                                           Overlap{"float",
                                                   [](Assembler& c) {
                                                       c.s(Op::fsw, 1, 0, a0);
                                                       c.l(Op::flw, 2, 0, a0);
                                                   },
                                                   true},
                                           Overlap{"atomic",
                                                   [](Assembler& c) {
                                                       c.r(Op::amoadd_d, t1, a0, t1);
                                                       c.nops(2);
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   true},
                                           Overlap{"atomic_later",
                                                   [](Assembler& c) {
                                                       c.r(Op::amoadd_d, t1, a0, t1);
                                                       c.nops(3);
                                                       c.l(Op::ld, t0, 0, a0);
                                                   },
                                                   false}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(PendingStore, ComparesNoTags) {
    Machine machine;
    machine.x(a0) = data;
    machine.x(a1) = data + 0x1000;  // ways 1 and 2 of one set
    issues_of(machine, [](Assembler& code) {
        code.s(Op::sd, zero, 0, a0);
        code.s(Op::sd, zero, 0, a1);
        code.nops(5);
    });
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.s(Op::sd, t1, 0, a0);
        code.l(Op::ld, t0, 0, a1);
    });
    EXPECT_EQ(issues[1] - issues[0], 6);
}

TEST(Order, FenceHoldsTheNextAccess) {
    Machine machine;
    warm(machine);
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.nop();
        code.s(Op::sd, t1, 0, a0);
        code.word(0x0ff0'000f);  // fence iorw, iorw
        code.nop();
        code.l(Op::ld, t0, 8, a0);
        code.l(Op::ld, t0, 16, a1);
    });
    EXPECT_EQ(issues[2] - issues[1], 1);
    EXPECT_EQ(issues[3] - issues[1], 2);
    EXPECT_EQ(issues[4] - issues[1], 4);  // the store has left s2
    EXPECT_EQ(issues[5] - issues[4], 2);  // t0 is pending
}

TEST(Order, AcquireAndRelease) {
    Machine machine;
    warm(machine);
    const auto acquire = issues_of(machine, [](Assembler& code) {
        code.nop();
        code.word(Assembler::match(Op::amoadd_w) | zero << 7 | a0 << 15 | 1U << 26);
        code.l(Op::ld, t0, 8, a0);
    });
    EXPECT_EQ(acquire[2] - acquire[1], 4);
    const auto release = issues_of(machine, [](Assembler& code) {
        code.nop();
        code.l(Op::ld, t0, 8, a0);
        code.word(Assembler::match(Op::amoadd_w) | zero << 7 | a0 << 15 | 1U << 25);
    });
    EXPECT_EQ(release[2] - release[1], 4);
}

// `pause` lets go when the clock is a multiple of 32.
TEST(Order, Pause) {
    Machine machine;
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.word(0x0100'000f);
        code.nop();
    });
    EXPECT_EQ(issues[1], (issues[0] + 1 + 31) / 32 * 32);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

TEST(Reservation, LastsForAWhile) {
    // SC fails from 80 cycles after LR on: its s2 is then 83 after LR's ID.
    for (const unsigned between : {1U, 70U, 79U, 80U}) {
        Machine machine;
        warm(machine);
        machine.x(t2) = 5;
        const Address start = machine.fresh();
        Assembler code(start);
        code.r(Op::lr_d, t0, a0);
        code.nops(between - 1);
        code.r(Op::sc_d, t1, a0, t2);
        const Address end = code.here();
        code.nop();
        machine.place(code);
        for (int pass = 0; pass < 2; ++pass) {
            machine.core->state().pc = start;
            machine.memory.store<std::uint64_t>(data, 1);
            machine.trace_to(end);
        }
        const bool holds = between + 3 < 80;
        EXPECT_EQ(machine.x(t1), holds ? 0 : 1) << between;
        EXPECT_EQ(machine.memory.load<std::uint64_t>(data), holds ? 5 : 1);
    }
}

TEST(Reservation, EndsWithAnotherAccess) {
    Machine machine;
    warm(machine);
    issues_of(machine, [](Assembler& code) {
        code.r(Op::lr_w, t0, a0);
        code.l(Op::lw, t2, 0, a1);
        code.r(Op::sc_w, t1, a0, t2);
    });
    EXPECT_EQ(machine.x(t1), 1);
}

// The request is valid in WB, 3; answered 12 cycles later. One at a time.
TEST(Device, AccessesAreUncached) {
    Machine machine;
    machine.x(a0) = FakeDevices::first;
    machine.x(t2) = 9;
    const auto issues = issues_of(machine, [](Assembler& code) {
        code.nop();
        code.l(Op::lw, t0, 8, a0);
        code.i(Op::addi, t1, t0, 1);
        code.s(Op::sw, t2, 16, a0);
        code.nop();
        code.s(Op::sw, t2, 24, a0);
    });
    ASSERT_EQ(machine.devices.loads.size(), 1);
    EXPECT_EQ(machine.devices.loads[0].at, issues[1] + 3);
    EXPECT_EQ(issues[2] - issues[1], 3 + 12);
    EXPECT_EQ(machine.x(t1), 78);
    ASSERT_EQ(machine.devices.stores.size(), 2);
    EXPECT_EQ(machine.devices.stores[0].value, 9);
    EXPECT_EQ(issues[4] - issues[3], 1);  // a store is not waited for
    EXPECT_EQ(issues[5] - issues[3], 3 + 12);
    EXPECT_TRUE(machine.caches.of('a').empty());
}

TEST(Device, WaitsForTheOthers) {
    Machine machine;
    machine.x(a0) = FakeDevices::first;
    Assembler code(base);
    code.nop();
    code.l(Op::lw, t0, 8, a0);
    machine.place(code);
    const Cycle first = machine.step();
    EXPECT_EQ(machine.core->run(never, first), Stop::shared);
    EXPECT_TRUE(machine.devices.loads.empty());
}

TEST(Host, IsToldOfStoresAndGivesWayToTheSystem) {
    Machine machine({}, true, data + 64);
    machine.x(a0) = data;
    Assembler code(base);
    code.s(Op::sd, t0, 0, a0);
    code.s(Op::sd, t0, 72, a0);
    code.nop();
    machine.place(code);
    machine.core->run(never, never);  // comes back after the first miss, too
    EXPECT_EQ(machine.core->run(never, never), Stop::horizon);
    EXPECT_EQ(machine.core->state().pc, base + 8);
    ASSERT_EQ(machine.devices.host_stores.size(), 1);
    EXPECT_EQ(machine.devices.host_stores[0].address, data + 72);
    EXPECT_EQ(machine.devices.host_stores[0].at, machine.core->now() - 1 + 3);
}

TEST(Host, WaitsForTheOthers) {
    Machine machine({}, true, data);
    warm(machine);
    machine.devices.host_stores.clear();
    const Address start = machine.fresh();
    Assembler code(start);
    code.nop();
    code.s(Op::sd, t0, 8, a0);
    code.place(machine.memory);
    machine.core->state().pc = start;
    const Cycle first = machine.step();
    EXPECT_EQ(machine.core->run(never, first), Stop::shared);
    EXPECT_TRUE(machine.devices.host_stores.empty());
}

class Probe : public ::testing::Test {
  protected:
    // Long after the core's last access; next comes a load.
    void settle() {
        warm(machine_);
        const Address start = machine_.fresh();
        Assembler code(start);
        code.nops(12);
        code.l(Op::ld, t0, 0, a1);
        code.nops(3);
        code.place(machine_.memory);
        machine_.core->state().pc = start;
        while (machine_.core->state().pc != start + 48) {
            machine_.step();
        }
        now_ = machine_.core->now();
    }
    Machine machine_;
    Cycle now_ = 0;
};

TEST_F(Probe, AnswersByWhatItFinds) {
    settle();
    // Accepted at once; answered in s2, 2 later, or with the first of the beats, 3 after that.
    memory::ProbeReply reply = machine_.core->probe(data + 0x5000, Permission::none, now_);
    EXPECT_EQ(reply.at, now_ + 2);
    EXPECT_FALSE(reply.dirty);
    reply = machine_.core->probe(data, Permission::branch, now_ + 100);
    EXPECT_EQ(reply.at, now_ + 100 + 2 + 3);
    EXPECT_TRUE(reply.dirty);
    reply = machine_.core->probe(data, Permission::none, now_ + 200);
    EXPECT_FALSE(reply.dirty);  // written back already
    EXPECT_EQ(reply.at, now_ + 200 + 2);
}

TEST_F(Probe, TakesWhatItAsksFor) {
    settle();
    machine_.core->probe(data, Permission::branch, now_);
    machine_.core->probe(data + 0x100, Permission::none, now_ + 20);
    machine_.caches.calls.clear();
    machine_.x(a0) = data;
    issues_of(machine_, [](Assembler& code) {
        code.l(Op::ld, t0, 0, a0);  // still there
        code.s(Op::sd, t0, 0, a0);  // upgrade
        code.l(Op::ld, t0, 0, a1);  // miss
    });
    const auto calls = machine_.caches.of('a');
    ASSERT_EQ(calls.size(), 2);
    EXPECT_EQ(calls[0].held, Permission::branch);
    EXPECT_EQ(calls[1].line, data + 0x100);
}

TEST_F(Probe, KeepsAccessesOut) {
    // The load comes to EX in the cycle in which the probe is accepted, and is replayed: ID 5 cycles later,
    // or in the cycle after the cache is free again.
    const auto issue = [this](Address line, bool dirty) {
        machine_.core->probe(line, Permission::branch, now_ + 1);
        const Cycle free = dirty ? 2 + 3 + 4 + 1 : 2 + 2;
        const Cycle expected = std::max<Cycle>(5, 1 + free + 1);
        EXPECT_EQ(machine_.step() - now_, expected);
    };
    settle();
    issue(data, true);
    settle();
    const auto before = machine_.core->spent(Cause::replay);
    machine_.core->probe(data + 0x5000, Permission::none, now_ + 1);  // keeps it out for one cycle only
    EXPECT_EQ(machine_.step() - now_, 5);
    EXPECT_EQ(machine_.core->spent(Cause::replay) - before, 5);
    settle();
    machine_.core->probe(data, Permission::branch, now_ - 20);
    settle();
    machine_.core->probe(data + 0x100, Permission::branch, now_ - 20);
    issue(data + 0x100, false);
    EXPECT_EQ(machine_.all_spent(), machine_.core->now());
}

TEST_F(Probe, WaitsForAccessesInThePipeline) {
    settle();
    const Cycle load = machine_.step();  // s1 in + 2, s2 in + 3
    EXPECT_EQ(machine_.core->probe(data + 0x5000, Permission::none, load + 2).at, load + 4 + 2);
    settle();
    const Cycle again = machine_.step();
    EXPECT_EQ(machine_.core->probe(data + 0x5000, Permission::none, again + 3).at, again + 4 + 2);
    settle();
    const Cycle last = machine_.step();
    EXPECT_EQ(machine_.core->probe(data + 0x5000, Permission::none, last + 4).at, last + 4 + 2);
}

// Not within 8 cycles after a grant's last beat, which lets the access be done.
TEST_F(Probe, IsBlockedAfterAGrant) {
    settle();
    machine_.x(a1) = data + 0x200;
    const Cycle load = machine_.step();  // in the cycle of the last beat
    EXPECT_EQ(machine_.core->probe(data + 0x200, Permission::none, load).at, load + 8 + 2);
}

TEST_F(Probe, WaitsForAReservation) {
    warm(machine_);
    const Address start = machine_.fresh();
    Assembler code(start);
    code.nops(2);
    code.r(Op::lr_d, t0, a0);
    code.nops(12);
    code.j(zero, start + 16);
    code.place(machine_.memory);
    machine_.core->state().pc = start;
    machine_.step();
    machine_.step();
    const Cycle reserved = machine_.step();
    const auto reply = machine_.core->probe(data, Permission::none, reserved + 6);
    EXPECT_EQ(reply.at, reserved + 80 + 2 + 3);
    EXPECT_FALSE(machine_.core->state().reserved);
}

// Until the probe comes, the core goes on by itself.
TEST_F(Probe, FindsTheCoreWhereItWouldBe) {
    warm(machine_);
    const Address start = machine_.fresh();
    Assembler code(start);
    code.nops(8);
    code.s(Op::sd, a0, 0, a0);
    code.nops(6);
    code.place(machine_.memory);
    machine_.core->state().pc = start;
    const Cycle first = machine_.step();
    machine_.core->probe(data, Permission::none, first + 20);
    EXPECT_EQ(machine_.memory.load<std::uint64_t>(data), data);
    EXPECT_GE(machine_.core->now(), first + 14);
}

}  // namespace
}  // namespace partita::chip::rocket
