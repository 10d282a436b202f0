#include "chip/rocket/predictor.hpp"

#include <gtest/gtest.h>

namespace partita::chip::rocket {
namespace {

constexpr Address start = 0x8000'0000;

class PredictorTest : public ::testing::Test {
  protected:
    // Far from all before it, so that all that was learnt is known.
    Prediction go(Jump jump) {
        time_ += 100;
        jump.fetched = time_;
        jump.issued = time_;
        jump.bubble_likely = true;
        return predictor_.predict(jump);
    }
    Prediction branch(Address address, bool taken) {
        Jump jump;
        jump.address = address;
        jump.target = address - 64;
        jump.taken = taken;
        return go(jump);
    }
    Prediction direct(Address address, Address target) {
        Jump jump;
        jump.address = address;
        jump.target = target;
        jump.kind = JumpKind::jump;
        return go(jump);
    }
    Prediction call(Address address, Address target) {
        Jump jump;
        jump.address = address;
        jump.target = target;
        jump.kind = JumpKind::call;
        jump.pushes = true;
        return go(jump);
    }
    Prediction give_back(Address address, Address target) {
        Jump jump;
        jump.address = address;
        jump.target = target;
        jump.kind = JumpKind::return_;
        jump.indirect = true;
        jump.pops = true;
        return go(jump);
    }
    // Makes the history all zeros: eight branches that are not taken. Whatever the history's hash, which
    // changes the highest three bits of the index, theirs are not those of the tests' branches.
    void forget_history() {
        for (Address i = 0; i < 8; ++i) {
            branch(start + 4 * (32 + i), false);
        }
    }

    Predictor predictor_{Config{}};
    Cycle time_ = 1000;
};

// Packet numbers' low 9 bits, the lowest two exclusive-or bits 11 and 12 of the address.
TEST_F(PredictorTest, TableIndexFoldsTheAddress) {
    EXPECT_TRUE(branch(start, true).wrong);
    forget_history();
    const Prediction alias = branch(start + 0x800 + 4, true);  // 1 exclusive-or 1
    EXPECT_FALSE(alias.wrong);
    EXPECT_EQ(alias.distance, 2);  // found by predecoding: the BTB compares the whole address
    forget_history();
    EXPECT_TRUE(branch(start + 0x800, true).wrong);  // 0 exclusive-or 1
    forget_history();
    EXPECT_FALSE(branch(start + 0x1000 + 8, true).wrong);  // 2 exclusive-or 2
    forget_history();
    EXPECT_FALSE(branch(start + 0x2000, true).wrong);  // bit 13 is not part of it
}

// A history of one taken branch, 0x80, has the hash 4: bit 8 of the index, 1 KB of code.
TEST_F(PredictorTest, TableIndexHasTheHistory) {
    branch(start, true);  // trained with hash 0; the history is now 0x80
    EXPECT_FALSE(branch(start + 4 * 256, true).wrong);
    forget_history();
    EXPECT_TRUE(branch(start + 4 * 256, true).wrong);
}

TEST_F(PredictorTest, LastOutcomeIsBelieved) {
    branch(start, true);
    forget_history();
    EXPECT_FALSE(branch(start, true).wrong);
    forget_history();
    EXPECT_TRUE(branch(start, false).wrong);
    forget_history();
    EXPECT_FALSE(branch(start, false).wrong);
}

TEST_F(PredictorTest, WriteIsSeenAfterMem) {
    // The branch is issued in 100, its outcome written at the end of 102, seen by an s1 in 103, an s2 in 104.
    for (const Cycle later : {3, 4}) {
        Predictor predictor{Config{}};
        Jump jump;
        jump.address = start;
        jump.target = start - 64;
        jump.fetched = 100;
        jump.issued = 100;
        EXPECT_TRUE(predictor.predict(jump).wrong);
        jump.address = start + 4 * 256;  // the same entry, with a history of 0x80
        jump.fetched = 100 + later;
        EXPECT_EQ(predictor.predict(jump).wrong, later == 3);
    }
}

// The tree halves 28 ways into 16 and 12, 12 into 8 and 4: each new entry takes a path by turns, so the
// smallest part, which gets every fourth one, is full after 16.
TEST_F(PredictorTest, BtbHoldsItsEntriesAndNoMore) {
    const auto entry = [](Address i) { return start + 4 * i; };
    for (Address i = 0; i < 16; ++i) {
        EXPECT_EQ(direct(entry(i), start + 0x800).distance, 2);
    }
    for (Address i = 0; i < 16; ++i) {
        EXPECT_EQ(direct(entry(i), start + 0x800).distance, 1) << i;
    }
    for (Address i = 0; i < 200; ++i) {
        direct(entry(i % 40), start + 0x800);
    }
    unsigned held = 0;
    for (Address i = 0; i < 40; ++i) {
        Jump jump;
        jump.address = entry(i);
        jump.target = start + 0x800;
        jump.kind = JumpKind::jump;
        jump.fetched = jump.issued = time_ += 100;  // the queue is full: what is missing stays so
        held += predictor_.predict(jump).distance == 1 ? 1 : 0;
    }
    EXPECT_EQ(held, Config{}.btb_entries);
}

// 16 KB pages: six of them, of jumps and targets together.
TEST_F(PredictorTest, BtbKnowsSixPages) {
    constexpr Address page = 0x4000;
    for (Address i = 0; i < 6; ++i) {
        direct(start + i * page + 64 * i, start + i * page);
    }
    for (Address i = 0; i < 6; ++i) {
        EXPECT_EQ(direct(start + i * page + 64 * i, start + i * page).distance, 1) << i;
    }
    direct(start + 6 * page + 1024, start + 6 * page);
    EXPECT_EQ(direct(start, start).distance, 2);  // the first page went
    EXPECT_EQ(direct(start + 5 * page + 64 * 5, start + 5 * page).distance, 1);
}

TEST_F(PredictorTest, PacketEnteredInTheMiddleMisses) {
    direct(start + 2, start + 64);  // 32 bits: its last halfword is in the packet at start + 4
    EXPECT_EQ(direct(start + 2, start + 64).distance, 1);
    Jump jump;
    jump.address = start + 4;
    jump.length = 2;
    jump.target = start + 64;
    jump.kind = JumpKind::jump;
    jump.entered_middle = true;
    EXPECT_EQ(go(jump).distance, 2);
}

TEST_F(PredictorTest, StackHoldsSixReturns) {
    for (Address i = 0; i < 7; ++i) {
        call(start + 0x100 * i, start + 0x100 * (i + 1));
    }
    for (Address i = 7; i-- > 1;) {
        EXPECT_FALSE(give_back(start + 0x2000 + 4 * i, start + 0x100 * i + 4).wrong) << i;
    }
    EXPECT_TRUE(give_back(start + 0x2000, start + 4).wrong);
}

TEST_F(PredictorTest, ReturnInTheBtbAsksTheStack) {
    call(start, start + 0x100);
    EXPECT_EQ(give_back(start + 0x104, start + 4).distance, 2);
    call(start + 0x40, start + 0x100);
    const Prediction second = give_back(start + 0x104, start + 0x44);
    EXPECT_FALSE(second.wrong);
    EXPECT_EQ(second.distance, 1);
}

TEST_F(PredictorTest, SteadyStateIsRecognised) {
    const auto round = [this] {
        direct(start + 8, start);
        return predictor_.steady(time_ + 1);
    };
    const Predictor::Steady before = predictor_.steady(time_ + 1);
    const Predictor::Steady learnt = round();
    EXPECT_FALSE(before == learnt);
    EXPECT_TRUE(learnt == round());
    branch(start + 0x200, true);
    EXPECT_FALSE(learnt == predictor_.steady(time_ + 1));
}

}  // namespace
}  // namespace partita::chip::rocket
