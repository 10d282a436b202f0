// Jumps, traps, control registers, fences and the accelerator (RocketCore.scala).

#include <fmt/format.h>

#include <algorithm>

#include "chip/base/error.hpp"
#include "chip/rocket/implementation.hpp"

namespace partita::chip::rocket {
namespace {

constexpr bool is_link(std::uint8_t number) {
    return number == 1 || number == 5;
}

// In words, for a report.
std::string describe(isa::Trap trap, const isa::Instruction& instruction, std::uint64_t value, Address pc) {
    switch (trap) {
        case isa::Trap::illegal:
            return fmt::format("{} {:#0{}x} at pc {:#x}", isa::name(trap), instruction.bits,
                               2 + 2 * instruction.length, pc);
        case isa::Trap::load_misaligned:
        case isa::Trap::load_fault:
        case isa::Trap::store_misaligned:
        case isa::Trap::store_fault:
            return fmt::format("{}: {} of address {:#x} at pc {:#x}", isa::name(trap),
                               isa::name(instruction.op), value, pc);
        default:
            return fmt::format("{} at pc {:#x}", isa::name(trap), pc);
    }
}

}  // namespace

Core::Implementation::Step Core::Implementation::trap(isa::Trap trap, const isa::Instruction& instruction) {
    const std::uint64_t value = isa::trap_value(trap, instruction, state_);
    if (state_.mtvec == 0) {
        throw ProgramError(describe(trap, instruction, value, state_.pc));
    }
    isa::take_trap(state_, trap, value);
    state_.reserved = false;
    interrupted();
    return Step::again;
}

// Passes down the pipeline in the place of an instruction; the handler is fetched from WB.
void Core::Implementation::interrupted() {
    ++effects_;
    flush();
    charge(Cause::other, 1);
    ++now_;
}

void Core::Implementation::poll_interrupts() {
    interrupt_look_ = never;
    if (state_.mie == 0 || environment_.devices == nullptr) {
        return;
    }
    state_.mip = environment_.devices->interrupts(hart_, now_);
    if (const std::optional<unsigned> code = isa::pending_interrupt(state_)) {
        isa::take_interrupt(state_, *code);
        interrupted();
    }
    interrupt_look_ = std::max(environment_.devices->next_interrupt(hart_, now_), now_ + 1);
}

bool Core::Implementation::refill_code(Address line, Cycle& arrival, Cycle safe) {
    if (now_ > safe) {
        return false;
    }
    const memory::Response response = environment_.caches->fetch(hart_, line, arrival);
    instruction_tags_.fill(line);
    // The front end looks every other cycle whether the line is there.
    const Cycle restart = response.last + config_.icache_restart;
    arrival = restart > arrival ? arrival + (restart - arrival + 1) / 2 * 2 : arrival;
    fetch_.blame(Cause::instruction_cache);
    shared_ |= response.probed;
    ++effects_;
    return true;
}

Core::Implementation::Step Core::Implementation::jump(const Decoded& decoded) {
    const isa::Instruction& instruction = decoded.instruction;
    const Address pc = state_.pc;
    Jump jump;
    jump.address = pc;
    jump.length = instruction.length;
    const auto offset = static_cast<Address>(std::int64_t{instruction.immediate});
    jump.target = pc + offset;
    if (decoded.kind != Kind::branch) {
        jump.indirect = decoded.kind == Kind::jump_register;
        jump.pushes = instruction.rd % 2 != 0;
        jump.pops = jump.indirect && !jump.pushes && is_link(instruction.rs1);
        jump.kind = jump.pushes ? JumpKind::call : (jump.pops ? JumpKind::return_ : JumpKind::jump);
        if (jump.indirect) {
            jump.target = (state_.x[instruction.rs1] + offset) & ~Address{1};
        }
        writes_integer();
    } else {
        jump.taken = isa::branch_taken(instruction, state_);
    }
    jump.entered_middle = fetch_.entered_middle(fetch_.packet());
    jump.bubble_likely = fetch_.bubble_likely();
    jump.fetched = fetch_.arrival();
    jump.issued = now_;
    isa::execute_jump(instruction, state_);
    if (jump.indirect) {
        hazards_.set(decoded.destination, now_ + config_.link_latency, Cause::other);
    }
    const Prediction prediction = predictor_.predict(jump);
    if (prediction.wrong) {
        fetch_.redirect(state_.pc, now_ + config_.mispredict_latency, Cause::branch);
    } else if (jump.taken) {
        fetch_.redirect(state_.pc, fetch_.arrival() + prediction.distance, Cause::branch);
    }
    issued();
    constexpr Address short_loop = 128;  // bytes
    if (jump.taken && pc - state_.pc < short_loop && !jump.indirect) {
        return learn_spin(pc);
    }
    return Step::done;
}

Core::Implementation::Step Core::Implementation::csr(const Decoded& decoded, Cycle safe) {
    using isa::Op;
    const isa::Instruction& instruction = decoded.instruction;
    const auto number = static_cast<std::uint32_t>(instruction.immediate) & 0xfff;
    constexpr std::uint32_t last_float = 3;  // fflags, frm, fcsr
    constexpr std::uint32_t mip = 0x344;
    if (number <= last_float) {
        hold_until(flags_ready_, Cause::fp_hazard);
    }
    if (number == mip && environment_.devices != nullptr) {
        if (now_ > safe) {
            return Step::shared;
        }
        state_.mip = environment_.devices->interrupts(hart_, now_);
    }
    View view{environment_, now_ + write_back};
    if (const isa::Trap failed = isa::execute_system(instruction, state_, view); failed != isa::Trap::none) {
        return trap(failed, instruction);
    }
    writes_integer();
    hazards_.set(decoded.destination, now_ + config_.csr_latency, Cause::other);
    const bool replaces = instruction.op == Op::csrrw || instruction.op == Op::csrrwi;
    if (!replaces && instruction.rs1 == 0) {
        issued();
        return Step::done;
    }
    // mscratch to mtval may be written without a flush (CSR.scala: write_flush).
    constexpr std::uint32_t mscratch = 0x340;
    constexpr std::uint32_t mtval = 0x343;
    if (number < mscratch || number > mtval) {
        flush();
    }
    issued();
    return Step::again;
}

void Core::Implementation::run_accelerator(Cycle until) const {
    gemmini::Port& port = *environment_.accelerator;
    // It comes back early when something happens that a waiting core would want to know.
    for (Cycle before = never; port.now() < until && port.now() != before;) {
        before = port.now();
        port.run(until);
    }
}

// Only the own commands can make the accelerator busy, so that it is idle is no news from others.
Core::Implementation::Step Core::Implementation::fence(const Decoded& decoded, Cycle safe) {
    gemmini::Port* const port = environment_.accelerator;
    if (port != nullptr) {
        hold_until(rocc_past_, Cause::fence);
        if (!port->idle()) {
            if (now_ > safe) {
                return Step::shared;
            }
            run_accelerator(now_);
        }
        const std::optional<Cycle> since = port->idle_since();
        if (!since) {
            return stop(Stop::idle);
        }
        if (*since > now_) {
            hold_until(*since, Cause::fence);
        } else {
            --effects_;  // it waited for nothing
        }
    } else {
        --effects_;
    }
    isa::retire(decoded.instruction, state_);
    fence_pending_ = true;
    issued();
    const bool pauses = (decoded.instruction.bits >> 20 & 0xf) == 0;  // no successors
    if (pauses) {
        ++effects_;
        const Cycle until = (now_ + config_.pause_cycles - 1) / config_.pause_cycles * config_.pause_cycles;
        charge(Cause::other, until - now_);
        now_ = until;
    }
    return Step::done;
}

Core::Implementation::Step Core::Implementation::fence_i(const Decoded& decoded, Cycle /*safe*/) {
    await_memory_order();
    isa::retire(decoded.instruction, state_);
    instruction_tags_.clear();
    code_line_ = DataLine::none;
    flush();
    issued();
    code_.clear();
    return Step::done;
}

Core::Implementation::Step Core::Implementation::system(const Decoded& decoded, Cycle /*safe*/) {
    const bool sleeps = decoded.instruction.op == isa::Op::wfi;
    View view{environment_, now_};
    if (const isa::Trap failed = isa::execute_system(decoded.instruction, state_, view);
        failed != isa::Trap::none) {
        return trap(failed, decoded.instruction);
    }
    flush();
    issued();
    if (sleeps) {
        if (environment_.devices != nullptr) {
            state_.mip = environment_.devices->interrupts(hart_, now_);
        }
        if (!isa::wakes(state_)) {
            return stop(Stop::asleep);
        }
    }
    return Step::again;
}

Core::Implementation::Step Core::Implementation::custom(const Decoded& decoded, Cycle safe) {
    const isa::Instruction& instruction = decoded.instruction;
    gemmini::Port* const port = environment_.accelerator;
    constexpr std::uint32_t custom3 = 0x7b;
    if (port == nullptr || (instruction.bits & 0x7f) != custom3) {
        return trap(isa::Trap::illegal, instruction);
    }
    if (fence_pending_) {
        await_memory_order();
        fence_pending_ = false;
    }
    if (now_ > safe) {
        return Step::shared;
    }
    const Cycle at = std::max(now_ + write_back, port->now());
    run_accelerator(at);
    const std::optional<Cycle> since = port->ready_since();
    if (!since || *since > at) {
        // Refused in WB; then ID holds it until the cycle after the queue has room.
        if (since) {
            replay(decoded, *since + 1, Cause::accelerator);
            return Step::again;
        }
        retry_ = fetch_.refetch(state_.pc, instruction.length, now_ + config_.replay_latency);
        return stop(Stop::ready);
    }
    gemmini::RoccCommand command;
    command.funct = static_cast<std::uint8_t>(instruction.bits >> 25);
    command.returns = (instruction.bits >> 14 & 1) != 0;
    command.rs1 = state_.x[instruction.rs1];
    command.rs2 = state_.x[instruction.rs2];
    Cycle result_at = 0;
    const std::uint64_t result = port->issue(command, at, result_at);
    if (command.returns) {
        isa::write_integer(instruction, state_, result);
        hazards_.set(decoded.destination, std::max(result_at, now_ + write_back), Cause::accelerator);
        writes_integer();
    }
    isa::retire(instruction, state_);
    rocc_past_ = now_ + past_access;
    issued();
    return Step::yielded;  // the accelerator has something to do now
}

Core::Implementation::Step Core::Implementation::mark(const Decoded& decoded) {
    const isa::Instruction& instruction = decoded.instruction;
    if (instruction.op == isa::Op::hint_region) {
        if (environment_.observer != nullptr) {
            environment_.observer->region(hart_, static_cast<unsigned>(instruction.immediate), now_);
        }
    } else if (instruction.immediate == 0 && charged_ == &unseen_) {
        spent_[static_cast<std::size_t>(Cause::barrier)] += now_ - waiting_since_;
        charged_ = &spent_;
    }
    writes_integer();
    isa::retire(instruction, state_);
    issued();
    if (instruction.op == isa::Op::hint_wait && instruction.immediate != 0 && charged_ != &unseen_) {
        waiting_since_ = now_;
        charged_ = &unseen_;
    }
    return Step::done;
}

}  // namespace partita::chip::rocket
