#include "chip/rocket/core.hpp"

#include <algorithm>
#include <numeric>

#include "chip/rocket/implementation.hpp"

namespace partita::chip::rocket {

Core::Core(const Config& config, unsigned hart, const Environment& environment)
    : implementation_(std::make_unique<Implementation>(config, hart, environment)) {}

Core::~Core() = default;

isa::HartState& Core::state() {
    return implementation_->state_;
}

const isa::HartState& Core::state() const {
    return implementation_->state_;
}

const Cycle& Core::now() const {
    return implementation_->now_;
}

Stop Core::run(Cycle horizon, Cycle safe) {
    return implementation_->run(horizon, safe);
}

void Core::wake(Cycle at) {
    implementation_->wake(at);
}

const bool& Core::runnable() const {
    return implementation_->runnable_;
}

Stop Core::why() const {
    return implementation_->why_;
}

memory::ProbeReply Core::probe(Address line, memory::Permission to, Cycle at) {
    return implementation_->probe(line, to, at);
}

std::uint64_t Core::spent(Cause cause) const {
    return implementation_->spent(cause);
}

Core::Implementation::Implementation(const Config& config, unsigned hart, const Environment& environment)
    : config_(config),
      hart_(hart),
      environment_(environment),
      code_(config_, *environment_.memory),
      fetch_(config.fetch_queue),
      predictor_(config),
      instruction_tags_(config.icache_sets, config.icache_ways),
      data_tags_(config.dcache_sets, config.dcache_ways),
      pending_(config.dcache_sets * line_bytes),
      host_line_(environment.devices != nullptr && environment.devices->host_line() != 0
                     ? line_of(environment.devices->host_line())
                     : DataLine::none) {
    state_.hart = hart;
}

Stop Core::Implementation::run(Cycle horizon, Cycle safe) {
    if (!runnable_) {
        return why_;
    }
    if (state_.pc != expected_) {
        // The first time, or the system has sent the hart elsewhere.
        fetch_.redirect(state_.pc, now_ + 2, Cause::instruction_cache);
    }
    struct Running {
        explicit Running(Implementation& owner) : core(owner) { core.running_ = true; }
        ~Running() {
            core.running_ = false;
            core.expected_ = core.state_.pc;
        }
        Implementation& core;
    } const running(*this);

    why_ = Stop::horizon;
    shared_ = false;
    interrupt_look_ = 0;
    while (now_ < horizon) {
        if (now_ >= interrupt_look_) {
            poll_interrupts();
        }
        switch (loop(std::min(horizon, interrupt_look_), safe)) {
            case Step::shared:
                return why_ = Stop::shared;
            case Step::stopped:
                return why_;
            case Step::yielded:
                return Stop::horizon;
            case Step::again:
                interrupt_look_ = 0;
                break;
            case Step::done:
                break;
        }
    }
    return Stop::horizon;
}

Core::Implementation::Step Core::Implementation::loop(Cycle horizon, Cycle safe) {
    while (now_ < horizon) {
        const Address pc = state_.pc;
        const Decoded* const decoded = code_.at(pc);
        if (decoded == nullptr) [[unlikely]] {
            return trap(isa::Trap::fetch_fault, {});
        }
        const isa::Instruction& instruction = decoded->instruction;
        if (const std::uint64_t last = Fetch::packet_of(pc + instruction.length - 2);
            last != fetch_.packet()) {
            if (!fetch(pc, last, safe)) [[unlikely]] {
                return Step::shared;
            }
            if (shared_) [[unlikely]] {
                return Step::yielded;
            }
        }
        if (now_ < hazards_.latest()) {
            await_operands(*decoded);
        }
        Step step = Step::done;
        switch (decoded->kind) {
            case Kind::alu:
                writes_integer();
                isa::execute_integer(instruction, state_);
                issued();
                continue;
            case Kind::branch:
            case Kind::jump:
            case Kind::jump_register:
                step = jump(*decoded);
                break;
            case Kind::load:
            case Kind::fp_load:
                step = load(*decoded, safe);
                break;
            case Kind::store:
            case Kind::fp_store:
                step = store(*decoded, safe);
                break;
            case Kind::fp_pipe:
                step = float_pipe(*decoded);
                break;
            case Kind::fp_to_int:
                step = float_to_int(*decoded);
                break;
            case Kind::fp_divide:
                step = float_divide(*decoded);
                break;
            case Kind::multiply:
            case Kind::divide:
                step = iterate(*decoded);
                break;
            default:
                step = rare(*decoded, safe);
                break;
        }
        if (step != Step::done) [[unlikely]] {
            return step;
        }
        if (shared_) [[unlikely]] {
            return Step::yielded;
        }
    }
    return Step::done;
}

inline bool Core::Implementation::fetch(Address pc, std::uint64_t last, Cycle safe) {
    do {
        Cycle arrival = fetch_.next_arrival();
        const Address line = line_of(fetch_.next_packet() * 4);
        if (line != code_line_) {
            if (!instruction_tags_.holds(line) && !refill_code(line, arrival, safe)) {
                return false;
            }
            code_line_ = line;
        }
        fetch_.advance(arrival, pc, std::max(now_, arrival));
    } while (fetch_.packet() != last);
    if (fetch_.arrival() > now_) {
        charge(fetch_.cause(), fetch_.arrival() - now_);
        now_ = fetch_.arrival();
    }
    return true;
}

void Core::Implementation::await_operands(const Decoded& decoded) {
    const auto await = [this](Slot slot) {
        if (hazards_.ready(slot) > now_) {
            hold_until(hazards_.ready(slot), hazards_.cause(slot));
        }
    };
    await(decoded.sources[0]);
    await(decoded.sources[1]);
    await(decoded.sources[2]);
    await(decoded.destination);
}

Core::Implementation::Step Core::Implementation::load(const Decoded& decoded, Cycle safe) {
    const isa::Instruction& instruction = decoded.instruction;
    const Address address = isa::effective_address(instruction, state_);
    const bool floating = decoded.kind == Kind::fp_load;
    if (floating) {
        if (isa::floating_off(state_)) {
            return trap(isa::Trap::illegal, instruction);
        }
        await_divider(decoded);
        ++effects_;
    }
    if (!in_memory(address, decoded.bytes)) [[unlikely]] {
        return device_access(decoded, address, safe);
    }
    if (access(decoded, address, true, false, safe) == nullptr) [[unlikely]] {
        return Step::shared;
    }
    if (!floating) {
        writes_integer();
    }
    state_.reserved = false;
    isa::execute_load(instruction, state_, *environment_.memory);
    hazards_.set(decoded.destination, now_ + decoded.latency, Cause::load_use);
    issued();
    return Step::done;
}

Core::Implementation::Step Core::Implementation::store(const Decoded& decoded, Cycle safe) {
    const isa::Instruction& instruction = decoded.instruction;
    const Address address = isa::effective_address(instruction, state_);
    if (decoded.kind == Kind::fp_store) {
        if (isa::floating_off(state_)) {
            return trap(isa::Trap::illegal, instruction);
        }
        await_divider(decoded);
    }
    if (!in_memory(address, decoded.bytes)) [[unlikely]] {
        return device_access(decoded, address, safe);
    }
    DataLine* const line = access(decoded, address, false, true, safe);
    if (line == nullptr || (line->line == host_line_ && now_ > safe)) [[unlikely]] {
        return Step::shared;
    }
    line->dirty = true;
    state_.reserved = false;
    isa::execute_store(instruction, state_, *environment_.memory);
    pending_.add(now_, address, decoded.bytes);
    stored(address, decoded.bytes);
    issued();
    return line->line == host_line_ ? tell_host(address) : Step::done;
}

Core::Implementation::Step Core::Implementation::iterate(const Decoded& decoded) {
    const isa::Instruction& instruction = decoded.instruction;
    hold_until(long_write_, Cause::multiply);
    const unsigned iterations =
        integer_iterations(config_, instruction.op, state_.x[instruction.rs1], state_.x[instruction.rs2]);
    isa::execute_integer(instruction, state_);
    long_destination_ = decoded.destination;
    long_write_ = now_ + 2 + iterations;
    hazards_.set(decoded.destination, long_write_, Cause::multiply);
    ++effects_;
    issued();
    return Step::done;
}

Core::Implementation::Step Core::Implementation::rare(const Decoded& decoded, Cycle safe) {
    ++effects_;
    switch (decoded.kind) {
        case Kind::atomic:
            return atomic(decoded, safe);
        case Kind::csr:
            return csr(decoded, safe);
        case Kind::fence:
            return fence(decoded, safe);
        case Kind::fence_i:
            return fence_i(decoded, safe);
        case Kind::system:
            return system(decoded, safe);
        case Kind::custom:
            return custom(decoded, safe);
        case Kind::mark:
            return mark(decoded);
        default:
            return trap(isa::Trap::illegal, decoded.instruction);
    }
}

// An instruction takes one cycle to issue; all others are charged as they pass.
std::uint64_t Core::Implementation::spent(Cause cause) const {
    const std::uint64_t waited = charged_ == &unseen_ ? now_ - waiting_since_ : 0;
    switch (cause) {
        case Cause::issue:
            return now_ - waited - std::accumulate(spent_.begin(), spent_.end(), std::uint64_t{0});
        case Cause::barrier:
            return spent_[static_cast<std::size_t>(cause)] + waited;
        default:
            return spent_[static_cast<std::size_t>(cause)];
    }
}

}  // namespace partita::chip::rocket
