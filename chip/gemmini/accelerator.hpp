#pragma once

// Gemmini in time: what its commands do (Function) and the cycles in which they do it. Every cycle of a busy
// accelerator is gone through, but for those in which nothing can happen until a known one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "chip/gemmini/banks.hpp"
#include "chip/gemmini/command.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/counters.hpp"
#include "chip/gemmini/dma.hpp"
#include "chip/gemmini/execute_controller.hpp"
#include "chip/gemmini/function.hpp"
#include "chip/gemmini/load_controller.hpp"
#include "chip/gemmini/loop_unroller.hpp"
#include "chip/gemmini/port.hpp"
#include "chip/gemmini/reservation_station.hpp"
#include "chip/gemmini/ring.hpp"
#include "chip/gemmini/rows_under_way.hpp"
#include "chip/gemmini/store_controller.hpp"
#include "chip/memory/coherence.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::gemmini {

class Accelerator final : public Port {
  public:
    // `config` must be valid; `memory` is what the commands work on, `system` says how long its transfers
    // take.
    Accelerator(const Config& config, memory::FlatMemory& memory, memory::MemorySystem& system);

    Cycle now() const override { return now_; }
    void run(Cycle until) override;
    bool idle() const override { return !busy_ || stuck_; }
    std::optional<Cycle> ready_since() const override;
    std::optional<Cycle> idle_since() const override;
    // With `returns` the accelerator runs until the command has its result, be it beyond `at`: software reads
    // counters when the accelerator is idle or has only work that is older.
    std::uint64_t issue(const RoccCommand& command, Cycle at, Cycle& result_at) override;
    std::string state() const override;

    Statistics statistics() const override;
    void observe(CommandObserver* observer) override { observer_ = observer; }
    Function& function() { return function_; }

    // Goes through every cycle, even if nothing can happen in it; to check that leaving them out changes
    // nothing.
    void skip_nothing() { skips_ = false; }

  private:
    struct Queued {
        Command command;
        Cycle since = 0;  // visible behind this cycle
        bool from_loop = false;
    };

    // What the registers at the beginning of a cycle allow.
    struct Allowed {
        bool issue_load;
        bool issue_store;
        bool issue_execute;
        bool unrolled_room;
        bool loop_active;
        bool loop_taken;  // a command of a loop would be
        bool allocate;
        Queue completing;  // front_end: nothing is complete
        unsigned entry;
        unsigned place;  // load, store: of its tracker
    };

    bool step();
    void look(Cycle now);
    bool request();
    bool issue_commands();
    void complete();
    void allocate();
    void front_end_command(const Command& command);
    bool unroll(bool room);
    bool pass_commands();
    bool is_busy() const;
    Cycle next_event();
    void count(std::uint64_t cycles);
    void report_moves();

    Geometry geometry_;
    memory::FlatMemory* memory_;
    Function function_;
    memory::MemorySystem* system_;

    Cycle now_ = 0;
    bool busy_ = false;
    bool stuck_ = false;  // busy, but nothing happens until another command comes
    bool skips_ = true;
    bool got_room_ = false;
    bool probed_ = false;       // a transfer took a line from a core, which may have spun on it
    bool front_quiet_ = false;  // no queue in front of the station moves unless something comes
    Cycle ready_since_ = 0;
    Cycle idle_since_ = 0;

    Allowed allowed_{};

    Ring<Queued> router_;
    Ring<Queued> raw_;
    Ring<Queued> convolution_;
    Ring<Queued> loop_;
    Ring<Queued> unrolled_;
    LoopUnroller unroller_;
    ReservationStation station_;
    Banks banks_;
    DmaPort port_;
    LoadController load_;
    StoreController store_;
    ExecuteController execute_;
    RowsUnderWay rows_;

    CommandObserver* observer_ = nullptr;
    std::uint64_t busy_cycles_ = 0;
    Counters counters_;
    bool counting_ = false;  // from software's first counter command on
    std::optional<std::uint32_t> counter_result_;
    std::uint64_t counted_read_ = 0;
    std::uint64_t counted_written_ = 0;
};

}  // namespace partita::chip::gemmini
