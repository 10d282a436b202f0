#include "chip/gemmini/reservation_station.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace partita::chip::gemmini {

namespace {

unsigned blocks(unsigned columns, unsigned side) {
    return (columns + side - 1) / side;
}

constexpr Queue all_queues[] = {Queue::load, Queue::store, Queue::execute};
constexpr const char* queue_names[] = {"load", "store", "execute"};

}  // namespace

ReservationStation::ReservationStation(const Config& config, const Geometry& geometry)
    : geometry_(&geometry),
      files_{File(config.reservation_load), File(config.reservation_store),
             File(config.reservation_execute)} {}

ReservationStation::Range ReservationStation::range(const LocalAddress& local, unsigned rows) const {
    if (local.garbage) {
        return {};
    }
    const std::uint32_t base = local.accumulator ? geometry_->scratchpad_rows : 0;
    const std::uint32_t size = local.accumulator ? geometry_->accumulator_rows : geometry_->scratchpad_rows;
    // A range that wraps around is taken to reach the end of its memory, as in hardware.
    const std::uint32_t end = std::min(local.row + rows, size);
    return {static_cast<std::int32_t>(base + local.row), static_cast<std::int32_t>(base + end)};
}

void ReservationStation::measure(const Command& command, Range& first, Range& second, bool& writes) {
    writes = false;
    first = second = {};
    switch (command.kind) {
        case Kind::move_in: {
            const Move& move = command.move();
            const unsigned apart = block_strides_[move.channel];
            first = range(move.tile.local,
                          (blocks(move.tile.columns, geometry_->side) - 1) * apart + move.tile.rows);
            break;
        }
        case Kind::move_out: {
            const Tile& tile = command.move().tile;
            first =
                range(tile.local, (blocks(tile.columns, geometry_->side) - 1) * geometry_->side + tile.rows);
            break;
        }
        case Kind::preload: {
            const Preload& preload = command.preload();
            writes = true;
            first = range(preload.result.local, preload.result.rows * c_stride_);
            second = range(preload.weights.local, preload.weights.rows);
            break;
        }
        case Kind::compute_preloaded:
        case Kind::compute_accumulated: {
            const Compute& compute = command.compute();
            first = range(compute.input.local,
                          (transpose_a_ ? compute.input.columns : compute.input.rows) * a_stride_);
            second = range(compute.bias.local, compute.bias.rows);
            break;
        }
        default:
            break;
    }
}

std::uint64_t ReservationStation::overlapping(Queue queue, const std::vector<Range>& ranges,
                                              const Range& with) const {
    std::uint64_t found = 0;
    for (std::uint64_t left = file(queue).valid; left != 0; left &= left - 1) {
        const auto entry = static_cast<unsigned>(std::countr_zero(left));
        const bool overlap = ranges[entry].first < with.end && with.first < ranges[entry].end;
        found |= std::uint64_t{overlap} << entry;
    }
    return found;
}

void ReservationStation::configure(const Command& command) {
    if (command.kind == Kind::config_execute) {
        const auto& update = std::get<ConfigExecute>(command.operands);
        a_stride_ = update.a_stride;
        c_stride_ = update.c_stride;
        if (!update.set_only_strides) {
            transpose_a_ = update.transpose_a;
        }
    } else if (command.kind == Kind::config_load) {
        const auto& update = std::get<ConfigLoad>(command.operands);
        block_strides_[update.channel] = update.block_stride;
    }
}

void ReservationStation::allocate(const Command& command, bool from_loop) {
    const Queue queue = queue_of(command.kind);
    File& own = file(queue);
    const auto place = static_cast<unsigned>(std::countr_one(own.valid));
    Entry& entry = own.entries[place];
    entry.command = command;
    entry.from_loop = from_loop;
    entry.order = order_++;
    entry.waits = {};
    bool writes = false;
    Range& first = own.first[place];
    Range& second = own.second[place];
    measure(command, first, second, writes);
    const auto wait_for = [&](Queue other) -> std::uint64_t& {
        return entry.waits[static_cast<unsigned>(other)];
    };
    switch (queue) {
        case Queue::load:
            wait_for(Queue::execute) = overlapping(Queue::execute, file(Queue::execute).first, first) |
                                       overlapping(Queue::execute, file(Queue::execute).second, first);
            wait_for(Queue::store) = overlapping(Queue::store, file(Queue::store).first, first);
            break;
        case Queue::execute:
            wait_for(Queue::load) = overlapping(Queue::load, file(Queue::load).first, first) |
                                    overlapping(Queue::load, file(Queue::load).first, second);
            if (writes) {
                wait_for(Queue::store) = overlapping(Queue::store, file(Queue::store).first, first);
            }
            break;
        default:
            wait_for(Queue::load) = overlapping(Queue::load, file(Queue::load).first, first);
            wait_for(Queue::execute) =
                overlapping(Queue::execute, file(Queue::execute).first, first) & file(Queue::execute).writes;
            break;
    }
    const std::uint64_t bit = std::uint64_t{1} << place;
    own.valid |= bit;
    own.writes = writes ? own.writes | bit : own.writes & ~bit;
    ++own.used;
    ++used_;
    own.waiting.push(static_cast<std::uint8_t>(place));
    update_ready(queue);
    configure(command);
    if (command.kind == Kind::preload) {
        solitary_preload_ = true;
    } else if (is_compute(command.kind)) {
        solitary_preload_ = false;
    }
}

unsigned ReservationStation::issue(Queue queue) {
    File& own = file(queue);
    const unsigned entry = own.waiting.front();
    own.waiting.pop();
    if (own.entries[entry].command.kind == Kind::config_load ||
        own.entries[entry].command.kind == Kind::config_store) {
        own.valid &= ~(std::uint64_t{1} << entry);
        --own.used;
        --used_;
    }
    update_ready(queue);
    return entry;
}

void ReservationStation::complete(Queue queue, unsigned entry) {
    File& own = file(queue);
    const std::uint64_t keep = ~(std::uint64_t{1} << entry);
    own.valid &= keep;
    --own.used;
    --used_;
    own.first[entry] = own.second[entry] = {};
    for (const Queue other : all_queues) {
        if (other != queue) {
            for (std::uint64_t left = file(other).valid; left != 0; left &= left - 1) {
                file(other)
                    .entries[static_cast<unsigned>(std::countr_zero(left))]
                    .waits[static_cast<unsigned>(queue)] &= keep;
            }
            update_ready(other);
        }
    }
}

std::string ReservationStation::state() const {
    std::string text;
    for (const Queue queue : all_queues) {
        const File& own = file(queue);
        const Entry* oldest = nullptr;
        for (unsigned place = 0; place < own.entries.size(); ++place) {
            const bool valid = (own.valid >> place & 1) != 0;
            if (valid && (oldest == nullptr || own.entries[place].order < oldest->order)) {
                oldest = &own.entries[place];
            }
        }
        text += fmt::format("{}{}: {} of {}", text.empty() ? "" : "; ",
                            queue_names[static_cast<unsigned>(queue)], count(queue), own.entries.size());
        if (oldest == nullptr) {
            continue;
        }
        text += fmt::format(" (oldest {}", describe(oldest->command));
        for (const Queue other : all_queues) {
            const std::uint64_t waits = oldest->waits[static_cast<unsigned>(other)];
            if (waits != 0) {
                text += fmt::format(", waits for {}",
                                    describe(command(other, static_cast<unsigned>(std::countr_zero(waits)))));
            }
        }
        text += ")";
    }
    return text;
}

}  // namespace partita::chip::gemmini
