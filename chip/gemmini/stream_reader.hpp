#pragma once

// Reads rows from memory (DMA.scala's StreamReader, BeatMerger.scala): a row becomes transactions, and the
// beats that come back become local rows.

#include <cstdint>
#include <vector>

#include "chip/gemmini/banks.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/dma.hpp"
#include "chip/gemmini/move_in_scaler.hpp"
#include "chip/gemmini/ring.hpp"

namespace partita::chip::gemmini {

// One row in memory, as the load controller asks for it.
struct RowRequest {
    Address address = 0;
    std::uint32_t row = 0;  // local
    std::uint16_t columns = 0;
    std::uint16_t bytes = 0;
    std::uint16_t repeats = 0;
    std::uint16_t block_stride = 0;
    std::uint8_t tracker = 0;
    bool wide = false;  // of the accumulator's type
    bool accumulator = false;
    bool accumulate = false;
    bool identity = false;
    bool zeros = false;
};

class StreamReader {
  public:
    StreamReader(const Config& config, const Geometry& geometry);

    // Transactions outstanding.
    bool busy() const { return transactions_ != 0; }
    bool idle() const {
        return !requesting_ && transactions_ == 0 && queue_.empty() && !merging_ && enters_at_ == 0;
    }
    // The last rows of transactions whose writes have been scheduled.
    struct End {
        Cycle at = 0;
        std::uint16_t bytes = 0;
        std::uint8_t tracker = 0;
    };
    Ring<End>& ends() { return ends_; }
    bool requesting() const { return requesting_; }
    unsigned outstanding() const { return transactions_; }

    // The queue of rows takes one more; asked after step() of the same cycle.
    bool accepts() const { return !queue_.full(); }
    // Rows that wait here or whose transactions may not have reached the port.
    std::size_t most_rows() const { return queue_.depth() + 1 + most_transactions_; }
    void push(const RowRequest& row) { queue_.push(row); }

    // One cycle. True if anything changed.
    bool step(Cycle now, DmaPort& port, MoveInScaler& narrow, MoveInScaler& wide, Banks& banks);
    // What memory said to a request of step().
    void respond(std::uint32_t id, const memory::Response& response);
    // The next cycle in which a beat that is waited for arrives.
    Cycle next() const;

    std::uint64_t read_bytes() const { return read_bytes_; }

  private:
    struct Transaction {
        Cycle first = 0;  // beat at the merger
        Cycle apart = 1;  // cycles between beats
        std::uint32_t row = 0;
        std::uint16_t block_stride = 0;
        std::uint16_t repeats = 0;
        std::uint16_t size = 0;
        std::uint16_t shift = 0;  // bytes in front of the useful ones
        std::uint16_t useful = 0;
        std::uint16_t row_offset = 0;  // where in its local row the first byte goes
        std::uint8_t tracker = 0;
        std::uint8_t id = 0;
        bool wide = false;
        bool accumulator = false;
        bool accumulate = false;
        bool identity = false;
    };

    bool request(Cycle now, bool id_free, DmaPort& port);
    bool merge(Cycle now, MoveInScaler& narrow, MoveInScaler& wide, Banks& banks);
    bool enter(Cycle now, MoveInScaler& narrow, Banks& banks);
    bool schedule(Cycle now, unsigned latency, Banks& banks);
    void free_id();
    bool send_row(MoveInScaler& narrow, MoveInScaler& wide);
    Cycle beat_at() const { return merged_.first + merged_.apart * beats_read_; }

    unsigned bus_bytes_;
    unsigned most_bytes_;
    unsigned most_transactions_;
    unsigned response_buffers_;
    unsigned row_shift_[2];  // log2 of a row's bytes: scratchpad, accumulator

    Ring<RowRequest> queue_;
    bool requesting_ = false;
    RowRequest row_;               // that is being requested
    std::uint32_t requested_ = 0;  // bytes of it

    std::vector<Transaction> table_;  // by id, until the answer is known
    std::uint64_t free_ids_;
    unsigned transactions_ = 0;
    Ring<Transaction> arriving_;  // in the order of arrival

    bool merging_ = false;
    Transaction merged_;
    unsigned beats_read_ = 0;
    std::uint32_t bytes_read_ = 0;
    std::uint32_t sent_ = 0;

    // Of a transaction whose writes have been scheduled: when its last beat is taken, and from when on the
    // next may enter.
    bool beats_left_ = false;
    Cycle last_beat_at_ = 0;
    Cycle enters_at_ = 0;  // 0: there is none
    bool schedules_;
    std::uint32_t scratchpad_mask_;
    Ring<End> ends_;

    std::uint64_t read_bytes_ = 0;
};

}  // namespace partita::chip::gemmini
