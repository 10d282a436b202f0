#include "chip/gemmini/loop.hpp"

#include <algorithm>

#include "chip/base/error.hpp"
#include "fmt/format.h"

namespace partita::chip::gemmini {

namespace {

// The part of a dimension that the last tile leaves out.
unsigned cut(bool last, unsigned padding) {
    return last ? padding : 0;
}

void check(const Loop& loop, std::uint64_t b_end, const Geometry& geometry) {
    const LoopBounds& bounds = loop.registers.bounds;
    if (bounds.i == 0 || bounds.j == 0 || bounds.k == 0) {
        throw ProgramError(fmt::format("LOOP_WS over {} x {} x {} tiles (I, J, K); expected no bound of 0",
                                       bounds.i, bounds.j, bounds.k));
    }
    if (loop.run.transpose_a && loop.run.transpose_b) {
        throw ProgramError("LOOP_WS with both A and B transposed; Gemmini has one transposer");
    }
    const std::uint64_t a_rows = std::uint64_t{bounds.i} * bounds.k * geometry.side;
    const std::uint64_t b_rows = std::uint64_t{bounds.k} * bounds.j * geometry.side;
    const std::uint64_t c_rows = std::uint64_t{bounds.i} * bounds.j * geometry.side;
    const std::uint64_t a_end = loop.a_start + a_rows;
    const bool fits = a_end <= geometry.scratchpad_rows && b_rows <= b_end &&
                      (a_end <= b_end - b_rows || loop.a_start >= b_end);
    if (!fits) {
        throw ProgramError(fmt::format(
            "LOOP_WS over {} x {} x {} tiles (I, J, K): {} rows of A from row {} and {} rows "
            "of B up to row {} do not fit in the scratchpad's {} rows",
            bounds.i, bounds.j, bounds.k, a_rows, loop.a_start, b_rows, b_end, geometry.scratchpad_rows));
    }
    if (c_rows > geometry.accumulator_rows / 2) {
        throw ProgramError(
            fmt::format("LOOP_WS over {} x {} x {} tiles (I, J, K): {} rows of C do not fit in half of the "
                        "accumulator, {} rows",
                        bounds.i, bounds.j, bounds.k, c_rows, geometry.accumulator_rows / 2));
    }
}

}  // namespace

void LoopSlots::configure(const Command& command) {
    LoopRegisters& slot = slots_[next_];
    switch (command.kind) {
        case Kind::loop_bounds:
            slot.bounds = std::get<LoopBounds>(command.operands);
            break;
        case Kind::loop_addresses_ab:
            slot.addresses_ab = std::get<LoopPair>(command.operands);
            break;
        case Kind::loop_addresses_dc:
            slot.addresses_dc = std::get<LoopPair>(command.operands);
            break;
        case Kind::loop_strides_ab:
            slot.strides_ab = std::get<LoopPair>(command.operands);
            break;
        case Kind::loop_strides_dc:
            slot.strides_dc = std::get<LoopPair>(command.operands);
            break;
        default:
            break;
    }
}

Loop LoopSlots::start(const Command& command) {
    Loop loop;
    loop.registers = slots_[next_];
    loop.run = std::get<LoopRun>(command.operands);
    loop.slot = next_;
    loop.c_start = c_start_;
    const std::uint32_t half = geometry_->scratchpad_rows / 2;
    const unsigned a_half = loop.run.a_half != 0 ? loop.run.a_half : loop.slot + 1;
    const unsigned b_half = loop.run.b_half != 0 ? loop.run.b_half : loop.slot + 1;
    loop.a_start = (a_half - 1) * half;
    const std::uint32_t b_end = b_half * half;
    check(loop, b_end, *geometry_);
    const LoopBounds& bounds = loop.registers.bounds;
    loop.b_start = b_end - std::uint32_t{bounds.k} * bounds.j * geometry_->side;
    next_ ^= 1;
    if (loop.registers.addresses_dc.second != 0) {
        c_start_ ^= geometry_->accumulator_rows / 2;
    }
    return loop;
}

MoveWalk MoveWalk::load_a(const Loop& loop, const Geometry& geometry) {
    const LoopBounds& bounds = loop.registers.bounds;
    const bool transposed = loop.run.transpose_a;
    MoveWalk walk;
    walk.memory_ = loop.registers.addresses_ab.first;
    walk.done_ = walk.memory_ == 0;
    walk.stride_ = loop.registers.strides_ab.first;
    walk.start_.row = loop.a_start;
    walk.channel_ = 0;
    walk.column_is_inner_ = transposed;
    walk.element_bytes_ = geometry.input_bytes;
    walk.side_ = geometry.side;
    walk.rows_ = transposed ? bounds.k : bounds.i;
    walk.columns_ = transposed ? bounds.i : bounds.k;
    walk.row_padding_ = transposed ? bounds.pad_k : bounds.pad_i;
    walk.column_padding_ = transposed ? bounds.pad_i : bounds.pad_k;
    walk.most_tiles_ = std::min(walk.columns_, geometry.block_length);
    return walk;
}

MoveWalk MoveWalk::load_b(const Loop& loop, const Geometry& geometry) {
    const LoopBounds& bounds = loop.registers.bounds;
    const bool transposed = loop.run.transpose_b;
    MoveWalk walk;
    walk.memory_ = loop.registers.addresses_ab.second;
    walk.done_ = walk.memory_ == 0;
    walk.stride_ = loop.registers.strides_ab.second;
    walk.start_.row = loop.b_start;
    walk.channel_ = 1;
    walk.column_is_inner_ = !transposed;
    walk.element_bytes_ = geometry.input_bytes;
    walk.side_ = geometry.side;
    walk.rows_ = transposed ? bounds.j : bounds.k;
    walk.columns_ = transposed ? bounds.k : bounds.j;
    // LoopMatmul.scala compares max_row_iterator with itself, so the last tile's rows are never cut off.
    walk.row_padding_ = 0;
    walk.column_padding_ = transposed ? bounds.pad_k : bounds.pad_j;
    walk.most_tiles_ = std::min(walk.columns_, geometry.block_length);
    return walk;
}

MoveWalk MoveWalk::load_d(const Loop& loop, const Geometry& geometry) {
    const LoopBounds& bounds = loop.registers.bounds;
    MoveWalk walk;
    walk.memory_ = loop.registers.addresses_dc.first;
    walk.done_ = walk.memory_ == 0;
    walk.stride_ = loop.registers.strides_dc.first;
    walk.start_.row = loop.c_start;
    walk.start_.accumulator = true;
    walk.channel_ = 2;
    walk.element_bytes_ = loop.run.low_d ? geometry.input_bytes : geometry.accumulator_bytes;
    walk.side_ = geometry.side;
    walk.rows_ = bounds.i;
    walk.columns_ = bounds.j;
    walk.row_padding_ = bounds.pad_i;
    walk.column_padding_ = bounds.pad_j;
    walk.most_tiles_ =
        std::min(walk.columns_, loop.run.low_d ? geometry.block_length : geometry.accumulator_block_length);
    return walk;
}

MoveWalk MoveWalk::store_c(const Loop& loop, const Geometry& geometry) {
    const LoopBounds& bounds = loop.registers.bounds;
    MoveWalk walk;
    walk.memory_ = loop.registers.addresses_dc.second;
    walk.done_ = walk.memory_ == 0;
    walk.stride_ = loop.registers.strides_dc.second;
    walk.start_.row = loop.c_start;
    walk.start_.accumulator = true;
    walk.start_.full_width = loop.run.full_c;
    walk.kind_ = Kind::move_out;
    walk.element_bytes_ = loop.run.full_c ? geometry.accumulator_bytes : geometry.input_bytes;
    walk.side_ = geometry.side;
    walk.rows_ = bounds.i;
    walk.columns_ = bounds.j;
    walk.row_padding_ = bounds.pad_i;
    walk.column_padding_ = bounds.pad_j;
    walk.most_tiles_ = loop.run.full_c ? 1 : std::min(walk.columns_, geometry.block_length);
    return walk;
}

unsigned MoveWalk::tiles() const {
    return std::min(most_tiles_, columns_ - column());
}

Command MoveWalk::command() const {
    const unsigned count = tiles();
    Move move{};
    // Offsets have 32 bits in the hardware, the base has all.
    const std::uint64_t offset = (row() * stride_ + column()) * side_ * element_bytes_;
    move.memory = memory_ + (offset & 0xFFFF'FFFF);
    move.tile.local = start_;
    move.tile.local.row += (row() * columns_ + column()) * side_;
    move.tile.rows = static_cast<std::uint16_t>(side_ - cut(row() + 1 == rows_, row_padding_));
    move.tile.columns =
        static_cast<std::uint16_t>(count * side_ - cut(column() + count >= columns_, column_padding_));
    move.channel = channel_;
    return {kind_, move};
}

void MoveWalk::advance() {
    const unsigned inner_step = column_is_inner_ ? most_tiles_ : 1;
    const unsigned outer_step = column_is_inner_ ? 1 : most_tiles_;
    inner_ += inner_step;
    if (inner_ < (column_is_inner_ ? columns_ : rows_)) {
        return;
    }
    inner_ = 0;
    outer_ += outer_step;
    if (outer_ >= (column_is_inner_ ? rows_ : columns_)) {
        outer_ = 0;
        done_ = true;
    }
}

ExecuteWalk::ExecuteWalk(const Loop& loop, const Geometry& geometry)
    : loop_(loop), side_(geometry.side), done_(false) {}

Command ExecuteWalk::command() const {
    return at_preload_ ? preload() : compute();
}

Command ExecuteWalk::preload() const {
    const LoopBounds& bounds = loop_.registers.bounds;
    const unsigned padding_k = cut(k_ + 1 == bounds.k, bounds.pad_k);
    const unsigned padding_j = cut(j_ + 1 == bounds.j, bounds.pad_j);
    const unsigned padding_i = cut(i_ + 1 == bounds.i, bounds.pad_i);
    Preload preload{};
    if (i_ == 0) {
        const unsigned tile = loop_.run.transpose_b ? j_ * bounds.k + k_ : k_ * bounds.j + j_;
        preload.weights.local.row = loop_.b_start + tile * side_;
    } else {
        preload.weights.local = garbage_address();
    }
    preload.weights.rows = static_cast<std::uint16_t>(side_ - padding_k);
    preload.weights.columns = static_cast<std::uint16_t>(side_ - padding_j);
    preload.result.local.row = loop_.c_start + (i_ * bounds.j + j_) * side_;
    preload.result.local.accumulator = true;
    preload.result.local.accumulate = loop_.run.accumulate || k_ != 0;
    preload.result.rows = static_cast<std::uint16_t>(side_ - padding_i);
    preload.result.columns = static_cast<std::uint16_t>(side_ - padding_j);
    return {Kind::preload, preload};
}

Command ExecuteWalk::compute() const {
    const LoopBounds& bounds = loop_.registers.bounds;
    const unsigned tile = loop_.run.transpose_a ? k_ * bounds.i + i_ : i_ * bounds.k + k_;
    Compute compute{};
    compute.input.local.row = loop_.a_start + tile * side_;
    compute.input.rows = static_cast<std::uint16_t>(side_ - cut(i_ + 1 == bounds.i, bounds.pad_i));
    compute.input.columns = static_cast<std::uint16_t>(side_ - cut(k_ + 1 == bounds.k, bounds.pad_k));
    compute.bias.local = garbage_address();
    compute.bias.rows = static_cast<std::uint16_t>(side_);
    compute.bias.columns = static_cast<std::uint16_t>(side_);
    return {i_ == 0 ? Kind::compute_preloaded : Kind::compute_accumulated, compute};
}

void ExecuteWalk::advance() {
    at_preload_ = !at_preload_;
    if (!at_preload_) {
        return;
    }
    const LoopBounds& bounds = loop_.registers.bounds;
    if (++i_ < bounds.i) {
        return;
    }
    i_ = 0;
    if (++j_ < bounds.j) {
        return;
    }
    j_ = 0;
    if (++k_ == bounds.k) {
        k_ = 0;
        done_ = true;
    }
}

}  // namespace partita::chip::gemmini
