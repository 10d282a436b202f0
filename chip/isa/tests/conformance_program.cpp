#include "conformance_program.hpp"

#include <fmt/format.h>

#include <bit>
#include <random>

namespace partita::chip::isa::test {
namespace {

enum Table : std::size_t {
    integers,
    few_integers,
    singles,
    single_triples,
    doubles,
    double_triples,
    table_count
};

constexpr std::uint64_t boxed = 0xffff'ffff'0000'0000;

// Zeros, ones, extremes, subnormals at both ends, least normals, ties, infinities, quiet and signaling NaNs
// with payload.
constexpr std::uint32_t edge_singles[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0x3fc00000, 0x40200000,
    0xc0200000, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000,
    0x00800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc01234,
    0x7f800001, 0xffa00000, 0x3f7fffff, 0x3f800001, 0x33800000, 0x34000000, 0x4f000000,
    0xcf000000, 0x4effffff, 0x4f7fffff, 0x5f000000, 0xdf000000, 0x5effffff, 0x5f7fffff,
    0x4b800000, 0x4b000001, 0x1a800000, 0x9f800001, 0x20000000, 0x7e800000,
};
constexpr std::uint64_t edge_doubles[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x3fe0000000000000,
    0x3ff8000000000000, 0x4004000000000000, 0xc004000000000000, 0x0000000000000001, 0x8000000000000001,
    0x000fffffffffffff, 0x800fffffffffffff, 0x0010000000000000, 0x8010000000000000, 0x0010000000000001,
    0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
    0xfff8000000001234, 0x7ff0000000000001, 0xfff4000000000000, 0x3fefffffffffffff, 0x3ff0000000000001,
    0x3ca0000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000000000, 0xc1e0000000000000,
    0xc1e0000000100000, 0x41efffffffe00000, 0x41efffffffffffff, 0x43e0000000000000, 0xc3e0000000000000,
    0x43dfffffffffffff, 0x43f0000000000000, 0x43efffffffffffff, 0x4340000000000001, 0x1ff0000000000000,
    0x9ff8000000000001, 0x36a0000000000000, 0x3690000000000000, 0x36a0000000000001, 0x380fffffe0000000,
    0x380fffffffffffff, 0x3810000000000000, 0x47efffffe0000000, 0x47effffff0000000, 0x47efffffefffffff,
    0x3ff0000010000000, 0x3ff0000030000000,
};
constexpr std::uint64_t edge_integers[] = {
    0,
    1,
    2,
    0xffffffffffffffff,
    0xfffffffffffffffe,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0x7fffffff,
    0x80000000,
    0x80000001,
    0xffffffff,
    0x100000000,
    0xffffffff80000000,
    0xffffffff7fffffff,
    31,
    32,
    63,
    64,
    0xff,
    0x8000,
    0x0123456789abcdef,
    0xfedcba9876543210,
    0x1000001,
    0x20000000000001,
    0x20000000000003,
    0x7fffffffffffffbf,
    0x7ffffffffffffdff,
    0xfffffffffffffc00,
};

class Generator {
  public:
    Program finish() {
        fill_tables();
        integer_snippets();
        memory_snippets();
        jump_snippets();
        compressed_snippets();
        floating_snippets("s", singles, single_triples);
        floating_snippets("d", doubles, double_triples);
        register_snippets();
        return std::move(program_);
    }

  private:
    template <typename... Arguments>
    void add(Table table, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        program_.snippets.push_back({fmt::format(text, std::forward<Arguments>(arguments)...), table});
    }

    template <typename Values>
    std::uint64_t any_of(const Values& values) {
        return values[random_() % std::size(values)];
    }

    // fcsr with a valid rounding mode, and flags that are mostly none or inexact alone.
    std::uint64_t random_state(bool inexact) {
        const std::uint64_t mode = random_() % 5;
        const std::uint64_t flags = random_() % 8 == 0 ? random_() % 32 : 0;
        return mode << 5U | flags | (inexact ? 1 : 0);
    }

    // Of a random exponent, often near one another so that sums and products meet the edges.
    std::uint64_t random_single() {
        const std::uint64_t bits = random_() & 0xffffffff;
        if (random_() % 2 == 0) {
            return boxed | (bits & 0x807fffff) | (120 + random_() % 16) << 23U;
        }
        return random_() % 64 == 0 ? bits << 16U : boxed | bits;
    }

    std::uint64_t random_double() {
        const std::uint64_t bits = random_();
        if (random_() % 2 == 0) {
            return (bits & 0x800fffffffffffff) | (1016 + random_() % 16) << 52U;
        }
        return random_() % 4 == 0 ? (bits & 0x800fffffffffffff) | (890 + random_() % 270) << 52U : bits;
    }

    std::uint64_t any_single() { return random_() % 4 == 0 ? random_single() : boxed | any_of(edge_singles); }
    std::uint64_t any_double() { return random_() % 4 == 0 ? random_double() : any_of(edge_doubles); }

    void fill_tables() {
        constexpr int random_pairs = 400;
        constexpr int triples = 1500;
        program_.tables.resize(table_count);
        auto& tables = program_.tables;
        for (const std::uint64_t a : edge_integers) {
            for (const std::uint64_t b : edge_integers) {
                tables[integers].push_back({a, b, random_(), random_state(random_() % 2 == 0)});
            }
            tables[few_integers].push_back({a, any_of(edge_integers), random_(), random_state(false)});
            tables[few_integers].push_back({a, random_(), random_(), random_state(true)});
        }
        for (int i = 0; i < random_pairs; ++i) {
            tables[integers].push_back({random_(), random_(), random_(), random_state(i % 2 == 0)});
        }
        for (const bool inexact : {false, true}) {
            for (const std::uint64_t a : edge_singles) {
                for (const std::uint64_t b : edge_singles) {
                    tables[singles].push_back({boxed | a, boxed | b, 0, random_state(inexact)});
                }
                // Not NaN-boxed: counts as a NaN.
                tables[singles].push_back({a, boxed | any_of(edge_singles), 0, random_state(inexact)});
                tables[singles].push_back(
                    {boxed | any_of(edge_singles), a | 0xfffffffe00000000, 0, random_state(inexact)});
            }
            for (const std::uint64_t a : edge_doubles) {
                for (const std::uint64_t b : edge_doubles) {
                    tables[doubles].push_back({a, b, 0, random_state(inexact)});
                }
            }
            for (int i = 0; i < random_pairs; ++i) {
                tables[singles].push_back({random_single(), random_single(), 0, random_state(inexact)});
                tables[doubles].push_back({random_double(), random_double(), 0, random_state(inexact)});
            }
            for (int i = 0; i < triples; ++i) {
                tables[single_triples].push_back(
                    {any_single(), any_single(), any_single(), random_state(inexact)});
                tables[double_triples].push_back(
                    {any_double(), any_double(), any_double(), random_state(inexact)});
                add_cancellations(inexact);
            }
        }
    }

    // Triples whose sum nearly vanishes: c is close to -(a * b).
    void add_cancellations(bool inexact) {
        const std::uint64_t a = (random_() & 0x000fffffffffffff) | std::uint64_t{1000 + random_() % 40}
                                                                       << 52U;
        const std::uint64_t b = (random_() & 0x000fffffffffffff) | std::uint64_t{1000 + random_() % 40}
                                                                       << 52U;
        const double product = std::bit_cast<double>(a) * std::bit_cast<double>(b);
        const std::uint64_t c = std::bit_cast<std::uint64_t>(-product) + random_() % 3;
        program_.tables[double_triples].push_back({a, b, c, random_state(inexact)});
        const auto single_a = std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(a)));
        const auto single_b = std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(b)));
        const auto single_c = std::bit_cast<std::uint32_t>(static_cast<float>(-product));
        program_.tables[single_triples].push_back(
            {boxed | single_a, boxed | single_b, boxed | (single_c + random_() % 3), random_state(inexact)});
    }

    void integer_snippets() {
        for (const char* name :
             {"add",  "sub",  "sll",  "slt",  "sltu", "xor",   "srl",  "sra",    "or",    "and",
              "addw", "subw", "sllw", "srlw", "sraw", "mul",   "mulh", "mulhsu", "mulhu", "div",
              "divu", "rem",  "remu", "mulw", "divw", "divuw", "remw", "remuw"}) {
            add(integers, "{} a0,a1,a2", name);
            add(few_integers, "{} a1,a1,a1; mv a0,a1", name);
            add(few_integers, "{} zero,a1,a2; mv a0,zero", name);
        }
        for (const char* name : {"addi", "slti", "sltiu", "xori", "ori", "andi", "addiw"}) {
            for (const int immediate : {0, 1, -1, 2047, -2048, 1365, -683}) {
                add(few_integers, "{} a0,a1,{}", name, immediate);
            }
            add(few_integers, "{} zero,a1,5; mv a0,zero", name);
        }
        for (const char* name : {"slli", "srli", "srai", "slliw", "srliw", "sraiw"}) {
            for (const int shift : {0, 1, 17, 31, 32, 63}) {
                if (shift < 32 || std::string(name).size() == 4) {
                    add(few_integers, "{} a0,a1,{}", name, shift);
                }
            }
        }
        for (const unsigned upper : {0U, 1U, 0x7ffffU, 0x80000U, 0xfffffU, 0x12345U}) {
            add(few_integers, "lui a0,{}", upper);
            add(few_integers, "auipc a0,{}", upper);
        }
        // HINTs do nothing.
        add(few_integers,
            "slti zero,zero,3; sltiu zero,zero,1; slti zero,zero,0; sltiu zero,zero,0; mv a0,a1");
        add(few_integers, "fence; fence rw,w; fence.tso; fence.i; mv a0,a1");
    }

    void memory_snippets() {
        for (const char* name : {"lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"}) {
            add(few_integers, "sd a1,0(s5); {} a0,0(s5)", name);
            add(few_integers, "sd a1,-2048(s5); {} a0,-2048(s5)", name);
            add(few_integers, "sd a1,2040(s5); addi t0,s5,-2; {} a0,2042(t0)", name);
        }
        add(few_integers, "sd a1,0(s5); lb a0,7(s5); lh a5,6(s5)");
        add(few_integers, "sd a1,0(s5); lw a0,4(s5); lbu a5,3(s5)");
        for (const char* name : {"sb", "sh", "sw", "sd"}) {
            add(few_integers, "sd a1,0(s5); {} a2,0(s5); ld a0,0(s5)", name);
            add(few_integers, "sd a1,-8(s5); {} a2,-8(s5); ld a0,-8(s5)", name);
        }
        add(few_integers, "sd a1,0(s5); sb a2,5(s5); sh a3,2(s5); ld a0,0(s5)");
        for (const char* width : {"w", "d"}) {
            for (const char* name : {"swap", "add", "xor", "and", "or", "min", "max", "minu", "maxu"}) {
                add(integers, "sd a1,0(s5); amo{}.{} a0,a2,(s5); ld a5,0(s5)", name, width);
                add(few_integers, "sd a1,0(s5); amo{}.{}.aqrl a2,a2,(s5); mv a0,a2; ld a5,0(s5)", name,
                    width);
            }
            add(few_integers, "sd a1,0(s5); lr.{0} a0,(s5); sc.{0} a5,a2,(s5); ld a1,0(s5); add a5,a5,a1",
                width);
            add(few_integers,
                "sd a1,0(s5); lr.{0} a0,(s5); sc.{0} a5,a2,(s5); sc.{0} a0,a3,(s5); ld a5,0(s5)", width);
        }
        for (const char* width : {"w", "d"}) {
            add(few_integers, "sd a1,0(s5); fl{} fa0,0(s5)", width);
            add(few_integers, "sd a1,-16(s5); fl{} fa0,-16(s5)", width);
            add(few_integers, "sd a1,0(s5); fs{} fa2,0(s5); ld a0,0(s5)", width);
            add(few_integers, "sd a1,2032(s5); fs{} fa2,2032(s5); ld a0,2032(s5)", width);
        }
    }

    void jump_snippets() {
        for (const char* name : {"beq", "bne", "blt", "bge", "bltu", "bgeu"}) {
            add(integers, "li a0,1; {} a1,a2,7f; li a0,0; 7:", name);
            add(few_integers, "j 8f; 7: li a0,7; j 9f; 8: {} a1,a2,7b; li a0,9; 9:", name);
            add(few_integers, "li a0,1; {} a1,a1,7f; li a0,0; 7:", name);
        }
        add(few_integers, "jal a0,7f; li a5,1; 7:");
        add(few_integers, "j 8f; 7: li a5,3; j 9f; 8: jal a0,7b; 9:");
        add(few_integers, "lla t0,7f; jalr a0,0(t0); li a5,1; 7:");
        add(few_integers, "lla a0,7f; addi a0,a0,101; jalr a0,-100(a0); li a5,1; 7:");
        add(few_integers, "lla t0,7f; jalr zero,0(t0); li a5,1; 7: mv a0,zero");
    }

    void compressed_snippets() {
        for (const char* text :
             {"c.addi4spn a0,sp,4; c.addi4spn a5,sp,1020",
              "c.addi16sp sp,16; mv a0,sp; c.addi16sp sp,-512; c.addi16sp sp,496; mv a5,sp",
              "sd a1,0(sp); sd a2,248(sp); c.lwsp a0,248(sp); c.lwsp a5,4(sp)",
              "sd a1,0(sp); sd a2,504(sp); c.ldsp a0,0(sp); c.ldsp a5,504(sp); c.fldsp fa0,504(sp)",
              "c.swsp a1,0(sp); c.swsp a2,252(sp); c.lwsp a0,0(sp); c.lwsp a5,252(sp)",
              "c.sdsp a1,0(sp); c.sdsp a2,440(sp); c.ldsp a0,0(sp); c.ldsp a5,440(sp)",
              "c.fsdsp fa1,8(sp); c.fsdsp fa2,368(sp); c.fldsp fa0,8(sp); c.ldsp a0,368(sp)"}) {
            add(few_integers, "mv t0,sp; mv sp,s5; {}; mv sp,t0", text);
        }
        for (const char* text :
             {"mv a4,s5; sd a1,0(a4); c.lw a0,0(a4); c.ld a5,0(a4); c.fld fa0,0(a4)",
              "mv a4,s5; sd a1,120(a4); sd a2,248(a4); c.lw a0,124(a4); c.ld a5,248(a4); c.fld fa0,120(a4)",
              "mv a4,s5; sd a1,64(a4); c.sw a2,64(a4); c.lw a0,64(a4); c.lw a5,68(a4)",
              "mv a4,s5; c.sd a1,0(a4); c.sd a2,192(a4); ld a0,0(a4); ld a5,192(a4)",
              "mv a4,s5; c.fsd fa2,0(a4); c.fsd fa1,136(a4); ld a0,0(a4); ld a5,136(a4)",
              "c.nop; c.addi a1,1; c.mv a0,a1; c.addi a2,-32; c.mv a5,a2",
              "c.addi a1,31; c.mv a0,a1; c.addiw a2,0; c.mv a5,a2",
              "c.addiw a1,31; c.mv a0,a1; c.addiw a2,-32; c.mv a5,a2",
              "c.li a0,31; c.li a5,-32",
              "c.lui a0,1; c.lui a5,31",
              "c.lui a0,0xfffe0; c.lui a5,0xfffff",
              "c.srli a1,1; c.mv a0,a1; c.srli a2,63; c.mv a5,a2",
              "c.srai a1,1; c.mv a0,a1; c.srai a2,63; c.mv a5,a2",
              "c.srli a1,32; c.mv a0,a1; c.srai a2,33; c.mv a5,a2",
              "c.andi a1,31; c.mv a0,a1; c.andi a2,-32; c.mv a5,a2",
              "c.slli a1,1; c.mv a0,a1; c.slli a2,63; c.mv a5,a2",
              "c.add a1,a2; c.mv a0,a1; c.sub a3,a2; c.mv a5,a3",
              "c.xor a1,a2; c.mv a0,a1; c.or a3,a2; c.mv a5,a3",
              "c.and a1,a2; c.mv a0,a1; c.subw a3,a2; c.mv a5,a3",
              "c.addw a1,a2; c.mv a0,a1; c.addw a3,a3; c.mv a5,a3",
              "c.li a0,1; c.beqz a1,7f; c.li a0,2; 7: c.li a5,1; c.bnez a1,8f; c.li a5,2; 8:",
              "c.j 8f; 7: c.li a0,3; c.j 9f; 8: c.beqz a1,7b; c.bnez a1,7b; 9:",
              "c.li a0,1; c.j 7f; c.li a0,2; 7:",
              "lla t0,7f; c.li a0,1; c.jr t0; c.li a0,2; 7:",
              "lla t0,7f; c.li a0,1; c.jalr t0; c.li a0,2; 7: c.mv a5,ra"}) {
            add(few_integers, "{}", text);
        }
    }

    void floating_snippets(const std::string& width, Table pairs, Table triples) {
        const char* move = width == "s" ? "w" : "d";
        for (const char* mode : {"rne", "rtz", "rdn", "rup", "rmm", "dyn"}) {
            for (const char* name : {"fadd", "fsub", "fmul", "fdiv"}) {
                add(pairs, "{}.{} fa0,fa1,fa2,{}", name, width, mode);
            }
            for (const char* name : {"fmadd", "fmsub", "fnmsub", "fnmadd"}) {
                add(triples, "{}.{} fa0,fa1,fa2,fa3,{}", name, width, mode);
            }
            add(triples, "fsqrt.{} fa0,fa1,{}", width, mode);
            for (const char* integer : {"w", "wu", "l", "lu"}) {
                add(triples, "fcvt.{}.{} a0,fa1,{}", integer, width, mode);
                add(integers, "fcvt.{}.{} fa0,a1{}", width, integer,
                    width == "d" && integer[0] == 'w' ? "" : std::string(",") + mode);
            }
            if (width == "d") {
                add(triples, "fcvt.s.d fa0,fa1,{}", mode);
            }
        }
        for (const char* name : {"fsgnj", "fsgnjn", "fsgnjx", "fmin", "fmax"}) {
            add(pairs, "{}.{} fa0,fa1,fa2", name, width);
        }
        for (const char* name : {"feq", "flt", "fle"}) {
            add(pairs, "{}.{} a0,fa1,fa2", name, width);
        }
        add(pairs, "fclass.{} a0,fa1", width);
        add(pairs, "fmv.x.{} a0,fa1", move);
        add(pairs, "fmv.{}.x fa0,a1", move);
        if (width == "s") {
            add(pairs, "fcvt.d.s fa0,fa1");
            // Every pattern of a double as a single, boxed or not.
            add(doubles, "fadd.s fa0,fa1,fa2; fclass.s a0,fa1; fmv.x.w a5,fa1");
        }
        add(pairs, "fadd.{0} fa1,fa1,fa1; fmul.{0} fa1,fa1,fa2; fsgnj.{0} fa0,fa1,fa1", width);
        add(pairs, "fcvt.w.{0} zero,fa1; feq.{0} zero,fa1,fa2; mv a0,zero", width);
    }

    void register_snippets() {
        for (const char* number : {"fflags", "frm", "fcsr"}) {
            for (const char* name : {"csrrw", "csrrs", "csrrc"}) {
                add(few_integers, "{} a0,{},a1; csrr a5,fcsr", name, number);
                add(few_integers, "{}i a0,{},21; csrr a5,fcsr", name, number);
                add(few_integers, "{} a0,{},zero; csrr a5,fcsr", name, number);
            }
        }
    }

    Program program_;
    std::mt19937_64 random_{20240611};
};

const char* macro_text = R"(# Generated by isa_conformance.
.option arch, rv64imafdc_zicsr_zifencei
.option norelax
.text
# Runs the snippet \text on each of the \count rows at \table.
.macro each table, count, text
    lla s2, \table
    li s3, \count
6:  ld a1, 0(s2)
    ld a2, 8(s2)
    ld a3, 16(s2)
    ld t0, 24(s2)
    fmv.d.x fa1, a1
    fmv.d.x fa2, a2
    fmv.d.x fa3, a3
    mv a0, s2
    mv a5, s3
    fmv.d.x fa0, s2
    fscsr t0
    \text
    frflags t0
    sd a0, 0(s1)
    fsd fa0, 8(s1)
    sd a5, 16(s1)
    sd t0, 24(s1)
    addi s1, s1, 32
    addi s2, s2, 32
    addi s3, s3, -1
    beqz s3, 5f
    j 6b
5:
.endm
.globl _start
_start:
    lla s1, records
    lla s5, scratch + 2048
)";

// Writes all records, however little a single call may take.
const char* end_text = R"(
    lla s2, records
1:  li a7, 64
    li a0, 1
    mv a1, s2
    sub a2, s1, s2
    ecall
    blez a0, 2f
    add s2, s2, a0
    bltu s2, s1, 1b
    li a0, 0
    j 3f
2:  li a0, 1
3:  li a7, 93
    ecall
)";

}  // namespace

std::size_t Program::records() const {
    std::size_t count = 0;
    for (const Snippet& snippet : snippets) {
        count += tables[snippet.table].size();
    }
    return count;
}

std::string Program::describe(std::size_t record) const {
    for (const Snippet& snippet : snippets) {
        const auto& table = tables[snippet.table];
        if (record < table.size()) {
            const Row& row = table[record];
            return fmt::format("{}  with a1 = {:016x}, a2 = {:016x}, a3 = {:016x}, fcsr = {:02x}",
                               snippet.text, row[0], row[1], row[2], row[3]);
        }
        record -= table.size();
    }
    return "no such record";
}

std::string Program::assembly() const {
    std::string text = macro_text;
    for (const Snippet& snippet : snippets) {
        text += fmt::format("each table{}, {}, \"{}\"\n", snippet.table, tables[snippet.table].size(),
                            snippet.text);
    }
    text += end_text;
    text += ".data\n.balign 8\n";
    for (std::size_t i = 0; i < tables.size(); ++i) {
        text += fmt::format("table{}:\n", i);
        for (const Row& row : tables[i]) {
            text += fmt::format(".dword {:#x}, {:#x}, {:#x}, {:#x}\n", row[0], row[1], row[2], row[3]);
        }
    }
    text +=
        fmt::format(".bss\n.balign 64\nscratch: .zero 4096\nrecords: .zero {}\n", records() * sizeof(Record));
    return text;
}

Program make_program() {
    return Generator().finish();
}

}  // namespace partita::chip::isa::test
