// The whole accelerator against the model of what its commands do: random streams of commands, main memory
// that takes and gives when it likes, then scratchpad, accumulator and main memory compared bit for bit.
// PARTITA_RTL_STREAMS says how many streams; the seed is printed, and PARTITA_RTL_SEED repeats it.

#include <gtest/gtest.h>

#include <cstring>
#include <iostream>

#include "built_chips.hpp"
#include "chip/gemmini/machine.hpp"
#include "random_memory.hpp"
#include "random_stream.hpp"
#include "settings.hpp"

namespace partita::rtl::test {
namespace {

using chip::Address;
using chip::gemmini::RoccCommand;

constexpr Address base = 0x8000'0000;
constexpr std::uint64_t half = std::uint64_t{1} << 20;
constexpr std::uint64_t size = 4 * half;

class Bench {
  public:
    Bench(const chip::gemmini::Config& config, Device& device, std::uint64_t seed)
        : engine_(seed),
          memory_(base, size),
          expected_(base, size),
          machine_(config, expected_),
          device_(&device),
          stream_(config, base, half, engine_) {
        std::cout << "seed " << seed << '\n';
        for (std::uint64_t offset = 0; offset < half; offset += 4) {
            const std::uint32_t word = number() | number() << 16;
            memory_.store(base + offset, word);
            expected_.store(base + offset, word);
        }
    }

    void run(unsigned commands) {
        const unsigned ready = 20 + static_cast<unsigned>(engine_() % 81);
        const unsigned pressure = 10 + static_cast<unsigned>(engine_() % 91);
        RandomMemory port(memory_, engine_, ready, static_cast<unsigned>(engine_() % 60));
        feed(stream_.fill(), port, pressure);
        feed(stream_.some(commands), port, pressure);
        drain(port);
        feed(stream_.empty(base + 2 * half), port, 100);
        drain(port);
        compare();
    }

  private:
    // Half of a word of memory: near one, small integers, or anything.
    std::uint32_t number() {
        switch (engine_() % 8) {
            case 0:
                return static_cast<std::uint32_t>(engine_() & 0xFFFF);
            case 1:
                return static_cast<std::uint32_t>(engine_() & 1) << 15;
            default:
                return static_cast<std::uint32_t>(0x3E00 + (engine_() & 0x81FF));
        }
    }

    void feed(const std::vector<RoccCommand>& commands, RandomMemory& port, unsigned pressure) {
        for (const RoccCommand& each : commands) {
            machine_.issue(each);
        }
        std::size_t next = 0;
        unsigned waited = 0;
        while (next < commands.size() && waited < most_wait) {
            Inputs inputs;
            // A command that is not taken stays.
            inputs.command_valid = waited != 0 || engine_() % 100 < pressure;
            if (inputs.command_valid) {
                inputs.command_funct = commands[next].funct;
                inputs.command_rs1 = commands[next].rs1;
                inputs.command_rs2 = commands[next].rs2;
            }
            const Outputs outputs = cycle(inputs, port);
            const bool taken = inputs.command_valid && outputs.command_ready;
            next += taken ? 1 : 0;
            waited = taken || !inputs.command_valid ? 0 : waited + 1;
        }
        ASSERT_LT(waited, most_wait) << "command " << next << " of " << commands.size() << " is not taken";
    }

    void drain(RandomMemory& port) {
        unsigned waited = 0;
        Outputs outputs;
        do {
            outputs = cycle({}, port);
        } while (outputs.busy && ++waited < most_wait);
        ASSERT_LT(waited, most_wait) << "the accelerator stays busy";
        EXPECT_TRUE(port.idle()) << "not busy, but memory is";
    }

    Outputs cycle(Inputs inputs, RandomMemory& port) {
        port.offer(inputs);
        const Outputs outputs = device_->look(inputs);
        port.step(outputs, inputs);
        device_->tick();
        ++cycles_;
        return outputs;
    }

    void compare() {
        if (std::memcmp(memory_.at(base), expected_.at(base), size) == 0) {
            return;
        }
        unsigned wrong = 0;
        for (std::uint64_t offset = 0; offset < size; offset += 2) {
            const auto found = memory_.load<std::uint16_t>(base + offset);
            const auto wanted = expected_.load<std::uint16_t>(base + offset);
            if (found != wanted && ++wrong <= 20) {
                ADD_FAILURE() << std::hex << "at offset " << offset << ": " << found << ", expected "
                              << wanted;
            }
        }
        FAIL() << wrong << " halfwords differ";
    }

    static constexpr unsigned most_wait = 200'000;
    std::mt19937_64 engine_;
    chip::memory::FlatMemory memory_;
    chip::memory::FlatMemory expected_;
    chip::gemmini::Machine machine_;
    Device* device_;
    RandomStream stream_;
    std::uint64_t cycles_ = 0;
};

class AcceleratorTest : public testing::TestWithParam<std::string> {};

TEST_P(AcceleratorTest, DoesWhatTheModelDoes) {
    const auto config = chip_of(GetParam()).gemmini;
    const auto device = make_device(config);
    std::uint64_t seed = chosen_seed();
    for (unsigned stream = 0; stream < chosen_count("PARTITA_RTL_STREAMS", 4); ++stream) {
        device->reset();
        Bench bench(config, *device, seed + stream);
        bench.run(chosen_count("PARTITA_RTL_COMMANDS", 600));
        if (HasFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Chips, AcceleratorTest, testing::ValuesIn(built_chips()),
                         [](const auto& tested) { return test_name(tested.param); });

}  // namespace
}  // namespace partita::rtl::test
