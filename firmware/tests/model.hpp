#pragma once

// A functional Gemmini for programs that run on the host: their memory lies inside the simulated memory, and
// the addresses in their commands are translated.

#include <cstddef>
#include <span>

#include "chip/gemmini/machine.hpp"
#include "chip/memory/flat.hpp"

namespace partita::firmware::test {

// Machine's configuration for a mesh, the type of its operands and that of its sums, as the chips of this
// project have them.
chip::gemmini::Config array_config(std::uint32_t side, chip::gemmini::Number operand,
                                   chip::gemmini::Number sum);

class Model {
  public:
    // While it lives, commands go to this model; there is one at a time.
    Model(const chip::gemmini::Config& config, std::size_t bytes);
    ~Model();
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // The simulated memory, zeroed.
    std::span<std::byte> memory() { return {memory_.at(memory_.base()), memory_.size()}; }

  private:
    static void issue(unsigned funct, std::uint64_t rs1, std::uint64_t rs2);
    std::uint64_t translate(std::uint64_t host_address) const;

    chip::memory::FlatMemory memory_;
    chip::gemmini::Machine machine_;
};

}  // namespace partita::firmware::test
