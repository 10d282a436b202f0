// Compares this instruction set with QEMU's user mode and with GNU objdump, which tests/riscv runs in
// between:
//
//   isa_conformance generate SOURCE         writes the assembly source of the conformance program
//   isa_conformance compare ELF OUTPUT      runs its static Linux program here; OUTPUT is what it wrote
//   elsewhere isa_conformance words FILE              writes instruction words, 4 bytes each isa_conformance
//   disassembly LISTING     compares objdump's listing of those words with the decoder

#include <elf.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "chip/isa/encoding.hpp"
#include "conformance_program.hpp"
#include "disassembly.hpp"
#include "functional.hpp"

namespace {

using namespace partita::chip;       // NOLINT(google-build-using-namespace): a program, not a header
using namespace partita::chip::isa;  // NOLINT(google-build-using-namespace)

constexpr int mismatches_shown = 20;

std::vector<char> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + path);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    if (!file.write(text.data(), static_cast<std::streamsize>(text.size()))) {
        throw std::runtime_error("cannot write " + path);
    }
}

template <typename T>
T structure_at(const std::vector<char>& file, std::size_t offset) {
    if (offset + sizeof(T) > file.size()) {
        throw std::runtime_error("the program's ELF file is cut off");
    }
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

// Runs a static Linux program; what it writes to standard output is appended to `output`. Counts each
// instruction.
class LinuxProcess {
  public:
    explicit LinuxProcess(const std::vector<char>& elf) : hart_(lowest, memory_size) {
        const auto header = structure_at<Elf64_Ehdr>(elf, 0);
        for (std::size_t i = 0; i < header.e_phnum; ++i) {
            const auto segment = structure_at<Elf64_Phdr>(elf, header.e_phoff + i * sizeof(Elf64_Phdr));
            if (segment.p_type != PT_LOAD) {
                continue;
            }
            if (!hart_.memory().contains(segment.p_vaddr, segment.p_memsz)) {
                throw std::runtime_error(
                    fmt::format("no room for the program's segment at {:#x}", segment.p_vaddr));
            }
            hart_.place(segment.p_vaddr,
                        std::as_bytes(std::span(elf)).subspan(segment.p_offset, segment.p_filesz));
        }
        hart_.state().pc = header.e_entry;
        hart_.state().x[2] = lowest + memory_size - 4096;
    }

    // Returns the exit code.
    std::uint64_t run() {
        constexpr std::uint64_t write_call = 64;
        constexpr std::uint64_t exit_call = 93;
        HartState& state = hart_.state();
        while (true) {
            const Trap trap = run_counting();
            if (trap != Trap::environment_call) {
                throw std::runtime_error(fmt::format("{} at pc {:#x}: {:#010x}", name(trap), state.pc,
                                                     hart_.instruction_at(state.pc).bits));
            }
            ++executed[static_cast<std::size_t>(Op::ecall)];
            if (state.x[17] == exit_call) {
                return state.x[10];
            }
            if (state.x[17] != write_call || !hart_.memory().contains(state.x[11], state.x[12])) {
                throw std::runtime_error(fmt::format("unknown system call {}", state.x[17]));
            }
            const auto* first = reinterpret_cast<const char*>(hart_.memory().at(state.x[11]));
            output.insert(output.end(), first, first + state.x[12]);
            state.x[10] = state.x[12];
            state.pc += 4;
        }
    }

    std::vector<char> output;
    std::array<std::uint64_t, static_cast<std::size_t>(Op::count)> executed = {};

  private:
    static constexpr Address lowest = 0x10000;
    static constexpr std::size_t memory_size = 0x8000000;

    Trap run_counting() {
        HartState& state = hart_.state();
        while (true) {
            const Instruction& instruction = hart_.instruction_at(state.pc);
            if (const Trap trap = execute(instruction, state, hart_.memory()); trap != Trap::none) {
                return trap;
            }
            ++executed[static_cast<std::size_t>(instruction.op)];
        }
    }

    test::FunctionalHart hart_;
};

// Instructions that user mode does not have.
bool is_machine_only(Op op) {
    return op == Op::mret || op == Op::wfi || op == Op::ebreak || op == Op::custom;
}

int compare_runs(const std::string& elf, const std::string& expected_path) {
    const test::Program program = test::make_program();
    LinuxProcess process(read_file(elf));
    const std::uint64_t exit_code = process.run();
    const std::vector<char> expected = read_file(expected_path);
    const std::size_t size = program.records() * sizeof(test::Record);
    if (exit_code != 0 || process.output.size() != size || expected.size() != size) {
        fmt::print("exit code {}, {} bytes here, {} bytes there, {} expected\n", exit_code,
                   process.output.size(), expected.size(), size);
        return 1;
    }
    int mismatches = 0;
    for (std::size_t i = 0; i < program.records(); ++i) {
        const char* ours = process.output.data() + i * sizeof(test::Record);
        const char* theirs = expected.data() + i * sizeof(test::Record);
        if (std::memcmp(ours, theirs, sizeof(test::Record)) != 0 && mismatches++ < mismatches_shown) {
            test::Record here;
            test::Record there;
            std::memcpy(here.data(), ours, sizeof here);
            std::memcpy(there.data(), theirs, sizeof there);
            fmt::print("{}\n  here  a0 {:016x} fa0 {:016x} a5 {:016x} fflags {:02x}\n", program.describe(i),
                       here[0], here[1], here[2], here[3]);
            fmt::print("  there a0 {:016x} fa0 {:016x} a5 {:016x} fflags {:02x}\n", there[0], there[1],
                       there[2], there[3]);
        }
    }
    int missing = 0;
    for (const Encoding& encoding : encodings()) {
        if (!is_machine_only(encoding.op) && process.executed[static_cast<std::size_t>(encoding.op)] == 0) {
            fmt::print("the program does not execute {}\n", encoding.name);
            ++missing;
        }
    }
    fmt::print("{} executions compared, {} differ, {} instructions not covered\n", program.records(),
               mismatches, missing);
    return mismatches == 0 && missing == 0 ? 0 : 1;
}

int run(const std::vector<std::string>& arguments) {
    const std::string command = arguments.empty() ? "" : arguments[0];
    if (command == "generate" && arguments.size() == 2) {
        write_file(arguments[1], test::make_program().assembly());
        return 0;
    }
    if (command == "compare" && arguments.size() == 3) {
        return compare_runs(arguments[1], arguments[2]);
    }
    if (command == "words" && arguments.size() == 2) {
        const std::vector<std::uint32_t> words = test::instruction_words();
        write_file(arguments[1],
                   {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(words[0])});
        return 0;
    }
    if (command == "disassembly" && arguments.size() == 2) {
        const std::vector<char> listing = read_file(arguments[1]);
        return test::compare_disassembly({listing.begin(), listing.end()}) ? 0 : 1;
    }
    fmt::print(
        stderr,
        "usage: isa_conformance generate SOURCE | compare ELF OUTPUT | words FILE | disassembly LISTING\n");
    return 2;
}

}  // namespace

int main(int count, char** values) {
    try {
        return run({values + 1, values + count});
    } catch (const std::exception& error) {
        fmt::print(stderr, "isa_conformance: {}\n", error.what());
        return 1;
    }
}
