// A core that waits, spins or is probed.

#include <algorithm>

#include "chip/base/error.hpp"
#include "chip/rocket/implementation.hpp"

namespace partita::chip::rocket {

void Core::Implementation::wake(Cycle at) {
    if (runnable_) {
        return;
    }
    switch (why_) {
        case Stop::ready:
            hold_until(std::max(at + 1, retry_), Cause::accelerator);
            break;
        case Stop::idle:
            hold_until(at, Cause::fence);
            break;
        case Stop::asleep:
            if (at > now_) {
                charge(Cause::asleep, at - now_);
                now_ = at;
            }
            break;
        default:
            leave_spin(at);
            break;
    }
    runnable_ = true;
}

RoundState Core::Implementation::round_state() const {
    RoundState state;
    std::copy(std::begin(state_.x), std::end(state_.x), state.registers.begin());
    for (Slot slot = 0; slot < first_float; ++slot) {
        state.pending[slot] = std::max(hazards_.ready(slot), now_) - now_;
    }
    state.fetch = fetch_.steady(now_);
    state.accesses = pending_.steady(now_);
    state.predictor = predictor_.steady(now_);
    state.fence_pending = fence_pending_;
    return state;
}

// A loop was closed by the jump at `pc`. With interrupts enabled nothing is skipped: another hart may raise
// one.
Core::Implementation::Step Core::Implementation::learn_spin(Address pc) {
    if (!config_.skip_spins || !spin_watch_.closes(pc, effects_) || !parks_) {
        return Step::done;
    }
    const bool settled = pending_.empty() && !state_.reserved && long_write_ <= now_ &&
                         device_free_ <= now_ && busy_until_ <= now_ && state_.mie == 0;
    if (!settled) {
        return Step::done;
    }
    const RoundState state = round_state();
    if (!spin_watch_.armed()) {
        spin_watch_.arm();
    } else if (state == round_) {
        period_ = now_ - round_began_;
        round_instructions_ = state_.instructions - round_instructions_;
        for (std::size_t cause = 0; cause < cause_count; ++cause) {
            per_round_[cause] = (*charged_)[cause] - round_spent_[cause];
        }
        spin_watch_.restart();
        return stop(Stop::spinning);
    } else {
        spin_watch_.fail();
        return Step::done;
    }
    round_ = state;
    round_spent_ = *charged_;
    round_began_ = now_;
    round_instructions_ = state_.instructions;
    return Step::done;
}

// All whole rounds up to `at` are done with.
void Core::Implementation::leave_spin(Cycle at) {
    const std::uint64_t rounds = at > now_ ? (at - now_) / period_ : 0;
    const Cycle by = rounds * period_;
    now_ += by;
    state_.instructions += rounds * round_instructions_;
    for (std::size_t cause = 0; cause < cause_count; ++cause) {
        (*charged_)[cause] += rounds * per_round_[cause];
    }
    fetch_.shift(by);
    predictor_.shift(by);
    hazards_.shift(by);
    pending_.shift(by);
    runnable_ = true;
    why_ = Stop::horizon;
}

// What the core does of its own until a cycle. A program error is left for its own turn.
void Core::Implementation::run_alone(Cycle until) {
    if (running_ || !runnable_ || now_ >= until) {
        return;
    }
    parks_ = false;
    try {
        run(until, 0);
    } catch (const ProgramError&) {
        why_ = Stop::shared;
    }
    parks_ = true;
}

// The cycle from which on a probe that arrives at `at` keeps the core's accesses out. It waits for a while
// after a grant and while a reservation is live, but has priority over the core once it waits for nothing
// else.
Cycle Core::Implementation::await_probe(Cycle at) {
    // While a miss waits for its grant, probes are let in; the grant itself and a while after it keep them
    // out.
    const bool blocked = granted_ != 0 && at >= grant_begins_;
    // A probe that arrives well before the last one known, which waited for a grant to come, is served before
    // it.
    const bool behind = at + config_.dcache_probe_latency + config_.dcache_beats >= busy_from_;
    Cycle start = std::max({at, blocked ? granted_ + config_.probe_block : 0, behind ? busy_until_ : 0});
    if (!runnable_ && why_ == Stop::spinning) {
        leave_spin(start - 1);
    }
    // An access that is in ID in a cycle is in EX, where it may be refused, in the next.
    probe_from_ = start;
    run_alone(start - 1);
    while (state_.reserved && start < reserved_until_) {
        probe_from_ = ++start;
        run_alone(start - 1);
    }
    probe_from_ = never;
    return start;
}

memory::ProbeReply Core::Implementation::probe(Address line, memory::Permission to, Cycle at) {
    const Cycle start = await_probe(at);
    // Those that were let in before have to leave s1 and s2.
    Cycle accepted = start;
    if (pending_.accessed(start - 2)) {
        accepted = start + 2;
    } else if (pending_.accessed(start - 3)) {
        accepted = start + 1;
    }
    DataLine* const held = data_tags_.find(line);
    const Cycle answered = accepted + config_.dcache_probe_latency;
    memory::ProbeReply reply{answered, false, held != nullptr && to == memory::Permission::branch};
    Cycle busy_until = accepted + 1;
    if (held != nullptr) {
        reply.dirty = held->dirty;
        if (held->dirty) {
            reply.at = answered + config_.dcache_release_latency;
            busy_until = reply.at + config_.dcache_beats + 1;
        } else {
            busy_until = answered + 2;
        }
        held->dirty = false;
        held->permission = std::min(held->permission, to);
        if (to == memory::Permission::none) {
            *held = {};
        }
    }
    if (busy_until > busy_until_) {
        busy_from_ = start;
        busy_until_ = busy_until;
    }
    pending_.clear();
    state_.reserved = false;
    ++effects_;
    return reply;
}

}  // namespace partita::chip::rocket
