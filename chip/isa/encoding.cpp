#include "chip/isa/encoding.hpp"

#include <array>

namespace partita::chip::isa {
namespace {

// RISC-V unprivileged architecture, chapter "RV32/64G instruction set listings".
// clang-format off
constexpr std::array table{
    Encoding{Op::lui, "lui", 0x0000'0037, Format::upper, Pipe::alu},
    Encoding{Op::auipc, "auipc", 0x0000'0017, Format::upper, Pipe::alu},
    Encoding{Op::jal, "jal", 0x0000'006f, Format::jump, Pipe::jump},
    Encoding{Op::jalr, "jalr", 0x0000'0067, Format::immediate, Pipe::jump_register},
    Encoding{Op::beq, "beq", 0x0000'0063, Format::branch, Pipe::branch},
    Encoding{Op::bne, "bne", 0x0000'1063, Format::branch, Pipe::branch},
    Encoding{Op::blt, "blt", 0x0000'4063, Format::branch, Pipe::branch},
    Encoding{Op::bge, "bge", 0x0000'5063, Format::branch, Pipe::branch},
    Encoding{Op::bltu, "bltu", 0x0000'6063, Format::branch, Pipe::branch},
    Encoding{Op::bgeu, "bgeu", 0x0000'7063, Format::branch, Pipe::branch},
    Encoding{Op::lb, "lb", 0x0000'0003, Format::load, Pipe::load, 1},
    Encoding{Op::lh, "lh", 0x0000'1003, Format::load, Pipe::load, 2},
    Encoding{Op::lw, "lw", 0x0000'2003, Format::load, Pipe::load, 4},
    Encoding{Op::ld, "ld", 0x0000'3003, Format::load, Pipe::load, 8},
    Encoding{Op::lbu, "lbu", 0x0000'4003, Format::load, Pipe::load, 1},
    Encoding{Op::lhu, "lhu", 0x0000'5003, Format::load, Pipe::load, 2},
    Encoding{Op::lwu, "lwu", 0x0000'6003, Format::load, Pipe::load, 4},
    Encoding{Op::sb, "sb", 0x0000'0023, Format::store, Pipe::store, 1},
    Encoding{Op::sh, "sh", 0x0000'1023, Format::store, Pipe::store, 2},
    Encoding{Op::sw, "sw", 0x0000'2023, Format::store, Pipe::store, 4},
    Encoding{Op::sd, "sd", 0x0000'3023, Format::store, Pipe::store, 8},
    Encoding{Op::addi, "addi", 0x0000'0013, Format::immediate, Pipe::alu},
    Encoding{Op::slti, "slti", 0x0000'2013, Format::immediate, Pipe::alu},
    Encoding{Op::sltiu, "sltiu", 0x0000'3013, Format::immediate, Pipe::alu},
    Encoding{Op::xori, "xori", 0x0000'4013, Format::immediate, Pipe::alu},
    Encoding{Op::ori, "ori", 0x0000'6013, Format::immediate, Pipe::alu},
    Encoding{Op::andi, "andi", 0x0000'7013, Format::immediate, Pipe::alu},
    Encoding{Op::slli, "slli", 0x0000'1013, Format::shift, Pipe::alu},
    Encoding{Op::srli, "srli", 0x0000'5013, Format::shift, Pipe::alu},
    Encoding{Op::srai, "srai", 0x4000'5013, Format::shift, Pipe::alu},
    Encoding{Op::add, "add", 0x0000'0033, Format::registers, Pipe::alu},
    Encoding{Op::sub, "sub", 0x4000'0033, Format::registers, Pipe::alu},
    Encoding{Op::sll, "sll", 0x0000'1033, Format::registers, Pipe::alu},
    Encoding{Op::slt, "slt", 0x0000'2033, Format::registers, Pipe::alu},
    Encoding{Op::sltu, "sltu", 0x0000'3033, Format::registers, Pipe::alu},
    Encoding{Op::xor_, "xor", 0x0000'4033, Format::registers, Pipe::alu},
    Encoding{Op::srl, "srl", 0x0000'5033, Format::registers, Pipe::alu},
    Encoding{Op::sra, "sra", 0x4000'5033, Format::registers, Pipe::alu},
    Encoding{Op::or_, "or", 0x0000'6033, Format::registers, Pipe::alu},
    Encoding{Op::and_, "and", 0x0000'7033, Format::registers, Pipe::alu},
    Encoding{Op::addiw, "addiw", 0x0000'001b, Format::immediate, Pipe::alu},
    Encoding{Op::slliw, "slliw", 0x0000'101b, Format::shift_word, Pipe::alu},
    Encoding{Op::srliw, "srliw", 0x0000'501b, Format::shift_word, Pipe::alu},
    Encoding{Op::sraiw, "sraiw", 0x4000'501b, Format::shift_word, Pipe::alu},
    Encoding{Op::addw, "addw", 0x0000'003b, Format::registers, Pipe::alu},
    Encoding{Op::subw, "subw", 0x4000'003b, Format::registers, Pipe::alu},
    Encoding{Op::sllw, "sllw", 0x0000'103b, Format::registers, Pipe::alu},
    Encoding{Op::srlw, "srlw", 0x0000'503b, Format::registers, Pipe::alu},
    Encoding{Op::sraw, "sraw", 0x4000'503b, Format::registers, Pipe::alu},
    Encoding{Op::fence, "fence", 0x0000'000f, Format::any, Pipe::fence},
    Encoding{Op::fence_i, "fence.i", 0x0000'100f, Format::any, Pipe::fence_i},
    Encoding{Op::ecall, "ecall", 0x0000'0073, Format::exact, Pipe::system},
    Encoding{Op::ebreak, "ebreak", 0x0010'0073, Format::exact, Pipe::system},
    Encoding{Op::mret, "mret", 0x3020'0073, Format::exact, Pipe::system},
    Encoding{Op::wfi, "wfi", 0x1050'0073, Format::exact, Pipe::system},
    Encoding{Op::csrrw, "csrrw", 0x0000'1073, Format::csr, Pipe::csr},
    Encoding{Op::csrrs, "csrrs", 0x0000'2073, Format::csr, Pipe::csr},
    Encoding{Op::csrrc, "csrrc", 0x0000'3073, Format::csr, Pipe::csr},
    Encoding{Op::csrrwi, "csrrwi", 0x0000'5073, Format::csr_immediate, Pipe::csr},
    Encoding{Op::csrrsi, "csrrsi", 0x0000'6073, Format::csr_immediate, Pipe::csr},
    Encoding{Op::csrrci, "csrrci", 0x0000'7073, Format::csr_immediate, Pipe::csr},
    Encoding{Op::mul, "mul", 0x0200'0033, Format::registers, Pipe::multiply},
    Encoding{Op::mulh, "mulh", 0x0200'1033, Format::registers, Pipe::multiply},
    Encoding{Op::mulhsu, "mulhsu", 0x0200'2033, Format::registers, Pipe::multiply},
    Encoding{Op::mulhu, "mulhu", 0x0200'3033, Format::registers, Pipe::multiply},
    Encoding{Op::div, "div", 0x0200'4033, Format::registers, Pipe::divide},
    Encoding{Op::divu, "divu", 0x0200'5033, Format::registers, Pipe::divide},
    Encoding{Op::rem, "rem", 0x0200'6033, Format::registers, Pipe::divide},
    Encoding{Op::remu, "remu", 0x0200'7033, Format::registers, Pipe::divide},
    Encoding{Op::mulw, "mulw", 0x0200'003b, Format::registers, Pipe::multiply},
    Encoding{Op::divw, "divw", 0x0200'403b, Format::registers, Pipe::divide},
    Encoding{Op::divuw, "divuw", 0x0200'503b, Format::registers, Pipe::divide},
    Encoding{Op::remw, "remw", 0x0200'603b, Format::registers, Pipe::divide},
    Encoding{Op::remuw, "remuw", 0x0200'703b, Format::registers, Pipe::divide},
    Encoding{Op::lr_w, "lr.w", 0x1000'202f, Format::load_reserved, Pipe::atomic, 4},
    Encoding{Op::sc_w, "sc.w", 0x1800'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amoswap_w, "amoswap.w", 0x0800'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amoadd_w, "amoadd.w", 0x0000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amoxor_w, "amoxor.w", 0x2000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amoand_w, "amoand.w", 0x6000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amoor_w, "amoor.w", 0x4000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amomin_w, "amomin.w", 0x8000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amomax_w, "amomax.w", 0xa000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amominu_w, "amominu.w", 0xc000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::amomaxu_w, "amomaxu.w", 0xe000'202f, Format::atomic, Pipe::atomic, 4},
    Encoding{Op::lr_d, "lr.d", 0x1000'302f, Format::load_reserved, Pipe::atomic, 8},
    Encoding{Op::sc_d, "sc.d", 0x1800'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amoswap_d, "amoswap.d", 0x0800'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amoadd_d, "amoadd.d", 0x0000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amoxor_d, "amoxor.d", 0x2000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amoand_d, "amoand.d", 0x6000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amoor_d, "amoor.d", 0x4000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amomin_d, "amomin.d", 0x8000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amomax_d, "amomax.d", 0xa000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amominu_d, "amominu.d", 0xc000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::amomaxu_d, "amomaxu.d", 0xe000'302f, Format::atomic, Pipe::atomic, 8},
    Encoding{Op::flw, "flw", 0x0000'2007, Format::fp_load, Pipe::fp_load, 4},
    Encoding{Op::fsw, "fsw", 0x0000'2027, Format::fp_store, Pipe::fp_store, 4},
    Encoding{Op::fmadd_s, "fmadd.s", 0x0000'0043, Format::fp_three_rounded, Pipe::fp_single},
    Encoding{Op::fmsub_s, "fmsub.s", 0x0000'0047, Format::fp_three_rounded, Pipe::fp_single},
    Encoding{Op::fnmsub_s, "fnmsub.s", 0x0000'004b, Format::fp_three_rounded, Pipe::fp_single},
    Encoding{Op::fnmadd_s, "fnmadd.s", 0x0000'004f, Format::fp_three_rounded, Pipe::fp_single},
    Encoding{Op::fadd_s, "fadd.s", 0x0000'0053, Format::fp_two_rounded, Pipe::fp_single},
    Encoding{Op::fsub_s, "fsub.s", 0x0800'0053, Format::fp_two_rounded, Pipe::fp_single},
    Encoding{Op::fmul_s, "fmul.s", 0x1000'0053, Format::fp_two_rounded, Pipe::fp_single},
    Encoding{Op::fdiv_s, "fdiv.s", 0x1800'0053, Format::fp_two_rounded, Pipe::fp_divide},
    Encoding{Op::fsqrt_s, "fsqrt.s", 0x5800'0053, Format::fp_one_rounded, Pipe::fp_divide},
    Encoding{Op::fsgnj_s, "fsgnj.s", 0x2000'0053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fsgnjn_s, "fsgnjn.s", 0x2000'1053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fsgnjx_s, "fsgnjx.s", 0x2000'2053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fmin_s, "fmin.s", 0x2800'0053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fmax_s, "fmax.s", 0x2800'1053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fcvt_w_s, "fcvt.w.s", 0xc000'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fcvt_wu_s, "fcvt.wu.s", 0xc010'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fcvt_l_s, "fcvt.l.s", 0xc020'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fcvt_lu_s, "fcvt.lu.s", 0xc030'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fmv_x_w, "fmv.x.w", 0xe000'0053, Format::fp_to_int, Pipe::fp_to_int},
    Encoding{Op::feq_s, "feq.s", 0xa000'2053, Format::fp_compare, Pipe::fp_to_int},
    Encoding{Op::flt_s, "flt.s", 0xa000'1053, Format::fp_compare, Pipe::fp_to_int},
    Encoding{Op::fle_s, "fle.s", 0xa000'0053, Format::fp_compare, Pipe::fp_to_int},
    Encoding{Op::fclass_s, "fclass.s", 0xe000'1053, Format::fp_to_int, Pipe::fp_to_int},
    Encoding{Op::fcvt_s_w, "fcvt.s.w", 0xd000'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fcvt_s_wu, "fcvt.s.wu", 0xd010'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fcvt_s_l, "fcvt.s.l", 0xd020'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fcvt_s_lu, "fcvt.s.lu", 0xd030'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fmv_w_x, "fmv.w.x", 0xf000'0053, Format::int_to_fp, Pipe::int_to_fp},
    Encoding{Op::fld, "fld", 0x0000'3007, Format::fp_load, Pipe::fp_load, 8},
    Encoding{Op::fsd, "fsd", 0x0000'3027, Format::fp_store, Pipe::fp_store, 8},
    Encoding{Op::fmadd_d, "fmadd.d", 0x0200'0043, Format::fp_three_rounded, Pipe::fp_double},
    Encoding{Op::fmsub_d, "fmsub.d", 0x0200'0047, Format::fp_three_rounded, Pipe::fp_double},
    Encoding{Op::fnmsub_d, "fnmsub.d", 0x0200'004b, Format::fp_three_rounded, Pipe::fp_double},
    Encoding{Op::fnmadd_d, "fnmadd.d", 0x0200'004f, Format::fp_three_rounded, Pipe::fp_double},
    Encoding{Op::fadd_d, "fadd.d", 0x0200'0053, Format::fp_two_rounded, Pipe::fp_double},
    Encoding{Op::fsub_d, "fsub.d", 0x0a00'0053, Format::fp_two_rounded, Pipe::fp_double},
    Encoding{Op::fmul_d, "fmul.d", 0x1200'0053, Format::fp_two_rounded, Pipe::fp_double},
    Encoding{Op::fdiv_d, "fdiv.d", 0x1a00'0053, Format::fp_two_rounded, Pipe::fp_divide},
    Encoding{Op::fsqrt_d, "fsqrt.d", 0x5a00'0053, Format::fp_one_rounded, Pipe::fp_divide},
    Encoding{Op::fsgnj_d, "fsgnj.d", 0x2200'0053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fsgnjn_d, "fsgnjn.d", 0x2200'1053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fsgnjx_d, "fsgnjx.d", 0x2200'2053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fmin_d, "fmin.d", 0x2a00'0053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fmax_d, "fmax.d", 0x2a00'1053, Format::fp_two, Pipe::fp_move},
    Encoding{Op::fcvt_s_d, "fcvt.s.d", 0x4010'0053, Format::fp_one_rounded, Pipe::fp_move},
    Encoding{Op::fcvt_d_s, "fcvt.d.s", 0x4200'0053, Format::fp_one_rounded, Pipe::fp_move},
    Encoding{Op::fcvt_w_d, "fcvt.w.d", 0xc200'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fcvt_wu_d, "fcvt.wu.d", 0xc210'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fcvt_l_d, "fcvt.l.d", 0xc220'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fcvt_lu_d, "fcvt.lu.d", 0xc230'0053, Format::fp_to_int_rounded, Pipe::fp_to_int},
    Encoding{Op::fmv_x_d, "fmv.x.d", 0xe200'0053, Format::fp_to_int, Pipe::fp_to_int},
    Encoding{Op::feq_d, "feq.d", 0xa200'2053, Format::fp_compare, Pipe::fp_to_int},
    Encoding{Op::flt_d, "flt.d", 0xa200'1053, Format::fp_compare, Pipe::fp_to_int},
    Encoding{Op::fle_d, "fle.d", 0xa200'0053, Format::fp_compare, Pipe::fp_to_int},
    Encoding{Op::fclass_d, "fclass.d", 0xe200'1053, Format::fp_to_int, Pipe::fp_to_int},
    Encoding{Op::fcvt_d_w, "fcvt.d.w", 0xd200'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fcvt_d_wu, "fcvt.d.wu", 0xd210'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fcvt_d_l, "fcvt.d.l", 0xd220'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fcvt_d_lu, "fcvt.d.lu", 0xd230'0053, Format::int_to_fp_rounded, Pipe::int_to_fp},
    Encoding{Op::fmv_d_x, "fmv.d.x", 0xf200'0053, Format::int_to_fp, Pipe::int_to_fp},
    Encoding{Op::custom, "custom", 0x0000'000b, Format::custom, Pipe::custom},
    Encoding{Op::custom, "custom", 0x0000'002b, Format::custom, Pipe::custom},
    Encoding{Op::custom, "custom", 0x0000'005b, Format::custom, Pipe::custom},
    Encoding{Op::custom, "custom", 0x0000'007b, Format::custom, Pipe::custom},
};

// RISC-V BF16 extensions, version 1.0: Zfbfmin, with the moves of Zfhmin that it includes.
constexpr std::array bf16_table{
    Encoding{Op::flh, "flh", 0x0000'1007, Format::fp_load, Pipe::fp_load, 2},
    Encoding{Op::fsh, "fsh", 0x0000'1027, Format::fp_store, Pipe::fp_store, 2},
    Encoding{Op::fmv_x_h, "fmv.x.h", 0xe400'0053, Format::fp_to_int, Pipe::fp_to_int},
    Encoding{Op::fmv_h_x, "fmv.h.x", 0xf400'0053, Format::int_to_fp, Pipe::int_to_fp},
    Encoding{Op::fcvt_bf16_s, "fcvt.bf16.s", 0x4480'0053, Format::fp_one_rounded, Pipe::fp_move},
    Encoding{Op::fcvt_s_bf16, "fcvt.s.bf16", 0x4060'0053, Format::fp_one_rounded, Pipe::fp_move},
};
// clang-format on

}  // namespace

std::uint32_t fixed_bits(Format format) {
    switch (format) {
        case Format::upper:
        case Format::jump:
        case Format::custom:
            return 0x0000'007f;
        case Format::shift:
            return 0xfc00'707f;
        case Format::shift_word:
        case Format::registers:
        case Format::fp_two:
        case Format::fp_compare:
            return 0xfe00'707f;
        case Format::atomic:
            return 0xf800'707f;
        case Format::load_reserved:
            return 0xf9f0'707f;
        case Format::exact:
            return 0xffff'ffff;
        case Format::fp_two_rounded:
            return 0xfe00'007f;
        case Format::fp_three_rounded:
            return 0x0600'007f;
        case Format::fp_one_rounded:
        case Format::fp_to_int_rounded:
        case Format::int_to_fp_rounded:
            return 0xfff0'007f;
        case Format::fp_to_int:
        case Format::int_to_fp:
            return 0xfff0'707f;
        default:
            return 0x0000'707f;
    }
}

std::span<const Encoding> bf16_encodings() {
    return bf16_table;
}

std::span<const Encoding> encodings() {
    return table;
}

}  // namespace partita::chip::isa
