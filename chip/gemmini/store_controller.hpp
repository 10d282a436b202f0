#pragma once

// Move-outs (StoreController.scala, Scratchpad.scala, AccumulatorScale.scala): commands become requests of
// one local row each, which pass the queues of dispatch, normalisation, scale and issue in order. A row in
// the scaler holds a place in the issue queue, so that queue's depth limits the rows in the scaler.

#include <cstddef>
#include <cstdint>
#include <string>

#include "chip/gemmini/banks.hpp"
#include "chip/gemmini/command.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/dma.hpp"
#include "chip/gemmini/ring.hpp"
#include "chip/gemmini/stream_writer.hpp"

namespace partita::chip::gemmini {

class StoreController {
  public:
    StoreController(const Config& config, const Geometry& geometry);

    bool busy() const { return !commands_.empty() || !tracker_.empty(); }
    // Rows on their way to memory.
    bool draining() const { return !requests_.empty() || writer_.busy(); }
    bool room() const { return !commands_.full(); }
    // Rows of memory that are behind push() and not all written: of commands, of requests, in the writer and
    // on their way from it to the port.
    std::size_t most_rows() const {
        return commands_.depth() * geometry_->side + requests_.depth() + writer_.most_rows();
    }
    void push(const Command& command, unsigned entry) {
        commands_.push({command, entry});
        quiet_until_ = 0;
    }

    // One cycle, after the execute controller has read. True if anything changed.
    bool step(Cycle now, Banks& banks, DmaPort& port) {
        return now < quiet_until_ ? false : advance(now, banks, port);
    }

    const CommandTracker& tracker() const { return tracker_; }
    void free(unsigned place) {
        tracker_.free(place);
        quiet_until_ = 0;
    }
    void respond(const memory::Response& response) { writer_.respond(response); }
    // At the end of a cycle: acknowledgements that have come free their ids. True if there were any.
    bool retire(Cycle now) {
        if (writer_.next() > now) {
            return false;
        }
        writer_.retire(now);
        quiet_until_ = 0;
        return true;
    }
    const StreamWriter& writer() const { return writer_; }
    Cycle next() const;

    bool sending() const { return state_ == State::sending; }
    bool waiting_for_dispatch() const { return state_ == State::waiting_for_dispatch; }
    bool refused() const { return refused_; }
    std::string state() const;

  private:
    enum class State : std::uint8_t { waiting, waiting_for_dispatch, sending };

    struct Queued {
        Command command;
        unsigned entry = 0;
    };
    struct RowRequest {
        Address address = 0;
        Cycle data_at = never;  // scaled, or out of the scratchpad
        std::uint32_t row = 0;
        std::uint32_t bytes = 0;  // of the row in memory so far
        std::uint8_t tracker = 0;
        bool accumulator = false;
        bool last = false;  // block of its row
    };
    // The queues that a request passes in order are parts of one ring, oldest first.
    enum Stage : std::uint8_t { issue, scale, normalize, dispatch, stages };

    bool advance(Cycle now, Banks& banks, DmaPort& port);
    bool control(bool dispatch_room, Cycle now);
    void send();
    RowRequest& oldest(Stage stage);
    bool read(RowRequest& request, Cycle now, Banks& banks);
    Cycle scaled_at(Cycle now);

    const Geometry* geometry_;
    unsigned input_bytes_;
    unsigned scratchpad_latency_;
    unsigned scale_latency_;
    unsigned unit_cycles_;
    Cycle unit_free_ = 0;
    Ring<Queued> commands_;
    CommandTracker tracker_;
    State state_ = State::waiting;
    bool refused_ = false;
    Cycle quiet_until_ = never;  // nothing to do before, unless something comes
    std::uint64_t stride_ = 0;
    unsigned row_ = 0;  // next of the command
    unsigned block_ = 0;
    std::uint8_t tracker_place_ = 0;

    Ring<RowRequest> requests_;
    unsigned count_[stages] = {};
    unsigned depth_[stages];
    unsigned normalizer_depth_;
    unsigned normalized_ = 0;        // rows in the normalizer, which passes them through
    unsigned read_rows_ = 0;         // out of the accumulator, not yet taken by the normalizer
    unsigned scratchpad_reads_ = 0;  // out of the scratchpad, not yet taken by the writer
    StreamWriter writer_;
};

}  // namespace partita::chip::gemmini
