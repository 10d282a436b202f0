#pragma once

// Gemmini's performance counters (CounterFile.scala, gemmini_counter.h).

#include <array>
#include <cstdint>

#include "chip/gemmini/command.hpp"

namespace partita::chip::gemmini {

// Events that count cycles or occurrences, under the numbers that software uses.
enum class Event : std::uint8_t {
    none = 0,
    load_only = 1,  // cycles in which of the three controllers only these were busy
    store_only = 2,
    execute_only = 3,
    load_store = 4,
    load_execute = 5,
    store_execute = 6,
    load_store_execute = 7,
    load_dma_wait = 8,
    load_active = 9,
    load_scratchpad_wait = 10,
    store_dma_wait = 11,
    store_active = 12,
    store_pooling = 13,
    store_scratchpad_wait = 14,
    tlb_miss = 15,
    tlb_hit = 16,
    tlb_request = 17,
    reader_active = 18,
    reader_tlb_wait = 19,
    reader_bus_wait = 20,
    writer_active = 21,
    writer_tlb_wait = 22,
    writer_bus_wait = 23,
    execute_active = 24,
    execute_flush = 25,
    execute_control_block = 26,
    execute_preload_hazard = 27,
    execute_overlap_hazard = 28,
    scratchpad_a_wait = 29,
    scratchpad_b_wait = 30,
    scratchpad_d_wait = 31,
    accumulator_a_wait = 32,
    accumulator_b_wait = 33,
    accumulator_d_wait = 34,
    a_garbage = 35,
    b_garbage = 36,
    d_garbage = 37,
    im2col_memory = 38,
    im2col_active = 39,
    im2col_transposer_wait = 40,
    reservation_full = 41,
    reservation_active = 42,
    loop_active = 43,
    transpose_unroller_active = 44,
};
inline constexpr unsigned event_count = 45;

// Values that other units keep.
enum class External : std::uint8_t {
    none = 0,
    reservation_load = 1,
    reservation_store = 2,
    reservation_execute = 3,
    bytes_read = 4,
    bytes_written = 5,
    read_latency = 6,
    write_latency = 7,
};
inline constexpr unsigned external_count = 8;

// Eight counters, each configured to one event or external value. All events are summed all the time; a
// counter is the difference to its start.
class Counters {
  public:
    explicit Counters(unsigned counters) : counters_(counters) {}

    void add(Event event, std::uint64_t cycles) { totals_[static_cast<unsigned>(event)] += cycles; }
    void set(External value, std::uint32_t now) { externals_[static_cast<unsigned>(value)] = now; }
    std::uint32_t external(External value) const { return externals_[static_cast<unsigned>(value)]; }
    // The DMA's sums; a reset by software clears them.
    void add(External value, std::uint32_t more) { externals_[static_cast<unsigned>(value)] += more; }

    // The result is the addressed counter as it was before the operation.
    std::uint32_t execute(const CounterOperation& operation);

  private:
    struct Counter {
        std::uint8_t event = 0;
        bool external = false;
        std::uint64_t start = 0;
    };
    std::uint32_t value(const Counter& counter, bool external) const;

    unsigned counters_;
    std::array<Counter, 8> file_{};
    std::array<std::uint32_t, 8> taken_{};
    bool snapshot_ = false;
    std::array<std::uint64_t, 64> totals_{};
    std::array<std::uint32_t, external_count> externals_{};
};

}  // namespace partita::chip::gemmini
