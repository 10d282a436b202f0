#pragma once

// Programs in machine code that run in a whole system.

#include <gtest/gtest.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "chip/base/error.hpp"
#include "chip/config/chip.hpp"
#include "chip/program/program.hpp"
#include "chip/program/tests/elf_builder.hpp"
#include "chip/rocket/tests/assembler.hpp"
#include "chip/soc/system.hpp"
#include "chip/trace/record.hpp"

namespace partita::chip::soc::test {

using namespace rocket::testing;  // NOLINT(google-build-using-namespace): registers and the assembler

inline constexpr Address code_base = 0x8000'0000;
// In other sets of the L2 than code, so that no line of code takes the place of one that harts share.
inline constexpr Address data_base = code_base + 0x18000;
inline constexpr Address to_host = data_base;
inline constexpr Address from_host = data_base + 64;
inline constexpr Address data_free = data_base + 128;  // for the tests
inline constexpr std::size_t data_bytes = 0x20000;
inline constexpr Address interruptor = 0x0200'0000;
inline constexpr unsigned t3 = 28;
inline constexpr unsigned t4 = 29;
inline constexpr unsigned mhartid = 0xf14;
inline constexpr unsigned mcycle = 0xb00;
inline constexpr unsigned mie = 0x304;

// Machine code with names, as an assembler's source reads.
class Listing : public Assembler {
  public:
    Listing() : Assembler(code_base) {}

    void function(const std::string& name) { symbols_.push_back({name, here(), 0, 2, 1, 1}); }
    void symbol(const std::string& name, Address address) { symbols_.push_back({name, address, 0, 1, 1, 1}); }
    // A section that is not loaded.
    void section(const std::string& name, std::string_view text) {
        program::test::Bytes bytes;
        program::test::append(bytes, text);
        sections_.push_back({name, bytes, 0, 1, 0, 0});
    }
    // Any address near the code.
    void la(unsigned rd, Address address) {
        const auto offset = static_cast<std::uint32_t>(address - here());
        u(Op::auipc, rd, (offset + 0x800) >> 12);
        i(Op::addi, rd, rd, static_cast<std::int32_t>(offset << 20) >> 20);
    }
    void region(int number) { word(match(Op::slti) | static_cast<std::uint32_t>(number) << 20); }
    void wait(bool begins) { word(match(Op::sltiu) | (begins ? 1U << 20 : 0)); }
    void fence() { word(0x0ff0'000f); }
    void exit(int code) {
        la(t0, to_host);
        li(t1, code << 1 | 1);
        s(Op::sd, t1, 0, t0);
        sleep();
    }
    // For ever.
    void sleep() {
        const Address head = here();
        exact(Op::wfi);
        j(zero, head);
    }
    // The harts but 0 go on elsewhere.
    Address others() {
        csr(Op::csrrs, a0, mhartid, zero);
        return forward(Op::bne, a0, zero);
    }
    // A command of the accelerator.
    void command(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) {
        constant(t3, rs1);
        constant(t4, rs2);
        word(0x7b | 3U << 12 | t3 << 15 | t4 << 20 | funct << 25);
    }
    void constant(unsigned rd, std::uint64_t value) {
        li(rd, static_cast<std::int32_t>(value >> 32));
        for (const unsigned shift : {21U, 10U, 0U}) {
            const unsigned bits = shift == 0 ? 10 : 11;
            i(Op::slli, rd, rd, static_cast<int>(bits));
            i(Op::ori, rd, rd, static_cast<int>(value >> shift & ((1U << bits) - 1)));
        }
    }

    // Words from data_free on.
    void data(const std::vector<std::uint64_t>& words) { words_ = words; }

    program::Program program() const {
        using namespace program::test;  // NOLINT(google-build-using-namespace): the builder's pieces
        memory::FlatMemory image(code_base, data_base - code_base);
        place(image);
        ElfBuilder elf;
        const Bytes code(image.at(code_base), image.at(code_base) + (here() - code_base));
        Bytes start(data_free - data_base);
        for (const std::uint64_t word : words_) {
            append_number(start, word);
        }
        elf.segments = {{code_base, code, code.size(), 5, 1}, {data_base, start, data_bytes, 6, 1}};
        elf.sections = {{".text", code, code_base, 1, 6, 0},
                        {".debug_line", line_table(5), 0, 1, 0, 0},
                        {".debug_line_str", line_strings(), 0, 1, 0, 0}};
        elf.sections.insert(elf.sections.end(), sections_.begin(), sections_.end());
        elf.symbols = symbols_;
        elf.symbols.push_back({"tohost", to_host, 8, 1, 1, 1});
        elf.symbols.push_back({"fromhost", from_host, 8, 1, 1, 1});
        return {elf.build(), "test"};
    }

  private:
    std::vector<program::test::BuiltSymbol> symbols_;
    std::vector<program::test::BuiltSection> sections_;
    std::vector<std::uint64_t> words_;
};

inline config::Chip chip_with(unsigned cores) {
    config::Chip chip;
    chip.name = "test";
    chip.soc.cores = cores;
    chip.memory.bytes = std::uint64_t{1} << 20;
    return chip;
}

class TextConsole final : public ConsoleSink {
  public:
    void write(unsigned /*hart*/, std::string_view text, Cycle /*at*/) override { text_ += text; }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

// A system that has run a program to its end.
class Simulated {
  public:
    Simulated(const config::Chip& chip, const Listing& code, const RunOptions& options = {})
        : chip_(chip), program_(code.program()), system_(chip_, program_, console_) {
        outcome_ = system_.run(options);
    }
    Simulated(unsigned cores, const Listing& code) : Simulated(chip_with(cores), code) {}

    std::uint64_t exit_code() const { return outcome_.exit_code; }
    Cycle cycles() const { return outcome_.cycles; }
    const std::string& console() const { return console_.text(); }
    const System& system() const { return system_; }
    std::uint64_t word(unsigned index) const {
        return system_.memory().load<std::uint64_t>(data_free + Address{8} * index);
    }
    std::uint64_t spent(unsigned hart, rocket::Cause cause) const { return system_.core(hart).spent(cause); }
    // What a user sees of it.
    std::string record() const {
        trace::RecordInput input;
        input.chip = &chip_;
        input.system = &system_;
        input.outcome = outcome_;
        input.program = "test";
        input.console = console_.text();
        return trace::record(input).dump(1);
    }

  private:
    config::Chip chip_;
    program::Program program_;
    TextConsole console_;
    System system_;
    Outcome outcome_;
};

// The report of a run that goes wrong.
inline std::string report_of(const config::Chip& chip, const Listing& code, const RunOptions& options = {}) {
    const program::Program program = code.program();
    TextConsole console;
    System system(chip, program, console);
    try {
        system.run(options);
    } catch (const ChipError& error) {
        return error.what();
    }
    return "no error";
}

inline testing::AssertionResult says(const std::string& text, std::initializer_list<const char*> phrases) {
    for (const char* phrase : phrases) {
        if (text.find(phrase) == std::string::npos) {
            return testing::AssertionFailure() << "no '" << phrase << "' in:\n" << text;
        }
    }
    return testing::AssertionSuccess();
}

}  // namespace partita::chip::soc::test
