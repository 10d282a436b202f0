#include "explore/design.hpp"

#include <gtest/gtest.h>

#include "chip/base/error.hpp"

namespace partita::explore {
namespace {

TEST(Design, AxesAreListsAndRanges) {
    EXPECT_EQ(parse_axis("soc.cores=1,2,8"), (Settings{"soc.cores=1", "soc.cores=2", "soc.cores=8"}));
    EXPECT_EQ(parse_axis("a.b=3..5"), (Settings{"a.b=3", "a.b=4", "a.b=5"}));
    EXPECT_EQ(parse_axis("a.b=4..33*2"), (Settings{"a.b=4", "a.b=8", "a.b=16", "a.b=32"}));
    EXPECT_EQ(parse_axis("a.b=1..6+2,9"), (Settings{"a.b=1", "a.b=3", "a.b=5", "a.b=9"}));
    EXPECT_EQ(parse_axis("a.b=7..7"), (Settings{"a.b=7"}));
    EXPECT_EQ(parse_axis("a.b=bf16,fp32"), (Settings{"a.b=bf16", "a.b=fp32"}));
    // Up to the largest number, and not round it.
    EXPECT_EQ(parse_axis("a.b=9223372036854775808..18446744073709551615*2"),
              (Settings{"a.b=9223372036854775808"}));
}

TEST(Design, OtherAxesAreRefused) {
    for (const std::string axis :
         {"", "a.b", "=1", "a.b=", "a.b=1,,2", "a.b=1,", "a.b=..4", "a.b=4..", "a.b=4..1", "a.b=1..9*1",
          "a.b=0..9*2", "a.b=1..9+0", "a.b=1..9*", "a.b=1..x", "a.b=1..4..8", "a.b=1..1000000000"}) {
        EXPECT_THROW(parse_axis(axis), chip::ChipError) << axis;
    }
    try {
        parse_axis("soc.cores=4..1");
        FAIL();
    } catch (const chip::ChipError& error) {
        EXPECT_EQ(std::string(error.what()).find("'soc.cores=4..1': found '4..1', expected"), 0u);
    }
}

TEST(Design, CombinesAllAxes) {
    EXPECT_EQ(combinations({}), (std::vector<Settings>{{}}));
    EXPECT_EQ(combinations({{"a=1", "a=2"}, {"b=1", "b=2"}}),
              (std::vector<Settings>{{"a=1", "b=1"}, {"a=1", "b=2"}, {"a=2", "b=1"}, {"a=2", "b=2"}}));
}

TEST(Design, PrecisionsAreElementTypes) {
    const std::string file = PARTITA_CHIPS "/ms4-c1.toml";
    EXPECT_EQ(precision_of(chip::config::read_chip(file)), "bf16");
    for (const std::string precision : {"fp32", "bf16"}) {
        const chip::config::Chip chip = chip::config::read_chip(file, precision_settings(precision));
        EXPECT_EQ(precision_of(chip), precision);
    }
    EXPECT_EQ(precision_of(chip::config::read_chip(PARTITA_CHIPS "/int8-default.toml")), "int8");
    EXPECT_THROW(precision_settings("fp64"), chip::ChipError);
}

}  // namespace
}  // namespace partita::explore
