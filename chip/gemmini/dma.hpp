#pragma once

// The accelerator's way to memory: reader and writer share one port of the tile (Scratchpad.scala: TLBuffer,
// TLXbar, TLBuffer). Each request is made in the cycle in which it is valid at the port, so requests come in
// the order of time.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/ring.hpp"
#include "chip/memory/coherence.hpp"

namespace partita::chip::gemmini {

struct MemoryRequest {
    Address address = 0;
    Cycle at = 0;
    std::uint32_t bytes = 0;
    std::uint32_t id = 0;  // reader: of its transaction
    bool write = false;
};

class DmaPort {
  public:
    explicit DmaPort(const Config& config)
        : latency_(config.translation_latency + config.dma_request_buffers),
          requests_(std::size_t{config.dma_requests} * 2) {}

    // A request leaves the reader's or writer's state machine in cycle `now`, with so many beats on the
    // channel of requests; the beats of one are not interleaved with the other's.
    void send(MemoryRequest request, unsigned beats, Cycle now) {
        request.at = std::max(now + latency_, free_);
        free_ = request.at + beats;
        requests_.push(request);
    }
    bool due(Cycle now) const { return !requests_.empty() && requests_.front().at == now; }
    bool empty() const { return requests_.empty(); }
    Cycle next() const { return requests_.empty() ? never : requests_.front().at; }
    MemoryRequest take() {
        const MemoryRequest request = requests_.front();
        requests_.pop();
        return request;
    }

  private:
    Cycle latency_;
    Cycle free_ = 0;
    Ring<MemoryRequest> requests_;
};

// The transaction that moves most of `bytes` bytes from `address` on; of equals the smallest. Sizes are
// powers of two from the bus's to the DMA's and naturally aligned.
struct Packet {
    std::uint32_t size;
    std::uint32_t offset;  // of the first useful byte
    std::uint32_t useful;
};
inline Packet best_packet(Address address, std::uint32_t bytes, std::uint32_t least, std::uint32_t most) {
    Packet best{least, static_cast<std::uint32_t>(address & (least - 1)), 0};
    best.useful = std::min(least - best.offset, bytes);
    for (std::uint32_t size = least * 2; size <= most && best.useful < bytes; size *= 2) {
        const auto offset = static_cast<std::uint32_t>(address & (size - 1));
        const std::uint32_t useful = std::min(size - offset, bytes);
        if (useful > best.useful) {
            best = {size, offset, useful};
        }
    }
    return best;
}

// Commands that a DMA controller has begun: an entry is free again when all of the command has been moved and
// its completion has been taken (DMACommandTracker.scala).
class CommandTracker {
  public:
    explicit CommandTracker(unsigned depth) : entries_(depth), all_((1ULL << depth) - 1) {}

    bool full() const { return valid_ == all_; }
    bool empty() const { return valid_ == 0; }
    // `amount`: bytes or rows still to be moved.
    unsigned begin(unsigned entry, std::uint64_t amount, Cycle now) {
        const auto place = static_cast<unsigned>(std::countr_one(valid_));
        valid_ |= 1ULL << place;
        entries_[place] = {amount, now, entry};
        return place;
    }
    void moved(unsigned place, std::uint64_t amount) {
        entries_[place].left -= amount;
        if (entries_[place].left == 0) {
            done_ |= 1ULL << place;
        }
    }
    bool any_done() const { return done_ != 0; }
    unsigned first_done() const { return static_cast<unsigned>(std::countr_zero(done_)); }
    void free(unsigned place) {
        done_ &= ~(1ULL << place);
        valid_ &= ~(1ULL << place);
    }
    // The entry of the reservation station, and when the controller began.
    unsigned entry(unsigned place) const { return entries_[place].entry; }
    Cycle begun(unsigned place) const { return entries_[place].begun; }

  private:
    struct Entry {
        std::uint64_t left = 0;
        Cycle begun = 0;
        unsigned entry = 0;
    };
    std::vector<Entry> entries_;
    std::uint64_t all_;
    std::uint64_t valid_ = 0;
    std::uint64_t done_ = 0;
};

}  // namespace partita::chip::gemmini
