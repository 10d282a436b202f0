#pragma once

// Floating-point instructions other than loads and stores. What nearly every instruction of a program is
// (rounding to nearest, a result among the normal numbers, fflags already inexact) is done here by the host,
// whose environment must be the default one; anything that may raise another flag or meet a NaN goes to
// execute_float_exactly.

#include <bit>
#include <cmath>
#include <cstdint>

#include "chip/isa/floating.hpp"
#include "chip/isa/instruction.hpp"
#include "chip/isa/retire.hpp"
#include "chip/isa/state.hpp"
#include "chip/isa/trap.hpp"

namespace partita::chip::isa {

// A BF16 or single-precision value as a register holds it (NaN-boxed).
constexpr std::uint64_t box(std::uint16_t bits) {
    return 0xffff'ffff'ffff'0000U | bits;
}
constexpr std::uint64_t box(std::uint32_t bits) {
    return 0xffff'ffff'0000'0000U | bits;
}
constexpr std::uint64_t box(std::uint64_t bits) {
    return bits;
}

// Any floating-point instruction but loads and stores, in any state. Trap::illegal while the floating-point
// unit is off or if the rounding mode in effect does not exist.
Trap execute_float_exactly(const Instruction& instruction, HartState& state);

namespace fast {

template <typename Bits, typename... Registers>
[[gnu::always_inline]] inline bool are_boxed(const HartState& state, Registers... registers) {
    return sizeof(Bits) == sizeof(std::uint64_t) || (state.f[registers] & ...) >> 32U == 0xffff'ffffU;
}

template <typename Bits>
[[gnu::always_inline]] inline typename Layout<Bits>::Host value_of(const HartState& state,
                                                                   std::uint8_t index) {
    return std::bit_cast<typename Layout<Bits>::Host>(static_cast<Bits>(state.f[index]));
}

// Rounding was to a normal number above the least one, so it neither overflowed nor was tiny.
template <typename Bits>
[[gnu::always_inline]] inline bool is_ordinary(Bits result) {
    constexpr Bits lowest = least_normal<Bits> + 1;
    return static_cast<Bits>(magnitude(result) - lowest) < infinity<Bits> - lowest;
}

template <typename Bits>
[[gnu::always_inline]] inline bool keep_if(bool exact_flags, const Instruction& instruction, HartState& state,
                                           Bits result) {
    if (exact_flags) {
        state.f[instruction.rd] = box(result);
    }
    return exact_flags;
}

// A sum is never tiny and inexact: where it is subnormal, it is exact. Finite operands and no overflow give a
// finite one.
template <typename Bits>
[[gnu::always_inline]] inline bool add(const Instruction& instruction, HartState& state, bool subtracts) {
    const auto a = value_of<Bits>(state, instruction.rs1);
    const auto b = value_of<Bits>(state, instruction.rs2);
    const Bits result = std::bit_cast<Bits>(subtracts ? a - b : a + b);
    return keep_if(
        are_boxed<Bits>(state, instruction.rs1, instruction.rs2) && magnitude(result) < infinity<Bits>,
        instruction, state, result);
}

template <typename Bits>
[[gnu::always_inline]] inline bool multiply(const Instruction& instruction, HartState& state) {
    const auto a = value_of<Bits>(state, instruction.rs1);
    const auto b = value_of<Bits>(state, instruction.rs2);
    const Bits result = std::bit_cast<Bits>(a * b);
    const bool exact_zero = magnitude(result) == 0 && (a == 0 || b == 0);
    return keep_if(
        are_boxed<Bits>(state, instruction.rs1, instruction.rs2) && (is_ordinary(result) || exact_zero),
        instruction, state, result);
}

template <typename Bits>
[[gnu::always_inline]] inline bool divide(const Instruction& instruction, HartState& state) {
    const Bits result =
        std::bit_cast<Bits>(value_of<Bits>(state, instruction.rs1) / value_of<Bits>(state, instruction.rs2));
    return keep_if(are_boxed<Bits>(state, instruction.rs1, instruction.rs2) && is_ordinary(result),
                   instruction, state, result);
}

template <typename Bits>
[[gnu::always_inline]] inline bool square_root(const Instruction& instruction, HartState& state) {
    const Bits result = std::bit_cast<Bits>(std::sqrt(value_of<Bits>(state, instruction.rs1)));
    return keep_if(are_boxed<Bits>(state, instruction.rs1) && is_ordinary(result), instruction, state,
                   result);
}

template <typename Bits>
[[gnu::always_inline]] inline bool multiply_add(const Instruction& instruction, HartState& state,
                                                bool negates_product, bool subtracts) {
    const auto a = value_of<Bits>(state, instruction.rs1);
    const auto b = value_of<Bits>(state, instruction.rs2);
    const auto c = value_of<Bits>(state, instruction.rs3);
    const Bits result = std::bit_cast<Bits>(std::fma(negates_product ? -a : a, b, subtracts ? -c : c));
    const bool exact = (a == 0 || b == 0) && magnitude(result) < infinity<Bits>;
    return keep_if(are_boxed<Bits>(state, instruction.rs1, instruction.rs2, instruction.rs3) &&
                       (is_ordinary(result) || exact),
                   instruction, state, result);
}

enum class Sign : std::uint8_t { copied, negated, combined };

template <typename Bits>
[[gnu::always_inline]] inline bool inject_sign(const Instruction& instruction, HartState& state, Sign how) {
    const auto a = static_cast<Bits>(state.f[instruction.rs1]);
    const auto b = static_cast<Bits>(state.f[instruction.rs2]);
    const Bits sign = (how == Sign::copied    ? b
                       : how == Sign::negated ? static_cast<Bits>(~b)
                                              : a ^ b) &
                      sign_bit<Bits>;
    return keep_if(are_boxed<Bits>(state, instruction.rs1, instruction.rs2), instruction, state,
                   static_cast<Bits>(magnitude(a) | sign));
}

// Zeros of two signs are left to the exact way, as NaNs are.
template <typename Bits>
[[gnu::always_inline]] inline bool extremum(const Instruction& instruction, HartState& state, bool greatest) {
    const auto a = value_of<Bits>(state, instruction.rs1);
    const auto b = value_of<Bits>(state, instruction.rs2);
    const auto result = std::bit_cast<Bits>((a < b) != greatest ? a : b);
    return keep_if(are_boxed<Bits>(state, instruction.rs1, instruction.rs2) && (a < b || a > b), instruction,
                   state, result);
}

enum class Relation : std::uint8_t { equal, less, less_or_equal };

template <typename Bits>
[[gnu::always_inline]] inline bool compare(const Instruction& instruction, HartState& state,
                                           Relation relation) {
    const auto a = value_of<Bits>(state, instruction.rs1);
    const auto b = value_of<Bits>(state, instruction.rs2);
    if (!are_boxed<Bits>(state, instruction.rs1, instruction.rs2) || std::isunordered(a, b)) {
        return false;
    }
    const bool holds = relation == Relation::equal ? a == b : relation == Relation::less ? a < b : a <= b;
    write_integer(instruction, state, holds ? 1 : 0);
    return true;
}

// Towards zero, as C converts; `limit` is the first power of two that is out of range.
template <typename Bits, typename Integer>
[[gnu::always_inline]] inline bool truncate(const Instruction& instruction, HartState& state, double limit) {
    const auto a = value_of<Bits>(state, instruction.rs1);
    const bool fits = static_cast<double>(std::abs(a)) < limit;
    if (!are_boxed<Bits>(state, instruction.rs1) || !fits) {
        return false;
    }
    write_integer(instruction, state, static_cast<std::uint64_t>(std::int64_t{static_cast<Integer>(a)}));
    return true;
}

template <typename Bits, typename Integer>
[[gnu::always_inline]] inline void convert(const Instruction& instruction, HartState& state) {
    const auto value = static_cast<Integer>(state.x[instruction.rs1]);
    state.f[instruction.rd] = box(std::bit_cast<Bits>(static_cast<typename Layout<Bits>::Host>(value)));
}

// Whether the instruction was done, its result written, and no flag can have been missed.
// NOLINTNEXTLINE(readability-function-size): one case an instruction reads best in one switch
[[gnu::always_inline]] inline bool execute(const Instruction& instruction, HartState& state) {
    using Half = std::uint16_t;
    using Single = std::uint32_t;
    using Double = std::uint64_t;
    constexpr std::uint8_t dynamic = 7;
    constexpr double two_31 = 0x1p31;
    constexpr double two_63 = 0x1p63;
    const std::uint8_t rounding = instruction.rounding == dynamic ? state.frm : instruction.rounding;
    const bool to_nearest = rounding == static_cast<std::uint8_t>(Rounding::nearest_even);
    const bool inexact = (state.fflags & fflag::inexact) != 0;
    const bool usual = to_nearest && inexact;
    const bool truncates = rounding == static_cast<std::uint8_t>(Rounding::towards_zero) && inexact;
    switch (instruction.op) {
        case Op::fadd_s:
            return usual && add<Single>(instruction, state, false);
        case Op::fadd_d:
            return usual && add<Double>(instruction, state, false);
        case Op::fsub_s:
            return usual && add<Single>(instruction, state, true);
        case Op::fsub_d:
            return usual && add<Double>(instruction, state, true);
        case Op::fmul_s:
            return usual && multiply<Single>(instruction, state);
        case Op::fmul_d:
            return usual && multiply<Double>(instruction, state);
        case Op::fdiv_s:
            return usual && divide<Single>(instruction, state);
        case Op::fdiv_d:
            return usual && divide<Double>(instruction, state);
        case Op::fsqrt_s:
            return usual && square_root<Single>(instruction, state);
        case Op::fsqrt_d:
            return usual && square_root<Double>(instruction, state);
        case Op::fmadd_s:
            return usual && multiply_add<Single>(instruction, state, false, false);
        case Op::fmadd_d:
            return usual && multiply_add<Double>(instruction, state, false, false);
        case Op::fmsub_s:
            return usual && multiply_add<Single>(instruction, state, false, true);
        case Op::fmsub_d:
            return usual && multiply_add<Double>(instruction, state, false, true);
        case Op::fnmsub_s:
            return usual && multiply_add<Single>(instruction, state, true, false);
        case Op::fnmsub_d:
            return usual && multiply_add<Double>(instruction, state, true, false);
        case Op::fnmadd_s:
            return usual && multiply_add<Single>(instruction, state, true, true);
        case Op::fnmadd_d:
            return usual && multiply_add<Double>(instruction, state, true, true);
        case Op::fsgnj_s:
            return inject_sign<Single>(instruction, state, Sign::copied);
        case Op::fsgnj_d:
            return inject_sign<Double>(instruction, state, Sign::copied);
        case Op::fsgnjn_s:
            return inject_sign<Single>(instruction, state, Sign::negated);
        case Op::fsgnjn_d:
            return inject_sign<Double>(instruction, state, Sign::negated);
        case Op::fsgnjx_s:
            return inject_sign<Single>(instruction, state, Sign::combined);
        case Op::fsgnjx_d:
            return inject_sign<Double>(instruction, state, Sign::combined);
        case Op::fmin_s:
            return extremum<Single>(instruction, state, false);
        case Op::fmin_d:
            return extremum<Double>(instruction, state, false);
        case Op::fmax_s:
            return extremum<Single>(instruction, state, true);
        case Op::fmax_d:
            return extremum<Double>(instruction, state, true);
        case Op::feq_s:
            return compare<Single>(instruction, state, Relation::equal);
        case Op::feq_d:
            return compare<Double>(instruction, state, Relation::equal);
        case Op::flt_s:
            return compare<Single>(instruction, state, Relation::less);
        case Op::flt_d:
            return compare<Double>(instruction, state, Relation::less);
        case Op::fle_s:
            return compare<Single>(instruction, state, Relation::less_or_equal);
        case Op::fle_d:
            return compare<Double>(instruction, state, Relation::less_or_equal);
        case Op::fmv_x_w:
            write_integer(instruction, state,
                          static_cast<std::uint64_t>(
                              std::int64_t{static_cast<std::int32_t>(state.f[instruction.rs1])}));
            return true;
        case Op::fmv_x_d:
            write_integer(instruction, state, state.f[instruction.rs1]);
            return true;
        case Op::fmv_w_x:
            state.f[instruction.rd] = box(static_cast<Single>(state.x[instruction.rs1]));
            return true;
        case Op::fmv_d_x:
            state.f[instruction.rd] = state.x[instruction.rs1];
            return true;
        case Op::fcvt_d_s: {
            const auto a = static_cast<Single>(state.f[instruction.rs1]);
            return to_nearest &&
                   keep_if(are_boxed<Single>(state, instruction.rs1) && !is_nan(a), instruction, state,
                           std::bit_cast<Double>(static_cast<double>(std::bit_cast<float>(a))));
        }
        case Op::fcvt_s_d: {
            const auto result =
                std::bit_cast<Single>(static_cast<float>(value_of<Double>(state, instruction.rs1)));
            return usual && keep_if(is_ordinary(result), instruction, state, result);
        }
        case Op::fmv_x_h:
            write_integer(instruction, state,
                          static_cast<std::uint64_t>(
                              std::int64_t{static_cast<std::int16_t>(state.f[instruction.rs1])}));
            return true;
        case Op::fmv_h_x:
            state.f[instruction.rd] = box(static_cast<Half>(state.x[instruction.rs1]));
            return true;
        case Op::fcvt_s_bf16: {
            const auto a = static_cast<Half>(state.f[instruction.rs1]);
            return to_nearest && keep_if(box(a) == state.f[instruction.rs1] && !is_nan(a), instruction, state,
                                         Single{a} << 16U);
        }
        case Op::fcvt_bf16_s: {
            // To the nearest by adding half of the last bit kept, or a little less if that bit is 0.
            const auto a = static_cast<Single>(state.f[instruction.rs1]);
            const auto result = static_cast<Half>((a + 0x7fffU + (a >> 16U & 1U)) >> 16U);
            return usual &&
                   keep_if(are_boxed<Single>(state, instruction.rs1) && is_ordinary(a) && is_ordinary(result),
                           instruction, state, result);
        }
        case Op::fcvt_w_s:
            return truncates && truncate<Single, std::int32_t>(instruction, state, two_31);
        case Op::fcvt_w_d:
            return truncates && truncate<Double, std::int32_t>(instruction, state, two_31);
        case Op::fcvt_l_s:
            return truncates && truncate<Single, std::int64_t>(instruction, state, two_63);
        case Op::fcvt_l_d:
            return truncates && truncate<Double, std::int64_t>(instruction, state, two_63);
        default:
            break;
    }
    if (!usual) {
        return false;
    }
    switch (instruction.op) {
        case Op::fcvt_s_w:
            convert<Single, std::int32_t>(instruction, state);
            return true;
        case Op::fcvt_s_wu:
            convert<Single, std::uint32_t>(instruction, state);
            return true;
        case Op::fcvt_s_l:
            convert<Single, std::int64_t>(instruction, state);
            return true;
        case Op::fcvt_s_lu:
            convert<Single, std::uint64_t>(instruction, state);
            return true;
        case Op::fcvt_d_w:
            convert<Double, std::int32_t>(instruction, state);
            return true;
        case Op::fcvt_d_wu:
            convert<Double, std::uint32_t>(instruction, state);
            return true;
        case Op::fcvt_d_l:
            convert<Double, std::int64_t>(instruction, state);
            return true;
        case Op::fcvt_d_lu:
            convert<Double, std::uint64_t>(instruction, state);
            return true;
        default:
            return false;
    }
}

}  // namespace fast

// Any floating-point instruction but loads and stores; Trap::illegal as execute_float_exactly says.
[[gnu::always_inline]] inline Trap execute_float(const Instruction& instruction, HartState& state) {
    constexpr std::uint64_t unit_on = 3U << 13U;  // mstatus.FS
    if ((state.mstatus & unit_on) != 0 && fast::execute(instruction, state)) {
        retire(instruction, state);
        return Trap::none;
    }
    return execute_float_exactly(instruction, state);
}

}  // namespace partita::chip::isa
