#include "explore/report/table.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace partita::explore::report {
namespace {

TEST(Table, WritesNumbersInFullAndQuotesWhatNeedsIt) {
    Table table({"a", "b"});
    table.add({std::uint64_t{1236644495}, "plain"});
    table.add({0.1, "two, \"three\"\nfour"});
    table.add({Cell(), -0.000025});
    EXPECT_EQ(table.csv(), "a,b\n1236644495,plain\n0.1,\"two, \"\"three\"\"\nfour\"\n,-2.5e-05\n");
    EXPECT_EQ(table.at(1, "a").number(), 0.1);
    EXPECT_TRUE(table.at(2, "a").is_empty());
}

TEST(Table, GivesColumnsAsNumbersOrIndices) {
    Table table({"n", "t", "mixed"});
    table.add({1.5, "x", 2.0});
    table.add({Cell(), "y", "z"});
    table.add({3.0, "x", Cell()});
    std::vector<std::string> texts;
    const auto json = table.json([&](const std::string& text) {
        const auto found = std::ranges::find(texts, text);
        if (found == texts.end()) {
            texts.push_back(text);
            return texts.size() - 1;
        }
        return static_cast<std::size_t>(found - texts.begin());
    });
    EXPECT_EQ(json.dump(), R"({"n":[1.5,null,3.0],"t":{"at":[0,1,0]},"mixed":{"at":[2,3,4]}})");
    EXPECT_EQ(texts, (std::vector<std::string>{"x", "y", "2", "z", ""}));
}

TEST(Table, RefusesRowsAndColumnsThatItHasNot) {
    Table table({"a", "b"});
    EXPECT_THROW(table.add({1.0}), std::logic_error);
    EXPECT_THROW(static_cast<void>(table.index("c")), std::logic_error);
    EXPECT_TRUE(table.has("b"));
    EXPECT_FALSE(table.has("c"));
}

}  // namespace
}  // namespace partita::explore::report
