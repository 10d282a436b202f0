#pragma once

// Main memory as FireSim's LatencyPipe models it: a fixed latency, a limit of outstanding requests, and a bus
// that carries one beat a cycle.

#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/memory/channel.hpp"
#include "chip/memory/config.hpp"

namespace partita::chip::memory {

class Dram {
  public:
    explicit Dram(const Config& config)
        : config_(config),
          beats_(line_bytes / config.dram_bus_bytes),
          reads_(config.dram_reads),
          writes_(config.dram_writes) {}

    // A line is asked for in cycle `at`; the cycles of its first and last beat.
    struct Beats {
        Cycle first;
        Cycle last;
    };
    Beats read(Cycle at) {
        Cycle& slot = earliest(reads_);
        const Cycle accepted = at > slot ? at : slot;
        const Cycle first = read_bus_.reserve(accepted + config_.dram_read_latency, beats_);
        slot = first + beats_;
        return {first, first + beats_ - 1};
    }
    // A line is written back from cycle `at` on; nobody waits for it unless too many are under way.
    void write(Cycle at) {
        Cycle& slot = earliest(writes_);
        const Cycle first = write_bus_.reserve(at > slot ? at : slot, beats_);
        slot = first + beats_ + config_.dram_write_latency;
    }

  private:
    static Cycle& earliest(std::vector<Cycle>& slots) {
        Cycle* least = slots.data();
        for (Cycle& slot : slots) {
            least = slot < *least ? &slot : least;
        }
        return *least;
    }

    Config config_;
    unsigned beats_;
    std::vector<Cycle> reads_;  // by slot, the cycle from which it is free
    std::vector<Cycle> writes_;
    Channel read_bus_;
    Channel write_bus_;
};

}  // namespace partita::chip::memory
