#include "chip/soc/system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "chip/base/error.hpp"
#include "chip/gemmini/accelerator.hpp"

namespace partita::chip::soc {
namespace {

constexpr unsigned most_regions = 2048;         // what the immediate of the mark can say
constexpr Cycle progress_interval = 1'000'000;  // cycles between two looks at limit and progress

// The soonest that what one core asks for can reach another: to the L2, through its scheduler, as a probe
// back.
Cycle soonest_effect(const memory::Config& memory) {
    return Cycle{memory.crossing_latency} + memory.l2_schedule_latency + memory.l2_probe_latency +
           memory.crossing_latency;
}

}  // namespace

System::System(const config::Chip& chip, const program::Program& program, ConsoleSink& console,
               const AcceleratorMaker& maker)
    : chip_(chip),
      program_(program),
      memory_(chip.memory.base, chip.memory.bytes),
      caches_(chip.memory, chip.soc.cores, memory_),
      accelerator_(maker ? maker(chip.gemmini, memory_, caches_)
                         : std::make_unique<gemmini::Accelerator>(chip.gemmini, memory_, caches_)),
      devices_(chip.soc, memory_, program, console),
      alarms_(chip.soc.cores, never),
      ledger_(chip.soc.cores, most_regions),
      lookahead_(soonest_effect(chip.memory)) {
    program.load(memory_);
    for (unsigned hart = 0; hart < chip.soc.cores; ++hart) {
        Environment environment;
        environment.memory = &memory_;
        environment.caches = &caches_;
        environment.accelerator = hart == 0 ? accelerator_.get() : nullptr;
        environment.devices = &devices_;
        environment.observer = this;
        cores_.push_back(std::make_unique<rocket::Core>(chip.rocket, hart, environment));
        agents_.push_back({&cores_.back()->now(), &cores_.back()->runnable()});
        caches_.attach(hart, cores_.back().get());
        isa::HartState& state = cores_.back()->state();
        state.hart = hart;
        state.pc = program.entry();
        state.x[10] = hart;  // as the boot ROM hands it over
    }
}

System::~System() = default;

Activity System::activity() const {
    const gemmini::Statistics counted = accelerator_->statistics();
    return {counted.busy_cycles, counted.array_cycles, counted.multiply_adds, counted.read_bytes,
            counted.written_bytes};
}

std::array<std::uint64_t, cause_count> System::spent(unsigned hart) const {
    std::array<std::uint64_t, cause_count> all;
    for (unsigned cause = 0; cause < cause_count; ++cause) {
        all[cause] = cores_[hart]->spent(static_cast<rocket::Cause>(cause));
    }
    return all;
}

void System::region(unsigned hart, unsigned id, Cycle at) {
    ledger_.mark(hart, id, spent(hart), cores_[hart]->state().instructions,
                 hart == 0 ? activity() : Activity{});
    if (trace_ != nullptr) {
        trace_->region(hart, id, at);
    }
}

System::Turn System::next_turn() const {
    Turn turn;
    const auto offer = [&](int who, Cycle at) {
        if (at < turn.least) {
            turn.others = turn.least;
            turn.least = at;
            turn.who = who;
        } else if (at < turn.others) {
            turn.others = at;
        }
    };
    for (unsigned hart = 0; hart < harts(); ++hart) {
        const Agent& agent = agents_[hart];
        offer(static_cast<int>(hart), *agent.runnable ? *agent.now : alarms_[hart]);
    }
    if (!accelerator_->idle()) {
        offer(static_cast<int>(harts()), accelerator_->now());
    }
    return turn;
}

void System::run_core(unsigned hart, Cycle others, Cycle until) {
    if (!cores_[hart]->runnable()) {
        cores_[hart]->wake(std::exchange(alarms_[hart], never));
    }
    const Cycle ahead = others > never - lookahead_ ? never : others + lookahead_;
    if (cores_[hart]->run(std::min(ahead, until), others) == rocket::Stop::asleep) {
        alarms_[hart] = alarm(hart, 0);
    }
    if (const std::optional<Cycle> changed = devices_.take_change()) {
        for (unsigned other = 0; other < harts(); ++other) {
            alarms_[other] = alarm(other, *changed);
        }
    }
}

void System::run_accelerator(Cycle others, Cycle until) {
    accelerator_->run(std::min(others, until));
}

// Hart 0 waits for room in the command queue or for the accelerator's end.
void System::wake_waiting() {
    rocket::Core& owner = *cores_[0];
    if (owner.runnable()) {
        return;
    }
    const rocket::Stop why = owner.why();
    std::optional<Cycle> since;
    if (why == rocket::Stop::ready) {
        since = accelerator_->ready_since();
    } else if (why == rocket::Stop::idle) {
        since = accelerator_->idle_since();
    }
    if (since) {
        owner.wake(std::max(*since, owner.now()));
    }
}

// The cycle, not before `from`, in which an interrupt wakes a hart that sleeps; `never` if none will by
// itself.
Cycle System::alarm(unsigned hart, Cycle from) const {
    const rocket::Core& core = *cores_[hart];
    const std::uint64_t enabled = core.state().mie;
    if (core.runnable() || core.why() != rocket::Stop::asleep || enabled == 0) {
        return never;
    }
    Cycle at = std::max(from, core.now());
    while (at != never && (devices_.interrupts(hart, at) & enabled) == 0) {
        at = devices_.next_interrupt(hart, at);
    }
    return at;
}

// Harts that wait when the program ends have waited until then.
void System::settle(Cycle end) {
    for (const auto& core : cores_) {
        if (!core->runnable() && core->now() < end) {
            core->wake(end);
        }
    }
}

Outcome System::run(const RunOptions& options) {
    trace_ = options.trace;
    accelerator_->observe(options.trace);
    Cycle checkpoint = std::min(progress_interval, options.limit);
    try {
        while (!devices_.finished()) {
            const Turn turn = next_turn();
            if (turn.who < 0) {
                wake_waiting();
                if (next_turn().who < 0) {
                    throw ProgramError(
                        "nothing can go on: every hart waits for something that will not come");
                }
                continue;
            }
            if (turn.least >= checkpoint) {
                if (turn.least >= options.limit) {
                    throw ProgramError(fmt::format("the limit of {} cycles is reached", options.limit));
                }
                if (options.progress) {
                    options.progress(turn.least);
                }
                checkpoint = std::min(turn.least + progress_interval, options.limit);
            }
            if (turn.who == static_cast<int>(harts())) {
                running_ = 0;
                run_accelerator(turn.others, checkpoint);
            } else {
                running_ = static_cast<unsigned>(turn.who);
                run_core(running_, turn.others, checkpoint);
            }
            wake_waiting();
        }
    } catch (const ProgramError& error) {
        throw ChipError(report(error.what()));
    }
    settle(devices_.exit()->at);
    for (unsigned hart = 0; hart < harts(); ++hart) {
        ledger_.close(hart, spent(hart), cores_[hart]->state().instructions,
                      hart == 0 ? activity() : Activity{});
    }
    return {devices_.exit_code(), cores_[0]->now()};
}

std::string System::describe_hart(unsigned hart) const {
    const rocket::Core& core = *cores_[hart];
    const char* doing = "";
    if (!core.runnable()) {
        switch (core.why()) {
            case rocket::Stop::ready:
                doing = ", waits for room in the accelerator's queue";
                break;
            case rocket::Stop::idle:
                doing = ", waits in a fence for the accelerator to end";
                break;
            case rocket::Stop::spinning:
                doing = ", spins on a word that nobody changes";
                break;
            case rocket::Stop::asleep:
                doing = ", sleeps (wfi)";
                break;
            case rocket::Stop::horizon:
            case rocket::Stop::shared:
                break;
        }
    }
    return fmt::format("hart {} at cycle {}, pc {}{}", hart, core.now(), program_.describe(core.state().pc),
                       doing);
}

std::string System::report(const std::string& what) const {
    std::string text = fmt::format("{}\n  {}", what, describe_hart(running_));
    for (unsigned hart = 0; hart < harts(); ++hart) {
        if (hart != running_) {
            text += "\n  " + describe_hart(hart);
        }
    }
    return text + "\n  accelerator: " + accelerator_->state();
}

}  // namespace partita::chip::soc
