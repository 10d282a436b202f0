#include "chip/soc/devices.hpp"

namespace partita::chip::soc {

SystemDevices::SystemDevices(const Config& config, memory::FlatMemory& memory, HostWords words,
                             ConsoleSink& console)
    : interruptor_(config), host_(memory, words, console) {}

SystemDevices::SystemDevices(const Config& config, memory::FlatMemory& memory,
                             const program::Program& program, ConsoleSink& console)
    : SystemDevices(config, memory, host_words(program), console) {}

bool SystemDevices::contains(Address address, unsigned bytes) const {
    return interruptor_.contains(address) && interruptor_.contains(address + bytes - 1);
}

std::uint64_t SystemDevices::load(Address address, unsigned bytes, Cycle at) {
    return interruptor_.load(address, bytes, at);
}

void SystemDevices::store(Address address, unsigned bytes, std::uint64_t value, Cycle at) {
    interruptor_.store(address, bytes, value, at);
    changed_ = at;
}

void SystemDevices::host_store(unsigned hart, [[maybe_unused]] Address address, Cycle at) {
    host_.host_store(hart, at);
}

std::uint64_t SystemDevices::interrupts(unsigned hart, Cycle at) const {
    return interruptor_.interrupts(hart, at);
}

Cycle SystemDevices::next_interrupt(unsigned hart, Cycle at) const {
    return interruptor_.next_interrupt(hart, at);
}

}  // namespace partita::chip::soc
