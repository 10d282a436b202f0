// Each way in which a file is no program for a chip has its sentence.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "chip/program/program.hpp"
#include "elf_builder.hpp"
#include "support.hpp"

namespace partita::chip::program::test {
namespace {

std::string complaint(const Bytes& file) {
    const std::string prefix = "loading the program 'x.elf': ";
    const std::string sentence = sentence_of([&] { const Program program(file, "x.elf"); });
    EXPECT_TRUE(sentence.starts_with(prefix)) << sentence;
    return sentence.substr(std::min(prefix.size(), sentence.size()));
}

// What is wrong with the small program once `value` stands at `offset`.
template <typename T>
std::string complaint_with(std::size_t offset, T value) {
    Bytes file = small_program().build();
    put_number(file, offset, value);
    return complaint(file);
}

TEST(BadElf, ThatIsNoElf) {
    EXPECT_EQ(complaint({}), "it is not an ELF file, which begins with 7f 45 4c 46");
    EXPECT_EQ(complaint(Bytes(100)), "it is not an ELF file, which begins with 7f 45 4c 46");
    EXPECT_EQ(complaint_with(3, std::uint8_t{'f'}), "it is not an ELF file, which begins with 7f 45 4c 46");
}

TEST(BadElf, CutOffInTheHeader) {
    Bytes file = small_program().build();
    file.resize(63);
    EXPECT_EQ(complaint(file), "it is cut off: 63 bytes, less than an ELF64 header's 64");
}

TEST(BadElf, OfAnotherKindOfMachine) {
    EXPECT_EQ(complaint_with(4, std::uint8_t{1}), "its ELF class is 1 (32 bits), expected 2 (64 bits)");
    EXPECT_EQ(complaint_with(5, std::uint8_t{2}),
              "its byte order is 2 (big-endian), expected 1 (little-endian)");
    EXPECT_EQ(complaint_with(6, std::uint8_t{0}), "its ELF version is 0, expected 1");
    EXPECT_EQ(complaint_with(18, std::uint16_t{62}), "it is for ELF machine 62, expected 243 (RISC-V)");
}

TEST(BadElf, OfAnotherType) {
    EXPECT_EQ(complaint_with(16, std::uint16_t{1}),
              "its ELF type is 1 (an object file), expected 2 (an executable at fixed addresses)");
    EXPECT_EQ(
        complaint_with(16, std::uint16_t{3}),
        "its ELF type is 3 (a shared object or position-independent), expected 2 (an executable at fixed "
        "addresses)");
    EXPECT_EQ(complaint_with(16, std::uint16_t{0xfe00}),
              "its ELF type is 65024 (unknown), expected 2 (an executable at fixed addresses)");
}

TEST(BadElf, WithTablesOutsideTheFile) {
    const std::size_t size = small_program().build().size();
    EXPECT_EQ(complaint_with(54, std::uint16_t{32}), "its segment headers have 32 bytes each, expected 56");
    EXPECT_EQ(complaint_with(58, std::uint16_t{40}), "its section headers have 40 bytes each, expected 64");
    EXPECT_EQ(
        complaint_with(32, std::uint64_t{size}),
        fmt::format("its 1 segment headers begin at byte {0} and end beyond the file's {0} bytes", size));
    EXPECT_EQ(
        complaint_with(32, ~std::uint64_t{0}),
        fmt::format("its 1 segment headers begin at byte 18446744073709551615 and end beyond the file's {} "
                    "bytes",
                    size));
    EXPECT_EQ(complaint_with(40, std::uint64_t{size - 1}),
              fmt::format("its 8 section headers begin at byte {} and end beyond the file's {} bytes",
                          size - 1, size));
}

TEST(BadElf, CutOffAfterTheHeader) {
    Bytes file = small_program().build();
    file.resize(file.size() - 1);
    EXPECT_NE(complaint(file).find("its 8 section headers begin at byte"), std::string::npos);
}

TEST(BadElf, WithoutSegments) {
    EXPECT_EQ(complaint_with(56, std::uint16_t{0}), "it has no segment to load");
    EXPECT_EQ(complaint_with(segment_headers_at, std::uint32_t{4}), "it has no segment to load");
}

TEST(BadElf, WithTooManySegments) {
    ElfBuilder elf = small_program();
    elf.segments.resize(most_segments + 1);
    EXPECT_EQ(complaint(elf.build()), "it has 65 segments, expected at most 64");
    elf.segments.resize(most_segments);
    EXPECT_EQ(Program(elf.build(), "x.elf").segments().size(), 1U);
}

TEST(BadElf, ThatNeedsADynamicLinker) {
    ElfBuilder elf = small_program();
    elf.segments.push_back({0x8000'1000, Bytes(4), 4, 4, 3});
    EXPECT_EQ(complaint(elf.build()),
              "it asks for a dynamic linker (segment 1), expected a statically linked program");
}

TEST(BadElf, WithASegmentOutsideTheFile) {
    const std::size_t size = small_program().build().size();
    const std::size_t at = segment_headers_at;
    EXPECT_EQ(complaint_with(at + 8, std::uint64_t{size - 15}),
              fmt::format("segment 0 has 16 bytes from byte {} of the file on, which has only {}", size - 15,
                          size));
    EXPECT_EQ(
        complaint_with(at + 8, ~std::uint64_t{7}),
        fmt::format("segment 0 has 16 bytes from byte 18446744073709551608 of the file on, which has only {}",
                    size));
}

TEST(BadElf, WithASegmentOfImpossibleSize) {
    const std::size_t at = segment_headers_at;
    EXPECT_EQ(complaint_with(at + 40, std::uint64_t{15}),
              "segment 0 has 16 bytes in the file, more than its 15 in memory");
    EXPECT_EQ(complaint_with(at + 40, ~std::uint64_t{0}),
              "segment 0 has 18446744073709551615 bytes at 0x80000000, beyond the last address");
}

TEST(BadElf, WithSegmentsThatOverlap) {
    ElfBuilder elf = small_program();
    elf.segments.push_back({0x8000'0013, Bytes(4), 8, 6, 1});
    EXPECT_EQ(complaint(elf.build()),
              "two segments overlap: 20 bytes at 0x80000000 and 8 bytes at 0x80000013");
    elf.segments.back().address = 0x8000'0000 - 7;
    EXPECT_EQ(complaint(elf.build()),
              "two segments overlap: 8 bytes at 0x7ffffff9 and 20 bytes at 0x80000000");
    elf.segments.back().address = 0x8000'0014;
    EXPECT_EQ(Program(elf.build(), "x.elf").segments().size(), 2U);
}

TEST(BadElf, WithAnEntryOutsideItsCode) {
    EXPECT_EQ(complaint_with(24, std::uint64_t{0x7fff'fffe}),
              "its entry 0x7ffffffe lies in no executable segment");
    // The zeros behind the code's bytes are no code.
    EXPECT_EQ(complaint_with(24, std::uint64_t{0x8000'0010}),
              "its entry 0x80000010 lies in no executable segment");
    EXPECT_EQ(complaint_with(24, std::uint64_t{0x8000'0001}),
              "its entry 0x80000001 is odd, expected an even address");
    EXPECT_EQ(complaint_with(segment_headers_at + 4, std::uint32_t{6}),
              "its entry 0x80000000 lies in no executable segment");
}

TEST(BadElf, OutsideTheMemoryItIsLoadedInto) {
    const Program program(small_program().build(), "x.elf");
    memory::FlatMemory above(0x8000'0040, 64);
    EXPECT_EQ(
        sentence_of([&] { program.load(above); }),
        "loading the program 'x.elf': its segment of 20 bytes at 0x80000000 lies outside the chip's memory, "
        "0x80000040 to 0x8000007f");
    ElfBuilder large = small_program();
    large.segments[0].memory_bytes = 65;
    memory::FlatMemory small(0x8000'0000, 64);
    EXPECT_EQ(
        sentence_of([&] { Program(large.build(), "x.elf").load(small); }),
        "loading the program 'x.elf': its segment of 65 bytes at 0x80000000 lies outside the chip's memory, "
        "0x80000000 to 0x8000003f");
}

TEST(BadElf, NothingIsLoadedIfOneSegmentDoesNotFit) {
    ElfBuilder elf = small_program();
    elf.segments.push_back({0x8000'0040, Bytes(4), 4, 6, 1});
    const Program program(elf.build(), "x.elf");
    memory::FlatMemory memory(0x8000'0000, 64);
    EXPECT_THROW(program.load(memory), ChipError);
    EXPECT_EQ(memory.load<std::uint32_t>(0x8000'0000), 0U);
}

TEST(BadElf, FilesThatCannotBeRead) {
    EXPECT_EQ(sentence_of([] { read_program("no/such.elf"); }),
              "loading the program 'no/such.elf': there is no such file");
    EXPECT_EQ(sentence_of([] { read_program("/"); }), "loading the program '/': it is not a regular file");
}

// However a byte is wrong: a program or a ChipError.
TEST(BadElf, EveryByteWrong) {
    const Bytes good = small_program().build();
    std::size_t refused = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
            Bytes bad = good;
            bad[at] ^= static_cast<std::byte>(flip);
            try {
                const Program program(bad, "x.elf");
                program.describe(0x8000'0006);
            } catch (const ChipError&) {
                ++refused;
            }
        }
    }
    EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace partita::chip::program::test
