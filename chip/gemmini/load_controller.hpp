#pragma once

// Move-ins (LoadController.scala, ZeroWriter.scala): from commands to rows, and from scaled rows to the
// banks.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "chip/gemmini/banks.hpp"
#include "chip/gemmini/command.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/dma.hpp"
#include "chip/gemmini/move_in_scaler.hpp"
#include "chip/gemmini/ring.hpp"
#include "chip/gemmini/stream_reader.hpp"

namespace partita::chip::gemmini {

class LoadController {
  public:
    LoadController(const Config& config, const Geometry& geometry);

    // Commands that the controller has, waiting or begun.
    bool busy() const { return !commands_.empty() || !tracker_.empty(); }
    bool room() const { return !commands_.full(); }
    // Rows of memory that are behind push() and not all read.
    std::size_t most_rows() const { return commands_.depth() * side_ + reader_.most_rows(); }
    // `entry` of the reservation station. Visible from the next cycle on, as the controller has had this one.
    void push(const Command& command, unsigned entry) {
        commands_.push({command, entry});
        quiet_until_ = 0;
    }

    // What has been scaled goes to the banks; before the execute controller reads them.
    bool write(Cycle now, Banks& banks) {
        if (!reader_.ends().empty() && reader_.ends().front().at == now) {
            end_transaction();
            write_rows(now, banks);
            return true;
        }
        return narrow_.empty() && wide_.empty() && !zero_valid_ ? false : write_rows(now, banks);
    }
    // The rest of the cycle.
    bool step(Cycle now, DmaPort& port, Banks& banks) {
        return now < quiet_until_ ? false : advance(now, port, banks);
    }

    const CommandTracker& tracker() const { return tracker_; }
    void free(unsigned place) {
        tracker_.free(place);
        quiet_until_ = 0;
    }
    void respond(std::uint32_t id, const memory::Response& response) {
        reader_.respond(id, response);
        quiet_until_ = 0;
    }
    const StreamReader& reader() const { return reader_; }
    // The next cycle in which something happens by itself.
    Cycle next() {
        const Cycle end = reader_.ends().empty() ? never : reader_.ends().front().at;
        return std::min({narrow_.next(), wide_.next(), reader_.next(), end});
    }

    // For the counters: sends rows, or waits for the DMA with its first.
    bool sending() const { return state_ == State::sending; }
    bool waiting_for_dma() const { return state_ == State::waiting_for_dma; }
    bool refused() const { return refused_; }
    std::string state() const;

  private:
    enum class State : std::uint8_t { waiting, waiting_for_dma, sending };

    struct Queued {
        Command command;
        unsigned entry = 0;
    };
    struct Channel {
        std::uint64_t stride = 0;
        std::uint16_t block_stride = 0;
        bool shrink = false;
        bool identity = false;
    };

    bool advance(Cycle now, DmaPort& port, Banks& banks);
    void end_transaction();
    bool write_rows(Cycle now, Banks& banks);
    bool write_row(const MoveInRow& row, Cycle now, Banks& banks);
    bool write_zeros(bool last_elsewhere, bool accumulator_taken, Cycle now, Banks& banks);
    bool control(Cycle now);
    bool send(unsigned row);
    void configure(const ConfigLoad& update);
    std::uint32_t wrap(std::uint32_t row, bool accumulator) const {
        return row & ((accumulator ? accumulator_rows_ : scratchpad_rows_) - 1);
    }

    unsigned side_;
    unsigned input_bytes_;
    unsigned accumulator_bytes_;
    std::uint32_t scratchpad_rows_;
    std::uint32_t accumulator_rows_;
    std::uint32_t identity_;  // bits of a scale of one
    Ring<Queued> commands_;
    Channel channels_[3];
    CommandTracker tracker_;
    State state_ = State::waiting;
    bool refused_ = false;
    Cycle quiet_until_ = 0;   // nothing to do before, unless something comes
    unsigned rows_sent_ = 0;  // of the command
    unsigned rows_ = 0;       // to be sent
    RowRequest request_;      // of its first row

    StreamReader reader_;
    MoveInScaler narrow_;  // to the scratchpad, or shrunk to the accumulator
    MoveInScaler wide_;    // of the accumulator's type

    bool zero_valid_ = false;
    RowRequest zero_;
    unsigned zero_columns_ = 0;  // done
};

}  // namespace partita::chip::gemmini
