#include "partita/data/content_key.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string_view>

#include "support.hpp"

namespace partita::data::test {
namespace {

TEST(ContentKey, DoesNotChangeFromBuildToBuild) {
    ContentKey key;
    EXPECT_EQ(key.text(), "cbf29ce484222325");
    // FNV-1a of "a" is published as af63dc4c8601ec8c; here 0xff follows.
    key.add(std::string_view("a"));
    EXPECT_EQ(key.text(), "089bc907b544c769");
}

TEST(ContentKey, TellsWhereOneTextEnds) {
    ContentKey first;
    first.add("ab");
    first.add("c");
    ContentKey second;
    second.add("a");
    second.add("bc");
    EXPECT_NE(first.text(), second.text());
}

TEST(ContentKey, TakesAFileByItsContent) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "file") << "content";
    ContentKey of_file;
    of_file.add_file(directory / "file");
    ContentKey of_text;
    of_text.add("content");
    EXPECT_EQ(of_file.text(), of_text.text());
}

}  // namespace
}  // namespace partita::data::test
