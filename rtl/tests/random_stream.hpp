#pragma once

// Random commands within the protocol: every command that the decoder takes, with everything in range, and no
// two moves through the same bytes of main memory.

#include <random>
#include <vector>

#include "chip/gemmini/config.hpp"
#include "chip/gemmini/port.hpp"

namespace partita::rtl::test {

class RandomStream {
  public:
    // Reads are from [memory, memory + half) of main memory, writes to the half behind it. `window`: local
    // rows that most commands keep to, so that they meet.
    RandomStream(const chip::gemmini::Config& config, chip::Address memory, std::uint64_t half,
                 std::mt19937_64& engine)
        : config_(config), geometry_(config), memory_(memory), half_(half), engine_(&engine) {}

    // Fills all of scratchpad and accumulator, and the weights.
    std::vector<chip::gemmini::RoccCommand> fill();
    // `count` commands, or some more.
    std::vector<chip::gemmini::RoccCommand> some(unsigned count);
    // Moves all of scratchpad and accumulator out, to `to` and behind.
    std::vector<chip::gemmini::RoccCommand> empty(chip::Address to) const;

  private:
    using Commands = std::vector<chip::gemmini::RoccCommand>;

    std::uint64_t random(std::uint64_t most) { return (*engine_)() % (most + 1); }
    bool one_in(unsigned many) { return random(many - 1) == 0; }
    std::uint32_t scale();
    chip::Address place(std::uint64_t bytes, chip::Address from);
    std::uint32_t scratchpad_row();
    std::uint32_t accumulator_row();
    std::uint32_t operand();
    std::uint32_t result();
    unsigned size() {
        return one_in(3) ? 1 + static_cast<unsigned>(random(geometry_.side - 1)) : geometry_.side;
    }
    unsigned columns(unsigned most);

    void configure_execute(Commands& list, bool straight = false);
    void configure_load(Commands& list, unsigned channel, bool straight = false);
    void configure_store(Commands& list);
    void move_in(Commands& list);
    void move_out(Commands& list);
    void multiply(Commands& list);
    void overwrite(Commands& list);
    void loops(Commands& list);
    void loop(Commands& list, bool own_halves, bool bias, bool result);

    chip::gemmini::Config config_;
    chip::gemmini::Geometry geometry_;
    chip::Address memory_;
    std::uint64_t half_;
    std::mt19937_64* engine_;
    std::uint64_t load_stride_[3] = {};
    unsigned block_stride_[3] = {};
    std::uint64_t store_stride_ = 0;
    std::uint32_t scratchpad_result_ = 0;  // rows of the last ones
    std::uint32_t accumulator_result_ = 0;
};

}  // namespace partita::rtl::test
