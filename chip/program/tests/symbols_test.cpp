#include "chip/program/symbols.hpp"

#include <gtest/gtest.h>

#include "elf_builder.hpp"

namespace partita::chip::program::test {
namespace {

constexpr unsigned label = 0;
constexpr unsigned object = 1;
constexpr unsigned function = 2;
constexpr unsigned local = 0;
constexpr unsigned global = 1;

// A file with 256 bytes of code at 0x80000000 (section 1), data (section 2) and these symbols.
Bytes file_with(const std::vector<BuiltSymbol>& symbols) {
    ElfBuilder elf;
    elf.segments = {{0x8000'0000, Bytes(256), 256, 5, 1}};
    elf.sections = {{".text", Bytes(256), 0x8000'0000, 1, 6, 0}, {".data", Bytes(64), 0x8000'1000, 1, 3, 0}};
    elf.symbols = symbols;
    return elf.build();
}

class SymbolsTest : public testing::Test {
  protected:
    void use(const std::vector<BuiltSymbol>& symbols) {
        file_ = file_with(symbols);
        symbols_.emplace(parse_elf(file_, "x.elf"));
    }
    // "name+offset", or "" where nothing is known.
    std::string at(Address address) const {
        const auto location = symbols_->at(address);
        return location ? std::string(location->function) + '+' + std::to_string(location->offset) : "";
    }
    Bytes file_;
    std::optional<Symbols> symbols_;
};

TEST_F(SymbolsTest, AFunctionReachesAsFarAsItsSize) {
    use({{"second", 0x8000'0020, 8, function, global, 1}, {"first", 0x8000'0004, 12, function, global, 1}});
    EXPECT_EQ(at(0x8000'0003), "");
    EXPECT_EQ(at(0x8000'0004), "first+0");
    EXPECT_EQ(at(0x8000'000f), "first+11");
    EXPECT_EQ(at(0x8000'0010), "");
    EXPECT_EQ(at(0x8000'0027), "second+7");
    EXPECT_EQ(at(0x8000'0028), "");
}

TEST_F(SymbolsTest, ALabelReachesAsFarAsTheNextOneOrTheSection) {
    use({{"start", 0x8000'0000, 0, label, global, 1}, {"park", 0x8000'0010, 0, label, local, 1}});
    EXPECT_EQ(at(0x8000'000f), "start+15");
    EXPECT_EQ(at(0x8000'0010), "park+0");
    EXPECT_EQ(at(0x8000'00ff), "park+239");
    EXPECT_EQ(at(0x8000'0100), "");
}

TEST_F(SymbolsTest, ALabelWithinAFunctionIsNoPlace) {
    use({{"work", 0x8000'0000, 32, function, local, 1}, {"again", 0x8000'0008, 0, label, local, 1}});
    EXPECT_EQ(at(0x8000'0009), "work+9");
    EXPECT_EQ(symbols_->find("again"), 0x8000'0008U);
}

TEST_F(SymbolsTest, OfSeveralNamesTheFunctionsAndTheGlobalOneCounts) {
    use({{"a_label", 0x8000'0000, 0, label, global, 1},
         {"b_local", 0x8000'0000, 8, function, local, 1},
         {"c_global", 0x8000'0000, 8, function, global, 1}});
    EXPECT_EQ(at(0x8000'0001), "c_global+1");
}

TEST_F(SymbolsTest, CompilersOwnMarksAndDataAreNoCode) {
    use({{"$x", 0x8000'0000, 0, label, local, 1},
         {".L1", 0x8000'0000, 0, label, local, 1},
         {"stack_bytes", 0x8000'0000, 0, label, global, 0xfff1},  // absolute
         {"table", 0x8000'1000, 64, object, global, 2},
         {"odd_one", 0x8000'1000, 64, function, global, 2}});
    EXPECT_EQ(at(0x8000'0000), "");
    EXPECT_EQ(at(0x8000'1000), "");
    EXPECT_EQ(symbols_->find("table"), 0x8000'1000U);
    EXPECT_EQ(symbols_->find("stack_bytes"), 0x8000'0000U);
    EXPECT_FALSE(symbols_->find("$x"));
}

TEST_F(SymbolsTest, UndefinedOnesAreNotThere) {
    use({{"missing", 0, 0, label, global, 0}});
    EXPECT_FALSE(symbols_->find("missing"));
}

TEST_F(SymbolsTest, AGlobalNameGoesBeforeALocalOne) {
    use({{"x", 1, 0, object, local, 2}, {"x", 2, 0, object, global, 2}, {"x", 3, 0, object, local, 2}});
    EXPECT_EQ(symbols_->find("x"), 2U);
}

TEST_F(SymbolsTest, NonsenseGivesNone) {
    use({{"wraps", ~std::uint64_t{0}, 8, function, global, 1}});
    EXPECT_EQ(at(~std::uint64_t{0}), "");

    Bytes file = file_with({{"start", 0x8000'0000, 0, label, global, 1}});
    const std::size_t header = file.size() - 3 * section_header_bytes;  // .symtab, of 6
    put_number(file, header + 40, std::uint32_t{6});
    EXPECT_FALSE(Symbols(parse_elf(file, "x.elf")).find("start"))
        << "strings in a section that does not exist";
    put_number(file, header + 40, std::uint32_t{4});
    EXPECT_TRUE(Symbols(parse_elf(file, "x.elf")).find("start"));
    put_number(file, header + 32, std::uint64_t{47});
    EXPECT_FALSE(Symbols(parse_elf(file, "x.elf")).find("start")) << "cut within a symbol";
}

}  // namespace
}  // namespace partita::chip::program::test
