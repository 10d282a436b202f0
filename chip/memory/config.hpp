#pragma once

#include <cstdint>

#include "chip/base/field.hpp"

namespace partita::chip::memory {

// Buses, L2 and DRAM. Latencies are core cycles; sources are named in chips/*.toml.
struct Config {
    // Main memory.
    std::uint64_t base = 0x8000'0000;
    std::uint64_t bytes = std::uint64_t{256} << 20;

    // Bus between the tiles and the L2.
    std::uint32_t bus_bytes = 16;        // a beat
    std::uint32_t crossing_latency = 1;  // tile to bus, and back
    std::uint32_t release_buffer = 1;    // L2's interior buffer on the channel of releases and probe answers

    // L2: inclusive, with a directory of the data caches.
    std::uint64_t l2_bytes = std::uint64_t{512} << 10;
    std::uint32_t l2_ways = 8;
    std::uint32_t l2_latency = 4;           // request accepted until the first beat of a hit
    std::uint32_t l2_schedule_latency = 2;  // request accepted until its MSHR acts
    std::uint32_t l2_respond_latency = 2;   // MSHR acts until the first beat
    std::uint32_t l2_mshrs = 10;            // for requests of the tiles
    std::uint32_t l2_hit_hold = 2;          // after it has acted, a hit without probe holds its set so long
    std::uint32_t l2_probe_latency = 2;     // MSHR acts until the probe leaves on the bus
    std::uint32_t l2_probe_collect = 2;     // answer at the L2 until its MSHR acts again
    std::uint32_t l2_grant_ack = 2;         // first beat at the tile until GrantAck has freed the MSHR
    std::uint32_t l2_victim_latency = 1;    // a dirty victim delays the request to memory

    // DRAM: a pipe of fixed latency behind a narrower bus.
    std::uint32_t dram_bus_bytes = 8;
    std::uint32_t dram_path_latency =
        8;  // L2 to memory controller and back: buffers, cork, width and AXI converters
    std::uint32_t dram_read_latency = 30;
    std::uint32_t dram_write_latency = 30;
    std::uint32_t dram_reads = 16;  // outstanding
    std::uint32_t dram_writes = 16;

    template <typename Self, typename Visitor>
    static void fields(Self& self, Visitor&& visit) {
        visit("base", self.base, Bounds{0, std::uint64_t{1} << 40});
        visit("bytes", self.bytes, Bounds{std::uint64_t{1} << 20, std::uint64_t{1} << 34, true});
        visit("bus_bytes", self.bus_bytes, Bounds{8, 64, true});
        visit("crossing_latency", self.crossing_latency, Bounds{0, 100});
        visit("release_buffer", self.release_buffer, Bounds{0, 100});
        visit("l2_bytes", self.l2_bytes, Bounds{4096, std::uint64_t{1} << 28, true});
        visit("l2_ways", self.l2_ways, Bounds{1, 64, true});
        visit("l2_latency", self.l2_latency, Bounds{1, 1000});
        visit("l2_schedule_latency", self.l2_schedule_latency, Bounds{1, 100});
        visit("l2_respond_latency", self.l2_respond_latency, Bounds{1, 100});
        visit("l2_mshrs", self.l2_mshrs, Bounds{1, 64});
        visit("l2_hit_hold", self.l2_hit_hold, Bounds{0, 100});
        visit("l2_probe_latency", self.l2_probe_latency, Bounds{0, 100});
        visit("l2_probe_collect", self.l2_probe_collect, Bounds{0, 100});
        visit("l2_grant_ack", self.l2_grant_ack, Bounds{0, 100});
        visit("l2_victim_latency", self.l2_victim_latency, Bounds{0, 100});
        visit("dram_bus_bytes", self.dram_bus_bytes, Bounds{1, 64, true});
        visit("dram_path_latency", self.dram_path_latency, Bounds{0, 1000});
        visit("dram_read_latency", self.dram_read_latency, Bounds{1, 10000});
        visit("dram_write_latency", self.dram_write_latency, Bounds{1, 10000});
        visit("dram_reads", self.dram_reads, Bounds{1, 64});
        visit("dram_writes", self.dram_writes, Bounds{1, 64});
    }
};

}  // namespace partita::chip::memory
