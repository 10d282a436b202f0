#include "chip/program/program.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "elf_builder.hpp"
#include "support.hpp"

namespace partita::chip::program::test {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Program, LoadsContentAndZeros) {
    const Program program(small_program().build(), "x.elf");
    EXPECT_EQ(program.entry(), 0x8000'0000U);
    EXPECT_EQ(program.name(), "x.elf");
    memory::FlatMemory memory(0x8000'0000, 64);
    for (Address address = 0x8000'0000; address < 0x8000'0040; address += 8) {
        memory.store(address, ~std::uint64_t{0});
    }
    program.load(memory);
    EXPECT_EQ(memory.load<std::uint32_t>(0x8000'0000), 0x13U);
    EXPECT_EQ(memory.load<std::uint32_t>(0x8000'000c), 0x6fU);
    EXPECT_EQ(memory.load<std::uint32_t>(0x8000'0010), 0U);            // asked for beyond the file's bytes
    EXPECT_EQ(memory.load<std::uint32_t>(0x8000'0014), 0xffff'ffffU);  // not the program's
}

TEST(Program, LoadsAtPhysicalAddresses) {
    Bytes file = small_program().build();
    put_number(file, segment_headers_at + 16, std::uint64_t{0x1000});  // the virtual address says nothing
    EXPECT_EQ(Program(file, "x.elf").segments()[0].address, 0x8000'0000U);
}

TEST(Program, SegmentsComeInOrderOfAddress) {
    ElfBuilder elf = small_program();
    elf.segments.push_back({0x7000'0000, Bytes(4), 4, 6, 1});
    const Program program(elf.build(), "x.elf");
    EXPECT_EQ(program.segments()[0].address, 0x7000'0000U);
    EXPECT_EQ(program.segments()[1].address, 0x8000'0000U);
}

TEST(Program, SectionsByName) {
    const Program program(small_program().build(), "x.elf");
    const auto chip = program.section(".partita.chip");
    ASSERT_TRUE(chip);
    EXPECT_EQ(text_of(*chip), std::string("soc.cores = 1\n") + '\0');
    EXPECT_EQ(program.section_text(".partita.chip"), "soc.cores = 1\n");
    EXPECT_FALSE(program.section(".partita.regions"));
    EXPECT_FALSE(program.section_text(".partita.regions"));
}

TEST(Program, ASectionOutsideTheFileIsRefusedOnlyWhenAskedFor) {
    ElfBuilder elf = small_program();
    elf.sections[1].type = section_no_bits;
    const Program without(elf.build(), "x.elf");
    EXPECT_EQ(sentence_of([&] { without.section(".partita.chip"); }),
              "reading the program 'x.elf': the 15 bytes of its section '.partita.chip' are compressed or "
              "not in the "
              "file");

    elf.sections[1].type = 1;
    elf.sections[1].flags = 0x800;  // compressed
    EXPECT_THROW(Program(elf.build(), "x.elf").section(".partita.chip"), ChipError);

    Bytes file = small_program().build();
    const std::size_t header = file.size() - 6 * section_header_bytes;  // .partita.chip: 2 of 8
    put_number(file, header + 32, ~std::uint64_t{0} - 10);
    const Program beyond(file, "x.elf");
    EXPECT_THROW(beyond.section(".partita.chip"), ChipError);
    EXPECT_EQ(beyond.line_at(0x8000'0004)->line, 12U);
}

TEST(Program, RunsWithoutSectionsSymbolsAndLines) {
    Bytes file = small_program().build();
    put_number(file, 40, std::uint64_t{0});
    const Program stripped(file, "x.elf");
    EXPECT_FALSE(stripped.section(".text"));
    EXPECT_FALSE(stripped.address_of("tohost"));
    EXPECT_FALSE(stripped.symbol_at(0x8000'0004));
    EXPECT_FALSE(stripped.line_at(0x8000'0004));
    EXPECT_EQ(stripped.describe(0x8000'0004), "");
}

TEST(Program, DescribesAddresses) {
    const Program program(small_program().build(), "x.elf");
    EXPECT_EQ(program.describe(0x8000'0000), "_start (/src/main.cpp:10)");
    EXPECT_EQ(program.describe(0x8000'0006), "train()+0x2 (/src/main.cpp:12)");
    EXPECT_EQ(program.describe(0x8000'000c), "(inc/common.hpp:3)");  // after the function's end
    EXPECT_EQ(program.describe(0x7000'0000), "");
    ElfBuilder silent = small_program();
    silent.sections.pop_back();
    silent.sections.pop_back();
    EXPECT_EQ(Program(silent.build(), "x.elf").describe(0x8000'0006), "train()+0x2");
}

TEST(Program, ReadsAFileAndMovesWithItsViews) {
    const auto path = std::filesystem::temp_directory_path() / "partita_program_test.elf";
    const Bytes content = small_program().build();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    Program first = read_program(path);
    std::filesystem::remove(path);
    const Program program = std::move(first);
    EXPECT_EQ(program.name(), path.string());
    EXPECT_EQ(program.address_of("tohost"), 0x8000'0040U);
    EXPECT_EQ(program.describe(0x8000'0006), "train()+0x2 (/src/main.cpp:12)");
}

}  // namespace
}  // namespace partita::chip::program::test
