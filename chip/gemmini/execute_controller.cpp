#include "chip/gemmini/execute_controller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace partita::chip::gemmini {

namespace {

// Rows of a tile that is fed through the transposer are its columns.
unsigned fed_rows(const Tile& tile, bool transposed) {
    return transposed ? tile.columns : tile.rows;
}

}  // namespace

ExecuteController::ExecuteController(const Config& config, const Geometry& geometry,
                                     const ReservationStation& station)
    : geometry_(&geometry),
      station_(&station),
      side_(geometry.side),
      least_rows_(config.least_phase_rows),
      read_latency_(config.scratchpad_read_delay + 1),
      scale_latency_(config.store_scale_latency),
      mesh_latency_((2 * config.mesh_side - 1) * (config.tile_latency + 1) + config.mesh_output_delay),
      hazards_possible_(config.execute_reads_accumulator || config.execute_writes_scratchpad),
      arriving_(config.transpose_queue),
      queue_(config.execute_queue),
      results_(std::size_t{mesh_latency_} + read_latency_ + scale_latency_ + 8),
      tags_(std::size_t{5} * (config.tile_latency + 1) + 1) {}

unsigned ExecuteController::find_completion(Cycle now) {
    in_progress_ = !tags_.empty();
    config_now_ = false;
    if (result_at_ == now && results_.front().last) {
        return results_.front().entry;
    }
    for (unsigned& pending : pending_) {
        if (pending != no_entry) {
            return std::exchange(pending, no_entry);
        }
    }
    if (state_ == State::waiting && !in_progress_ && !queue_.empty() &&
        queue_.front().kind == Kind::config_execute) {
        config_now_ = true;
        return queue_.front().entry;
    }
    return no_entry;
}

bool ExecuteController::write_result(Banks& banks) {
    const Result& result = results_.front();
    if (result.writes) {
        banks.write_scratchpad(result.row);
    }
    if (result.last) {
        tag_leaves_ = true;
        quiet_ = false;
    }
    results_.pop();
    result_at_ = results_.empty() ? never : results_.front().at;
    return true;
}

bool ExecuteController::advance(Cycle now, Banks& banks) {
    const bool room = !queue_.full();
    bool moved = false;
    switch (state_) {
        case State::waiting:
            moved = !queue_.empty() && decide(now, banks);
            break;
        case State::feeding:
            wakes_at_ = now + 1;
            moved = feed(now, banks);
            break;
        case State::flush:
            wakes_at_ = now + side_;
            state_ = State::flushing;
            moved = true;
            break;
        case State::flushing:
            if (now == wakes_at_) {
                wakes_at_ = never;
                state_ = State::waiting;
                moved = true;
            }
            break;
    }
    if (!arriving_.empty() && room) {
        moved |= unroll(room);
    }
    if (tag_leaves_) {
        tags_.pop();
        tag_leaves_ = false;
        return true;
    }
    quiet_ = !moved && pending_[0] == no_entry && pending_[1] == no_entry;
    return moved;
}

LocalAddress ExecuteController::weights_of(const Queued& queued) const {
    return queued.role == Role::result_only ? garbage_address() : command(queued).preload().weights.local;
}

LocalAddress ExecuteController::result_of(const Queued& queued) const {
    return queued.role == Role::weights_only ? garbage_address() : command(queued).preload().result.local;
}

// Whether an operand is a row that a result is still on its way to; only where operands and results can share
// a memory.
bool ExecuteController::hazard(const Queued& preload, const Queued& compute) const {
    if (!hazards_possible_ || is_preload(compute) || !is_compute(compute.kind)) {
        return false;
    }
    const LocalAddress operands[] = {weights_of(preload), command(compute).compute().input.local,
                                     command(compute).compute().bias.local};
    for (std::size_t place = 0; place < tags_.size(); ++place) {
        for (const LocalAddress& local : operands) {
            if (!local.garbage && same_row(local, tags_[place])) {
                return true;
            }
        }
    }
    return false;
}

void ExecuteController::configure(const ConfigExecute& update) {
    a_stride_ = update.a_stride;
    c_stride_ = update.c_stride;
    if (!update.set_only_strides) {
        transpose_a_ = update.transpose_a;
        transpose_b_ = update.transpose_b;
    }
}

// A phase begins with the cycle in which its commands are there, and feeds its first row in it.
bool ExecuteController::decide(Cycle now, Banks& banks) {
    const Queued& head = queue_.front();
    const std::size_t visible = queue_.size();
    if (head.kind == Kind::config_execute) {
        if (config_now_) {
            configure(std::get<ConfigExecute>(command(head).operands));
            queue_.pop();
            return true;
        }
        if (in_progress_) {
            state_ = State::flush;
            return true;
        }
        return false;
    }
    if (tags_.full()) {
        return false;
    }
    if (is_preload(head)) {
        if (visible < 2 || hazard(head, queue_[1])) {
            return false;
        }
        begin(-1, 0, now);
    } else {
        const bool needs_third = transpose_a_ || hazards_possible_;
        const bool overlaps = visible > 1 && is_preload(queue_[1]) &&
                              (!needs_third || (visible > 2 && !hazard(queue_[1], queue_[2])));
        begin(0, overlaps ? 1 : -1, now);
    }
    find_banks(banks);
    wakes_at_ = now + 1;
    feed(now, banks);
    return true;
}

ExecuteController::Operand ExecuteController::operand(const Tile& tile, bool wanted) const {
    Operand made;
    made.present = wanted && !tile.local.garbage;
    made.row = tile.local.row;
    made.accumulator = tile.local.accumulator;
    made.mask = (tile.local.accumulator ? geometry_->accumulator_rows : geometry_->scratchpad_rows) - 1;
    return made;
}

void ExecuteController::expect_results(const Queued& preload) {
    const Tile& result = command(preload).preload().result;
    const LocalAddress local = result_of(preload);
    if (local.garbage) {
        return;
    }
    const std::uint32_t rows = local.accumulator ? geometry_->accumulator_rows : geometry_->scratchpad_rows;
    next_tag_ = {local.row,     rows - 1, result.rows,       result.columns,
                 preload.entry, true,     local.accumulator, local.accumulate};
    tags_.push(next_tag_);
}

void ExecuteController::begin(int compute_place, int preload_place, Cycle now) {
    compute_place_ = compute_place;
    preload_place_ = preload_place;
    state_ = State::feeding;
    tag_ = next_tag_;
    next_tag_ = {};
    a_ = b_ = d_ = {};
    unsigned rows = 1;
    // A goes through the transposer one phase early.
    const int a_place = preload_place == 0 ? 1 : (transpose_a_ ? 2 : 0);
    const bool feeds_a = compute_place < 0 ? transpose_a_ : (preload_place > 0 || !transpose_a_);
    if (feeds_a && is_compute(queue_[static_cast<std::size_t>(a_place)].kind)) {
        const Tile& input = command(queue_[static_cast<std::size_t>(a_place)]).compute().input;
        a_ = operand(input, true);
        a_.stride = a_stride_;
        a_.end = fed_rows(input, transpose_a_);
        rows = a_.present ? std::max(rows, a_.end) : rows;
    }
    if (compute_place >= 0) {
        const Tile& bias = command(queue_[static_cast<std::size_t>(compute_place)]).compute().bias;
        b_ = operand(bias, true);
        b_.end = bias.rows;
        rows = b_.present ? std::max(rows, b_.end) : rows;
    }
    if (preload_place >= 0) {
        const Queued& preload = queue_[static_cast<std::size_t>(preload_place)];
        Tile weights = command(preload).preload().weights;
        weights.local = weights_of(preload);
        d_ = operand(weights, true);
        // The last row goes first, so that the first row settles in the mesh's first row.
        d_.row += side_ - 1;
        d_.stride = ~std::uint32_t{0};
        d_.first = side_ - fed_rows(weights, transpose_b_);
        d_.end = side_;
        expect_results(preload);
    }
    const bool short_phase = !d_.present && !transpose_a_ && !transpose_b_;
    total_rows_ = short_phase ? std::max(rows, least_rows_) : side_;
    rows_complete_ = 0;
    phase_first_ = now;
    const Cycle gap = now - last_fed_ - 1;
    lag_ = lag_ > gap ? lag_ - static_cast<unsigned>(gap) : 0;
}

bool ExecuteController::same_bank(const Operand& left, const Operand& right, const Banks& banks) const {
    if (!left.present || !right.present || left.accumulator != right.accumulator) {
        return false;
    }
    return left.accumulator || banks.scratchpad_bank(left.place()) == banks.scratchpad_bank(right.place());
}

// Feeds the operand's next row if its bank gives it. Sets `waits` if a bank does not.
bool ExecuteController::fire(Operand& operand, Cycle now, Banks& banks, bool& waits) {
    if (operand.reads()) {
        const std::uint32_t place = operand.place();
        if (operand.accumulator) {
            if (!banks.accumulator_gives(place, now)) {
                waits = true;
                return false;
            }
            lag_ = std::max(lag_, read_latency_ + scale_latency_);
        } else {
            if (banks.scratchpad_written(place)) {
                waits = true;
                return false;
            }
            banks.read_scratchpad(place);
            reads_now_ = true;
        }
    }
    ++operand.fed;
    return true;
}

// Most phases read A and the weights from two banks and have no bias.
void ExecuteController::find_banks(const Banks& banks) {
    const auto bank_of = [&](Operand operand, std::uint64_t& bank) {
        if (!operand.present) {
            bank = 0;
            return true;
        }
        bank = banks.scratchpad_bit(operand.place());
        operand.fed = total_rows_ - 1;
        return !operand.accumulator && bank == banks.scratchpad_bit(operand.place());
    };
    plain_ = !b_.present && bank_of(a_, a_bank_) && bank_of(d_, d_bank_) && (a_bank_ & d_bank_) == 0;
}

// One cycle of a phase, quickly where all operands are at the same row and no bank is in the way, or where
// only the weights' bank is.
bool ExecuteController::feed(Cycle now, Banks& banks) {
    if (!plain_ || a_.fed != b_.fed) {
        return feed_each(now, banks);
    }
    const std::uint64_t weights = d_.reads() ? d_bank_ : 0;
    if (a_.fed != d_.fed) {
        if (a_.fed != d_.fed + 1 || !banks.any_written(weights)) {
            return feed_each(now, banks);
        }
        waits_ = {false, false, true};
        wakes_at_ = std::max(now + 1, banks.free_from(weights, now + 1));
        conflict_cycles_ += wakes_at_ - std::max(now, conflicts_until_);
        conflicts_until_ = wakes_at_;
        return false;
    }
    const std::uint64_t needed = (a_.reads() ? a_bank_ : 0) | weights;
    if (banks.any_written(needed)) {
        return feed_each(now, banks);
    }
    banks.read_banks(needed);
    waits_ = {};
    lag_ = std::max(lag_, needed != 0 ? read_latency_ : 1U);
    row_complete(now + lag_ + 1, banks);
    a_.fed = b_.fed = d_.fed = ++rows_complete_;
    if (rows_complete_ == total_rows_) {
        end_phase(now);
    }
    return true;
}

// No operand may be more than one row ahead of another, and of two in the same bank A goes before D (the
// bias) and D before B (the weights).
bool ExecuteController::feed_each(Cycle now, Banks& banks) {
    const bool a_ahead = a_.fed > b_.fed || a_.fed > d_.fed;
    const bool b_ahead = b_.fed > a_.fed || b_.fed > d_.fed || (b_.fed == a_.fed && same_bank(a_, b_, banks));
    const bool d_ahead = d_.fed > a_.fed || d_.fed > b_.fed ||
                         (d_.fed == a_.fed && same_bank(a_, d_, banks)) ||
                         (d_.fed == b_.fed && same_bank(b_, d_, banks));
    reads_now_ = false;
    waits_ = {};
    bool moved = !a_ahead && fire(a_, now, banks, waits_.a);
    moved |= !b_ahead && fire(b_, now, banks, waits_.b);
    moved |= !d_ahead && fire(d_, now, banks, waits_.d);
    if ((waits_.a || waits_.b || waits_.d) && now >= conflicts_until_) {
        ++conflict_cycles_;
    }
    lag_ = std::max(lag_, reads_now_ ? read_latency_ : 1U);
    const unsigned complete = std::min({a_.fed, b_.fed, d_.fed});
    if (complete != rows_complete_) {
        row_complete(now + lag_ + 1, banks);
        rows_complete_ = complete;
        if (complete == total_rows_) {
            end_phase(now);
        }
    }
    return moved;
}

// A row of all operands enters the mesh in cycle `enters`.
void ExecuteController::row_complete(Cycle enters, Banks& banks) {
    if (!tag_.valid) {
        return;
    }
    ++array_cycles_;
    const Cycle at = enters + mesh_latency_;
    const bool last = rows_complete_ + 1 == total_rows_;
    bool writes = rows_complete_ < tag_.rows;
    const std::uint32_t row = (tag_.row + rows_complete_ * c_stride_) & tag_.mask;
    if (writes && tag_.accumulator) {
        banks.schedule_result(row, tag_.accumulate, at);
        writes = false;
    }
    if (!last && !writes) {
        return;
    }
    if (results_.empty()) {
        result_at_ = at;
    }
    results_.push({at, row, tag_.entry, writes, last});
}

void ExecuteController::end_phase(Cycle now) {
    has_fed_ = true;
    fed_ = {phase_first_, now, Kind::preload};
    last_fed_ = now;
    state_ = State::waiting;
    wakes_at_ = never;
    waits_ = {};
    unsigned next_pending = 0;
    if (compute_place_ >= 0) {
        const Queued& queued = queue_[static_cast<std::size_t>(compute_place_)];
        fed_.kind = queued.kind;
        if (queued.role == Role::whole) {
            pending_[next_pending] = queued.entry;
        }
        ++next_pending;
        if (tag_.valid) {
            const Tile& input = command(queued).compute().input;
            multiply_adds_ += std::uint64_t{tag_.rows} * tag_.columns * input.columns;
        }
    }
    if (preload_place_ >= 0) {
        const Queued& queued = queue_[static_cast<std::size_t>(preload_place_)];
        if (queued.role != Role::weights_only && result_of(queued).garbage) {
            pending_[next_pending] = queued.entry;
        }
    }
    queue_.pop();
    if (compute_place_ >= 0 && preload_place_ >= 0) {
        queue_.pop();
    }
}

// From the station to the queue, one command a cycle. With B transposed a preload and its compute become:
// preload of B without result, compute that keeps the weights, preload of the result without weights,
// compute.
bool ExecuteController::unroll(bool room) {
    if (!room) {
        return false;
    }
    const auto kind_of = [this](std::uint8_t entry) { return station_->command(Queue::execute, entry).kind; };
    const std::uint8_t head = arriving_.front();
    switch (unroll_) {
        case Unroll::first_compute:
            queue_.push({arriving_[1], Role::stay, Kind::compute_accumulated});
            unroll_ = Unroll::second_preload;
            return true;
        case Unroll::second_preload:
            queue_.push({head, Role::result_only, Kind::preload});
            unroll_ = Unroll::idle;
            arriving_.pop();
            return true;
        case Unroll::idle:
            break;
    }
    const Kind kind = kind_of(head);
    if (kind == Kind::preload && unroll_transposes_) {
        if (arriving_.size() < 2) {
            return false;
        }
        if (kind_of(arriving_[1]) == Kind::compute_preloaded) {
            queue_.push({head, Role::weights_only, Kind::preload});
            unroll_ = Unroll::first_compute;
            return true;
        }
    }
    if (kind == Kind::config_execute) {
        const auto& update = std::get<ConfigExecute>(station_->command(Queue::execute, head).operands);
        unroll_transposes_ = update.set_only_strides ? unroll_transposes_ : update.transpose_b;
    }
    queue_.push({head, Role::whole, kind});
    arriving_.pop();
    return true;
}

std::string ExecuteController::state() const {
    if (queue_.empty()) {
        return arriving_.empty() && tags_.empty()
                   ? "idle"
                   : fmt::format("{} results outstanding in the mesh", tags_.size());
    }
    const std::string head = describe(command(queue_.front()));
    switch (state_) {
        case State::feeding:
            return fmt::format("{}: {} of {} rows fed{}", head, rows_complete_, total_rows_,
                               waits_.a || waits_.d ? ", waits for a scratchpad bank" : "");
        case State::flush:
        case State::flushing:
            return fmt::format("{} waits for the mesh to empty", head);
        case State::waiting:
            break;
    }
    return is_preload(queue_.front()) && queue_.size() < 2 ? fmt::format("{} waits for its compute", head)
                                                           : head;
}

}  // namespace partita::chip::gemmini
