// FP instructions: one write port, one divider (FPU.scala).

#include "chip/rocket/implementation.hpp"

namespace partita::chip::rocket {

void Core::Implementation::await_divider(const Decoded& decoded) {
    while (now_ < divider_free_)
        [[unlikely]] {
            replay(decoded, 0, Cause::fp_hazard);
        }
}

Core::Implementation::Step Core::Implementation::float_pipe(const Decoded& decoded) {
    await_divider(decoded);
    while (float_port_.taken(now_, decoded.depth))
        [[unlikely]] {
            replay(decoded, 0, Cause::fp_hazard);
        }
    if (const isa::Trap failed = isa::execute_float(decoded.instruction, state_); failed != isa::Trap::none)
        [[unlikely]] {
        return trap(failed, decoded.instruction);
    }
    float_port_.take(now_, decoded.depth);
    hazards_.set(decoded.destination, now_ + decoded.latency, Cause::fp_hazard);
    flags_ready_ = std::max(flags_ready_, now_ + decoded.depth + 2);
    ++effects_;
    issued();
    return Step::done;
}

Core::Implementation::Step Core::Implementation::float_to_int(const Decoded& decoded) {
    await_divider(decoded);
    if (const isa::Trap failed = isa::execute_float(decoded.instruction, state_); failed != isa::Trap::none)
        [[unlikely]] {
        return trap(failed, decoded.instruction);
    }
    writes_integer();
    hazards_.set(decoded.destination, now_ + config_.float_to_int_latency, Cause::fp_hazard);
    flags_ready_ = std::max(flags_ready_, now_ + past_access);
    ++effects_;
    issued();
    return Step::done;
}

Core::Implementation::Step Core::Implementation::float_divide(const Decoded& decoded) {
    const isa::Instruction& instruction = decoded.instruction;
    await_divider(decoded);
    // It is nacked in MEM while any pipe has a write outstanding.
    while (float_port_.last() >= now_ + 2) {
        replay(decoded, 0, Cause::fp_hazard);
    }
    const unsigned iterations =
        float_iterations(instruction.op, state_.f[instruction.rs1], state_.f[instruction.rs2]);
    if (const isa::Trap failed = isa::execute_float(instruction, state_); failed != isa::Trap::none)
        [[unlikely]] {
        return trap(failed, instruction);
    }
    // The divider takes its operands in MEM and counts down from the cycle after it to 1, in which it writes;
    // it is in flight until the cycle before.
    divider_free_ = now_ + iterations;
    const Cycle result = now_ + iterations + 3;
    hazards_.set(decoded.destination, result, Cause::fp_hazard);
    flags_ready_ = std::max(flags_ready_, result);
    ++effects_;
    issued();
    return Step::done;
}

}  // namespace partita::chip::rocket
