#pragma once

// Integer arithmetic of RV64IM.

#include <cstdint>
#include <limits>

#include "chip/isa/instruction.hpp"
#include "chip/isa/state.hpp"

namespace partita::chip::isa {

// The low bits of `value`, as many as the signed type has, extended by their sign.
template <typename Signed>
constexpr std::uint64_t sign_extend(std::uint64_t value) {
    return static_cast<std::uint64_t>(std::int64_t{static_cast<Signed>(value)});
}

// The upper half of a product of 128 bits.
constexpr std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((Wide{a} * b) >> 64U);
}

// Division by zero gives all ones and the dividend as remainder; the one quotient that overflows is the
// dividend (RISC-V unprivileged architecture, table "Semantics for division by zero and division overflow").
template <typename Signed>
constexpr Signed signed_quotient(Signed a, Signed b) {
    if (b == 0) {
        return -1;
    }
    return a == std::numeric_limits<Signed>::min() && b == -1 ? a : static_cast<Signed>(a / b);
}

template <typename Signed>
constexpr Signed signed_remainder(Signed a, Signed b) {
    if (b == 0) {
        return a;
    }
    return b == -1 ? Signed{0} : static_cast<Signed>(a % b);
}

// What an instruction of Pipe::alu, Pipe::multiply or Pipe::divide writes to rd.
// NOLINTNEXTLINE(readability-function-size): one case an instruction reads best in one switch
[[gnu::always_inline]] inline std::uint64_t integer_result(const Instruction& instruction,
                                                           const HartState& state) {
    using Signed = std::int64_t;
    const std::uint64_t a = state.x[instruction.rs1];
    const std::uint64_t b = state.x[instruction.rs2];
    const auto signed_a = static_cast<Signed>(a);
    const auto signed_b = static_cast<Signed>(b);
    const auto word_a = static_cast<std::uint32_t>(a);
    const auto word_b = static_cast<std::uint32_t>(b);
    const auto signed_word_a = static_cast<std::int32_t>(word_a);
    const auto signed_word_b = static_cast<std::int32_t>(word_b);
    const auto immediate = static_cast<std::uint64_t>(Signed{instruction.immediate});
    const auto shift = static_cast<unsigned>(instruction.immediate) & 63U;
    const auto extended = [](auto value) {
        return sign_extend<std::int32_t>(static_cast<std::uint64_t>(value));
    };
    switch (instruction.op) {
        case Op::lui:
            return immediate;
        case Op::auipc:
            return state.pc + immediate;
        case Op::addi:
            return a + immediate;
        case Op::slti:
            return signed_a < Signed{instruction.immediate} ? 1 : 0;
        case Op::sltiu:
            return a < immediate ? 1 : 0;
        case Op::xori:
            return a ^ immediate;
        case Op::ori:
            return a | immediate;
        case Op::andi:
            return a & immediate;
        case Op::slli:
            return a << shift;
        case Op::srli:
            return a >> shift;
        case Op::srai:
            return static_cast<std::uint64_t>(signed_a >> shift);
        case Op::add:
            return a + b;
        case Op::sub:
            return a - b;
        case Op::sll:
            return a << (b & 63U);
        case Op::slt:
            return signed_a < signed_b ? 1 : 0;
        case Op::sltu:
            return a < b ? 1 : 0;
        case Op::xor_:
            return a ^ b;
        case Op::srl:
            return a >> (b & 63U);
        case Op::sra:
            return static_cast<std::uint64_t>(signed_a >> (b & 63U));
        case Op::or_:
            return a | b;
        case Op::and_:
            return a & b;
        case Op::addiw:
            return extended(a + immediate);
        case Op::slliw:
            return extended(word_a << (shift & 31U));
        case Op::srliw:
            return extended(word_a >> (shift & 31U));
        case Op::sraiw:
            return extended(signed_word_a >> (shift & 31U));
        case Op::addw:
            return extended(a + b);
        case Op::subw:
            return extended(a - b);
        case Op::sllw:
            return extended(word_a << (b & 31U));
        case Op::srlw:
            return extended(word_a >> (b & 31U));
        case Op::sraw:
            return extended(signed_word_a >> (b & 31U));
        case Op::mul:
            return a * b;
        case Op::mulh:
            return high_product(a, b) - (signed_a < 0 ? b : 0) - (signed_b < 0 ? a : 0);
        case Op::mulhsu:
            return high_product(a, b) - (signed_a < 0 ? b : 0);
        case Op::mulhu:
            return high_product(a, b);
        case Op::mulw:
            return extended(a * b);
        case Op::div:
            return static_cast<std::uint64_t>(signed_quotient(signed_a, signed_b));
        case Op::divu:
            return b == 0 ? ~std::uint64_t{0} : a / b;
        case Op::rem:
            return static_cast<std::uint64_t>(signed_remainder(signed_a, signed_b));
        case Op::remu:
            return b == 0 ? a : a % b;
        case Op::divw:
            return extended(signed_quotient(signed_word_a, signed_word_b));
        case Op::divuw:
            return word_b == 0 ? ~std::uint64_t{0} : extended(word_a / word_b);
        case Op::remw:
            return extended(signed_remainder(signed_word_a, signed_word_b));
        case Op::remuw:
            return extended(word_b == 0 ? word_a : word_a % word_b);
        default:
            __builtin_unreachable();
    }
}

}  // namespace partita::chip::isa
