#pragma once

// Executes one instruction exactly: registers, memory, flags and the next pc. No time passes here.
//
// Memory provides `bool contains(Address, std::size_t)`, `T load<T>(Address)`, `void store<T>(Address, T)`
// (FlatMemory does) and, for the counters, `Cycle cycle()`. Accesses must be naturally aligned. `custom`,
// `hint_*`, `fence`, `fence_i` and `wfi` only advance pc: what they mean is the caller's.
//
// The groups below (`integer_result`, `branch_taken`, `execute_load`, ...) are for a caller that knows the
// instruction's pipe already; `execute` puts them together.

#include <cstdint>
#include <type_traits>

#include "chip/base/units.hpp"
#include "chip/isa/csr.hpp"
#include "chip/isa/execute_float.hpp"
#include "chip/isa/instruction.hpp"
#include "chip/isa/integer.hpp"
#include "chip/isa/retire.hpp"
#include "chip/isa/state.hpp"
#include "chip/isa/trap.hpp"

namespace partita::chip::isa {

// Of a load, store or atomic.
[[gnu::always_inline]] inline Address effective_address(const Instruction& instruction,
                                                        const HartState& state) {
    return state.x[instruction.rs1] + static_cast<std::uint64_t>(std::int64_t{instruction.immediate});
}

// What a load (Pipe::load, Pipe::fp_load) does with the bytes it was given, zero-extended in `value`; for
// loads from memory and from devices alike.
[[gnu::always_inline]] inline void finish_load(const Instruction& instruction, HartState& state,
                                               std::uint64_t value) {
    switch (instruction.op) {
        case Op::lb:
            value = sign_extend<std::int8_t>(value);
            break;
        case Op::lh:
            value = sign_extend<std::int16_t>(value);
            break;
        case Op::lw:
            value = sign_extend<std::int32_t>(value);
            break;
        case Op::flh:
            state.f[instruction.rd] = box(static_cast<std::uint16_t>(value));
            retire(instruction, state);
            return;
        case Op::flw:
            state.f[instruction.rd] = box(static_cast<std::uint32_t>(value));
            retire(instruction, state);
            return;
        case Op::fld:
            state.f[instruction.rd] = value;
            retire(instruction, state);
            return;
        default:
            break;
    }
    write_integer(instruction, state, value);
    retire(instruction, state);
}

// What a store (Pipe::store, Pipe::fp_store) writes: the low bytes of this.
[[gnu::always_inline]] inline std::uint64_t store_value(const Instruction& instruction,
                                                        const HartState& state) {
    return properties(instruction.op).pipe == Pipe::fp_store ? state.f[instruction.rs2]
                                                             : state.x[instruction.rs2];
}

// flh, fsh, flw, fsw, fld, fsd are illegal while the floating-point unit is off; the others never.
[[gnu::always_inline]] inline bool floating_off(const HartState& state) {
    return (state.mstatus & mstatus::floating) == 0;
}

template <typename T, typename Memory>
[[gnu::always_inline]] inline Trap load_value(Address address, Memory& memory, std::uint64_t& value) {
    if (address % sizeof(T) != 0) {
        return Trap::load_misaligned;
    }
    if (!memory.contains(address, sizeof(T))) {
        return Trap::load_fault;
    }
    value = memory.template load<T>(address);
    return Trap::none;
}

template <typename T, typename Memory>
[[gnu::always_inline]] inline Trap store_to(Address address, Memory& memory, std::uint64_t value) {
    if (address % sizeof(T) != 0) {
        return Trap::store_misaligned;
    }
    if (!memory.contains(address, sizeof(T))) {
        return Trap::store_fault;
    }
    memory.template store<T>(address, static_cast<T>(value));
    return Trap::none;
}

// Pipe::load and Pipe::fp_load.
template <typename Memory>
[[gnu::always_inline]] inline Trap execute_load(const Instruction& instruction, HartState& state,
                                                Memory& memory) {
    const Address address = effective_address(instruction, state);
    std::uint64_t value = 0;
    Trap trap = Trap::none;
    switch (instruction.op) {
        case Op::lb:
        case Op::lbu:
            trap = load_value<std::uint8_t>(address, memory, value);
            break;
        case Op::lh:
        case Op::lhu:
            trap = load_value<std::uint16_t>(address, memory, value);
            break;
        case Op::lw:
        case Op::lwu:
            trap = load_value<std::uint32_t>(address, memory, value);
            break;
        case Op::flh:
            trap = floating_off(state) ? Trap::illegal : load_value<std::uint16_t>(address, memory, value);
            break;
        case Op::flw:
            trap = floating_off(state) ? Trap::illegal : load_value<std::uint32_t>(address, memory, value);
            break;
        case Op::fld:
            trap = floating_off(state) ? Trap::illegal : load_value<std::uint64_t>(address, memory, value);
            break;
        default:
            trap = load_value<std::uint64_t>(address, memory, value);
            break;
    }
    if (trap == Trap::none) {
        finish_load(instruction, state, value);
    }
    return trap;
}

// Pipe::store and Pipe::fp_store.
template <typename Memory>
[[gnu::always_inline]] inline Trap execute_store(const Instruction& instruction, HartState& state,
                                                 Memory& memory) {
    const Address address = effective_address(instruction, state);
    Trap trap = Trap::none;
    switch (instruction.op) {
        case Op::sb:
            trap = store_to<std::uint8_t>(address, memory, state.x[instruction.rs2]);
            break;
        case Op::sh:
            trap = store_to<std::uint16_t>(address, memory, state.x[instruction.rs2]);
            break;
        case Op::sw:
            trap = store_to<std::uint32_t>(address, memory, state.x[instruction.rs2]);
            break;
        case Op::fsh:
            trap = floating_off(state) ? Trap::illegal
                                       : store_to<std::uint16_t>(address, memory, state.f[instruction.rs2]);
            break;
        case Op::fsw:
            trap = floating_off(state) ? Trap::illegal
                                       : store_to<std::uint32_t>(address, memory, state.f[instruction.rs2]);
            break;
        case Op::fsd:
            trap = floating_off(state) ? Trap::illegal
                                       : store_to<std::uint64_t>(address, memory, state.f[instruction.rs2]);
            break;
        default:
            trap = store_to<std::uint64_t>(address, memory, state.x[instruction.rs2]);
            break;
    }
    if (trap == Trap::none) {
        retire(instruction, state);
    }
    return trap;
}

// Pipe::branch: whether it leaves the straight path.
[[gnu::always_inline]] inline bool branch_taken(const Instruction& instruction, const HartState& state) {
    const std::uint64_t a = state.x[instruction.rs1];
    const std::uint64_t b = state.x[instruction.rs2];
    switch (instruction.op) {
        case Op::beq:
            return a == b;
        case Op::bne:
            return a != b;
        case Op::blt:
            return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
        case Op::bge:
            return static_cast<std::int64_t>(a) >= static_cast<std::int64_t>(b);
        case Op::bltu:
            return a < b;
        default:
            return a >= b;
    }
}

// Pipe::branch, Pipe::jump, Pipe::jump_register.
[[gnu::always_inline]] inline void execute_jump(const Instruction& instruction, HartState& state) {
    const std::uint64_t offset = static_cast<std::uint64_t>(std::int64_t{instruction.immediate});
    const std::uint64_t next = next_address(instruction, state);
    if (instruction.op == Op::jal) {
        write_integer(instruction, state, next);
        state.pc += offset;
    } else if (instruction.op == Op::jalr) {
        const std::uint64_t target = (state.x[instruction.rs1] + offset) & ~std::uint64_t{1};
        write_integer(instruction, state, next);
        state.pc = target;
    } else {
        state.pc = branch_taken(instruction, state) ? state.pc + offset : next;
    }
    ++state.instructions;
}

// Pipe::alu, Pipe::multiply, Pipe::divide.
[[gnu::always_inline]] inline void execute_integer(const Instruction& instruction, HartState& state) {
    write_integer(instruction, state, integer_result(instruction, state));
    retire(instruction, state);
}

// Pipe::atomic. SC succeeds if the hart has a reservation for the line; whoever sees another hart write the
// line clears `state.reserved`.
template <typename Memory>
Trap execute_atomic(const Instruction& instruction, HartState& state, Memory& memory);

// Pipe::csr, fence, fence_i, system, custom, mark, illegal.
template <typename Memory>
Trap execute_system(const Instruction& instruction, HartState& state, Memory& memory);

// Any instruction: advances state.pc and state.instructions and returns Trap::none, or leaves the state as it
// was and returns why not.
template <typename Memory>
[[gnu::always_inline]] inline Trap execute(const Instruction& instruction, HartState& state, Memory& memory) {
    switch (properties(instruction.op).pipe) {
        case Pipe::alu:
        case Pipe::multiply:
        case Pipe::divide:
            execute_integer(instruction, state);
            return Trap::none;
        case Pipe::branch:
        case Pipe::jump:
        case Pipe::jump_register:
            execute_jump(instruction, state);
            return Trap::none;
        case Pipe::load:
        case Pipe::fp_load:
            return execute_load(instruction, state, memory);
        case Pipe::store:
        case Pipe::fp_store:
            return execute_store(instruction, state, memory);
        case Pipe::atomic:
            return execute_atomic(instruction, state, memory);
        case Pipe::fp_single:
        case Pipe::fp_double:
        case Pipe::fp_move:
        case Pipe::int_to_fp:
        case Pipe::fp_to_int:
        case Pipe::fp_divide:
            return execute_float(instruction, state);
        default:
            return execute_system(instruction, state, memory);
    }
}

// ---- atomics and the rest, which are rare

template <typename T>
T combine_atomic(Op op, T old, T operand) {
    using Signed = std::make_signed_t<T>;
    switch (op) {
        case Op::amoadd_w:
        case Op::amoadd_d:
            return old + operand;
        case Op::amoxor_w:
        case Op::amoxor_d:
            return old ^ operand;
        case Op::amoand_w:
        case Op::amoand_d:
            return old & operand;
        case Op::amoor_w:
        case Op::amoor_d:
            return old | operand;
        case Op::amomin_w:
        case Op::amomin_d:
            return static_cast<Signed>(old) < static_cast<Signed>(operand) ? old : operand;
        case Op::amomax_w:
        case Op::amomax_d:
            return static_cast<Signed>(old) > static_cast<Signed>(operand) ? old : operand;
        case Op::amominu_w:
        case Op::amominu_d:
            return old < operand ? old : operand;
        case Op::amomaxu_w:
        case Op::amomaxu_d:
            return old > operand ? old : operand;
        default:  // amoswap
            return operand;
    }
}

template <typename T, typename Memory>
Trap execute_atomic_of(const Instruction& instruction, HartState& state, Memory& memory) {
    using Signed = std::make_signed_t<T>;
    const bool load_reserved = instruction.op == Op::lr_w || instruction.op == Op::lr_d;
    const bool conditional = instruction.op == Op::sc_w || instruction.op == Op::sc_d;
    const Address address = state.x[instruction.rs1];
    if (address % sizeof(T) != 0) {
        return load_reserved ? Trap::load_misaligned : Trap::store_misaligned;
    }
    if (!memory.contains(address, sizeof(T))) {
        return load_reserved ? Trap::load_fault : Trap::store_fault;
    }
    const T operand = static_cast<T>(state.x[instruction.rs2]);
    if (conditional) {
        const bool succeeds = state.reserved && state.reservation == line_of(address);
        if (succeeds) {
            memory.template store<T>(address, operand);
        }
        state.reserved = false;
        write_integer(instruction, state, succeeds ? 0 : 1);
    } else {
        const T old = memory.template load<T>(address);
        if (load_reserved) {
            state.reserved = true;
            state.reservation = line_of(address);
        } else {
            memory.template store<T>(address, combine_atomic<T>(instruction.op, old, operand));
        }
        write_integer(instruction, state, sign_extend<Signed>(old));
    }
    retire(instruction, state);
    return Trap::none;
}

template <typename Memory>
Trap execute_atomic(const Instruction& instruction, HartState& state, Memory& memory) {
    return properties(instruction.op).bytes == 4
               ? execute_atomic_of<std::uint32_t>(instruction, state, memory)
               : execute_atomic_of<std::uint64_t>(instruction, state, memory);
}

template <typename Memory>
Trap execute_system(const Instruction& instruction, HartState& state, Memory& memory) {
    switch (properties(instruction.op).pipe) {
        case Pipe::csr:
            if (const Trap trap = access_csr(instruction, state, memory.cycle()); trap != Trap::none) {
                return trap;
            }
            break;
        case Pipe::system:
            if (instruction.op == Op::ecall) {
                return Trap::environment_call;
            }
            if (instruction.op == Op::ebreak) {
                return Trap::breakpoint;
            }
            if (instruction.op == Op::mret) {
                return_from_trap(state);
                ++state.instructions;
                return Trap::none;
            }
            break;
        case Pipe::illegal:
            return Trap::illegal;
        default:
            break;
    }
    retire(instruction, state);
    return Trap::none;
}

}  // namespace partita::chip::isa
