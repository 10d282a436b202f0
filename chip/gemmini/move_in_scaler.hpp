#pragma once

// The multipliers between the DMA and the local memories (VectorScalarMultiplier.scala): a register that
// repeats its row as often as asked, then a pipeline that holds its rows while the memory does not take them.

#include <algorithm>
#include <cstdint>

#include "chip/base/units.hpp"
#include "chip/gemmini/ring.hpp"

namespace partita::chip::gemmini {

// A local row on its way from the DMA.
struct MoveInRow {
    std::uint32_t row = 0;
    std::uint16_t repeats = 0;  // times more that it is written, to the rows behind
    std::uint16_t bytes = 0;    // of the transaction, told to the controller with its last row
    std::uint8_t tracker = 0;
    bool last = false;  // row of its transaction
    bool accumulator = false;
    bool accumulate = false;
    bool identity = false;  // is multiplied by one
};

class MoveInScaler {
  public:
    // `units`: 0 is a pipelined multiplier for each column; else so many are shared, which a factor of one
    // passes by.
    MoveInScaler(unsigned latency, unsigned units, unsigned side)
        : latency_(latency),
          unit_cycles_(units == 0 ? 0 : (side + units - 1) / units),
          passing_(units != 0 ? shared_entries : std::max(latency, 1U)) {}

    bool empty() const { return !waiting_ && passing_.empty(); }
    // Cycles from the DMA to the output for a row that nothing delays; 0 if that cannot be said of the next
    // one.
    unsigned undelayed() const { return empty() && unit_cycles_ == 0 && latency_ != 0 ? latency_ + 1 : 0; }
    // The row at the output in this cycle, if any.
    const MoveInRow* output(Cycle now) {
        if (latency_ == 0) {
            shift(now);
        }
        return !passing_.empty() && passing_.front().at <= now ? &passing_.front().row : nullptr;
    }
    void pop() { passing_.pop(); }
    Cycle next() const { return passing_.empty() ? never : passing_.front().at; }

    // From the register into the pipeline; after pop() of the same cycle. True if something moved.
    bool shift(Cycle now) {
        if (!waiting_ || passing_.full()) {
            return false;
        }
        MoveInRow row = input_;
        row.row += input_.repeats;
        row.last = input_.last && input_.repeats == 0;
        passing_.push({row, arrival(row, now)});
        if (input_.repeats == 0) {
            waiting_ = false;
        } else {
            --input_.repeats;
        }
        return true;
    }
    // After shift() of the same cycle.
    bool accepts() const { return !waiting_; }
    void push(const MoveInRow& row) {
        input_ = row;
        waiting_ = true;
    }

  private:
    static constexpr unsigned shared_entries = 3;

    struct Passing {
        MoveInRow row;
        Cycle at = 0;
    };

    Cycle arrival(const MoveInRow& row, Cycle now) {
        if (unit_cycles_ == 0) {
            return now + latency_;
        }
        if (row.identity) {
            return now + 1;
        }
        unit_free_ = std::max(unit_free_, now + 1) + unit_cycles_;
        return unit_free_ + latency_ + 1;
    }

    unsigned latency_;
    unsigned unit_cycles_;
    Cycle unit_free_ = 0;
    bool waiting_ = false;
    MoveInRow input_;
    Ring<Passing> passing_;
};

}  // namespace partita::chip::gemmini
