#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "chip/isa/encoding.hpp"
#include "chip/isa/instruction.hpp"
#include "encode.hpp"

namespace partita::chip::isa::test {
namespace {

std::vector<Encoding> all_encodings() {
    std::vector<Encoding> all(encodings().begin(), encodings().end());
    all.insert(all.end(), bf16_encodings().begin(), bf16_encodings().end());
    return all;
}

TEST(DecoderTable, NoWordMatchesTwoRows) {
    const auto rows = all_encodings();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].match & ~fixed_bits(rows[i].format), 0U) << rows[i].name;
        for (std::size_t j = i + 1; j < rows.size(); ++j) {
            const std::uint32_t common = fixed_bits(rows[i].format) & fixed_bits(rows[j].format);
            EXPECT_NE((rows[i].match ^ rows[j].match) & common, 0U)
                << rows[i].name << " and " << rows[j].name;
        }
    }
}

TEST(DecoderTable, HasEveryOperationOnceAndNamesDiffer) {
    std::multiset<Op> seen;
    std::set<std::string> names;
    for (const Encoding& row : all_encodings()) {
        seen.insert(row.op);
        names.insert(name(row.op));
        const std::uint32_t rd = 1U << 7U & ~fixed_bits(row.format);  // not x0, which would make it a mark
        EXPECT_EQ(decode(row.match | rd, {.bf16 = true}).op, row.op) << row.name;
    }
    for (const Encoding& row : bf16_encodings()) {
        EXPECT_EQ(decode(row.match | 1U << 7U).op, Op::illegal) << row.name << ", which is off";
    }
    for (unsigned i = 0; i < static_cast<unsigned>(Op::count); ++i) {
        const Op op = static_cast<Op>(i);
        const bool derived = op == Op::illegal || op == Op::hint_region || op == Op::hint_wait;
        EXPECT_EQ(seen.count(op), derived ? 0U : op == Op::custom ? 4U : 1U) << name(op);
    }
    // Every operation but the three derived ones has its own name.
    EXPECT_EQ(names.size(), static_cast<std::size_t>(Op::count) - 3);
}

// A word is legal exactly if a row matches and its rounding mode exists; the fields are where the formats
// have them.
TEST(Decoder, AgreesWithTheTableOnRandomWords) {
    std::mt19937 random(1);
    const auto rows = encodings();
    unsigned legal = 0;
    for (int i = 0; i < 300000; ++i) {
        const Encoding& row = rows[random() % rows.size()];
        std::uint32_t bits = static_cast<std::uint32_t>(random()) | 3U;
        if (i % 2 == 0) {
            bits = row.match | (bits & ~fixed_bits(row.format));
        }
        const Instruction instruction = decode(bits);
        EXPECT_EQ(instruction.bits, bits);
        EXPECT_EQ(instruction.length, 4);
        if (instruction.op == Op::illegal) {
            continue;
        }
        ++legal;
        EXPECT_LT(instruction.rd, 32);
        EXPECT_TRUE(instruction.rounding <= 4 || instruction.rounding == 7) << std::hex << bits;
        const bool mark = instruction.op == Op::hint_region || instruction.op == Op::hint_wait;
        const Op table_op = instruction.op == Op::hint_region ? Op::slti : mark ? Op::sltiu : instruction.op;
        unsigned matches = 0;
        for (const Encoding& candidate : rows) {
            matches +=
                candidate.op == table_op && (bits & fixed_bits(candidate.format)) == candidate.match ? 1 : 0;
        }
        EXPECT_EQ(matches, 1U) << std::hex << bits;
    }
    EXPECT_GT(legal, 100000U);
}

TEST(Decoder, RefusesReservedWords) {
    for (const std::uint32_t bits : {
             0x00000000U,                            // all zero
             0xffffffffU,                            // all one
             0x0000001fU,                            // longer than 32 bits
             register_type(0x33, 0, 0x10, 1, 2, 3),  // add with an unknown funct7
             immediate_type(0x67, 1, 1, 2, 0),       // jalr with funct3 1
             immediate_type(0x03, 7, 1, 2, 0),       // a load of funct3 7
             immediate_type(0x1b, 1, 1, 2, 32),      // slliw by 32
             register_type(0x13, 1, 0x20, 1, 2, 0),  // slli with the bit of srai
             csr(4, 1, 0x300, 2),                    // funct3 4 of SYSTEM
             atomic(2, 2, 1, 2, 3),                  // lr.w with rs2
             atomic(0, 1, 1, 2, 3),                  // amoadd of halfwords
             floating(0x00, 5, 1, 2, 3),             // fadd.s with rounding mode 5
             floating(0x01, 6, 1, 2, 3),             // fadd.d with rounding mode 6
             floating(0x02, 0, 1, 2, 3),             // half precision
             floating(0x2c, 0, 1, 2, 3),             // fsqrt.s with rs2
             floating(0x60, 0, 1, 2, 4),             // conversion to an unknown integer
             0x10200073U,                            // sret: no supervisor
             0x12000073U,                            // sfence.vma
             0x7b200073U,                            // dret: no debugger
             0x10500073U | 1U << 7U,                 // wfi with rd
         }) {
        EXPECT_EQ(decode(bits).op, Op::illegal) << std::hex << bits;
    }
}

TEST(Decoder, RefusesReservedCompressedWords) {
    for (const std::uint32_t bits : {
             0x0000U,  // defined illegal
             0x0004U,  // c.addi4spn of 0
             0x8000U,  // quadrant 0, funct3 4
             0x2001U,  // c.addiw x0
             0x6101U,  // c.addi16sp of 0
             0x6081U,  // c.lui of 0
             0x9c41U,  // c.subw's funct2 2
             0x9c61U,  // and 3
             0x4002U,  // c.lwsp x0
             0x6002U,  // c.ldsp x0
             0x8002U,  // c.jr x0
         }) {
        EXPECT_EQ(decode(bits).op, Op::illegal) << std::hex << bits;
        EXPECT_EQ(decode(bits).length, 2) << std::hex << bits;
    }
    // The next instruction's bits above a compressed one do not matter.
    EXPECT_EQ(decode(0xffff0001).op, Op::addi);
    EXPECT_EQ(decode(0xffff0001).bits, 0x0001U);
}

TEST(Decoder, ExtendsImmediates) {
    EXPECT_EQ(decode(addi(1, 2, -2048)).immediate, -2048);
    EXPECT_EQ(decode(store(3, 1, 2, -1)).immediate, -1);
    EXPECT_EQ(decode(0x80000037).immediate, std::int32_t{-2147483647} - 1);  // lui of the sign
    EXPECT_EQ(decode(0x80000063).immediate, -4096);                          // beq, as far back as there is
    EXPECT_EQ(decode(0x7e000fe3).immediate, 4094);                           // and forth
    EXPECT_EQ(decode(0x8000006f).immediate, -1048576);                       // jal
    EXPECT_EQ(decode(0x7ffff06f).immediate, 1048574);
    EXPECT_EQ(decode(csr(1, 0, 0xfff, 0)).immediate, 0xfff);
}

TEST(Decoder, FindsMarks) {
    EXPECT_EQ(decode(immediate_type(0x13, 2, 0, 0, 7)).op, Op::hint_region);
    EXPECT_EQ(decode(immediate_type(0x13, 2, 0, 0, 7)).immediate, 7);
    EXPECT_EQ(decode(immediate_type(0x13, 2, 0, 0, 0)).op, Op::hint_region);
    EXPECT_EQ(decode(immediate_type(0x13, 3, 0, 0, 1)).op, Op::hint_wait);
    EXPECT_EQ(decode(immediate_type(0x13, 3, 0, 0, 0)).op, Op::hint_wait);
    // Neighbours that are ordinary instructions.
    EXPECT_EQ(decode(immediate_type(0x13, 2, 0, 0, -1)).op, Op::slti);
    EXPECT_EQ(decode(immediate_type(0x13, 3, 0, 0, 2)).op, Op::sltiu);
    EXPECT_EQ(decode(immediate_type(0x13, 2, 1, 0, 7)).op, Op::slti);
    EXPECT_EQ(decode(immediate_type(0x13, 2, 0, 1, 7)).op, Op::slti);
}

TEST(Decoder, KeepsOfAnAcceleratorsRegistersWhatItUses) {
    const Instruction both = decode(register_type(0x7b, 3, 9, 0, 10, 11));  // xs1, xs2
    EXPECT_EQ(both.op, Op::custom);
    EXPECT_EQ(both.rs1, 10);
    EXPECT_EQ(both.rs2, 11);
    const Instruction none = decode(register_type(0x0b, 0, 9, 5, 10, 11));
    EXPECT_EQ(none.op, Op::custom);
    EXPECT_EQ(none.rd + none.rs1 + none.rs2, 0);
    EXPECT_EQ(decode(register_type(0x2b, 4, 9, 5, 10, 11)).rd, 5);
    EXPECT_EQ(decode(register_type(0x5b, 4, 9, 5, 10, 11)).op, Op::custom);
}

TEST(Properties, SayWhatAnInstructionTouches) {
    const Properties& fused = properties(Op::fmadd_d);
    EXPECT_TRUE(fused.reads_fs1 && fused.reads_fs2 && fused.reads_fs3 && fused.writes_fd && fused.is_double);
    EXPECT_FALSE(fused.reads_rs1 || fused.reads_rs2 || fused.writes_rd);
    const Properties& stores = properties(Op::fsw);
    EXPECT_TRUE(stores.reads_rs1 && stores.reads_fs2);
    EXPECT_FALSE(stores.writes_fd || stores.reads_fs1 || stores.is_double);
    EXPECT_EQ(stores.bytes, 4);
    EXPECT_EQ(properties(Op::fcvt_s_d).pipe, Pipe::fp_move);
    EXPECT_TRUE(properties(Op::feq_s).writes_rd);
    EXPECT_TRUE(properties(Op::fcvt_d_l).reads_rs1 && properties(Op::fcvt_d_l).is_double);
    EXPECT_FALSE(properties(Op::csrrwi).reads_rs1);
    EXPECT_TRUE(properties(Op::csrrw).reads_rs1);
    EXPECT_EQ(properties(Op::amoadd_d).bytes, 8);
    EXPECT_EQ(properties(Op::hint_region).pipe, Pipe::mark);
    EXPECT_EQ(properties(Op::illegal).pipe, Pipe::illegal);
    EXPECT_EQ(properties(Op::fence_i).pipe, Pipe::fence_i);
}

}  // namespace
}  // namespace partita::chip::isa::test
