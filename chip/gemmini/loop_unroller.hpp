#pragma once

// The loop unroller in time (LoopMatmul.scala): two loops in flight, five units that each walk through one of
// them and share one output, and counters that keep the units from filling the reservation station with one
// kind of command.

#include <array>
#include <cstdint>
#include <string>

#include "chip/gemmini/command.hpp"
#include "chip/gemmini/loop.hpp"

namespace partita::chip::gemmini {

class LoopUnroller {
  public:
    LoopUnroller(const Config& config, const Geometry& geometry);

    // A loop is configured: commands that are not a loop's wait.
    bool active() const { return slots_[0].configured || slots_[1].configured; }
    // Whether a command of is_loop would be taken: one of the two slots is free.
    bool takes() const { return !slots_[head_].configured || !slots_[head_ ^ 1U].configured; }
    void take(const Command& command);

    // Whether a step may change anything. `room`: the next queue takes a command.
    bool restless(bool room) const { return restless_ || (room && wants_room_); }
    // One cycle in which a loop is active. If the next queue has room, `command` may be set, and the result
    // is true. `moved` is set if anything changed.
    bool step(bool room, Command& command, bool& moved);
    // A command of a loop has left the reservation station.
    void completed(Queue queue) {
        --outstanding_[static_cast<unsigned>(queue)];
        restless_ = true;
    }

    // Loops in flight; for reports.
    std::string state() const;

  private:
    enum Unit : std::uint8_t { load_a, load_b, load_d, execute, store_c, units };
    static constexpr unsigned all_units = (1U << units) - 1;

    struct Slot {
        Loop loop;
        bool configured = false;
        bool running = false;  // a unit has begun
        unsigned started = 0;  // units, as bits
        unsigned completed = 0;
    };

    bool overloaded(Queue queue) const {
        return outstanding_[static_cast<unsigned>(queue)] >= most_[static_cast<unsigned>(queue)];
    }
    bool working(Unit unit) const { return (active_ >> unit & 1) != 0; }
    // Whether a unit has passed everything of the loop that `other` works on.
    bool passed(Unit unit, Unit other) const { return slot_of_[unit] != slot_of_[other] || !working(unit); }
    bool execute_may_go() const;
    bool store_may_go() const;
    Unit choose() const;
    Unit choose_load() const;
    Command emit(Unit unit);
    bool change_loops(unsigned working_before);
    void begin(Unit unit, unsigned slot);
    unsigned requests() const;
    MoveWalk& walk(Unit unit) { return unit == store_c ? walks_[load_d + 1] : walks_[unit]; }
    const MoveWalk& walk(Unit unit) const { return unit == store_c ? walks_[load_d + 1] : walks_[unit]; }

    const Geometry* geometry_;
    LoopSlots configuration_;
    std::array<Slot, 2> slots_;
    unsigned head_ = 0;  // the older loop
    std::array<MoveWalk, 4> walks_;
    ExecuteWalk execute_walk_;
    unsigned active_ = 0;  // units at work, as bits
    std::array<std::uint8_t, units> slot_of_{};
    std::array<unsigned, 2> units_of_{all_units, 0};  // by slot: the units that work or last worked on it
    std::array<unsigned, 3> outstanding_{};
    std::array<unsigned, 3> most_;
    bool restless_ = false;    // the last step changed something, or something from outside has changed since
    bool wants_room_ = false;  // the last step had no room
    bool loops_change_ = false;  // units or loops have begun or ended
};

}  // namespace partita::chip::gemmini
