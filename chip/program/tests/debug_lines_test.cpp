#include "chip/program/debug_lines.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "elf_builder.hpp"

namespace partita::chip::program::test {
namespace {

std::string at(const DebugLines& lines, Address address) {
    const auto line = lines.at(address);
    return line ? line->file + ':' + std::to_string(line->line) : "";
}

class LineTables : public testing::TestWithParam<unsigned> {
  protected:
    Bytes table_ = line_table(GetParam());
    Bytes strings_ = line_strings();
    DebugLines lines_{{table_, strings_, {}}};
};

// Directories and files count from 1 before version 5, and from 0 in it.
TEST_P(LineTables, GiveEachAddressItsLine) {
    EXPECT_EQ(at(lines_, 0x7fff'ffff), "");
    EXPECT_EQ(at(lines_, 0x8000'0000), "/src/main.cpp:10");
    EXPECT_EQ(at(lines_, 0x8000'0003), "/src/main.cpp:10");
    EXPECT_EQ(at(lines_, 0x8000'0004), "/src/main.cpp:12");
    EXPECT_EQ(at(lines_, 0x8000'0007), "/src/main.cpp:12");
    EXPECT_EQ(at(lines_, 0x8000'0008), "inc/common.hpp:3");
    EXPECT_EQ(at(lines_, 0x8000'0029), "inc/common.hpp:3");
    EXPECT_EQ(at(lines_, 0x8000'002a), "");
}

TEST_P(LineTables, FollowOneAnother) {
    // A second unit for 0x80001000: the address stands 8 bytes after the program's first.
    Bytes second = table_;
    const Bytes sought{std::byte{0}, std::byte{9}, std::byte{2}};
    const auto found = std::search(second.begin(), second.end(), sought.begin(), sought.end());
    ASSERT_NE(found, second.end());
    put_number(second, static_cast<std::size_t>(found - second.begin()) + 3, std::uint64_t{0x8000'1000});
    Bytes both = second;
    both.insert(both.end(), table_.begin(), table_.end());
    const DebugLines lines({both, strings_, {}});
    EXPECT_EQ(at(lines, 0x8000'0004), "/src/main.cpp:12");
    EXPECT_EQ(at(lines, 0x8000'1004), "/src/main.cpp:12");
    EXPECT_EQ(at(lines, 0x8000'102a), "");
}

// Files count from 1, but in version 5 from 0.
TEST_P(LineTables, MayNameAFileThatIsNotThere) {
    const Bytes sought{std::byte{4}, std::byte{2}, std::byte{3},
                       std::byte{0x77}};  // set_file 2, advance_line -9
    const auto found = std::search(table_.begin(), table_.end(), sought.begin(), sought.end());
    ASSERT_NE(found, table_.end());
    *(found + 1) = std::byte{0};
    EXPECT_EQ(at(DebugLines({table_, strings_, {}}), 0x8000'0008), GetParam() == 5 ? "/src/main.cpp:3" : "");
    *(found + 1) = std::byte{3};
    EXPECT_EQ(at(DebugLines({table_, strings_, {}}), 0x8000'0008), "");
}

TEST_P(LineTables, OfAUnitThatMakesNoSenseAreSkipped) {
    for (const auto& [offset, value] : {std::pair<std::size_t, unsigned>{4, 1}, {4, 6}, {4, 0xffff}}) {
        Bytes both = table_;
        put_number(both, offset, static_cast<std::uint16_t>(value));  // the version
        both.insert(both.end(), table_.begin(), table_.end());
        EXPECT_EQ(at(DebugLines({both, strings_, {}}), 0x8000'0004), "/src/main.cpp:12");
    }
}

TEST_P(LineTables, CutOffSayNothing) {
    for (std::size_t size = 0; size < table_.size(); ++size) {
        const DebugLines lines({std::span(table_).first(size), strings_, {}});
        EXPECT_EQ(at(lines, 0x8000'0004), "") << size;
    }
}

// The length says that the unit ends early: no sequence has its end.
TEST_P(LineTables, WithoutEndOfSequenceSayNothing) {
    for (std::size_t size = 4; size < table_.size(); ++size) {
        Bytes cut(table_.begin(), table_.begin() + static_cast<std::ptrdiff_t>(size));
        put_number(cut, 0, static_cast<std::uint32_t>(size - 4));
        EXPECT_EQ(at(DebugLines({cut, strings_, {}}), 0x8000'0004), "") << size;
    }
}

INSTANTIATE_TEST_SUITE_P(DebugLines, LineTables, testing::Values(3U, 4U, 5U),
                         [](const auto& instance) { return "Version" + std::to_string(instance.param); });

// Bytes of a version 5 unit before its files: 4 length, 2 version, 2 sizes, 4 header length, 6 parameters.
constexpr std::size_t line_range_at = 16;
constexpr std::size_t opcode_base_at = 17;
constexpr std::size_t directory_format_count_at = 30;
constexpr std::size_t directory_form_at = 32;
constexpr std::size_t directory_count_at = 33;

TEST(DebugLines, RefuseWhatCannotBeDividedByOrHasNoEnd) {
    const Bytes good = line_table(5);
    const Bytes strings = line_strings();
    const auto said = [&](std::size_t offset, unsigned value) {
        Bytes bad = good;
        put_number(bad, offset, static_cast<std::uint8_t>(value));
        return at(DebugLines({bad, strings, {}}), 0x8000'0004);
    };
    EXPECT_EQ(said(line_range_at, 14), "/src/main.cpp:12") << "the offsets above are right";
    EXPECT_EQ(said(directory_count_at, 2), "/src/main.cpp:12");
    EXPECT_EQ(said(line_range_at, 0), "");
    EXPECT_EQ(said(opcode_base_at, 0), "");
    EXPECT_EQ(said(directory_form_at, 0x19), "") << "a form of no bytes";
    // No fields, but entries: without a byte each they would be without end.
    Bytes endless;
    endless.insert(endless.end(), good.begin(), good.begin() + directory_format_count_at);
    endless.push_back(std::byte{0});
    for (int byte = 0; byte < 9; ++byte) {
        endless.push_back(std::byte{0xff});
    }
    endless.push_back(std::byte{0x01});
    put_number(endless, 0, static_cast<std::uint32_t>(endless.size() - 4));
    EXPECT_EQ(at(DebugLines({endless, strings, {}}), 0x8000'0004), "");
}

TEST(DebugLines, WithoutTheirStringsKnowNoFile) {
    const Bytes table = line_table(5);
    const DebugLines lines({table, {}, {}});
    EXPECT_EQ(at(lines, 0x8000'0004), ":12");
}

TEST(DebugLines, OfNoSectionSayNothing) {
    EXPECT_EQ(at(DebugLines({{}, {}, {}}), 0x8000'0004), "");
}

TEST(DebugLines, OfEveryByteWrongStayWithinBounds) {
    const Bytes strings = line_strings();
    for (const unsigned version : {4U, 5U}) {
        const Bytes good = line_table(version);
        for (std::size_t offset = 0; offset < good.size(); ++offset) {
            for (unsigned value = 0; value < 256; ++value) {
                Bytes bad = good;
                bad[offset] = static_cast<std::byte>(value);
                const auto line = DebugLines({bad, strings, {}}).at(0x8000'0004);
                EXPECT_TRUE(!line || line->line != 0);
            }
        }
    }
}

}  // namespace
}  // namespace partita::chip::program::test
