#pragma once

// Writes rows to memory (DMA.scala's StreamWriter): blocks of a row are gathered, then sent as aligned
// transactions, one beat a cycle; a transaction's id is taken until memory has acknowledged it.

#include <cstdint>

#include "chip/gemmini/config.hpp"
#include "chip/gemmini/dma.hpp"
#include "chip/gemmini/ring.hpp"

namespace partita::chip::gemmini {

class StreamWriter {
  public:
    explicit StreamWriter(const Config& config)
        : bus_bytes_(config.dma_bus_bytes),
          most_bytes_(config.dma_bytes),
          most_transactions_(config.dma_requests),
          response_buffers_(config.dma_response_buffers),
          acknowledges_(config.dma_requests) {}

    bool busy() const { return transactions_ != 0 || writing_; }
    bool writing() const { return writing_; }
    unsigned outstanding() const { return transactions_; }

    // Rows that are not all sent or whose transactions may not have reached the port.
    std::size_t most_rows() const { return 1 + std::size_t{most_transactions_}; }

    // One cycle of sending. True if anything changed. Afterwards accepts() tells whether the next block may
    // come.
    bool step(Cycle now, DmaPort& port) {
        if (!writing_) {
            return false;
        }
        if (transactions_ == most_transactions_) {
            return false;  // all ids are taken; even the rest of a transaction waits
        }
        if (beats_left_ == 0) {
            packet_ = best_packet(address_, bytes_left_, bus_bytes_, most_bytes_);
            beats_left_ = packet_.size / bus_bytes_;
            port.send({address_ - packet_.offset, 0, packet_.size, 0, true}, beats_left_, now);
            ++transactions_;
            written_bytes_ += packet_.size;
        }
        if (--beats_left_ == 0) {
            address_ += packet_.useful;
            bytes_left_ -= packet_.useful;
            writing_ = bytes_left_ != 0;
        }
        return true;
    }
    bool accepts() const { return !writing_; }
    // A block of a row; `last` begins the writing of the row's `bytes` bytes.
    void push(Address address, std::uint32_t bytes, bool last) {
        address_ = address;
        bytes_left_ = bytes;
        writing_ = last;
    }

    void respond(const memory::Response& response) {
        acknowledges_.insert(response.first + response_buffers_,
                             [](Cycle left, Cycle right) { return left < right; });
    }
    // Acknowledgements that have come free their ids.
    void retire(Cycle now) {
        while (!acknowledges_.empty() && acknowledges_.front() <= now) {
            acknowledges_.pop();
            --transactions_;
        }
    }
    Cycle next() const { return acknowledges_.empty() ? never : acknowledges_.front(); }

    std::uint64_t written_bytes() const { return written_bytes_; }

  private:
    unsigned bus_bytes_;
    unsigned most_bytes_;
    unsigned most_transactions_;
    unsigned response_buffers_;
    bool writing_ = false;
    Address address_ = 0;
    std::uint32_t bytes_left_ = 0;
    Packet packet_{};
    std::uint32_t beats_left_ = 0;
    unsigned transactions_ = 0;
    Ring<Cycle> acknowledges_;
    std::uint64_t written_bytes_ = 0;
};

}  // namespace partita::chip::gemmini
