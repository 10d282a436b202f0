#include "chip/isa/execute_float.hpp"

#include "chip/isa/csr.hpp"
#include "chip/isa/integer.hpp"

namespace partita::chip::isa {
namespace {

// What a register holds for a precision: a number that is not NaN-boxed counts as the canonical NaN.
template <typename Bits>
Bits operand(const HartState& state, std::uint8_t index) {
    const std::uint64_t held = state.f[index];
    const auto low = static_cast<Bits>(held);
    return box(low) == held ? low : canonical_nan<Bits>;
}

template <typename Bits>
Bits negated(Bits a) {
    return a ^ sign_bit<Bits>;
}

template <typename Integer, typename Bits>
std::uint64_t converted(Bits a, Rounding rounding, std::uint8_t& flags) {
    const Integer value = to_integer<Integer>(a, rounding, flags);
    if constexpr (sizeof(Integer) == sizeof(std::uint32_t)) {
        return sign_extend<std::int32_t>(static_cast<std::uint32_t>(value));  // the unsigned word, too
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

// Results that go to the integer file.
template <typename Bits>
std::uint64_t integer_of(const Instruction& instruction, const HartState& state, Rounding rounding,
                         std::uint8_t& flags) {
    const Bits a = operand<Bits>(state, instruction.rs1);
    const Bits b = operand<Bits>(state, instruction.rs2);
    switch (instruction.op) {
        case Op::fcvt_w_s:
        case Op::fcvt_w_d:
            return converted<std::int32_t>(a, rounding, flags);
        case Op::fcvt_wu_s:
        case Op::fcvt_wu_d:
            return converted<std::uint32_t>(a, rounding, flags);
        case Op::fcvt_l_s:
        case Op::fcvt_l_d:
            return converted<std::int64_t>(a, rounding, flags);
        case Op::fcvt_lu_s:
        case Op::fcvt_lu_d:
            return converted<std::uint64_t>(a, rounding, flags);
        case Op::feq_s:
        case Op::feq_d:
            return equal(a, b, flags) ? 1 : 0;
        case Op::flt_s:
        case Op::flt_d:
            return less(a, b, flags) ? 1 : 0;
        case Op::fle_s:
        case Op::fle_d:
            return less_or_equal(a, b, flags) ? 1 : 0;
        case Op::fclass_s:
        case Op::fclass_d:
            return classify(a);
        case Op::fmv_x_h:
            return sign_extend<std::int16_t>(state.f[instruction.rs1]);
        case Op::fmv_x_w:
            return sign_extend<std::int32_t>(state.f[instruction.rs1]);
        default:  // fmv.x.d
            return state.f[instruction.rs1];
    }
}

// Results of the precision `Bits` from operands of the same, or from the integer file.
// NOLINTNEXTLINE(readability-function-size): one case an instruction reads best in one switch
template <typename Bits>
Bits float_of(const Instruction& instruction, const HartState& state, Rounding rounding,
              std::uint8_t& flags) {
    const Bits a = operand<Bits>(state, instruction.rs1);
    const Bits b = operand<Bits>(state, instruction.rs2);
    const Bits c = operand<Bits>(state, instruction.rs3);
    const std::uint64_t integer = state.x[instruction.rs1];
    switch (instruction.op) {
        case Op::fmadd_s:
        case Op::fmadd_d:
            return multiply_add(a, b, c, rounding, flags);
        case Op::fmsub_s:
        case Op::fmsub_d:
            return multiply_add(a, b, negated(c), rounding, flags);
        case Op::fnmsub_s:
        case Op::fnmsub_d:
            return multiply_add(negated(a), b, c, rounding, flags);
        case Op::fnmadd_s:
        case Op::fnmadd_d:
            return multiply_add(negated(a), b, negated(c), rounding, flags);
        case Op::fadd_s:
        case Op::fadd_d:
            return add(a, b, rounding, flags);
        case Op::fsub_s:
        case Op::fsub_d:
            return add(a, negated(b), rounding, flags);
        case Op::fmul_s:
        case Op::fmul_d:
            return multiply(a, b, rounding, flags);
        case Op::fdiv_s:
        case Op::fdiv_d:
            return divide(a, b, rounding, flags);
        case Op::fsqrt_s:
        case Op::fsqrt_d:
            return square_root(a, rounding, flags);
        case Op::fsgnj_s:
        case Op::fsgnj_d:
            return magnitude(a) | (b & sign_bit<Bits>);
        case Op::fsgnjn_s:
        case Op::fsgnjn_d:
            return magnitude(a) | (negated(b) & sign_bit<Bits>);
        case Op::fsgnjx_s:
        case Op::fsgnjx_d:
            return a ^ (b & sign_bit<Bits>);
        case Op::fmin_s:
        case Op::fmin_d:
            return minimum(a, b, flags);
        case Op::fmax_s:
        case Op::fmax_d:
            return maximum(a, b, flags);
        case Op::fcvt_s_w:
        case Op::fcvt_d_w:
            return from_integer<Bits>(static_cast<std::int32_t>(integer), rounding, flags);
        case Op::fcvt_s_wu:
        case Op::fcvt_d_wu:
            return from_integer<Bits>(static_cast<std::uint32_t>(integer), rounding, flags);
        case Op::fcvt_s_l:
        case Op::fcvt_d_l:
            return from_integer<Bits>(static_cast<std::int64_t>(integer), rounding, flags);
        case Op::fcvt_s_lu:
        case Op::fcvt_d_lu:
            return from_integer<Bits>(integer, rounding, flags);
        default:  // fmv.w.x, fmv.d.x
            return static_cast<Bits>(integer);
    }
}

}  // namespace

Trap execute_float_exactly(const Instruction& instruction, HartState& state) {
    constexpr std::uint8_t dynamic = 7;
    constexpr auto last_mode = static_cast<std::uint8_t>(Rounding::nearest_away);
    const std::uint8_t mode = instruction.rounding == dynamic ? state.frm : instruction.rounding;
    if ((state.mstatus & mstatus::floating) == 0 || mode > last_mode) {
        return Trap::illegal;
    }
    const auto rounding = static_cast<Rounding>(mode);
    const Properties& uses = properties(instruction.op);
    std::uint8_t flags = 0;
    if (uses.writes_rd) {
        state.x[instruction.rd] = uses.is_double
                                      ? integer_of<std::uint64_t>(instruction, state, rounding, flags)
                                      : integer_of<std::uint32_t>(instruction, state, rounding, flags);
        state.x[0] = 0;
    } else if (instruction.op == Op::fcvt_s_d) {
        state.f[instruction.rd] = box(narrow(state.f[instruction.rs1], rounding, flags));
    } else if (instruction.op == Op::fcvt_d_s) {
        state.f[instruction.rd] = widen(operand<std::uint32_t>(state, instruction.rs1), flags);
    } else if (instruction.op == Op::fcvt_bf16_s) {
        state.f[instruction.rd] =
            box(narrow_to_bf16(operand<std::uint32_t>(state, instruction.rs1), rounding, flags));
    } else if (instruction.op == Op::fcvt_s_bf16) {
        state.f[instruction.rd] = box(widen_bf16(operand<std::uint16_t>(state, instruction.rs1), flags));
    } else if (instruction.op == Op::fmv_h_x) {
        state.f[instruction.rd] = box(static_cast<std::uint16_t>(state.x[instruction.rs1]));
    } else if (uses.is_double) {
        state.f[instruction.rd] = float_of<std::uint64_t>(instruction, state, rounding, flags);
    } else {
        state.f[instruction.rd] = box(float_of<std::uint32_t>(instruction, state, rounding, flags));
    }
    state.fflags |= flags;
    retire(instruction, state);
    return Trap::none;
}

}  // namespace partita::chip::isa
