// Distances between instructions, in the cycles in which they are issued. A dependent instruction that is
// issued d cycles after its producer waits for d - 1 of them.

#include <gtest/gtest.h>

#include "chip/rocket/muldiv.hpp"
#include "chip/rocket/tests/machine.hpp"

namespace partita::chip::rocket {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own helpers

// Cycles of issue of the instructions from the first on, when instruction cache and data cache know them all.
std::vector<Cycle> warm_issues(Machine& machine, const std::function<void(Assembler&)>& write) {
    Assembler code(base);
    write(code);
    const Address end = code.here();
    code.nop();
    machine.place(code);
    const isa::HartState start = machine.core->state();
    machine.trace_to(end);
    for (int i = 0; i < 100; ++i) {
        // Pending results of the first pass are long there when the second begins.
        machine.core->state().pc = end;
        machine.step();
    }
    machine.core->state() = start;
    return machine.trace_to(end);
}

struct Case {
    const char* name;
    std::function<void(Assembler&)> producer;
    std::function<void(Assembler&)> consumer;
    Cycle distance;
};

class ResultLatency : public ::testing::TestWithParam<Case> {};

TEST_P(ResultLatency, IsAsDocumented) {
    Machine machine;
    machine.x(a0) = data;
    machine.x(a1) = 3;
    machine.x(a2) = 5;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        code.nops(4);
        GetParam().producer(code);
        GetParam().consumer(code);
    });
    EXPECT_EQ(issues[5] - issues[4], GetParam().distance);
}

const auto uses_t0 = [](Assembler& code) { code.i(Op::addi, t1, t0, 1); };
const auto overwrites_t0 = [](Assembler& code) { code.i(Op::addi, t0, zero, 1); };
const auto uses_f1 = [](Assembler& code) { code.r(Op::fsgnj_s, 2, 1, 1); };
const auto stores_f1 = [](Assembler& code) { code.s(Op::fsw, 1, 64, a0); };
const auto overwrites_f1 = [](Assembler& code) { code.i(Op::fmv_w_x, 1, a1, 0); };

// Bubbles of RocketCore.scala's and FPU.scala's hazards + 1.
INSTANTIATE_TEST_SUITE_P(
    Table, ResultLatency,
    ::testing::Values(Case{"alu", [](Assembler& c) { c.r(Op::add, t0, a1, a2); }, uses_t0, 1},
                      Case{"lui", [](Assembler& c) { c.u(Op::lui, t0, 5); }, uses_t0, 1},
                      Case{"auipc", [](Assembler& c) { c.u(Op::auipc, t0, 5); }, uses_t0, 1},
                      Case{"lw", [](Assembler& c) { c.l(Op::lw, t0, 0, a0); }, uses_t0, 2},
                      Case{"lwu", [](Assembler& c) { c.l(Op::lwu, t0, 0, a0); }, uses_t0, 2},
                      Case{"ld", [](Assembler& c) { c.l(Op::ld, t0, 0, a0); }, uses_t0, 2},
                      Case{"ld_independent", [](Assembler& c) { c.l(Op::ld, t0, 0, a0); },
                           [](Assembler& c) { c.i(Op::addi, t1, a1, 0); }, 1},
                      Case{"ld_overwritten", [](Assembler& c) { c.l(Op::ld, t0, 0, a0); }, overwrites_t0, 2},
                      Case{"lb", [](Assembler& c) { c.l(Op::lb, t0, 0, a0); }, uses_t0, 3},
                      Case{"lbu", [](Assembler& c) { c.l(Op::lbu, t0, 0, a0); }, uses_t0, 3},
                      Case{"lh", [](Assembler& c) { c.l(Op::lh, t0, 0, a0); }, uses_t0, 3},
                      Case{"lhu", [](Assembler& c) { c.l(Op::lhu, t0, 0, a0); }, uses_t0, 3},
                      Case{"flw", [](Assembler& c) { c.l(Op::flw, 1, 0, a0); }, uses_f1, 4},
                      Case{"fld", [](Assembler& c) { c.l(Op::fld, 1, 0, a0); }, uses_f1, 4},
                      Case{"csr", [](Assembler& c) { c.csr(Op::csrrs, t0, 0xf14, zero); }, uses_t0, 3},
                      Case{"fmv_x_w", [](Assembler& c) { c.i(Op::fmv_x_w, t0, 3, 0); }, uses_t0, 3},
                      Case{"feq_s", [](Assembler& c) { c.r(Op::feq_s, t0, 3, 4); }, uses_t0, 3},
                      Case{"flt_d", [](Assembler& c) { c.r(Op::flt_d, t0, 3, 4); }, uses_t0, 3},
                      Case{"fclass_s", [](Assembler& c) { c.r(Op::fclass_s, t0, 3); }, uses_t0, 3},
                      Case{"fcvt_w_s", [](Assembler& c) { c.r(Op::fcvt_w_s, t0, 3); }, uses_t0, 3},
                      Case{"fadd_s", [](Assembler& c) { c.r(Op::fadd_s, 1, 3, 4); }, uses_f1, 4},
                      Case{"fmul_s", [](Assembler& c) { c.r(Op::fmul_s, 1, 3, 4); }, uses_f1, 4},
                      Case{"fmadd_s", [](Assembler& c) { c.r4(Op::fmadd_s, 1, 3, 4, 5); }, uses_f1, 4},
                      Case{"fadd_s_stored", [](Assembler& c) { c.r(Op::fadd_s, 1, 3, 4); }, stores_f1, 4},
                      Case{"fadd_s_overwritten", [](Assembler& c) { c.r(Op::fadd_s, 1, 3, 4); },
                           overwrites_f1, 4},
                      Case{"fmv_w_x", [](Assembler& c) { c.i(Op::fmv_w_x, 1, a1, 0); }, uses_f1, 4},
                      Case{"fcvt_s_w", [](Assembler& c) { c.r(Op::fcvt_s_w, 1, a1); }, uses_f1, 4},
                      Case{"fcvt_d_s", [](Assembler& c) { c.r(Op::fcvt_d_s, 1, 3, 0); }, uses_f1, 4},
                      Case{"fsgnj_s", [](Assembler& c) { c.r(Op::fsgnj_s, 1, 3, 4); }, uses_f1, 4},
                      Case{"fmax_s", [](Assembler& c) { c.r(Op::fmax_s, 1, 3, 4); }, uses_f1, 4},
                      Case{"fadd_d", [](Assembler& c) { c.r(Op::fadd_d, 1, 3, 4); }, uses_f1, 6},
                      Case{"fmadd_d", [](Assembler& c) { c.r4(Op::fmadd_d, 1, 3, 4, 5); }, uses_f1, 6},
                      Case{"fadd_d_stored", [](Assembler& c) { c.r(Op::fadd_d, 1, 3, 4); }, stores_f1, 6},
                      Case{"amoadd_w", [](Assembler& c) { c.r(Op::amoadd_w, t0, a0, a1); }, uses_t0, 2},
                      Case{"lr_d", [](Assembler& c) { c.r(Op::lr_d, t0, a0); }, uses_t0, 2},
                      Case{"sc_w", [](Assembler& c) { c.r(Op::sc_w, t0, a0, a1); }, uses_t0, 3},
                      // a1 = 3: two iterations, + 2.
                      Case{"mul_small", [](Assembler& c) { c.r(Op::mul, t0, a1, a2); }, uses_t0, 4},
                      Case{"mul_independent", [](Assembler& c) { c.r(Op::mul, t0, a1, a2); },
                           [](Assembler& c) { c.i(Op::addi, t1, a1, 0); }, 1},
                      // The unit is free in the cycle in which it writes.
                      Case{"mul_mul", [](Assembler& c) { c.r(Op::mul, t0, a1, a2); },
                           [](Assembler& c) { c.r(Op::mul, t1, a1, a2); }, 4},
                      // 3 / 5 has its top bit one below: 65 iterations, + 2.
                      Case{"div", [](Assembler& c) { c.r(Op::divu, t0, a1, a2); }, uses_t0, 67}),
    [](const auto& test) { return std::string(test.param.name); });

// Of Zfbfmin: as the same instructions for FP32.
class Bf16Latency : public ::testing::TestWithParam<Case> {};

TEST_P(Bf16Latency, IsThatOfFp32) {
    Config config;
    config.bf16_extension = true;
    Machine machine(config);
    machine.x(a0) = data;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        code.nops(4);
        GetParam().producer(code);
        GetParam().consumer(code);
    });
    EXPECT_EQ(issues[5] - issues[4], GetParam().distance);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Bf16Latency,
    ::testing::Values(Case{"flh", [](Assembler& c) { c.l(Op::flh, 1, 0, a0); }, uses_f1, 4},
                      Case{"fmv_h_x", [](Assembler& c) { c.i(Op::fmv_h_x, 1, a1, 0); }, uses_f1, 4},
                      Case{"fmv_x_h", [](Assembler& c) { c.i(Op::fmv_x_h, t0, 3, 0); }, uses_t0, 3},
                      Case{"fcvt_bf16_s", [](Assembler& c) { c.r(Op::fcvt_bf16_s, 1, 3); }, uses_f1, 4},
                      Case{"fcvt_s_bf16", [](Assembler& c) { c.r(Op::fcvt_s_bf16, 1, 3); }, uses_f1, 4},
                      Case{"fcvt_bf16_s_stored", [](Assembler& c) { c.r(Op::fcvt_bf16_s, 1, 3); },
                           [](Assembler& c) { c.s(Op::fsh, 1, 64, a0); }, 4},
                      // Conversions are fully pipelined.
                      Case{"fcvt_fcvt", [](Assembler& c) { c.r(Op::fcvt_bf16_s, 1, 3); },
                           [](Assembler& c) { c.r(Op::fcvt_s_bf16, 2, 4); }, 1},
                      // Depths 3 and 2 meet at the write port: the conversion is replayed.
                      Case{"fmul_fcvt", [](Assembler& c) { c.r(Op::fmul_s, 1, 3, 4); },
                           [](Assembler& c) { c.r(Op::fcvt_bf16_s, 2, 5); }, 6}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Bf16, LoadsAndStoresAreHalfwords) {
    Config config;
    config.bf16_extension = true;
    Machine machine(config);
    machine.x(a0) = data;
    machine.memory.store<std::uint64_t>(data, 0x1111'2222'3f80'4444);
    Assembler code(base);
    code.l(Op::flh, 1, 2, a0);
    code.r(Op::fcvt_s_bf16, 2, 1);
    code.r(Op::fadd_s, 2, 2, 2);
    code.r(Op::fcvt_bf16_s, 3, 2);
    code.s(Op::fsh, 3, 4, a0);
    const Address end = code.here();
    code.nop();
    machine.place(code);
    machine.trace_to(end);
    EXPECT_EQ(machine.f(1), 0xffff'ffff'ffff'3f80U);
    EXPECT_EQ(machine.f(2), 0xffff'ffff'4000'0000U);
    EXPECT_EQ(machine.memory.load<std::uint64_t>(data), 0x1111'4000'3f80'4444U);
}

TEST(Bf16, IsIllegalWithoutTheExtension) {
    Machine machine;
    machine.x(a0) = data;
    machine.core->state().mtvec = base + 0x100;
    Assembler code(base);
    code.l(Op::flh, 1, 0, a0);
    machine.place(code);
    machine.step();
    EXPECT_EQ(machine.core->state().pc, base + 0x100);
    EXPECT_EQ(machine.core->state().mcause, 2U);
}

TEST(Issue, OneIndependentInstructionACycle) {
    Machine machine;
    const auto issues = warm_issues(machine, [](Assembler& code) { code.nops(20); });
    EXPECT_EQ(issues[19] - issues[0], 19);
    EXPECT_EQ(machine.all_spent(), machine.core->now());
}

// mul of 1-byte rs1 takes 2 iterations: it writes in cycle 4. An ALU instruction issued in cycle c has its WB
// in c + 3 and keeps the long result from the port.
TEST(Multiply, WaitsForAFreeWritePort) {
    Machine machine;
    machine.x(a1) = 3;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        code.r(Op::mul, t0, a1, a2);
        code.nops(3);  // issued in 1, 2, 3: WB in 4, 5, 6
        code.i(Op::addi, t1, t0, 0);
    });
    EXPECT_EQ(issues[4] - issues[0], 7);
    Machine stores;  // have no WB
    stores.x(a1) = 3;
    stores.x(a0) = data;
    const auto free = warm_issues(stores, [](Assembler& code) {
        code.r(Op::mul, t0, a1, a2);
        for (int i = 0; i < 3; ++i) {
            code.s(Op::sd, a1, 8 * i, a0);
        }
        code.i(Op::addi, t1, t0, 0);
    });
    EXPECT_EQ(free[4] - free[0], 4);
}

TEST(Multiply, IterationsDependOnTheMultiplier) {
    const Config config;
    const auto mul = [&](Op op, std::uint64_t a) { return integer_iterations(config, op, a, 12345); };
    EXPECT_EQ(mul(Op::mul, 0), 2);
    EXPECT_EQ(mul(Op::mul, 0xff), 2);
    EXPECT_EQ(mul(Op::mul, 0x100), 3);
    EXPECT_EQ(mul(Op::mul, 0xffff), 3);
    EXPECT_EQ(mul(Op::mul, 0x1'0000), 4);
    EXPECT_EQ(mul(Op::mul, 0xffff'ffff'ffff), 7);
    EXPECT_EQ(mul(Op::mul, 0x1'0000'0000'0000), 8);
    EXPECT_EQ(mul(Op::mul, ~std::uint64_t{0}), 8);
    EXPECT_EQ(mul(Op::mulhu, 1), 8);
    EXPECT_EQ(mul(Op::mulw, ~std::uint64_t{0}), 4);
    EXPECT_EQ(mul(Op::mulw, 0xff), 2);
    EXPECT_EQ(mul(Op::mulw, 0xffff'ffff'0000'0000), 1);
}

TEST(Divide, IterationsDependOnTheOperands) {
    const Config config;
    const auto div = [&](Op op, std::int64_t a, std::int64_t b) {
        return integer_iterations(config, op, static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b));
    };
    EXPECT_EQ(div(Op::divu, 132, 132), 3);       // d = 0: 3 + 0
    EXPECT_EQ(div(Op::divu, 4224, 4), 13);       // bits 12 and 2: 3 + 10
    EXPECT_EQ(div(Op::divu, 5, 128), 62);        // bits 2 and 7, e = 5: 67 - 5
    EXPECT_EQ(div(Op::divu, 3, 4), 65);          // e = 1
    EXPECT_EQ(div(Op::divu, -1, 1), 65);         // d = 63: 65 at most
    EXPECT_EQ(div(Op::divu, 7, 0), 65);          // by zero
    EXPECT_EQ(div(Op::div, -132, 132), 3 + 2);   // negate an operand, negate the quotient
    EXPECT_EQ(div(Op::div, -132, -132), 3 + 1);  // the quotient is positive
    EXPECT_EQ(div(Op::rem, 132, -132), 3 + 1);   // the remainder has the dividend's sign
    EXPECT_EQ(div(Op::rem, -132, 132), 3 + 2);
    EXPECT_EQ(div(Op::div, -7, 0), 65 + 1);             // a quotient by zero is not negated
    EXPECT_EQ(div(Op::divw, 0xffff'ff7c, 132), 3 + 2);  // -132 as a word
    EXPECT_EQ(div(Op::divuw, 0x1'0000'0084, 132), 3);   // 132 as a word
}

TEST(FloatDivide, IterationsDependOnTheOperands) {
    const auto single = [](std::uint32_t bits) { return 0xffff'ffff'0000'0000 | bits; };
    constexpr std::uint32_t one = 0x3f80'0000;
    constexpr std::uint32_t half_more = 0x3fc0'0000;  // 1.5
    constexpr std::uint32_t two = 0x4000'0000;
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(one), single(half_more)), 26);  // 24 + 2
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(half_more), single(one)), 25);  // leading bit at once
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(one), single(one)), 25);
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(0), single(one)), 1);
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(one), single(0x8000'0000)), 1);
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(0x7f80'0000), single(one)), 1);
    EXPECT_EQ(float_iterations(Op::fdiv_s, 0x3f80'0000, single(one)), 1);  // not boxed: no number
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(1), single(one)), 25);   // a subnormal, normalised: 1.0
    EXPECT_EQ(float_iterations(Op::fdiv_s, single(3), single(half_more)), 25);  // 1.5 / 1.5
    EXPECT_EQ(float_iterations(Op::fdiv_d, 0x3ff0'0000'0000'0000, 0x3ff8'0000'0000'0000), 55);
    EXPECT_EQ(float_iterations(Op::fdiv_d, 0x3ff8'0000'0000'0000, 0x3ff0'0000'0000'0000), 54);
    EXPECT_EQ(float_iterations(Op::fsqrt_s, single(one), 0), 25);
    EXPECT_EQ(float_iterations(Op::fsqrt_s, single(two), 0), 24);
    EXPECT_EQ(float_iterations(Op::fsqrt_s, single(0xbf80'0000), 0), 1);
    EXPECT_EQ(float_iterations(Op::fsqrt_d, 0x3ff0'0000'0000'0000, 0), 54);
    EXPECT_EQ(float_iterations(Op::fsqrt_d, 0x4000'0000'0000'0000, 0), 53);
}

constexpr std::uint64_t boxed(std::uint32_t bits) {
    return 0xffff'ffff'0000'0000 | bits;
}

TEST(FloatDivide, HoldsItsConsumerAndNacksOthers) {
    Machine machine;
    machine.f(3) = boxed(0x3f80'0000);
    machine.f(4) = boxed(0x3fc0'0000);  // 1 / 1.5: 26 iterations
    const auto dependent = warm_issues(machine, [](Assembler& code) {
        code.r(Op::fdiv_s, 1, 3, 4);
        code.r(Op::fadd_s, 2, 1, 1);
    });
    EXPECT_EQ(dependent[1] - dependent[0], 29);

    // An independent FP instruction comes to ID in 1; its MEM, 3, is within 3 ... 27, in which the divider is
    // in flight: replayed with ID in 6, 11, 16, 21, 26, whose MEM is 28. The integer instruction before it is
    // not held.
    Machine other;
    other.f(3) = machine.f(3);
    other.f(4) = machine.f(4);
    const auto nacked = warm_issues(other, [](Assembler& code) {
        code.r(Op::fdiv_s, 1, 3, 4);
        code.r(Op::fmv_x_w, t0, 5);
    });
    EXPECT_EQ(nacked[1] - nacked[0], 26);
    Machine integers;
    integers.f(3) = machine.f(3);
    integers.f(4) = machine.f(4);
    integers.x(a0) = data;
    const auto free = warm_issues(integers, [](Assembler& code) {
        code.r(Op::fdiv_s, 1, 3, 4);
        code.i(Op::addi, t0, a1, 1);
        code.l(Op::flw, 7, 0, a0);  // ID in 2, 7, 12, 17, 22, 27: 27 is the first past 25
    });
    EXPECT_EQ(free[1] - free[0], 1);
    EXPECT_EQ(free[2] - free[0], 27);
}

// Another instruction's write is outstanding when fdiv is in MEM.
TEST(FloatDivide, WaitsForTheWritePort) {
    Machine machine;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        code.r(Op::fadd_s, 1, 3, 4);
        code.r(Op::fdiv_s, 2, 5, 6);
    });
    EXPECT_EQ(issues[1] - issues[0], 1 + 5);
}

struct Collision {
    const char* name;
    std::function<void(Assembler&)> first;
    unsigned between;
    std::function<void(Assembler&)> second;
    bool collides;
};

class WritePort : public ::testing::TestWithParam<Collision> {};

// Two writes meet if issue + depth are equal; the later instruction is then replayed, 5 cycles later.
TEST_P(WritePort, IsSharedByThePipes) {
    Machine machine;
    machine.x(a1) = 3;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        GetParam().first(code);
        code.nops(GetParam().between);
        GetParam().second(code);
        code.nop();
    });
    const std::size_t last = 1 + GetParam().between;
    EXPECT_EQ(issues[last] - issues[0], last + (GetParam().collides ? 5 : 0));
    EXPECT_EQ(issues[last + 1] - issues[last], 1);
}

const auto fmul_s = [](Assembler& c) { c.r(Op::fmul_s, 1, 3, 4); };
const auto fmadd_d = [](Assembler& c) { c.r4(Op::fmadd_d, 1, 3, 4, 5); };
const auto fadd_s = [](Assembler& c) { c.r(Op::fadd_s, 2, 6, 7); };
const auto fmv_w_x = [](Assembler& c) { c.i(Op::fmv_w_x, 2, a1, 0); };
const auto fsgnj_s = [](Assembler& c) { c.r(Op::fsgnj_s, 2, 6, 7); };
const auto fcvt_d_s = [](Assembler& c) { c.r(Op::fcvt_d_s, 2, 6); };
const auto fmv_x_w = [](Assembler& c) { c.r(Op::fmv_x_w, t0, 6); };

INSTANTIATE_TEST_SUITE_P(Pairs, WritePort,
                         ::testing::Values(Collision{"single_then_move", fmul_s, 0, fmv_w_x, true},
                                           Collision{"single_then_sign", fmul_s, 0, fsgnj_s, true},
                                           Collision{"single_then_widen", fmul_s, 0, fcvt_d_s, true},
                                           Collision{"single_later_move", fmul_s, 1, fmv_w_x, false},
                                           Collision{"single_then_single", fmul_s, 0, fadd_s, false},
                                           Collision{"double_then_single", fmadd_d, 0, fadd_s, true},
                                           Collision{"double_later_single", fmadd_d, 1, fadd_s, false},
                                           Collision{"double_then_move", fmadd_d, 0, fmv_w_x, false},
                                           Collision{"double_later_move", fmadd_d, 1, fmv_w_x, true},
                                           Collision{"move_then_single", fmv_w_x, 0, fmul_s, false},
                                           Collision{"single_then_integer", fmul_s, 0, fmv_x_w, false}),
                         [](const auto& test) { return std::string(test.param.name); });

// fcsr is read when nothing is in flight: fadd.s is in ID in 0 and writes in 1 + 3; ID from 5 on.
TEST(Csr, FlagsWaitForThePipes) {
    Machine machine;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        code.r(Op::fadd_s, 1, 3, 4);
        code.csr(Op::csrrs, t0, 0x001, zero);
    });
    EXPECT_EQ(issues[1] - issues[0], 5);
}

// A write flushes: the next instruction is fetched from its WB, 3, and in ID in 5. mscratch needs no flush.
TEST(Csr, WritesFlush) {
    Machine machine;
    const auto issues = warm_issues(machine, [](Assembler& code) {
        code.csr(Op::csrrw, zero, 0x305, zero);  // mtvec
        code.csr(Op::csrrw, zero, 0x340, a1);    // mscratch
        code.nop();
    });
    EXPECT_EQ(issues[1] - issues[0], 5);
    EXPECT_EQ(issues[2] - issues[1], 1);
}

TEST(Csr, CyclesOfConsecutiveReadsDifferByOne) {
    Machine machine;
    warm_issues(machine, [](Assembler& code) {
        code.csr(Op::csrrs, t0, 0xc00, zero);
        code.csr(Op::csrrs, t1, 0xc00, zero);
    });
    EXPECT_EQ(machine.x(t1) - machine.x(t0), 1);
}

}  // namespace
}  // namespace partita::chip::rocket
