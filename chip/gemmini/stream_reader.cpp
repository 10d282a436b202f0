#include "chip/gemmini/stream_reader.hpp"

#include <algorithm>
#include <bit>

namespace partita::chip::gemmini {

StreamReader::StreamReader(const Config& config, const Geometry& geometry)
    : bus_bytes_(config.dma_bus_bytes),
      most_bytes_(config.dma_bytes),
      most_transactions_(config.dma_requests),
      response_buffers_(config.dma_response_buffers),
      row_shift_{static_cast<unsigned>(std::countr_zero(geometry.scratchpad_row_bytes)),
                 static_cast<unsigned>(std::countr_zero(geometry.accumulator_row_bytes))},
      queue_(config.scratchpad_read_delay + 1),
      table_(config.dma_requests),
      free_ids_(config.dma_requests == 64 ? ~0ULL : (1ULL << config.dma_requests) - 1),
      arriving_(config.dma_requests),
      schedules_(!config.execute_writes_scratchpad),
      scratchpad_mask_(geometry.scratchpad_rows - 1),
      ends_(Banks::horizon) {}

bool StreamReader::step(Cycle now, DmaPort& port, MoveInScaler& narrow, MoveInScaler& wide, Banks& banks) {
    // An id that the merger frees in this cycle can be used from the next on.
    const bool id_free = transactions_ < most_transactions_;
    bool moved = false;
    if (enters_at_ != 0) {
        if (beats_left_ && last_beat_at_ <= now) {
            beats_left_ = false;
            free_id();
            moved = true;
        }
        if (enters_at_ <= now) {
            enters_at_ = 0;
            moved = true;
            enter(now, narrow, banks);
        }
    } else if (merging_ || !arriving_.empty()) {
        moved = merge(now, narrow, wide, banks);
    }
    if (requesting_ || !queue_.empty()) {
        moved |= request(now, id_free, port);
    }
    return moved;
}

bool StreamReader::request(Cycle now, bool id_free, DmaPort& port) {
    bool ready = !requesting_;
    if (requesting_ && id_free) {
        const Packet packet = best_packet(row_.address, row_.bytes - requested_, bus_bytes_, most_bytes_);
        const auto id = static_cast<std::uint32_t>(std::countr_zero(free_ids_));
        free_ids_ &= free_ids_ - 1;
        ++transactions_;
        const unsigned shift = row_shift_[row_.wide ? 1 : 0];
        Transaction& made = table_[id];
        made.row = row_.row + row_.block_stride * (requested_ >> shift);
        made.row_offset = static_cast<std::uint16_t>(requested_ & ((1U << shift) - 1));
        made.block_stride = row_.block_stride;
        made.repeats = row_.repeats;
        made.size = static_cast<std::uint16_t>(packet.size);
        made.shift = static_cast<std::uint16_t>(packet.offset);
        made.useful = static_cast<std::uint16_t>(packet.useful);
        made.tracker = row_.tracker;
        made.id = static_cast<std::uint8_t>(id);
        made.wide = row_.wide;
        made.accumulator = row_.accumulator;
        made.accumulate = row_.accumulate;
        made.identity = row_.identity;
        port.send({row_.address - packet.offset, 0, packet.size, id, false}, 1, now);
        read_bytes_ += packet.size;
        row_.address += packet.useful;
        requested_ += packet.useful;
        ready = requested_ >= row_.bytes;
        requesting_ = !ready;
        if (!ready) {
            return true;
        }
    }
    if (ready && !queue_.empty()) {
        row_ = queue_.front();
        queue_.pop();
        requested_ = 0;
        requesting_ = true;
        return true;
    }
    return ready;
}

void StreamReader::respond(std::uint32_t id, const memory::Response& response) {
    Transaction& made = table_[id];
    const unsigned beats = std::max<unsigned>(made.size / bus_bytes_, 1);
    made.first = response.first + response_buffers_;
    made.apart = beats == 1 ? 1 : (response.last - response.first) / (beats - 1);
    arriving_.insert(
        made, [](const Transaction& left, const Transaction& right) { return left.first < right.first; });
}

Cycle StreamReader::next() const {
    if (enters_at_ != 0) {
        return beats_left_ ? std::min(last_beat_at_, enters_at_) : enters_at_;
    }
    if (merging_) {
        return bytes_read_ < merged_.size ? beat_at() : never;
    }
    return arriving_.empty() ? never : arriving_.front().first;
}

void StreamReader::free_id() {
    free_ids_ |= 1ULL << merged_.id;
    --transactions_;
}

// Gives the next local row to its scaler if its bytes are there. True if it went.
bool StreamReader::send_row(MoveInScaler& narrow, MoveInScaler& wide) {
    const std::uint32_t shifted = bytes_read_ > merged_.shift ? bytes_read_ - merged_.shift : 0;
    const std::uint32_t there = std::min<std::uint32_t>(shifted, merged_.useful);
    const unsigned row_shift = row_shift_[merged_.wide ? 1 : 0];
    const std::uint32_t row_bytes = 1U << row_shift;
    if (there <= sent_ || (there - sent_ < row_bytes && there != merged_.useful)) {
        return false;
    }
    MoveInScaler& scaler = merged_.wide ? wide : narrow;
    if (!scaler.accepts()) {
        return false;
    }
    MoveInRow row;
    row.row = merged_.row + merged_.block_stride * ((merged_.row_offset + sent_) >> row_shift);
    sent_ =
        std::min<std::uint32_t>(sent_ + row_bytes - (sent_ == 0 ? merged_.row_offset : 0), merged_.useful);
    row.repeats = merged_.repeats;
    row.bytes = merged_.useful;
    row.tracker = merged_.tracker;
    row.last = sent_ == merged_.useful;
    row.accumulator = merged_.accumulator;
    row.accumulate = merged_.accumulate;
    row.identity = merged_.identity;
    scaler.push(row);
    return true;
}

// One transaction at a time: each cycle takes a beat and gives a row. The next one may enter in the cycle in
// which the last row leaves, if all beats have come by then.
bool StreamReader::merge(Cycle now, MoveInScaler& narrow, MoveInScaler& wide, Banks& banks) {
    bool moved = false;
    bool enters = !merging_;
    if (merging_) {
        const bool all_read = bytes_read_ == merged_.size;
        const bool all_sent = sent_ == merged_.useful;
        if (all_read && all_sent) {
            merging_ = false;
            return true;
        }
        const bool sent = !all_sent && send_row(narrow, wide);
        moved = sent;
        if (all_read) {
            if (sent && sent_ == merged_.useful) {
                merging_ = false;
                enters = true;
            }
        } else if (beat_at() <= now) {
            moved = true;
            ++beats_read_;
            bytes_read_ = std::min<std::uint32_t>(bytes_read_ + bus_bytes_, merged_.size);
            if (bytes_read_ == merged_.size) {
                free_id();
                // Beats behind the useful bytes: the transaction is over with the last of them.
                merging_ = !all_sent;
            }
        }
    }
    return (enters && enter(now, narrow, banks)) || moved;
}

// The next transaction, if its first beat is there.
bool StreamReader::enter(Cycle now, MoveInScaler& narrow, Banks& banks) {
    if (arriving_.empty() || arriving_.front().first > now) {
        return false;
    }
    merged_ = arriving_.front();
    arriving_.pop();
    const bool straight = schedules_ && !merged_.accumulator && !merged_.wide && merged_.repeats == 0;
    const unsigned latency = straight ? narrow.undelayed() : 0;
    if (latency != 0 && schedule(now, latency, banks)) {
        return true;
    }
    merging_ = true;
    sent_ = 0;
    beats_read_ = 1;
    bytes_read_ = std::min<std::uint32_t>(bus_bytes_, merged_.size);
    if (bytes_read_ == merged_.size) {
        free_id();
    }
    return true;
}

// What merge() does in the cycles to come, at once, for rows that nothing on their way to the scratchpad can
// delay. False if it takes too long to be scheduled.
bool StreamReader::schedule(Cycle now, unsigned latency, Banks& banks) {
    const unsigned beats = std::max<unsigned>(merged_.size / bus_bytes_, 1);
    const Cycle last_arrival = std::max(merged_.first + merged_.apart * (beats - 1), now);
    const unsigned row_shift = row_shift_[0];
    const std::uint32_t row_bytes = 1U << row_shift;
    if (last_arrival + beats + merged_.useful / row_bytes + 2 + latency >= now + Banks::horizon ||
        ends_.full()) {
        return false;
    }
    Cycle beat_at = now;
    Cycle sent_at = now;
    std::uint32_t beat = 0;
    std::uint32_t sent = 0;
    const auto next_beat = [&] { beat_at = std::max(merged_.first + merged_.apart * ++beat, beat_at + 1); };
    while (sent < merged_.useful) {
        const std::uint32_t wanted =
            std::min<std::uint32_t>(sent + row_bytes, merged_.useful) + merged_.shift;
        while ((beat + 1) * bus_bytes_ < wanted) {
            next_beat();
        }
        sent_at = std::max(sent_at, beat_at) + 1;
        const std::uint32_t row =
            merged_.row + merged_.block_stride * ((merged_.row_offset + sent) >> row_shift);
        sent =
            std::min<std::uint32_t>(sent + row_bytes - (sent == 0 ? merged_.row_offset : 0), merged_.useful);
        banks.schedule_write(row & scratchpad_mask_, sent == merged_.useful, sent_at + latency);
    }
    ends_.push({sent_at + latency, merged_.useful, merged_.tracker});
    while (beat + 1 < beats) {
        next_beat();
    }
    last_beat_at_ = beat_at;
    beats_left_ = beat_at > now;
    if (!beats_left_) {
        free_id();
    }
    if (beat_at < sent_at) {
        enters_at_ = sent_at;
    } else {
        enters_at_ = beat_at > sent_at ? beat_at + 1 : sent_at + 2;
    }
    return true;
}

}  // namespace partita::chip::gemmini
