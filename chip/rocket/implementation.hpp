#pragma once

// The inside of a core. core.cpp has the interpreter's loop, float.cpp, access.cpp (data cache), control.cpp
// (jumps, traps, fences, the accelerator) and idle.cpp (waiting, spinning, probes) what it calls.

#include <array>

#include "chip/isa/execute.hpp"
#include "chip/rocket/caches.hpp"
#include "chip/rocket/code.hpp"
#include "chip/rocket/config.hpp"
#include "chip/rocket/core.hpp"
#include "chip/rocket/fetch.hpp"
#include "chip/rocket/hazards.hpp"
#include "chip/rocket/muldiv.hpp"
#include "chip/rocket/predictor.hpp"
#include "chip/rocket/spin.hpp"
#include "chip/rocket/stores.hpp"

namespace partita::chip::rocket {

inline constexpr std::size_t cause_count = static_cast<std::size_t>(Cause::count);
using Spent = std::array<std::uint64_t, cause_count>;

// What the program may read and write in one instruction: memory, and devices.
struct View {
    const Environment& environment;
    Cycle at;  // of the access

    bool contains(Address address, std::size_t count) const {
        return environment.memory->contains(address, count) ||
               (environment.devices != nullptr &&
                environment.devices->contains(address, static_cast<unsigned>(count)));
    }
    template <typename T>
    T load(Address address) const {
        if (environment.memory->contains(address, sizeof(T))) {
            return environment.memory->load<T>(address);
        }
        return static_cast<T>(environment.devices->load(address, sizeof(T), at));
    }
    template <typename T>
    void store(Address address, T value) const {
        if (environment.memory->contains(address, sizeof(T))) {
            environment.memory->store(address, value);
        } else {
            environment.devices->store(address, sizeof(T), value, at);
        }
    }
    Cycle cycle() const { return at; }
};

struct Core::Implementation {
    Implementation(const Config& config, unsigned hart, const Environment& environment);

    Stop run(Cycle horizon, Cycle safe);
    void wake(Cycle at);
    memory::ProbeReply probe(Address line, memory::Permission to, Cycle at);
    std::uint64_t spent(Cause cause) const;

    // How an instruction left the loop's body.
    enum class Step : std::uint8_t {
        done,     // issued: local time is the cycle after it
        shared,   // not issued: others must catch up first
        stopped,  // waits: `why_`
        again,    // issued, and interrupts have to be looked at
        yielded,  // issued, and the system has to look at something
    };

    // One instruction after the other, until `horizon` (done).
    Step loop(Cycle horizon, Cycle safe);
    Step jump(const Decoded& decoded);
    Step float_pipe(const Decoded& decoded);
    Step float_divide(const Decoded& decoded);
    Step float_to_int(const Decoded& decoded);
    Step load(const Decoded& decoded, Cycle safe);
    Step store(const Decoded& decoded, Cycle safe);
    Step iterate(const Decoded& decoded);
    Step rare(const Decoded& decoded, Cycle safe);
    Step atomic(const Decoded& decoded, Cycle safe);
    Step csr(const Decoded& decoded, Cycle safe);
    Step fence(const Decoded& decoded, Cycle safe);
    Step fence_i(const Decoded& decoded, Cycle safe);
    Step system(const Decoded& decoded, Cycle safe);
    Step custom(const Decoded& decoded, Cycle safe);
    Step mark(const Decoded& decoded);

    // The packets up to `last` are fetched. False: an instruction cache miss has to wait for the others.
    bool fetch(Address pc, std::uint64_t last, Cycle safe);
    bool refill_code(Address line, Cycle& arrival, Cycle safe);
    // Holds the instruction in ID until its registers are ready.
    void await_operands(const Decoded& decoded);

    // What it changes belongs to the core, although it lies behind a pointer.
    // NOLINTNEXTLINE(readability-make-member-function-const)
    void charge(Cause cause, Cycle cycles) { (*charged_)[static_cast<std::size_t>(cause)] += cycles; }
    // The instruction in ID stays there until a cycle.
    void hold_until(Cycle until, Cause cause) {
        if (until > now_) {
            charge(cause, until - now_);
            now_ = until;
            fetch_.hold(state_.pc, now_);
        }
    }
    // The instruction in ID is sent on, nacked and in ID again; at `until` at the soonest.
    void replay(const Decoded& decoded, Cycle until, Cause cause);
    // The pipeline is flushed after the instruction in ID; `state_.pc` comes next.
    void flush() { fetch_.redirect(state_.pc, now_ + config_.replay_latency, Cause::other); }
    void issued() { ++now_; }
    // The instruction in ID writes an integer register in its WB, which a long result has to wait for.
    void writes_integer() {
        if (now_ + write_back == long_write_) [[unlikely]] {
            ++long_write_;
            hazards_.set(long_destination_, long_write_, Cause::multiply);
        }
    }

    // Brings an access to main memory to the cycle in which it hits; gives its line. Null: others must catch
    // up first.
    DataLine* access(const Decoded& decoded, Address address, bool reads, bool writes, Cycle safe);
    DataLine* miss(const Decoded& decoded, Address address, bool writes, DataLine* held, Cycle safe);
    Step device_access(const Decoded& decoded, Address address, Cycle safe);
    void await_memory_order();
    bool in_memory(Address address, unsigned bytes) const {
        return environment_.memory->contains(address, bytes) && address % bytes == 0;
    }
    void stored(Address address, unsigned bytes);
    Step tell_host(Address address) const;

    // An FP instruction reaches MEM while the divider works.
    void await_divider(const Decoded& decoded);

    Step trap(isa::Trap trap, const isa::Instruction& instruction);
    void interrupted();
    void poll_interrupts();
    void run_accelerator(Cycle until) const;
    Step learn_spin(Address pc);
    RoundState round_state() const;
    void leave_spin(Cycle at);
    void run_alone(Cycle until);
    Cycle await_probe(Cycle at);
    Step stop(Stop why) {
        runnable_ = false;
        why_ = why;
        return Step::stopped;
    }

    // Stages after ID.
    static constexpr Cycle write_back = 3;
    static constexpr Cycle past_access = 4;  // an access has left the cache's pipeline

    const Config config_;
    const unsigned hart_;
    const Environment environment_;
    isa::HartState state_;

    Cycle now_ = 0;
    Address expected_ = ~Address{0};  // pc when `run` came back
    bool runnable_ = true;
    bool running_ = false;
    bool shared_ = false;  // others saw something: who may run has changed, so `run` comes back
    bool parks_ = true;
    Stop why_ = Stop::horizon;
    Spent spent_ = {};
    Spent unseen_ = {};  // what is charged between the marks of waiting for others
    Spent* charged_ = &spent_;
    Cycle waiting_since_ = 0;  // mark of waiting

    Code code_;
    Fetch fetch_;
    Predictor predictor_;
    InstructionTags instruction_tags_;
    Address code_line_ = DataLine::none;
    Hazards hazards_;

    Slot long_destination_ = no_destination;
    Cycle long_write_ = 0;  // the multiplier or divider writes its result, and is free again

    FloatPort float_port_;
    Cycle divider_free_ = 0;  // an FP instruction in ID from here on is not nacked
    Cycle flags_ready_ = 0;   // fcsr may be accessed

    DataTags data_tags_;
    PendingStores pending_;
    Address host_line_;
    bool fence_pending_ = false;  // the next access waits until those before it are done
    Cycle probe_from_ = never;    // a probe that is being looked at keeps accesses out from here on
    Cycle busy_from_ = 0;         // the data cache serves a probe
    Cycle busy_until_ = 0;
    Cycle grant_begins_ = 0;  // first and last beat of the last grant
    Cycle granted_ = 0;
    Cycle device_free_ = 0;
    Cycle reserved_until_ = 0;

    Cycle interrupt_look_ = never;
    Cycle retry_ = 0;      // a refused command may be in ID again
    Cycle rocc_past_ = 0;  // the last command has left the pipeline

    std::uint64_t effects_ = 0;  // of what a repeating round must not do
    SpinWatch spin_watch_;
    RoundState round_;
    Spent round_spent_ = {};
    Cycle round_began_ = 0;
    std::uint64_t round_instructions_ = 0;
    Cycle period_ = 0;
    Spent per_round_ = {};
};

}  // namespace partita::chip::rocket
