#include "chip/gemmini/loop_unroller.hpp"

#include <fmt/format.h>

#include <bit>

namespace partita::chip::gemmini {

LoopUnroller::LoopUnroller(const Config& config, const Geometry& geometry)
    : geometry_(&geometry),
      configuration_(geometry),
      most_{config.reservation_load, config.reservation_store, config.reservation_execute} {}

void LoopUnroller::take(const Command& command) {
    if (command.kind != Kind::loop) {
        configuration_.configure(command);
        return;
    }
    Slot& slot = slots_[slots_[head_].configured ? head_ ^ 1U : head_];
    slot.loop = configuration_.start(command);
    slot.configured = true;
    restless_ = loops_change_ = true;
}

bool LoopUnroller::execute_may_go() const {
    const MoveWalk& a = walks_[load_a];
    const MoveWalk& b = walks_[load_b];
    const unsigned k = execute_walk_.k();
    const bool a_ahead =
        passed(load_a, execute) || a.outer() > k || (a.outer() == k && a.inner() > execute_walk_.i());
    // The second term looks at the k of A, not of B, as the hardware does.
    const bool b_ahead =
        passed(load_b, execute) || b.outer() > k || (a.outer() == k && b.inner() > execute_walk_.j());
    return a_ahead && b_ahead && passed(load_d, execute);
}

bool LoopUnroller::store_may_go() const {
    if (passed(execute, store_c)) {
        return true;
    }
    const MoveWalk& c = walk(store_c);
    const unsigned last_k = slots_[slot_of_[store_c]].loop.registers.bounds.k - 1U;
    const unsigned end = c.outer() + c.tiles();
    return execute_walk_.k() == last_k &&
           (execute_walk_.j() >= end || (execute_walk_.j() == end - 1 && execute_walk_.i() > c.inner()));
}

// Of the two operands' units the one of the older loop; within a loop the one whose operand is needed first.
LoopUnroller::Unit LoopUnroller::choose_load() const {
    const MoveWalk& a = walks_[load_a];
    const MoveWalk& b = walks_[load_b];
    if (slot_of_[load_a] != slot_of_[load_b]) {
        return slot_of_[load_a] == head_ ? load_a : load_b;
    }
    if (!working(load_a)) {
        return load_b;
    }
    if (!working(load_b)) {
        return load_a;
    }
    return a.outer() > b.outer() || (b.outer() == 0 && b.inner() == 0) ? load_b : load_a;
}

// The unit that has the output in this cycle, or none.
LoopUnroller::Unit LoopUnroller::choose() const {
    if (working(store_c) && !walk(store_c).done() && !overloaded(Queue::store) && store_may_go()) {
        return store_c;
    }
    if (working(execute) && !overloaded(Queue::execute) && execute_may_go()) {
        return execute;
    }
    if (overloaded(Queue::load)) {
        return units;
    }
    if (working(load_d) && !walks_[load_d].done()) {
        return load_d;
    }
    const Unit load = choose_load();
    return working(load) && !walks_[load].done() ? load : units;
}

Command LoopUnroller::emit(Unit unit) {
    if (unit == execute) {
        const Command command = execute_walk_.command();
        execute_walk_.advance();
        ++outstanding_[static_cast<unsigned>(Queue::execute)];
        return command;
    }
    const Command command = walk(unit).command();
    walk(unit).advance();
    ++outstanding_[static_cast<unsigned>(unit == store_c ? Queue::store : Queue::load)];
    return command;
}

void LoopUnroller::begin(Unit unit, unsigned slot) {
    const Loop& loop = slots_[slot].loop;
    switch (unit) {
        case load_a:
            walks_[load_a] = MoveWalk::load_a(loop, *geometry_);
            break;
        case load_b:
            walks_[load_b] = MoveWalk::load_b(loop, *geometry_);
            break;
        case load_d:
            walks_[load_d] = MoveWalk::load_d(loop, *geometry_);
            break;
        case execute:
            execute_walk_ = ExecuteWalk(loop, *geometry_);
            break;
        default:
            walk(store_c) = MoveWalk::store_c(loop, *geometry_);
            break;
    }
    slot_of_[unit] = static_cast<std::uint8_t>(slot);
    units_of_[slot] |= 1U << unit;
    units_of_[slot ^ 1U] &= ~(1U << unit);
    active_ |= 1U << unit;
    slots_[slot].started |= 1U << unit;
    slots_[slot].running = true;
}

// Units whose next loop is there, as bits.
unsigned LoopUnroller::requests() const {
    const auto wanted = [](const Slot& slot) {
        if (!slot.configured) {
            return 0U;
        }
        unsigned may = 1U << load_a | 1U << load_b | 1U << load_d;
        if ((slot.started & may) == may) {
            may |= 1U << execute;
        }
        if ((slot.started >> execute & 1) != 0) {
            may |= 1U << store_c;
        }
        return may & ~slot.started;
    };
    const Slot& older = slots_[head_];
    const Slot& newer = slots_[head_ ^ 1U];
    return wanted(older) | (older.started & wanted(newer));
}

// Ends and begins of units and loops, by what the registers held at the beginning of the cycle but for
// `active_`, which is given. True if anything changed.
bool LoopUnroller::change_loops(unsigned working_before) {
    const unsigned idle = ~working_before & all_units;
    const unsigned free_units = requests() & idle;
    unsigned ended[2];
    for (unsigned slot = 0; slot < 2; ++slot) {
        const Slot& own = slots_[slot];
        ended[slot] = own.running ? idle & units_of_[slot] & own.started & ~own.completed : 0;
    }
    const bool head_ends = slots_[head_].running && slots_[head_].completed == all_units;
    if ((free_units | ended[0] | ended[1]) == 0 && !head_ends) {
        return false;
    }
    slots_[0].completed |= ended[0];
    slots_[1].completed |= ended[1];
    const unsigned started = slots_[head_].started;
    for (unsigned left = free_units; left != 0; left &= left - 1) {
        const auto unit = static_cast<Unit>(std::countr_zero(left));
        begin(unit, (started >> unit & 1) != 0 ? head_ ^ 1U : head_);
    }
    if (head_ends) {
        Slot& old = slots_[head_];
        old.configured = old.running = false;
        old.started = old.completed = 0;
        head_ ^= 1U;
    }
    return true;
}

bool LoopUnroller::step(bool room, Command& command, bool& moved) {
    const unsigned working_before = active_;
    const Unit unit = room ? choose() : units;
    wants_room_ = !room;
    bool changed = false;
    if (unit != units) {
        command = emit(unit);
        changed = true;
    }
    if (changed || loops_change_) {
        for (unsigned each = 0; each < units; ++each) {
            const bool done = each == execute ? execute_walk_.done() : walk(static_cast<Unit>(each)).done();
            if ((working_before >> each & 1) != 0 && done) {
                active_ &= ~(1U << each);
                changed = loops_change_ = true;
            }
        }
    }
    if (loops_change_) {
        const bool more = active_ != working_before;
        loops_change_ = change_loops(working_before) || more;
        changed |= loops_change_;
    }
    restless_ = changed;
    moved |= changed;
    return unit != units;
}

std::string LoopUnroller::state() const {
    std::string text;
    for (const unsigned slot : {head_, head_ ^ 1U}) {
        if (!slots_[slot].configured) {
            continue;
        }
        const LoopBounds& bounds = slots_[slot].loop.registers.bounds;
        text += fmt::format("{}loop of {} x {} x {} tiles", text.empty() ? "" : ", ", bounds.i, bounds.j,
                            bounds.k);
        if (working(execute) && slot_of_[execute] == slot) {
            text += fmt::format(" (computes i {}, j {}, k {})", execute_walk_.i(), execute_walk_.j(),
                                execute_walk_.k());
        }
    }
    return text;
}

}  // namespace partita::chip::gemmini
