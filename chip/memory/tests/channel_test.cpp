#include "chip/memory/channel.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace partita::chip::memory {
namespace {

TEST(Channel, TakesTheFirstGapThatIsLongEnough) {
    Channel channel;
    EXPECT_EQ(channel.reserve(100, 4), 100u);  // 100..103
    EXPECT_EQ(channel.reserve(106, 4), 106u);  // 106..109; a gap of two before it
    EXPECT_EQ(channel.reserve(102, 2), 104u);  // fits the gap
    EXPECT_EQ(channel.reserve(100, 1), 110u);  // nothing free before
    EXPECT_EQ(channel.reserve(50, 4), 50u);    // earlier than all others
}

TEST(Channel, NeverGivesACycleTwice) {
    Channel channel;
    std::mt19937 random(7);
    std::set<Cycle> taken;
    Cycle now = 0;
    for (int i = 0; i < 20000; ++i) {
        now += random() % 16;  // 7.5 on average, for 4.5 beats
        const Cycle asked = now + random() % 200;
        const unsigned beats = 1 + random() % 8;
        const Cycle start = channel.reserve(asked, beats);
        ASSERT_GE(start, asked);
        for (Cycle cycle = start; cycle < start + beats; ++cycle) {
            ASSERT_TRUE(taken.insert(cycle).second) << "cycle " << cycle << " was taken before";
        }
    }
}

TEST(Channel, CrossesTheBoundaryOfAWord) {
    Channel channel;
    EXPECT_EQ(channel.reserve(60, 8), 60u);  // 60..67
    EXPECT_EQ(channel.reserve(59, 2), 68u);  // 59 and 60 would overlap
    EXPECT_EQ(channel.reserve(59, 1), 59u);
}

}  // namespace
}  // namespace partita::chip::memory
