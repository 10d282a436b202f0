#pragma once

// Preloads and computes (ExecuteController.scala, TransposePreloadUnroller.scala, MeshWithDelays.scala):
// pairs the commands at the head of its queue to phases, feeds a row of each operand a cycle as far as the
// banks give them, and writes the results that leave the mesh to the accumulator.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "chip/gemmini/banks.hpp"
#include "chip/gemmini/command.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/reservation_station.hpp"
#include "chip/gemmini/ring.hpp"

namespace partita::chip::gemmini {

class ExecuteController {
  public:
    static constexpr unsigned no_entry = ~0U;

    // Commands stay in the station's entries, where this controller reads them.
    ExecuteController(const Config& config, const Geometry& geometry, const ReservationStation& station);

    bool busy() const { return !queue_.empty() || !tags_.empty(); }
    bool room() const { return !arriving_.full(); }
    void push(unsigned entry) {
        arriving_.push(static_cast<std::uint8_t>(entry));
        quiet_ = false;
    }

    // The entry that is complete in this cycle, or no_entry; asked first in a cycle.
    unsigned completion(Cycle now) { return quiet_ && result_at_ > now ? no_entry : find_completion(now); }
    // Results that leave the mesh in this cycle; before anyone else writes.
    bool write(Cycle now, Banks& banks) { return result_at_ > now ? false : write_result(banks); }
    // The rest of the cycle, after the move-ins have written. True if anything changed.
    bool step(Cycle now, Banks& banks) {
        has_fed_ = false;
        return quiet_ && now < wakes_at_ ? false : advance(now, banks);
    }
    Cycle next() const { return std::min(result_at_, wakes_at_); }

    // A phase's first and last cycle and its compute, once it has fed all rows; for observers.
    struct Fed {
        Cycle first = 0;
        Cycle last = 0;
        Kind kind = Kind::preload;
    };
    // The phase that ended in this cycle, or null.
    const Fed* fed() const { return has_fed_ ? &fed_ : nullptr; }

    std::uint64_t array_cycles() const { return array_cycles_; }
    std::uint64_t multiply_adds() const { return multiply_adds_; }
    std::uint64_t conflict_cycles() const { return conflict_cycles_; }

    // For the counters.
    bool feeding() const { return state_ == State::feeding; }
    bool flushing() const { return state_ == State::flush || state_ == State::flushing; }
    bool unrolling() const { return unroll_ != Unroll::idle; }
    struct Waits {
        bool a = false;
        bool b = false;
        bool d = false;
    };
    const Waits& waits() const { return waits_; }
    std::string state() const;

  private:
    enum class State : std::uint8_t { waiting, feeding, flush, flushing };
    enum class Unroll : std::uint8_t { idle, first_compute, second_preload };
    // How a command in the queue differs from the one in the station: with B transposed a preload and its
    // compute become two of each.
    enum class Role : std::uint8_t { whole, weights_only, stay, result_only };

    struct Queued {
        std::uint8_t entry = 0;
        Role role = Role::whole;
        Kind kind = Kind::preload;
    };
    struct Operand {
        std::uint32_t row = 0;
        std::uint32_t stride = 1;  // rows; all ones goes backwards
        std::uint32_t mask = 0;
        unsigned first = 0;  // rows from `first` up to `end` are read, others are zeros
        unsigned end = 0;
        bool present = false;
        bool accumulator = false;
        unsigned fed = 0;

        bool reads() const { return present && fed >= first && fed < end; }
        std::uint32_t place() const { return (row + stride * fed) & mask; }
    };
    // Where the results of a phase go: said by the preload of the phase before.
    struct Tag {
        std::uint32_t row = 0;
        std::uint32_t mask = 0;
        std::uint16_t rows = 0;
        std::uint16_t columns = 0;
        std::uint8_t entry = 0;
        bool valid = false;
        bool accumulator = false;
        bool accumulate = false;
    };
    // What happens when a row of results leaves the mesh, but for writes to the accumulator, which are
    // scheduled.
    struct Result {
        Cycle at = 0;
        std::uint32_t row = 0;
        std::uint8_t entry = 0;
        bool writes = false;  // to the scratchpad
        bool last = false;    // of its preload
    };

    const Command& command(const Queued& queued) const {
        return station_->command(Queue::execute, queued.entry);
    }
    static bool is_preload(const Queued& queued) { return queued.kind == Kind::preload; }
    LocalAddress weights_of(const Queued& queued) const;
    LocalAddress result_of(const Queued& queued) const;
    bool hazard(const Queued& preload, const Queued& compute) const;
    bool same_row(const LocalAddress& left, const Tag& right) const {
        return left.accumulator == right.accumulator && left.row == right.row;
    }
    unsigned find_completion(Cycle now);
    bool advance(Cycle now, Banks& banks);
    bool write_result(Banks& banks);
    bool decide(Cycle now, Banks& banks);
    void configure(const ConfigExecute& update);
    void begin(int compute_place, int preload_place, Cycle now);
    Operand operand(const Tile& tile, bool wanted) const;
    void expect_results(const Queued& preload);
    bool same_bank(const Operand& left, const Operand& right, const Banks& banks) const;
    bool fire(Operand& operand, Cycle now, Banks& banks, bool& waits);
    bool feed(Cycle now, Banks& banks);
    bool feed_each(Cycle now, Banks& banks);
    void find_banks(const Banks& banks);
    void row_complete(Cycle enters, Banks& banks);
    void end_phase(Cycle now);
    bool unroll(bool room);

    const Geometry* geometry_;
    const ReservationStation* station_;
    unsigned side_;
    unsigned least_rows_;
    unsigned read_latency_;
    unsigned scale_latency_;  // of operands out of the accumulator
    unsigned mesh_latency_;
    bool hazards_possible_;

    Ring<std::uint8_t> arriving_;
    Unroll unroll_ = Unroll::idle;
    bool unroll_transposes_ = false;
    Ring<Queued> queue_;

    State state_ = State::waiting;
    Cycle wakes_at_ = never;     // flushing: the end; feeding: the next try
    Cycle conflicts_until_ = 0;  // cycles of waiting have been counted
    bool transpose_a_ = false;
    bool transpose_b_ = false;
    unsigned a_stride_ = 1;
    unsigned c_stride_ = 1;

    // The phase that is being fed.
    int compute_place_ = -1;  // in the queue, of its commands
    int preload_place_ = -1;
    unsigned total_rows_ = 0;
    Operand a_;
    Operand b_;
    Operand d_;
    Tag tag_;       // of this phase
    Tag next_tag_;  // of the next one
    unsigned rows_complete_ = 0;
    bool plain_ = false;        // A and the weights each lie in a bank of their own; no bias
    std::uint64_t a_bank_ = 0;  // then their banks as bits, if present
    std::uint64_t d_bank_ = 0;
    Cycle phase_first_ = 0;
    Cycle last_fed_ = 0;  // cycle in which the last phase fed
    unsigned lag_ = 0;    // cycles from feeding to the mesh's input

    Ring<Result> results_;
    Cycle result_at_ = never;                     // of the oldest
    bool quiet_ = false;                          // nothing to do unless something comes
    Ring<Tag> tags_;                              // valid ones whose results have not all left
    unsigned pending_[2] = {no_entry, no_entry};  // fed, completion not told yet
    bool config_now_ = false;   // the configuration at the head is carried out in this cycle
    bool in_progress_ = false;  // results are outstanding, as of the beginning of the cycle
    bool reads_now_ = false;    // an operand's row is read in this cycle
    bool tag_leaves_ = false;   // the last result of the oldest tag leaves in this cycle
    bool has_fed_ = false;
    Fed fed_;
    Waits waits_;

    std::uint64_t array_cycles_ = 0;
    std::uint64_t multiply_adds_ = 0;
    std::uint64_t conflict_cycles_ = 0;
};

}  // namespace partita::chip::gemmini
