#include "partita/runner/thread_team.hpp"

#include "fixtures.hpp"

namespace partita::runner::test {
namespace {

class ThreadTeamOfSize : public testing::TestWithParam<std::uint32_t> {};

// Without a lock: each member writes its own element, and reads the others' only after the team has met.
TEST_P(ThreadTeamOfSize, RunsEveryMemberOncePerRound) {
    const std::uint32_t size = GetParam();
    ThreadTeam team(size);
    EXPECT_EQ(team.size(), size);
    std::vector<std::uint32_t> calls(size);
    std::vector<std::uint32_t> seen(size);
    for (std::uint32_t round = 1; round <= 100; ++round) {
        team.run([&](const learn::Member& member) {
            ++calls[member.index];
            member.meet();
            for (const std::uint32_t count : calls) {
                seen[member.index] += count == round && member.size == size ? 1 : 0;
            }
            member.meet();
        });
        ASSERT_EQ(calls, std::vector<std::uint32_t>(size, round));
        ASSERT_EQ(seen, std::vector<std::uint32_t>(size, round * size));
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadTeamOfSize,
                         testing::Values(1, 2, 3, 7, 2 * std::thread::hardware_concurrency() + 1),
                         testing::PrintToStringParamName());

TEST(ThreadTeam, CallerIsTheFirstMember) {
    ThreadTeam team(3);
    std::vector<std::thread::id> ids(3);
    team.run([&](const learn::Member& member) { ids[member.index] = std::this_thread::get_id(); });
    EXPECT_EQ(ids[0], std::this_thread::get_id());
    EXPECT_NE(ids[1], ids[0]);
    EXPECT_NE(ids[2], ids[0]);
    EXPECT_NE(ids[1], ids[2]);
}

TEST(ThreadTeam, EndsWithoutHavingWorked) {
    for (int i = 0; i < 50; ++i) {
        const ThreadTeam team(4);
        EXPECT_EQ(team.size(), 4u);
    }
}

TEST(ThreadTeam, RefusesImpossibleSizes) {
    EXPECT_TRUE(says(run_error([] { const ThreadTeam team(0); }), {"a team of 0 threads", "1 to 1024"}));
    EXPECT_TRUE(
        says(run_error([] { const ThreadTeam team(1025); }), {"a team of 1025 threads", "1 to 1024"}));
}

}  // namespace
}  // namespace partita::runner::test
