#include "chip/soc/ledger.hpp"

#include <gtest/gtest.h>

#include "chip/base/error.hpp"

namespace partita::chip::soc {
namespace {

std::array<std::uint64_t, cause_count> spent(std::uint64_t issue, std::uint64_t branch) {
    std::array<std::uint64_t, cause_count> causes = {};
    causes[static_cast<unsigned>(rocket::Cause::issue)] = issue;
    causes[static_cast<unsigned>(rocket::Cause::branch)] = branch;
    return causes;
}

TEST(Ledger, CyclesBelongToTheInnermostRegion) {
    Ledger ledger(1, 8);
    ledger.mark(0, 3, spent(10, 1), 10, {});                  // 11 outside
    ledger.mark(0, 5, spent(30, 1), 30, {.busy_cycles = 4});  // 20 in region 3
    ledger.mark(0, 0, spent(35, 2), 35, {.busy_cycles = 9});  // 6 in region 5
    ledger.mark(0, 0, spent(45, 2), 45, {.busy_cycles = 9});  // 10 more in region 3
    ledger.close(0, spent(52, 3), 50, {.busy_cycles = 9});    // 8 outside
    EXPECT_EQ(ledger.account(0, 0).cycles(), 11u + 8);
    EXPECT_EQ(ledger.account(0, 3).cycles(), 20u + 10);
    EXPECT_EQ(ledger.account(0, 5).cycles(), 6u);
    EXPECT_EQ(ledger.account(0, 5).causes[static_cast<unsigned>(rocket::Cause::branch)], 1u);
    EXPECT_EQ(ledger.account(0, 3).entries, 1u);
    EXPECT_EQ(ledger.account(0, 3).instructions, 20u + 10);
    EXPECT_EQ(ledger.account(0, 3).activity.busy_cycles, 4u);
    EXPECT_EQ(ledger.account(0, 5).activity.busy_cycles, 5u);
    EXPECT_EQ(ledger.current(0), 0u);
}

TEST(Ledger, HartsAreApart) {
    Ledger ledger(2, 4);
    ledger.mark(0, 1, spent(5, 0), 5, {});
    ledger.close(0, spent(9, 0), 9, {});
    ledger.close(1, spent(7, 0), 7, {});
    EXPECT_EQ(ledger.account(0, 1).cycles(), 4u);
    EXPECT_EQ(ledger.account(1, 1).cycles(), 0u);
    EXPECT_EQ(ledger.account(1, 0).cycles(), 7u);
}

TEST(Ledger, RefusesMarksThatDoNotNest) {
    Ledger ledger(1, 4);
    EXPECT_THROW(ledger.mark(0, 0, spent(1, 0), 1, {}), ProgramError) << "nothing to end";
    EXPECT_THROW(ledger.mark(0, 4, spent(1, 0), 1, {}), ProgramError) << "numbers go up to 3";
    for (int depth = 0; depth < 31; ++depth) {
        ledger.mark(0, 1, spent(2, 0), 2, {});
    }
    EXPECT_THROW(ledger.mark(0, 1, spent(3, 0), 3, {}), ProgramError) << "endless nesting";
}

}  // namespace
}  // namespace partita::chip::soc
