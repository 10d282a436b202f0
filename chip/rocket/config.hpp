#pragma once

#include <cstdint>

#include "chip/base/field.hpp"

namespace partita::chip::rocket {

// A Rocket core with its first-level caches. All times are core cycles; a latency is the distance from the
// cycle in which an instruction is in decode (ID) to the first in which a dependent one may be there. Sources
// in chipsalliance/rocket-chip, src/main/scala: rocket/Configs.scala (WithNBigCores),
// rocket/RocketCore.scala, rocket/Frontend.scala, rocket/BTB.scala, rocket/ICache.scala, rocket/DCache.scala,
// rocket/Multiplier.scala, tile/FPU.scala.
struct Config {
    // Results.
    std::uint32_t load_latency = 2;         // words, double words, LR and AMO that hit
    std::uint32_t narrow_load_latency = 3;  // bytes, halfwords and SC
    std::uint32_t float_load_latency = 4;   // flw, fld
    std::uint32_t csr_latency = 3;
    std::uint32_t link_latency = 2;          // jalr's return address
    std::uint32_t float_to_int_latency = 3;  // fmv.x, compares, fclass, fcvt to integers
    std::uint32_t short_float_latency = 4;   // sgnj, min, max, conversions to FP: held until past write-back
    std::uint32_t single_float_latency = 4;  // add, multiply, fused in FP32
    std::uint32_t double_float_latency = 6;  // the same in FP64: through the scoreboard

    // Whether it has Zfbfmin: flh, fsh, moves and conversions of BF16, in the pipes of those of FP32.
    bool bf16_extension = false;

    // Depth of the FP pipes, which share one write port.
    std::uint32_t short_float_pipe = 2;
    std::uint32_t single_float_pipe = 3;
    std::uint32_t double_float_pipe = 4;

    // Integer multiplier and divider.
    std::uint32_t multiply_unroll = 8;  // bits of the multiplier in a cycle
    bool multiply_early_out = true;
    bool divide_early_out = true;

    // Control.
    std::uint32_t replay_latency = 5;      // nacked until in ID again; flushes take as long
    std::uint32_t mispredict_latency = 4;  // branch until the right path is in ID

    // Fetch and prediction.
    std::uint32_t fetch_queue = 5;   // packets of 4 bytes
    std::uint32_t btb_entries = 28;  // fully associative
    std::uint32_t btb_pages = 6;     // upper halves of their addresses
    std::uint32_t btb_match_bits = 14;
    std::uint32_t return_stack = 6;
    std::uint32_t bht_entries = 512;     // of one bit
    std::uint32_t bht_history = 8;       // outcomes
    std::uint32_t bht_history_bits = 3;  // of its hash

    // Instruction cache.
    std::uint32_t icache_sets = 64;
    std::uint32_t icache_ways = 4;
    std::uint32_t icache_restart = 3;  // last beat of a refill until the packet is in ID

    // Data cache.
    std::uint32_t dcache_sets = 64;
    std::uint32_t dcache_ways = 4;
    std::uint32_t dcache_beats = 4;            // of a line, to the bus
    std::uint32_t dcache_release_latency = 3;  // decision in s2 until the first beat of a write-back leaves
    std::uint32_t dcache_retry_latency = 5;    // end of a write-back's beats until the access is in s2 again
    std::uint32_t dcache_probe_latency = 2;    // probe accepted until answered (its s2)
    std::uint32_t probe_block = 8;             // no probe is accepted so long after a grant
    std::uint32_t reservation_cycles = 80;     // of LR
    std::uint32_t reservation_backoff = 3;     // its last cycles, in which SC fails already
    std::uint32_t device_latency = 12;         // uncached access: request until answer
    std::uint32_t pause_cycles = 32;           // the pause hint ends when the clock is a multiple of it

    // Of the simulator, not of the chip: jump over rounds of a loop in which nothing changes. No cycle
    // depends on it.
    bool skip_spins = true;

    template <typename Self, typename Visitor>
    static void fields(Self& self, Visitor&& visit) {
        constexpr Bounds latency{1, 64};
        visit("load_latency", self.load_latency, latency);
        visit("narrow_load_latency", self.narrow_load_latency, latency);
        visit("float_load_latency", self.float_load_latency, latency);
        visit("csr_latency", self.csr_latency, latency);
        visit("link_latency", self.link_latency, latency);
        visit("float_to_int_latency", self.float_to_int_latency, latency);
        visit("short_float_latency", self.short_float_latency, latency);
        visit("single_float_latency", self.single_float_latency, latency);
        visit("double_float_latency", self.double_float_latency, latency);
        visit("bf16_extension", self.bf16_extension);
        visit("short_float_pipe", self.short_float_pipe, Bounds{1, 16});
        visit("single_float_pipe", self.single_float_pipe, Bounds{1, 16});
        visit("double_float_pipe", self.double_float_pipe, Bounds{1, 16});
        visit("multiply_unroll", self.multiply_unroll, Bounds{1, 32, true});
        visit("multiply_early_out", self.multiply_early_out);
        visit("divide_early_out", self.divide_early_out);
        visit("replay_latency", self.replay_latency, latency);
        visit("mispredict_latency", self.mispredict_latency, latency);
        visit("fetch_queue", self.fetch_queue, Bounds{3, 7});
        visit("btb_entries", self.btb_entries, Bounds{2, 32});
        visit("btb_pages", self.btb_pages, Bounds{2, 8});
        visit("btb_match_bits", self.btb_match_bits, Bounds{12, 16});
        visit("return_stack", self.return_stack, Bounds{1, 16});
        visit("bht_entries", self.bht_entries, Bounds{64, 65536, true});
        visit("bht_history", self.bht_history, Bounds{1, 8});
        visit("bht_history_bits", self.bht_history_bits, Bounds{1, 8});
        visit("icache_sets", self.icache_sets, Bounds{1, 1024, true});
        visit("icache_ways", self.icache_ways, Bounds{1, 8, true});
        visit("icache_restart", self.icache_restart, latency);
        visit("dcache_sets", self.dcache_sets, Bounds{1, 1024, true});
        visit("dcache_ways", self.dcache_ways, Bounds{1, 8, true});
        visit("dcache_beats", self.dcache_beats, Bounds{1, 8, true});
        visit("dcache_release_latency", self.dcache_release_latency, latency);
        visit("dcache_retry_latency", self.dcache_retry_latency, latency);
        visit("dcache_probe_latency", self.dcache_probe_latency, latency);
        visit("probe_block", self.probe_block, Bounds{0, 64});
        visit("reservation_cycles", self.reservation_cycles, Bounds{8, 1024});
        visit("reservation_backoff", self.reservation_backoff, Bounds{0, 8});
        visit("device_latency", self.device_latency, Bounds{1, 1000});
        visit("pause_cycles", self.pause_cycles, Bounds{1, 1024, true});
    }
};

}  // namespace partita::chip::rocket
