#pragma once

// One decoded instruction, and what a pipeline wants to know of it. Compressed instructions decode to the
// instruction that they abbreviate, with `length` 2.

#include <array>
#include <cstddef>
#include <cstdint>

namespace partita::chip::isa {

// Every instruction of RV64IMAFDC, Zicsr and Zifencei, machine mode, and of the extension Zfbfmin (the last
// row but one). `custom` is an instruction of an
// accelerator (RoCC opcodes custom-0 ... custom-3), `hint_*` are the HINTs that mark regions, `illegal`
// decodes to a trap.
// clang-format off
enum class Op : std::uint8_t {
    illegal,
    lui, auipc, jal, jalr, beq, bne, blt, bge, bltu, bgeu,
    lb, lh, lw, ld, lbu, lhu, lwu, sb, sh, sw, sd,
    addi, slti, sltiu, xori, ori, andi, slli, srli, srai,
    add, sub, sll, slt, sltu, xor_, srl, sra, or_, and_,
    addiw, slliw, srliw, sraiw, addw, subw, sllw, srlw, sraw,
    fence, fence_i, ecall, ebreak, mret, wfi,
    csrrw, csrrs, csrrc, csrrwi, csrrsi, csrrci,
    mul, mulh, mulhsu, mulhu, div, divu, rem, remu, mulw, divw, divuw, remw, remuw,
    lr_w, sc_w, amoswap_w, amoadd_w, amoxor_w, amoand_w, amoor_w, amomin_w, amomax_w, amominu_w, amomaxu_w,
    lr_d, sc_d, amoswap_d, amoadd_d, amoxor_d, amoand_d, amoor_d, amomin_d, amomax_d, amominu_d, amomaxu_d,
    flw, fsw, fmadd_s, fmsub_s, fnmsub_s, fnmadd_s, fadd_s, fsub_s, fmul_s, fdiv_s, fsqrt_s,
    fsgnj_s, fsgnjn_s, fsgnjx_s, fmin_s, fmax_s, fcvt_w_s, fcvt_wu_s, fcvt_l_s, fcvt_lu_s, fmv_x_w,
    feq_s, flt_s, fle_s, fclass_s, fcvt_s_w, fcvt_s_wu, fcvt_s_l, fcvt_s_lu, fmv_w_x,
    fld, fsd, fmadd_d, fmsub_d, fnmsub_d, fnmadd_d, fadd_d, fsub_d, fmul_d, fdiv_d, fsqrt_d,
    fsgnj_d, fsgnjn_d, fsgnjx_d, fmin_d, fmax_d, fcvt_s_d, fcvt_d_s, fcvt_w_d, fcvt_wu_d, fcvt_l_d, fcvt_lu_d,
    fmv_x_d, feq_d, flt_d, fle_d, fclass_d, fcvt_d_w, fcvt_d_wu, fcvt_d_l, fcvt_d_lu, fmv_d_x,
    flh, fsh, fmv_x_h, fmv_h_x, fcvt_bf16_s, fcvt_s_bf16,
    custom, hint_region, hint_wait,
    count
};
// clang-format on

struct Instruction {
    Op op = Op::illegal;
    std::uint8_t rd = 0;
    std::uint8_t rs1 = 0;
    std::uint8_t rs2 = 0;
    std::uint8_t rs3 = 0;
    std::uint8_t length = 4;     // bytes
    std::uint8_t rounding = 7;   // the rm field; 7 is dynamic
    std::uint8_t flags = 0;      // aq (1) and rl (2) of atomics
    std::int32_t immediate = 0;  // sign-extended; CSR number for csrr*, zimm in rs1; region or 0/1 for hint_*
    std::uint32_t bits = 0;      // as fetched (16 or 32 bits), for traps and accelerators
};

// Marks, HINTs of the standard's space for custom use, no-ops on any other processor:
//   slti  x0, x0, N   N > 0: region N begins; N = 0: the innermost region ends  (hint_region)
//   sltiu x0, x0, N   N = 1: waiting for others begins; N = 0: it ends          (hint_wait)
// Instructions of extensions that the processor has not got are illegal.
struct Extensions {
    bool bf16 = false;  // Zfbfmin
};
Instruction decode(std::uint32_t bits, Extensions extensions = {});

const char* name(Op op);

// Which register files an instruction uses, and the pipe it goes through: what a pipeline's hazards depend
// on.
enum class Pipe : std::uint8_t {
    alu,
    branch,
    jump,
    jump_register,
    load,
    store,
    atomic,
    multiply,
    divide,
    csr,
    fence,
    fence_i,
    system,
    fp_load,
    fp_store,
    fp_single,  // add, multiply, fused, in FP32
    fp_double,  // the same in FP64
    fp_move,    // FP to FP in few cycles: sgnj, min, max, conversions between precisions
    int_to_fp,
    fp_to_int,  // moves and conversions between the files, compares, fclass
    fp_divide,  // fdiv, fsqrt
    custom,
    mark,
    illegal,
};

struct Properties {
    Pipe pipe = Pipe::illegal;
    bool reads_rs1 : 1 = false;  // integer file
    bool reads_rs2 : 1 = false;
    bool writes_rd : 1 = false;  // integer file (rd may still be x0)
    bool reads_fs1 : 1 = false;  // FP file
    bool reads_fs2 : 1 = false;
    bool reads_fs3 : 1 = false;
    bool writes_fd : 1 = false;
    bool is_double : 1 = false;
    std::uint8_t bytes = 0;  // of a memory access
};

extern const std::array<Properties, static_cast<std::size_t>(Op::count)> properties_of_ops;

inline const Properties& properties(Op op) {
    return properties_of_ops[static_cast<std::size_t>(op)];
}

}  // namespace partita::chip::isa
