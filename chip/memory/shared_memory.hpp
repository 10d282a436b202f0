#pragma once

// The memory system below the tiles: crossings, bus, inclusive L2 with its directory, DRAM.

#include <array>
#include <cstdint>
#include <vector>

#include "chip/memory/channel.hpp"
#include "chip/memory/coherence.hpp"
#include "chip/memory/config.hpp"
#include "chip/memory/directory.hpp"
#include "chip/memory/dram.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::memory {

// What happened, for the run record.
struct Statistics {
    std::uint64_t l2_hits = 0;
    std::uint64_t l2_misses = 0;
    std::uint64_t probes = 0;
    std::uint64_t dirty_probes = 0;
    std::uint64_t upgrades = 0;
    std::uint64_t releases = 0;
    std::uint64_t instruction_lines = 0;
    std::uint64_t dma_read_bytes = 0;
    std::uint64_t dma_write_bytes = 0;
    std::uint64_t dram_read_bytes = 0;
    std::uint64_t dram_write_bytes = 0;
};

class SharedMemory final : public MemorySystem {
  public:
    // For `harts` tiles, at most 64. `memory` hears which lines are touched.
    SharedMemory(const Config& config, unsigned harts, FlatMemory& memory);

    // The data cache of a tile, to be probed; set before the first request.
    void attach(unsigned hart, ProbeTarget* cache) { caches_[hart] = cache; }

    Response acquire(unsigned hart, Address line, Permission wanted, Permission held, Cycle at) override;
    Cycle release(unsigned hart, Address line, Cycle at) override;
    Response fetch(unsigned hart, Address line, Cycle at) override;
    Response dma_read(Address address, unsigned bytes, Cycle at) override;
    Response dma_write(Address address, unsigned bytes, Cycle at) override;

    const Statistics& statistics() const { return statistics_; }

  private:
    // Channels between a tile and the bus.
    struct Tile {
        Channel requests;   // A
        Channel releases;   // C
        Channel responses;  // D
    };
    // A request that the L2 works on: the line, found or fetched, the cycle in which its MSHR can answer, how
    // much of that is due to probes, and how far apart the data's beats come.
    struct Work {
        Line* line = nullptr;
        Cycle ready = 0;  // first beat may leave the L2
        Cycle coherence = 0;
        unsigned beat_cycles = 1;
        bool probed = false;
        bool missed = false;
    };

    Response get(unsigned hart, Address address, unsigned bytes, Cycle at);
    void hold(Address line, unsigned mshr, Cycle accepted, const Work& work);
    unsigned beats(unsigned bytes) const {
        return bytes <= config_.bus_bytes ? 1 : bytes / config_.bus_bytes;
    }
    Cycle arrive(unsigned hart, unsigned beats, Cycle at);
    Cycle begin(Address line, Cycle at, unsigned& mshr);
    Work look_up(Address line, std::uint64_t asking, bool writes, Cycle accepted);
    Cycle fill(Address line, Cycle acts, Work& work);
    Cycle probe_all(Address line, std::uint64_t clients, Permission to, Cycle acts, bool& dirty,
                    std::uint64_t& kept);
    void evict(Line& victim, Cycle& acts);
    Response respond(unsigned hart, const Work& work, unsigned beats);

    Config config_;
    FlatMemory& memory_;
    Directory directory_;
    Dram dram_;
    std::vector<Tile> tiles_;
    std::vector<ProbeTarget*> caches_;
    Channel requests_;              // bus to L2, A
    Channel releases_;              // bus to L2, C
    Channel responses_;             // L2 to bus, D
    Channel probes_;                // L2 to bus, B
    std::vector<Cycle> set_free_;   // by set, when its MSHR is released
    std::vector<Cycle> mshr_free_;  // by MSHR
    Statistics statistics_;
};

}  // namespace partita::chip::memory
