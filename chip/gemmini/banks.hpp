#pragma once

// The ports of scratchpad and accumulator: who uses them in the cycle that is being simulated
// (Scratchpad.scala, AccumulatorMem.scala). A scratchpad bank has one port and writes win; the accumulator
// has one for reading and one for writing, and a write that adds needs both.

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/gemmini/config.hpp"

namespace partita::chip::gemmini {

class Banks {
  public:
    Banks(const Config& config, const Geometry& geometry)
        : scratchpad_shift_(shift_of(geometry.scratchpad_bank_rows)),
          accumulator_shift_(shift_of(geometry.accumulator_bank_rows)),
          accumulator_latency_(config.accumulator_latency),
          passing_(std::size_t{config.accumulator_banks} * config.accumulator_latency),
          results_(std::bit_ceil(most_result_cycles(config))),
          results_mask_(results_.size() - 1) {}

    // More cycles than a row needs from being fed to its result.
    static std::size_t most_result_cycles(const Config& config) {
        return std::size_t{2} * config.mesh_side * (config.tile_latency + 1) + config.mesh_output_delay +
               config.scratchpad_read_delay + config.store_scale_latency + config.accumulator_latency + 16;
    }

    void begin_cycle(Cycle now) {
        const Scheduled& writes = scheduled_[now % horizon];
        written_ = writes.at == now ? writes.banks : 0;
        transaction_ends_ = writes.at == now && writes.ends;
        read_ = 0;
        const Result& result = results_[now & results_mask_];
        accumulator_written_ = result.at == now ? bit(result.row >> accumulator_shift_) : 0;
        accumulating_ = result.adds ? accumulator_written_ : 0;
    }

    unsigned scratchpad_bank(std::uint32_t row) const { return row >> scratchpad_shift_; }

    // Writes of move-ins that nothing can delay are known some cycles before. `ends`: the last row of its
    // transaction.
    static constexpr Cycle horizon = 64;
    void schedule_write(std::uint32_t row, bool ends, Cycle at) {
        Scheduled& writes = scheduled_[at % horizon];
        if (writes.at != at) {
            writes = {at, 0, false};
        }
        writes.banks |= bit(scratchpad_bank(row));
        writes.ends |= ends;
    }
    bool transaction_ends() const { return transaction_ends_; }
    // The first cycle from `from` on without a scheduled write to the banks, given as bits.
    Cycle free_from(std::uint64_t banks, Cycle from) const {
        while (scheduled_[from % horizon].at == from && (scheduled_[from % horizon].banks & banks) != 0) {
            ++from;
        }
        return from;
    }

    void write_scratchpad(std::uint32_t row) { written_ |= bit(scratchpad_bank(row)); }
    bool scratchpad_written(std::uint32_t row) const { return (written_ & bit(scratchpad_bank(row))) != 0; }
    void read_scratchpad(std::uint32_t row) { read_ |= bit(scratchpad_bank(row)); }
    // The same by banks as bits.
    std::uint64_t scratchpad_bit(std::uint32_t row) const { return bit(scratchpad_bank(row)); }
    bool any_written(std::uint64_t banks) const { return (written_ & banks) != 0; }
    void read_banks(std::uint64_t banks) { read_ |= banks; }
    bool scratchpad_busy(std::uint32_t row) const {
        return ((written_ | read_) & bit(scratchpad_bank(row))) != 0;
    }

    // A result of the array is written, or added, in cycle `at`, at most as far off as the mesh is deep.
    void schedule_result(std::uint32_t row, bool adds, Cycle at) {
        results_[at & results_mask_] = {at, row, adds};
    }
    // A move-in's row.
    void write_accumulator(std::uint32_t row, bool adds, Cycle now) {
        const unsigned bank = row >> accumulator_shift_;
        accumulator_written_ |= bit(bank);
        if (adds) {
            accumulating_ |= bit(bank);
        }
        passing_[std::size_t{bank} * accumulator_latency_ + now % accumulator_latency_] = {now, row};
    }
    // Whether a move-in may write: the array has not, and a row to add to is not on its way through the
    // pipeline.
    bool accumulator_takes(std::uint32_t row, bool adds, Cycle now) const {
        return (accumulator_written_ & bit(row >> accumulator_shift_)) == 0 && !(adds && passing(row, now));
    }
    // Whether a row can be read in this cycle.
    bool accumulator_gives(std::uint32_t row, Cycle now) const {
        return (accumulating_ & bit(row >> accumulator_shift_)) == 0 && !passing(row, now);
    }

  private:
    struct Write {
        Cycle at = never;
        std::uint32_t row = 0;
    };
    struct Result {
        Cycle at = never;
        std::uint32_t row = 0;
        bool adds = false;
    };

    struct Scheduled {
        Cycle at = never;
        std::uint64_t banks = 0;
        bool ends = false;
    };

    static std::uint64_t bit(unsigned bank) { return std::uint64_t{1} << bank; }
    static unsigned shift_of(std::uint32_t rows) {
        unsigned shift = 0;
        while ((rows >> shift) > 1) {
            ++shift;
        }
        return shift;
    }
    bool passing(std::uint32_t row, Cycle now) const {
        const Write* writes = &passing_[std::size_t{row >> accumulator_shift_} * accumulator_latency_];
        for (unsigned place = 0; place < accumulator_latency_; ++place) {
            if (writes[place].row == row && now - writes[place].at - 1 < accumulator_latency_) {
                return true;
            }
            const Result& result = results_[(now - 1 - place) & results_mask_];
            if (result.at == now - 1 - place && result.row == row) {
                return true;
            }
        }
        return false;
    }

    unsigned scratchpad_shift_;
    unsigned accumulator_shift_;
    unsigned accumulator_latency_;
    std::array<Scheduled, horizon> scheduled_;  // by cycle modulo the horizon
    bool transaction_ends_ = false;             // scheduled for this cycle
    std::uint64_t written_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t accumulator_written_ = 0;
    std::uint64_t accumulating_ = 0;
    std::vector<Write> passing_;   // the last move-ins, by bank and by cycle modulo the latency
    std::vector<Result> results_;  // by cycle modulo their number
    Cycle results_mask_;
};

}  // namespace partita::chip::gemmini
