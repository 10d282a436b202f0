#include "functional_chip.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "chip/gemmini/machine.hpp"
#include "chip/isa/execute.hpp"
#include "chip/memory/flat.hpp"
#include "chip/program/program.hpp"

namespace partita::firmware::test {
namespace {

namespace isa = chip::isa;

constexpr chip::Address memory_base = 0x80000000;
constexpr std::size_t memory_bytes = std::size_t{256} << 20;
constexpr std::uint64_t instructions_a_turn = 200;

struct Memory : chip::memory::FlatMemory {
    Memory() : FlatMemory(memory_base, memory_bytes) {}
    static chip::Cycle cycle() { return 0; }
};

// HTIF: a system call's block, or the exit code.
class Host {
  public:
    Host(Memory& memory, const chip::program::Program& program)
        : memory_(memory),
          tohost_(program.address_of("tohost").value()),
          fromhost_(program.address_of("fromhost").value()) {}

    // True once the program has ended.
    bool serve(FunctionalRun& run) {
        const auto word = memory_.load<std::uint64_t>(tohost_);
        if (word == 0) {
            return false;
        }
        if ((word & 1) != 0) {
            run.exit_code = word >> 1;
            return true;
        }
        const auto first = memory_.load<std::uint64_t>(word + 16);
        const auto count = memory_.load<std::uint64_t>(word + 24);
        run.console.append(reinterpret_cast<const char*>(memory_.at(first)), count);
        memory_.store<std::uint64_t>(word, count);
        memory_.store<std::uint64_t>(tohost_, 0);
        memory_.store<std::uint64_t>(fromhost_, 1);
        return false;
    }

  private:
    Memory& memory_;
    chip::Address tohost_;
    chip::Address fromhost_;
};

}  // namespace

FunctionalRun run_functionally(const std::filesystem::path& elf, unsigned harts,
                               const chip::gemmini::Config& accelerator, std::uint64_t most_instructions) {
    std::ifstream in(elf, std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(in), {}};
    std::vector<std::byte> file(text.size());
    std::memcpy(file.data(), text.data(), text.size());
    const chip::program::Program program(std::move(file), elf.string());
    Memory memory;
    program.load(memory);
    chip::gemmini::Machine machine(accelerator, memory);
    Host host(memory, program);
    FunctionalRun run;
    std::vector<isa::HartState> states(harts);
    for (unsigned hart = 0; hart < harts; ++hart) {
        states[hart].hart = hart;
        states[hart].pc = program.entry();
    }
    std::vector<isa::Instruction> decoded((std::size_t{1} << 20) / 2);
    while (true) {
        for (isa::HartState& state : states) {
            for (std::uint64_t i = 0; i < instructions_a_turn; ++i) {
                const std::size_t slot = (state.pc - memory_base) / 2;
                if (slot >= decoded.size()) {
                    throw std::runtime_error(
                        fmt::format("hart {} left the program: pc {:#x}", state.hart, state.pc));
                }
                isa::Instruction& instruction = decoded[slot];
                if (instruction.bits == 0) {
                    instruction = isa::decode(memory.load<std::uint32_t>(state.pc));
                }
                if (instruction.op == isa::Op::custom) {
                    machine.issue({static_cast<std::uint8_t>(instruction.bits >> 25), false,
                                   state.x[instruction.rs1], state.x[instruction.rs2]});
                }
                if (const isa::Trap trap = isa::execute(instruction, state, memory);
                    trap != isa::Trap::none) {
                    throw std::runtime_error(
                        fmt::format("hart {}, pc {:#x}: {}", state.hart, state.pc, isa::name(trap)));
                }
            }
        }
        if (host.serve(run)) {
            break;
        }
        if (states[0].instructions > most_instructions) {
            throw std::runtime_error("the program did not end");
        }
    }
    for (const isa::HartState& state : states) {
        run.instructions += state.instructions;
    }
    const auto first = program.address_of("partita_arena");
    if (first) {
        run.arena_bytes = program.address_of("partita_arena_end").value() - *first;
    }
    return run;
}

}  // namespace partita::firmware::test
