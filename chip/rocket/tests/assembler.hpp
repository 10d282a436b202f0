#pragma once

// Writes machine code for tests: one call an instruction, in the assembler's order of operands.

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "chip/isa/encoding.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::rocket::testing {

using isa::Op;

// Integer registers by their names in the calling convention.
enum Register : std::uint32_t { zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7 };

class Assembler {
  public:
    explicit Assembler(Address base) : base_(base) {}

    Address here() const { return base_ + 2 * halves_.size(); }

    void r(Op op, unsigned rd, unsigned rs1, unsigned rs2 = 0) {
        word(match(op) | rd << 7 | rs1 << 15 | rs2 << 20);
    }
    void r4(Op op, unsigned rd, unsigned rs1, unsigned rs2, unsigned rs3) {
        word(match(op) | rd << 7 | rs1 << 15 | rs2 << 20 | rs3 << 27);
    }
    // Conversions and moves with one source; rs2 is part of the operation.
    void i(Op op, unsigned rd, unsigned rs1, int immediate) {
        word(match(op) | rd << 7 | rs1 << 15 | static_cast<std::uint32_t>(immediate) << 20);
    }
    void s(Op op, unsigned rs2, int immediate, unsigned rs1) {
        const auto bits = static_cast<std::uint32_t>(immediate);
        word(match(op) | rs1 << 15 | rs2 << 20 | (bits & 31) << 7 | (bits >> 5 & 127) << 25);
    }
    void l(Op op, unsigned rd, int immediate, unsigned rs1) { i(op, rd, rs1, immediate); }
    void u(Op op, unsigned rd, std::uint32_t upper) { word(match(op) | rd << 7 | upper << 12); }
    void csr(Op op, unsigned rd, unsigned number, unsigned rs1) {
        word(match(op) | rd << 7 | rs1 << 15 | number << 20);
    }
    void b(Op op, unsigned rs1, unsigned rs2, Address target) { word(branch(op, rs1, rs2, here(), target)); }
    void j(unsigned rd, Address target) { word(jump(rd, here(), target)); }
    void exact(Op op) { word(match(op)); }
    void nop() { i(Op::addi, zero, zero, 0); }
    void nops(unsigned count) {
        for (; count != 0; --count) {
            nop();
        }
    }
    void half(std::uint32_t bits) { halves_.push_back(static_cast<std::uint16_t>(bits)); }
    void c_nop() { half(0x0001); }
    void word(std::uint32_t bits) {
        half(bits & 0xffff);
        half(bits >> 16);
    }
    void align(unsigned bytes) {
        while (here() % bytes != 0) {
            c_nop();
        }
    }
    // Any 64-bit value that fits 32 bits with sign.
    void li(unsigned rd, std::int32_t value) {
        const std::uint32_t upper = (static_cast<std::uint32_t>(value) + 0x800) >> 12;
        u(Op::lui, rd, upper);
        i(Op::addiw, rd, rd, static_cast<std::int32_t>(static_cast<std::uint32_t>(value) << 20) >> 20);
    }

    // A branch to a place that comes later.
    Address forward(Op op, unsigned rs1, unsigned rs2) {
        const Address at = here();
        b(op, rs1, rs2, at);
        return at;
    }
    void bind(Address branch_at) {
        const std::size_t index = (branch_at - base_) / 2;
        const std::uint32_t old = halves_[index] | std::uint32_t{halves_[index + 1]} << 16;
        const std::uint32_t moved =
            (old & 0x01fff07f) | (branch(Op::beq, 0, 0, branch_at, here()) & 0xfe000f80);
        halves_[index] = static_cast<std::uint16_t>(moved);
        halves_[index + 1] = static_cast<std::uint16_t>(moved >> 16);
    }

    void place(memory::FlatMemory& memory) const {
        for (std::size_t i = 0; i < halves_.size(); ++i) {
            memory.store(base_ + 2 * i, halves_[i]);
        }
    }

    static std::uint32_t match(Op op) {
        for (const auto table : {isa::encodings(), isa::bf16_encodings()}) {
            for (const isa::Encoding& encoding : table) {
                if (encoding.op == op) {
                    return encoding.match;
                }
            }
        }
        throw std::logic_error("no such instruction");
    }

  private:
    static std::uint32_t branch(Op op, unsigned rs1, unsigned rs2, Address at, Address target) {
        const auto offset = static_cast<std::uint32_t>(target - at);
        return match(op) | rs1 << 15 | rs2 << 20 | (offset >> 11 & 1) << 7 | (offset >> 1 & 15) << 8 |
               (offset >> 5 & 63) << 25 | (offset >> 12 & 1) << 31;
    }
    static std::uint32_t jump(unsigned rd, Address at, Address target) {
        const auto offset = static_cast<std::uint32_t>(target - at);
        return match(Op::jal) | rd << 7 | (offset >> 12 & 255) << 12 | (offset >> 11 & 1) << 20 |
               (offset >> 1 & 1023) << 21 | (offset >> 20 & 1) << 31;
    }

    Address base_;
    std::vector<std::uint16_t> halves_;
};

}  // namespace partita::chip::rocket::testing
