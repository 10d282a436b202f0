#pragma once

// What a program reaches by loads and stores beside main memory: the core-local interruptor and the host.

#include <cstdint>
#include <optional>
#include <utility>

#include "chip/soc/config.hpp"
#include "chip/soc/environment.hpp"
#include "chip/soc/host_interface.hpp"
#include "chip/soc/interruptor.hpp"

namespace partita::chip::soc {

class SystemDevices final : public Devices {
  public:
    // `memory` and `console` outlive it. Throws ChipError if a host word is not aligned or outside memory.
    SystemDevices(const Config& config, memory::FlatMemory& memory, HostWords words, ConsoleSink& console);

    // The words are those that the program has symbols for.
    SystemDevices(const Config& config, memory::FlatMemory& memory, const program::Program& program,
                  ConsoleSink& console);

    bool contains(Address address, unsigned bytes) const override;
    std::uint64_t load(Address address, unsigned bytes, Cycle at) override;
    void store(Address address, unsigned bytes, std::uint64_t value, Cycle at) override;
    Address host_line() const override { return host_.line(); }
    void host_store(unsigned hart, Address address, Cycle at) override;
    std::uint64_t interrupts(unsigned hart, Cycle at) const override;
    Cycle next_interrupt(unsigned hart, Cycle at) const override;

    // The cycle of the last store to the interruptor since the last call.
    std::optional<Cycle> take_change() { return std::exchange(changed_, std::nullopt); }

    // Set once a program has ended; what its harts do after that has no meaning.
    const std::optional<Exit>& exit() const { return host_.exit(); }
    bool finished() const { return exit().has_value(); }
    std::uint64_t exit_code() const { return exit() ? exit()->code : 0; }

  private:
    Interruptor interruptor_;
    HostInterface host_;
    std::optional<Cycle> changed_;
};

}  // namespace partita::chip::soc
