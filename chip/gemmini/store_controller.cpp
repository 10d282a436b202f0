#include "chip/gemmini/store_controller.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace partita::chip::gemmini {

StoreController::StoreController(const Config& config, const Geometry& geometry)
    : geometry_(&geometry),
      input_bytes_(geometry.input_bytes),
      scratchpad_latency_(config.scratchpad_read_delay + 1),
      scale_latency_(config.store_scale_latency),
      unit_cycles_(config.store_scale_units == 0
                       ? 0
                       : (geometry.side + config.store_scale_units - 1) / config.store_scale_units),
      commands_(config.store_queue),
      tracker_(geometry.commands_in_flight),
      requests_(std::size_t{config.store_issue_queue} + 2 * (std::size_t{config.scratchpad_read_delay} + 2) +
                config.store_dispatch_queue),
      depth_{config.store_issue_queue, config.scratchpad_read_delay + 2, config.scratchpad_read_delay + 2,
             config.store_dispatch_queue},
      normalizer_depth_(config.normalizer_queue),
      writer_(config) {}

StoreController::RowRequest& StoreController::oldest(Stage stage) {
    std::size_t place = 0;
    for (unsigned before = issue; before < stage; ++before) {
        place += count_[before];
    }
    return requests_[place];
}

// Shared scale units take their columns one after the other; a unit for each column takes a row a cycle.
Cycle StoreController::scaled_at(Cycle now) {
    if (unit_cycles_ == 0) {
        return now + scale_latency_;
    }
    unit_free_ = std::max(unit_free_, now + 1) + unit_cycles_;
    return unit_free_ + scale_latency_;
}

// Reads a local row if its port is free.
bool StoreController::read(RowRequest& request, Cycle now, Banks& banks) {
    if (request.accumulator) {
        if (!banks.accumulator_gives(request.row, now)) {
            return false;
        }
        ++read_rows_;
    } else {
        if (banks.scratchpad_busy(request.row)) {
            return false;
        }
        banks.read_scratchpad(request.row);
        request.data_at = now + scratchpad_latency_;
        ++scratchpad_reads_;
    }
    tracker_.moved(request.tracker, 1);
    return true;
}

bool StoreController::advance(Cycle now, Banks& banks, DmaPort& port) {
    // What the queues hold at the beginning of the cycle decides what moves; only the issue queue takes a
    // request in the cycle in which it gives one.
    const bool dispatch_room = count_[dispatch] < depth_[dispatch];
    const bool normalize_room = count_[normalize] < depth_[normalize];
    const bool scale_room = count_[scale] < depth_[scale];
    const bool normalizer_room = normalized_ < normalizer_depth_;
    const bool has_scale = count_[scale] != 0;
    const bool has_normalize = count_[normalize] != 0;

    bool moved = writer_.step(now, port);
    if (count_[issue] != 0 && writer_.accepts() && requests_.front().data_at <= now) {
        const RowRequest& request = requests_.front();
        writer_.push(request.address, request.bytes, request.last);
        scratchpad_reads_ -= request.accumulator ? 0 : 1;
        requests_.pop();
        --count_[issue];
        moved = true;
    }
    if (has_scale && count_[issue] < depth_[issue]) {
        RowRequest& request = oldest(scale);
        if (request.accumulator) {
            request.data_at = scaled_at(now);
            --normalized_;
        }
        --count_[scale];
        ++count_[issue];
        moved = true;
    }
    if (has_normalize && scale_room) {
        const bool accumulator = oldest(normalize).accumulator;
        if (!accumulator || normalizer_room) {
            if (accumulator) {
                ++normalized_;
                --read_rows_;
            }
            --count_[normalize];
            ++count_[scale];
            moved = true;
        }
    }
    if (count_[dispatch] != 0 && normalize_room) {
        // What has been read must have left the memory's output register by the end of the cycle.
        RowRequest& request = oldest(dispatch);
        const bool register_free =
            request.accumulator ? read_rows_ == 0 : scratchpad_reads_ < scratchpad_latency_;
        if (register_free) {
            if (read(request, now, banks)) {
                --count_[dispatch];
                ++count_[normalize];
            }
            moved = true;  // or the port is taken in this cycle
        }
    }
    refused_ = false;
    if (!commands_.empty()) {
        moved |= control(dispatch_room, now);
    }
    quiet_until_ = moved ? 0 : next();
    return moved;
}

void StoreController::send() {
    const Move& move = commands_.front().command.move();
    const unsigned side = geometry_->side;
    const unsigned blocks = (move.tile.columns + side - 1U) / side;
    const bool full = move.tile.local.full_width && move.tile.local.accumulator;
    RowRequest request;
    request.address = move.memory + row_ * stride_;
    request.row = row_after(move.tile.local, block_ * side + row_, *geometry_);
    request.accumulator = move.tile.local.accumulator;
    request.last = block_ + 1 == blocks;
    const unsigned columns = request.last ? move.tile.columns : (block_ + 1) * side;
    request.bytes = columns * (full ? geometry_->accumulator_bytes : input_bytes_);
    request.tracker = tracker_place_;
    requests_.push(request);
    ++count_[dispatch];
    if (++block_ == blocks) {
        block_ = 0;
        ++row_;
    }
}

bool StoreController::control(bool dispatch_room, Cycle now) {
    const Queued& queued = commands_.front();
    if (state_ == State::waiting) {
        if (queued.command.kind == Kind::config_store) {
            stride_ = std::get<ConfigStore>(queued.command.operands).stride;
            commands_.pop();
            return true;
        }
        if (tracker_.full()) {
            return false;
        }
        const Tile& tile = queued.command.move().tile;
        const unsigned blocks = (tile.columns + geometry_->side - 1U) / geometry_->side;
        tracker_place_ =
            static_cast<std::uint8_t>(tracker_.begin(queued.entry, std::uint64_t{tile.rows} * blocks, now));
        row_ = block_ = 0;
        refused_ = !dispatch_room;
        if (dispatch_room) {
            send();
        }
        state_ = dispatch_room ? State::sending : State::waiting_for_dispatch;
        return true;
    }
    if (state_ == State::waiting_for_dispatch) {
        refused_ = !dispatch_room;
        if (!dispatch_room) {
            return false;
        }
        send();
        state_ = State::sending;
        return true;
    }
    // A command of one request is over in the cycle after it; others with their last request.
    const Tile& tile = queued.command.move().tile;
    if (row_ < tile.rows) {
        refused_ = !dispatch_room;
        if (!dispatch_room) {
            return false;
        }
        send();
        if (row_ < tile.rows) {
            return true;
        }
    }
    state_ = State::waiting;
    commands_.pop();
    return true;
}

Cycle StoreController::next() const {
    const Cycle data = count_[issue] != 0 && writer_.accepts() ? requests_.front().data_at : never;
    return std::min(data, writer_.next());
}

std::string StoreController::state() const {
    if (!busy() && !draining()) {
        return "idle";
    }
    if (commands_.empty()) {
        return fmt::format("{} rows on their way, {} transactions not acknowledged", requests_.size(),
                           writer_.outstanding());
    }
    return fmt::format("{}: row {}, {} rows on their way, {} transactions not acknowledged",
                       describe(commands_.front().command), row_, requests_.size(), writer_.outstanding());
}

}  // namespace partita::chip::gemmini
