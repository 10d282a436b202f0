// RISC-V unprivileged architecture, chapter "C standard extension", tables of instruction listings for RVC.

#include "chip/isa/encoding.hpp"
#include "chip/isa/instruction.hpp"

namespace partita::chip::isa {
namespace {

constexpr std::uint8_t stack_pointer = 2;

// Bit `from` of a 16-bit instruction, moved to bit `to`; of `count` bits upwards.
constexpr std::uint32_t move_bits(std::uint32_t bits, unsigned from, unsigned to, unsigned count = 1) {
    return (bits >> from & ((1U << count) - 1)) << to;
}

constexpr std::int32_t signed_of(std::uint32_t value, unsigned width) {
    return static_cast<std::int32_t>(value << (32 - width)) >> (32 - width);
}

// The fields, named as the tables do.
struct Fields {
    std::uint32_t bits;

    std::uint8_t rd() const { return bits >> 7U & 31U; }
    std::uint8_t rs2() const { return bits >> 2U & 31U; }
    std::uint8_t rd_popular() const { return static_cast<std::uint8_t>(8U + (bits >> 2U & 7U)); }
    std::uint8_t rs1_popular() const { return static_cast<std::uint8_t>(8U + (bits >> 7U & 7U)); }

    std::int32_t immediate() const { return signed_of(move_bits(bits, 12, 5) | move_bits(bits, 2, 0, 5), 6); }
    std::int32_t shift() const {
        return static_cast<std::int32_t>(move_bits(bits, 12, 5) | move_bits(bits, 2, 0, 5));
    }
    std::int32_t stack_address() const {
        return static_cast<std::int32_t>(move_bits(bits, 11, 4, 2) | move_bits(bits, 7, 6, 4) |
                                         move_bits(bits, 6, 2) | move_bits(bits, 5, 3));
    }
    std::int32_t word_offset() const {
        return static_cast<std::int32_t>(move_bits(bits, 10, 3, 3) | move_bits(bits, 6, 2) |
                                         move_bits(bits, 5, 6));
    }
    std::int32_t double_offset() const {
        return static_cast<std::int32_t>(move_bits(bits, 10, 3, 3) | move_bits(bits, 5, 6, 2));
    }
    std::int32_t stack_adjustment() const {
        return signed_of(move_bits(bits, 12, 9) | move_bits(bits, 6, 4) | move_bits(bits, 5, 6) |
                             move_bits(bits, 3, 7, 2) | move_bits(bits, 2, 5),
                         10);
    }
    std::int32_t upper() const { return signed_of(move_bits(bits, 12, 17) | move_bits(bits, 2, 12, 5), 18); }
    std::int32_t jump() const {
        return signed_of(move_bits(bits, 12, 11) | move_bits(bits, 11, 4) | move_bits(bits, 9, 8, 2) |
                             move_bits(bits, 8, 10) | move_bits(bits, 7, 6) | move_bits(bits, 6, 7) |
                             move_bits(bits, 3, 1, 3) | move_bits(bits, 2, 5),
                         12);
    }
    std::int32_t branch() const {
        return signed_of(move_bits(bits, 12, 8) | move_bits(bits, 10, 3, 2) | move_bits(bits, 5, 6, 2) |
                             move_bits(bits, 3, 1, 2) | move_bits(bits, 2, 5),
                         9);
    }
    std::int32_t word_load_slot() const {
        return static_cast<std::int32_t>(move_bits(bits, 12, 5) | move_bits(bits, 4, 2, 3) |
                                         move_bits(bits, 2, 6, 2));
    }
    std::int32_t double_load_slot() const {
        return static_cast<std::int32_t>(move_bits(bits, 12, 5) | move_bits(bits, 5, 3, 2) |
                                         move_bits(bits, 2, 6, 3));
    }
    std::int32_t word_store_slot() const {
        return static_cast<std::int32_t>(move_bits(bits, 9, 2, 4) | move_bits(bits, 7, 6, 2));
    }
    std::int32_t double_store_slot() const {
        return static_cast<std::int32_t>(move_bits(bits, 10, 3, 3) | move_bits(bits, 7, 6, 3));
    }
};

Instruction make(Op op, unsigned rd, unsigned rs1, unsigned rs2, std::int32_t immediate) {
    Instruction instruction;
    instruction.op = op;
    instruction.rd = static_cast<std::uint8_t>(rd);
    instruction.rs1 = static_cast<std::uint8_t>(rs1);
    instruction.rs2 = static_cast<std::uint8_t>(rs2);
    instruction.immediate = immediate;
    return instruction;
}

Instruction loads_and_stores(const Fields& f, unsigned function) {
    switch (function) {
        case 0:  // c.addi4spn
            return f.stack_address() == 0
                       ? Instruction{}
                       : make(Op::addi, f.rd_popular(), stack_pointer, 0, f.stack_address());
        case 1:
            return make(Op::fld, f.rd_popular(), f.rs1_popular(), 0, f.double_offset());
        case 2:
            return make(Op::lw, f.rd_popular(), f.rs1_popular(), 0, f.word_offset());
        case 3:
            return make(Op::ld, f.rd_popular(), f.rs1_popular(), 0, f.double_offset());
        case 5:
            return make(Op::fsd, 0, f.rs1_popular(), f.rd_popular(), f.double_offset());
        case 6:
            return make(Op::sw, 0, f.rs1_popular(), f.rd_popular(), f.word_offset());
        case 7:
            return make(Op::sd, 0, f.rs1_popular(), f.rd_popular(), f.double_offset());
        default:
            return Instruction{};
    }
}

Instruction arithmetic(const Fields& f) {
    constexpr Op between_registers[] = {Op::sub,  Op::xor_, Op::or_,     Op::and_,
                                        Op::subw, Op::addw, Op::illegal, Op::illegal};
    const unsigned target = f.rs1_popular();
    switch (f.bits >> 10U & 3U) {
        case 0:
            return make(Op::srli, target, target, 0, f.shift());
        case 1:
            return make(Op::srai, target, target, 0, f.shift());
        case 2:
            return make(Op::andi, target, target, 0, f.immediate());
        default: {
            const Op op = between_registers[(f.bits >> 10U & 4U) | (f.bits >> 5U & 3U)];
            return op == Op::illegal ? Instruction{} : make(op, target, target, f.rd_popular(), 0);
        }
    }
}

Instruction immediates_and_jumps(const Fields& f, unsigned function) {
    switch (function) {
        case 0:
            return make(Op::addi, f.rd(), f.rd(), 0, f.immediate());
        case 1:
            return f.rd() == 0 ? Instruction{} : make(Op::addiw, f.rd(), f.rd(), 0, f.immediate());
        case 2:
            return make(Op::addi, f.rd(), 0, 0, f.immediate());
        case 3:
            if (f.immediate() == 0) {
                return Instruction{};
            }
            return f.rd() == stack_pointer
                       ? make(Op::addi, stack_pointer, stack_pointer, 0, f.stack_adjustment())
                       : make(Op::lui, f.rd(), 0, 0, f.upper());
        case 4:
            return arithmetic(f);
        case 5:
            return make(Op::jal, 0, 0, 0, f.jump());
        case 6:
            return make(Op::beq, 0, f.rs1_popular(), 0, f.branch());
        default:
            return make(Op::bne, 0, f.rs1_popular(), 0, f.branch());
    }
}

// c.jr, c.mv, c.ebreak, c.jalr, c.add
Instruction jumps_and_moves(const Fields& f) {
    const bool link_or_add = (f.bits >> 12U & 1U) != 0;
    if (f.rs2() != 0) {
        return make(Op::add, f.rd(), link_or_add ? f.rd() : 0, f.rs2(), 0);
    }
    if (f.rd() != 0) {
        return make(Op::jalr, link_or_add ? 1 : 0, f.rd(), 0, 0);
    }
    return link_or_add ? make(Op::ebreak, 0, 0, 0, 0) : Instruction{};
}

Instruction stack_and_rest(const Fields& f, unsigned function) {
    switch (function) {
        case 0:
            return make(Op::slli, f.rd(), f.rd(), 0, f.shift());
        case 1:
            return make(Op::fld, f.rd(), stack_pointer, 0, f.double_load_slot());
        case 2:
            return f.rd() == 0 ? Instruction{} : make(Op::lw, f.rd(), stack_pointer, 0, f.word_load_slot());
        case 3:
            return f.rd() == 0 ? Instruction{} : make(Op::ld, f.rd(), stack_pointer, 0, f.double_load_slot());
        case 4:
            return jumps_and_moves(f);
        case 5:
            return make(Op::fsd, 0, stack_pointer, f.rs2(), f.double_store_slot());
        case 6:
            return make(Op::sw, 0, stack_pointer, f.rs2(), f.word_store_slot());
        default:
            return make(Op::sd, 0, stack_pointer, f.rs2(), f.double_store_slot());
    }
}

}  // namespace

Instruction decode_compressed(std::uint16_t bits) {
    const Fields fields{bits};
    const unsigned function = bits >> 13U;
    Instruction instruction;
    switch (bits & 3U) {
        case 0:
            instruction = loads_and_stores(fields, function);
            break;
        case 1:
            instruction = immediates_and_jumps(fields, function);
            break;
        default:
            instruction = stack_and_rest(fields, function);
            break;
    }
    instruction.length = 2;
    instruction.bits = bits;
    return instruction;
}

}  // namespace partita::chip::isa
