// Which part of W stays in an array's scratchpad, and how groups of units are dealt out.

#include "partita/learn/array_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "partita/learn/layout.hpp"

namespace partita::learn::test {
namespace {

constexpr std::uint32_t scratchpad_bytes = 128 << 10;
constexpr std::uint32_t accumulator_bytes = 32 << 10;

struct Chip {
    std::uint32_t side = 8;
    Precision precision = Precision::bf16;
    std::uint32_t scratchpad = scratchpad_bytes;
};

Residence residence_of(Shape shape, std::uint32_t batch, bool forward, const Chip& chip = {}) {
    const Plan plan{
        .shape = shape, .batch = batch, .steps = 4, .precision = chip.precision, .array_side = chip.side};
    const std::uint32_t operand = chip.precision == Precision::fp32 ? 4 : 2;
    const std::uint32_t sum = chip.precision == Precision::bf16 ? 2 : 4;
    const ArrayMemory memory{.side = chip.side,
                             .scratchpad_rows = chip.scratchpad / (chip.side * operand),
                             .accumulator_rows = accumulator_bytes / (chip.side * sum)};
    return {layout(plan).value().array, memory, operand, batch, forward};
}

constexpr Shape published_shape{1, 128, 10};

TEST(Residence, KeepsMostOfThePublishedNetworkAtSide8) {
    for (const Precision precision : {Precision::bf16, Precision::mixed}) {
        const Residence forward = residence_of(published_shape, 4, true, {.precision = precision});
        EXPECT_TRUE(forward.possible);
        EXPECT_EQ(forward.first, 7u);
        EXPECT_EQ(forward.second, 7u);
        EXPECT_EQ(forward.others, 3u);  // two of units, one of the input and the bias
        EXPECT_EQ(forward.last_inner, 2u);
        const Residence backward = residence_of(published_shape, 4, false, {.precision = precision});
        EXPECT_TRUE(backward.possible);
        EXPECT_EQ(backward.first, 7u);
        EXPECT_EQ(backward.second, 6u);
        EXPECT_EQ(backward.others, 3u);
    }
}

// The first loop goes along with the first half of the groups, as much as there is room for.
TEST(Residence, IsTwoLoopsWhereThereAreTwoRuns) {
    const Residence forward = residence_of(published_shape, 4, true, {.scratchpad = 2 * scratchpad_bytes});
    EXPECT_EQ(forward.first, 8u);
    EXPECT_EQ(forward.second, 8u);
    EXPECT_EQ(forward.others, 1u);
    const Residence backward = residence_of(published_shape, 4, false, {.scratchpad = 2 * scratchpad_bytes});
    EXPECT_EQ(backward.first, 7u);
    EXPECT_EQ(backward.second, 6u);
    EXPECT_EQ(backward.others, 3u);
    EXPECT_EQ(residence_of({1, 100, 10}, 4, true, {.scratchpad = 2 * scratchpad_bytes}).first, 13u);
}

TEST(Residence, CountsEachRowOfTilesOnce) {
    for (const std::uint32_t hidden : {1u, 20u, 100u, 128u, 136u}) {
        for (const std::uint32_t input : {1u, 7u, 9u}) {
            for (const bool forward : {true, false}) {
                const Residence found = residence_of({input, hidden, 3}, 4, forward);
                const std::uint32_t units = (hidden + 7) / 8;
                const std::uint32_t beyond = forward ? (input + 1 + 7) / 8 : 0;
                EXPECT_EQ(found.first + found.second + found.others, units + beyond) << hidden;
                EXPECT_EQ(found.width, 4 * units);
            }
        }
    }
}

// Rows of the scratchpad, where everything has its own: as ResidentProduct lays it out.
TEST(Residence, HasRoomForWhatItPromises) {
    unsigned possible = 0;
    for (std::uint32_t hidden = 1; hidden <= 160; ++hidden) {
        for (std::uint32_t input = 1; input <= 24; ++input) {
            for (const bool forward : {true, false}) {
                const Residence r = residence_of({input, hidden, 3}, 4, forward);
                if (!r.possible || r.others == 0) {
                    continue;
                }
                ++possible;
                const std::uint32_t half = scratchpad_bytes / 16 / 8 / 2;  // tiles
                const std::uint32_t last_room =
                    forward ? (r.blocks() + r.side_by_side(8) - 1) / r.side_by_side(8) << r.block_bits : 0;
                const std::uint32_t copies = forward ? r.others : 0;
                const std::uint32_t block = (forward ? r.others - 1 : r.others) << r.block_bits;
                EXPECT_LE(r.first * r.width + copies + block + (forward ? r.second : 0), half) << hidden;
                EXPECT_LE(r.second * r.width + copies + last_room + block + (forward ? r.first : r.width),
                          half)
                    << hidden << ", " << input;
            }
        }
    }
    EXPECT_GT(possible, 1000u);
}

TEST(Residence, IsNotPossibleWhereTheArrayIsFastOrWIsLarge) {
    EXPECT_FALSE(residence_of(published_shape, 4, true, {.side = 4}).possible);
    EXPECT_FALSE(residence_of({1, 256, 10}, 4, true).possible);
    EXPECT_FALSE(residence_of({1, 4096, 10}, 4, false).possible);
    EXPECT_FALSE(residence_of(published_shape, 9, true).possible);
    EXPECT_FALSE(residence_of(published_shape, 4, true, {.precision = Precision::fp32}).possible);
    EXPECT_FALSE(residence_of(published_shape, 4, true, {.scratchpad = 4 << 10}).possible);
    // The inputs' tiles are whole ones.
    EXPECT_FALSE(residence_of({7, 128, 10}, 4, true).possible);
    EXPECT_TRUE(residence_of({7, 128, 10}, 4, false).possible);
}

void deals_evenly(const Runs& runs, std::uint32_t groups, std::uint32_t members) {
    std::vector<std::uint32_t> times(groups);
    std::vector<std::uint32_t> totals(members);
    for (std::uint32_t run = 0; run < runs.count(); ++run) {
        for (std::uint32_t member = 0; member < members; ++member) {
            const Range share = runs.share(run, member);
            totals[member] += share.last - share.first;
            for (std::uint32_t group = share.first; group < share.last; ++group) {
                EXPECT_GE(group, runs.first_group(run));
                EXPECT_LT(group, runs.first_group(run + 1));
                ++times.at(group);
            }
        }
    }
    EXPECT_EQ(times, std::vector<std::uint32_t>(groups, 1));
    const auto [least, most] = std::minmax_element(totals.begin(), totals.end());
    EXPECT_LE(*most - *least, 1u) << groups << " groups, " << members << " members";
}

TEST(Runs, DealEachGroupToOneMemberAndAboutAsManyToAll) {
    for (std::uint32_t groups = 1; groups <= 40; ++groups) {
        for (std::uint32_t members = 1; members <= 9; ++members) {
            const Plan plan{.shape = {1, 8 * groups, 3},
                            .batch = 4,
                            .steps = 4,
                            .precision = Precision::bf16,
                            .array_side = 8};
            const ArrayExtents extents = layout(plan).value().array;
            ASSERT_EQ(extents.groups, groups);
            deals_evenly(Runs::forward(extents, members), groups, members);
            deals_evenly(Runs::backward(extents, residence_of(plan.shape, 4, false), members), groups,
                         members);
        }
    }
}

TEST(Runs, EndWhereGradientsOfAProductComeTogether) {
    const Plan plan{
        .shape = published_shape, .batch = 4, .steps = 4, .precision = Precision::bf16, .array_side = 8};
    const ArrayExtents extents = layout(plan).value().array;
    const Runs forward = Runs::forward(extents, 2);
    ASSERT_EQ(forward.count(), 2u);
    EXPECT_EQ(forward.first_group(1), 8u);
    const Runs backward = Runs::backward(extents, residence_of(published_shape, 4, false), 2);
    ASSERT_EQ(backward.count(), 3u);
    EXPECT_EQ(backward.first_group(1), 3u);
    EXPECT_EQ(backward.first_group(2), 10u);
    EXPECT_EQ(backward.first_group(3), 16u);
}

}  // namespace
}  // namespace partita::learn::test
