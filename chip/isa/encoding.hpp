#pragma once

// The encodings of the 32-bit instructions: one row each, from which decoder, names and properties come.

#include <cstdint>
#include <span>

#include "chip/isa/instruction.hpp"

namespace partita::chip::isa {

// Which fields an instruction has, and so which bits its row fixes.
// clang-format off
enum class Format : std::uint8_t {
    upper, jump, immediate, shift, shift_word, load, store, branch, registers, csr, csr_immediate,
    atomic, load_reserved, any, exact,
    fp_load, fp_store,
    fp_two,            // fd, fs1, fs2
    fp_two_rounded,    // the same with a rounding mode
    fp_three_rounded,  // fd, fs1, fs2, fs3
    fp_one_rounded,    // fd, fs1
    fp_compare,        // rd, fs1, fs2
    fp_to_int, fp_to_int_rounded, int_to_fp, int_to_fp_rounded,
    custom,            // rd, rs1, rs2, as far as the bits xd, xs1, xs2 say
};
// clang-format on

struct Encoding {
    Op op;
    const char* name;
    std::uint32_t match;  // of the fixed bits
    Format format;
    Pipe pipe;
    std::uint8_t bytes = 0;
};

// The bits of an instruction that a format fixes.
std::uint32_t fixed_bits(Format format);

// Of RV64IMAFDC, and of Zfbfmin.
std::span<const Encoding> encodings();
std::span<const Encoding> bf16_encodings();

// 16-bit instructions (RV64C with D). Reserved encodings are Op::illegal, HINTs what they expand to.
Instruction decode_compressed(std::uint16_t bits);

}  // namespace partita::chip::isa
