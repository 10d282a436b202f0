#include "chip/gemmini/machine.hpp"

namespace partita::chip::gemmini {

Machine::Machine(const Config& config, memory::FlatMemory& memory)
    : function_(config, memory), loops_(function_.geometry()), counters_(config.counters) {}

std::uint64_t Machine::issue(const RoccCommand& raw) {
    const Geometry& geometry = function_.geometry();
    const Command command = decode(raw, function_.config(), geometry);
    if (command.kind == Kind::counter) {
        return counters_.execute(std::get<CounterOperation>(command.operands));
    }
    if (command.kind == Kind::loop) {
        expand(loops_.start(command), geometry,
               [&](const Command& primitive) { function_.execute(primitive); });
    } else if (is_loop(command.kind)) {
        loops_.configure(command);
    } else {
        function_.execute(command);
    }
    return 0;
}

}  // namespace partita::chip::gemmini
