#include "chip/gemmini/load_controller.hpp"

#include <fmt/format.h>

namespace partita::chip::gemmini {

namespace {

// A scale of one in the type of the scale.
std::uint32_t one(Number type) {
    switch (type) {
        case Number::bf16:
            return 0x3f80;
        case Number::fp32:
            return 0x3f80'0000;
        default:
            return 1;
    }
}

}  // namespace

LoadController::LoadController(const Config& config, const Geometry& geometry)
    : side_(geometry.side),
      input_bytes_(geometry.input_bytes),
      accumulator_bytes_(geometry.accumulator_bytes),
      scratchpad_rows_(geometry.scratchpad_rows),
      accumulator_rows_(geometry.accumulator_rows),
      identity_(one(config.load_scale_type)),
      commands_(config.load_queue),
      tracker_(geometry.commands_in_flight),
      reader_(config, geometry),
      narrow_(config.load_scale_latency, config.load_scale_units, geometry.side),
      wide_(config.load_accumulator_scale ? config.load_accumulator_scale_latency : 0,
            config.load_accumulator_scale ? config.load_scale_units : 0, geometry.side) {}

bool LoadController::write_row(const MoveInRow& row, Cycle now, Banks& banks) {
    const std::uint32_t place = wrap(row.row, row.accumulator);
    if (row.accumulator) {
        if (!banks.accumulator_takes(place, row.accumulate, now)) {
            return false;
        }
        banks.write_accumulator(place, row.accumulate, now);
    } else {
        if (banks.scratchpad_written(place)) {
            return false;
        }
        banks.write_scratchpad(place);
    }
    if (row.last) {
        tracker_.moved(row.tracker, row.bytes);
    }
    return true;
}

// The scratchpad's scaler goes first, then the accumulator's, then zeros; only one may end a transaction in a
// cycle.
bool LoadController::write_rows(Cycle now, Banks& banks) {
    bool moved = false;
    const MoveInRow* narrow = narrow_.output(now);
    const bool narrow_ends =
        banks.transaction_ends() || (narrow != nullptr && narrow->last && !narrow->accumulator);
    const bool narrow_to_accumulator = narrow != nullptr && narrow->accumulator;
    bool last = banks.transaction_ends() || (narrow != nullptr && narrow->last);
    if (narrow != nullptr) {
        moved = true;
        if (write_row(*narrow, now, banks)) {
            narrow_.pop();
        }
    }
    const MoveInRow* wide = wide_.output(now);
    if (wide != nullptr) {
        moved = true;
        last |= wide->last;
        if (!narrow_ends && !narrow_to_accumulator && write_row(*wide, now, banks)) {
            wide_.pop();
        }
    }
    if (zero_valid_) {
        moved |= write_zeros(last, narrow_to_accumulator || wide != nullptr, now, banks);
    }
    quiet_until_ = moved ? 0 : quiet_until_;
    return moved;
}

bool LoadController::write_zeros(bool last_elsewhere, bool accumulator_taken, Cycle now, Banks& banks) {
    if (last_elsewhere || (zero_.accumulator && accumulator_taken)) {
        return true;
    }
    MoveInRow row;
    row.row = zero_.row + zero_.block_stride * (zero_columns_ / side_);
    row.accumulator = zero_.accumulator;
    row.accumulate = zero_.accumulate;
    row.tracker = zero_.tracker;
    row.bytes = zero_.bytes;
    row.last = zero_columns_ + side_ >= zero_.columns;
    if (write_row(row, now, banks)) {
        zero_columns_ += side_;
        zero_valid_ = !row.last;
    }
    return true;
}

// The last row of a transaction has been written as scheduled.
void LoadController::end_transaction() {
    const StreamReader::End& end = reader_.ends().front();
    tracker_.moved(end.tracker, end.bytes);
    reader_.ends().pop();
}

bool LoadController::advance(Cycle now, DmaPort& port, Banks& banks) {
    bool moved = narrow_.shift(now);
    moved |= wide_.shift(now);
    if (!reader_.idle()) {
        moved |= reader_.step(now, port, narrow_, wide_, banks);
    }
    refused_ = false;
    if (!commands_.empty()) {
        moved |= control(now);
    }
    quiet_until_ = moved ? 0 : reader_.next();
    return moved;
}

void LoadController::configure(const ConfigLoad& update) {
    channels_[update.channel] = {update.stride, update.block_stride, update.shrink,
                                 update.scale == identity_};
}

// Row `row` of the command goes to the DMA, if that takes it.
bool LoadController::send(unsigned row) {
    if (request_.zeros ? zero_valid_ : !reader_.accepts()) {
        refused_ = true;
        return false;
    }
    const Channel& channel = channels_[commands_.front().command.move().channel];
    RowRequest request = request_;
    request.address += row * channel.stride;
    request.row += row;
    if (request_.zeros) {
        zero_ = request;
        zero_valid_ = true;
        zero_columns_ = 0;
    } else {
        reader_.push(request);
    }
    ++rows_sent_;
    return true;
}

bool LoadController::control(Cycle now) {
    const Queued& queued = commands_.front();
    switch (state_) {
        case State::waiting: {
            if (queued.command.kind == Kind::config_load) {
                configure(std::get<ConfigLoad>(queued.command.operands));
                commands_.pop();
                return true;
            }
            if (tracker_.full()) {
                return false;
            }
            const Move& move = queued.command.move();
            const Channel& channel = channels_[move.channel];
            const bool zeros = move.memory == 0;
            const bool replicate = channel.stride == 0 && !zeros;
            const bool wide = move.tile.local.accumulator && !channel.shrink;
            rows_ = replicate ? 1 : move.tile.rows;
            rows_sent_ = 0;
            request_.address = move.memory;
            request_.row = move.tile.local.row;
            request_.columns = move.tile.columns;
            request_.bytes =
                static_cast<std::uint16_t>(move.tile.columns * (wide ? accumulator_bytes_ : input_bytes_));
            request_.repeats = static_cast<std::uint16_t>(replicate ? move.tile.rows - 1 : 0);
            request_.block_stride = channel.block_stride;
            request_.wide = wide;
            request_.accumulator = move.tile.local.accumulator;
            request_.accumulate = move.tile.local.accumulate;
            request_.identity = channel.identity;
            request_.zeros = zeros;
            request_.tracker = static_cast<std::uint8_t>(
                tracker_.begin(queued.entry, std::uint64_t{request_.bytes} * rows_, now));
            state_ = send(0) ? State::sending : State::waiting_for_dma;
            return true;
        }
        case State::waiting_for_dma:
            if (!send(0)) {
                return false;
            }
            state_ = State::sending;
            return true;
        case State::sending: {
            // A command of one row is over in the cycle after it; others with their last row.
            const bool sent = rows_sent_ < rows_ && send(rows_sent_);
            if (rows_ == 1 || (sent && rows_sent_ == rows_)) {
                state_ = State::waiting;
                commands_.pop();
                return true;
            }
            return sent;
        }
    }
    return false;
}

std::string LoadController::state() const {
    if (!busy()) {
        return "idle";
    }
    if (commands_.empty()) {
        return fmt::format("waits for {} transactions", reader_.outstanding());
    }
    std::string command = describe(commands_.front().command);
    switch (state_) {
        case State::waiting:
            return tracker_.full() ? fmt::format("{} waits for an earlier move-in", command) : command;
        case State::waiting_for_dma:
            return fmt::format("{} waits for the DMA", command);
        case State::sending:
            return fmt::format("{}: {} of {} rows requested", command, rows_sent_, rows_);
    }
    return command;
}

}  // namespace partita::chip::gemmini
