// A program as the cross compiler writes it: its symbols and lines are where the source says.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "chip/program/program.hpp"

namespace partita::chip::program::test {
namespace {

constexpr const char* start_source = R"(        .section .text.start, "ax"
        .globl _start
_start:
        call outer
spin:   j spin
        .section .partita.chip
        .asciz "soc.cores = 1\n"
)";

// The test finds the inline assembly, on lines 4 and 9, by its bits: it keeps its line whatever is optimised.
constexpr const char* c_source = R"(volatile long tohost, fromhost;

static int __attribute__((noinline)) inner(int value) {
    __asm__ volatile("slti x0, x0, 5");
    return value * 3;
}
int outer(int value) {
    int result = inner(value) + 1;
    __asm__ volatile("slti x0, x0, 6");
    tohost = result;
    return result;
}
)";

class CompiledProgram : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        directory_ = std::filesystem::temp_directory_path() /
                     fmt::format("partita_compiled_{}_{}", ::getpid(), GetParam() + 1);
        std::filesystem::create_directories(directory_);
        std::ofstream(directory_ / "start.S") << start_source;
        std::ofstream(directory_ / "code.c") << c_source;
        const std::string command = fmt::format(
            "cd '{}' && '{}' {} -O1 -march=rv64imafdc -mabi=lp64d -mcmodel=medany -static -nostdlib -fno-pie "
            "-no-pie "
            "-ffreestanding -Wl,-Ttext-segment=0x80000000,--build-id=none start.S code.c -o program.elf",
            directory_.string(), PARTITA_RISCV_COMPILER, GetParam());
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    // Where the 32-bit instruction stands.
    static Address find(const memory::FlatMemory& memory, std::uint32_t bits) {
        for (Address address = memory.base(); address < memory.base() + memory.size() - 4; address += 2) {
            if (memory.load<std::uint32_t>(address) == bits) {
                return address;
            }
        }
        ADD_FAILURE() << "the instruction is not there";
        return 0;
    }
    std::filesystem::path directory_;
};

TEST_P(CompiledProgram, HasItsSymbolsAndLines) {
    const Program program = read_program(directory_ / "program.elf");
    memory::FlatMemory memory(0x8000'0000, 1 << 20);
    program.load(memory);
    EXPECT_EQ(program.address_of("_start"), program.entry());
    EXPECT_TRUE(program.address_of("tohost"));
    EXPECT_TRUE(program.address_of("fromhost"));
    EXPECT_EQ(program.section_text(".partita.chip"), "soc.cores = 1\n");

    // slti x0, x0, N: N << 20 | 2 << 12 | 0x13.
    const Address inner = find(memory, 0x0050'2013);
    const Address outer = find(memory, 0x0060'2013);
    EXPECT_EQ(program.symbol_at(inner)->function, "inner");
    EXPECT_EQ(program.symbol_at(outer)->function, "outer");
    EXPECT_EQ(outer - program.symbol_at(outer)->offset, program.address_of("outer"));
    EXPECT_EQ(program.symbol_at(*program.address_of("spin"))->function, "spin");
    EXPECT_EQ(program.symbol_at(program.entry())->function, "_start");

    for (const auto& [address, file, line] :
         {std::tuple(inner, "code.c", 4U), std::tuple(outer, "code.c", 9U),
          std::tuple(program.entry(), "start.S", 4U),
          std::tuple(*program.address_of("spin"), "start.S", 5U)}) {
        const auto found = program.line_at(address);
        ASSERT_TRUE(found) << file;
        EXPECT_TRUE(found->file.ends_with(file)) << found->file;
        EXPECT_EQ(found->line, line);
    }
}

INSTANTIATE_TEST_SUITE_P(Program, CompiledProgram, testing::Values("-g", "-gdwarf-4", "-gdwarf-5"),
                         [](const auto& instance) {
                             const std::string flag = instance.param;
                             return flag == "-g" ? "AsIs" : "Dwarf" + flag.substr(flag.size() - 1);
                         });

}  // namespace
}  // namespace partita::chip::program::test
