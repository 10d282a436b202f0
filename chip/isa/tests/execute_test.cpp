#include "chip/isa/execute.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "encode.hpp"
#include "functional.hpp"

namespace partita::chip::isa::test {
namespace {

constexpr Address base = 0x80000000;
constexpr Address data = base + 0x8000;

class Execute : public testing::Test {
  protected:
    Execute() : hart_(base, 0x10000) { state().x[10] = data; }

    HartState& state() { return hart_.state(); }
    TimedMemory& memory() { return hart_.memory(); }

    // One instruction wherever pc is.
    Trap one(std::uint32_t bits) { return execute(decode(bits), state(), memory()); }

    // It traps, and nothing has changed.
    void expect_trap(std::uint32_t bits, Trap trap, std::uint64_t value) {
        HartState before;
        std::memcpy(static_cast<void*>(&before), &state(), sizeof before);
        EXPECT_EQ(one(bits), trap) << std::hex << bits;
        // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): the padding was copied, too
        EXPECT_EQ(std::memcmp(&before, &state(), sizeof before), 0) << std::hex << bits;
        EXPECT_EQ(trap_value(trap, decode(bits), state()), value) << std::hex << bits;
    }

    FunctionalHart hart_;
};

TEST_F(Execute, MisalignedAccessesTrap) {
    state().x[11] = 5;
    for (const std::uint32_t offset : {1U, 2U, 4U}) {
        const Address address = data + offset;
        const auto signed_offset = static_cast<std::int32_t>(offset);
        if (offset < 2) {
            expect_trap(load(1, 12, 10, signed_offset), Trap::load_misaligned, address);
            expect_trap(load(5, 12, 10, signed_offset), Trap::load_misaligned, address);
            expect_trap(store(1, 11, 10, signed_offset), Trap::store_misaligned, address);
        }
        if (offset < 4) {
            expect_trap(load(2, 12, 10, signed_offset), Trap::load_misaligned, address);
            expect_trap(load(6, 12, 10, signed_offset), Trap::load_misaligned, address);
            expect_trap(store(2, 11, 10, signed_offset), Trap::store_misaligned, address);
            expect_trap(immediate_type(0x07, 2, 1, 10, signed_offset), Trap::load_misaligned, address);
        }
        expect_trap(load(3, 12, 10, signed_offset), Trap::load_misaligned, address);
        expect_trap(store(3, 11, 10, signed_offset), Trap::store_misaligned, address);
        expect_trap(immediate_type(0x07, 3, 1, 10, signed_offset), Trap::load_misaligned, address);
    }
    state().x[10] = data + 4;
    expect_trap(atomic(0, 3, 12, 10, 11), Trap::store_misaligned, data + 4);
    expect_trap(atomic(2, 3, 12, 10, 0), Trap::load_misaligned, data + 4);
    expect_trap(atomic(3, 3, 12, 10, 11), Trap::store_misaligned, data + 4);
    EXPECT_EQ(one(atomic(0, 2, 12, 10, 11)), Trap::none);
}

TEST_F(Execute, AccessesOutsideMemoryTrap) {
    state().x[10] = base + 0x10000;
    expect_trap(load(3, 12, 10, 0), Trap::load_fault, base + 0x10000);
    expect_trap(store(0, 11, 10, 0), Trap::store_fault, base + 0x10000);
    expect_trap(atomic(2, 2, 12, 10, 0), Trap::load_fault, base + 0x10000);
    expect_trap(atomic(1, 2, 12, 10, 11), Trap::store_fault, base + 0x10000);
    EXPECT_EQ(one(load(3, 12, 10, -8)), Trap::none);
    state().x[10] = base;
    expect_trap(load(0, 12, 10, -1), Trap::load_fault, base - 1);
    state().x[10] = ~std::uint64_t{7};
    expect_trap(load(3, 12, 10, 0), Trap::load_fault, ~std::uint64_t{7});
}

TEST_F(Execute, SystemInstructionsTrapOrPass) {
    expect_trap(ecall, Trap::environment_call, 0);
    expect_trap(ebreak, Trap::breakpoint, base);
    expect_trap(0x9002, Trap::breakpoint, base);  // c.ebreak
    expect_trap(0xffffffff, Trap::illegal, 0xffffffff);
    expect_trap(0x00000000, Trap::illegal, 0);
    for (const std::uint32_t bits :
         {wfi, 0x0ff0000fU, 0x0000100fU, immediate_type(0x13, 2, 0, 0, 3), immediate_type(0x13, 3, 0, 0, 1),
          register_type(0x7b, 7, 1, 5, 10, 11)}) {
        const HartState before = state();
        EXPECT_EQ(one(bits), Trap::none);
        EXPECT_EQ(state().pc, before.pc + 4);
        EXPECT_EQ(state().instructions, before.instructions + 1);
        EXPECT_EQ(std::memcmp(before.x, state().x, sizeof before.x), 0);
    }
}

TEST_F(Execute, FloatingPointIsIllegalWhileOff) {
    state().mstatus = 0;
    for (const std::uint32_t bits :
         {floating(0, 0, 1, 2, 3), floating(0x78, 0, 1, 2, 0), floating(0x10, 0, 1, 2, 3),
          floating(0x71, 0, 1, 2, 0), immediate_type(0x07, 2, 1, 10, 0), immediate_type(0x07, 3, 1, 10, 0),
          store(2, 1, 10, 0) | 4U /* fsw */, store(3, 1, 10, 0) | 4U, csr(2, 1, 0x001, 0),
          csr(2, 1, 0x003, 0)}) {
        expect_trap(bits, Trap::illegal, bits);
    }
    state().mstatus = floating_on;
    EXPECT_EQ(one(floating(0, 0, 1, 2, 3)), Trap::none);
}

TEST_F(Execute, DynamicRoundingMustBeValid) {
    for (const int mode : {5, 6, 7}) {
        state().frm = static_cast<std::uint8_t>(mode);
        expect_trap(floating(0x00, 7, 1, 2, 3), Trap::illegal, floating(0x00, 7, 1, 2, 3));
        expect_trap(floating(0x69, 7, 1, 2, 0), Trap::illegal,
                    floating(0x69, 7, 1, 2, 0));                 // fcvt.d.w, though exact
        EXPECT_EQ(one(floating(0x00, 1, 1, 2, 3)), Trap::none);  // a static mode
        EXPECT_EQ(one(floating(0x10, 0, 1, 2, 3)), Trap::none);  // fsgnj.s rounds nothing
    }
    state().frm = 4;
    EXPECT_EQ(one(floating(0x00, 7, 1, 2, 3)), Trap::none);
}

TEST_F(Execute, StoreConditionalNeedsTheReservation) {
    memory().store<std::uint64_t>(data, 7);
    state().x[11] = 40;
    EXPECT_EQ(one(atomic(3, 3, 12, 10, 11)), Trap::none);  // none yet
    EXPECT_EQ(state().x[12], 1U);
    EXPECT_EQ(memory().load<std::uint64_t>(data), 7U);

    EXPECT_EQ(one(atomic(2, 3, 13, 10, 0)), Trap::none);
    EXPECT_EQ(state().x[13], 7U);
    EXPECT_TRUE(state().reserved);
    EXPECT_EQ(state().reservation, data);
    state().x[14] = data + 56;  // the same line of 64 bytes
    EXPECT_EQ(one(atomic(3, 3, 12, 14, 11)), Trap::none);
    EXPECT_EQ(state().x[12], 0U);
    EXPECT_EQ(memory().load<std::uint64_t>(data + 56), 40U);
    EXPECT_FALSE(state().reserved);

    EXPECT_EQ(one(atomic(2, 3, 13, 10, 0)), Trap::none);
    state().x[14] = data + 64;  // another line
    EXPECT_EQ(one(atomic(3, 3, 12, 14, 11)), Trap::none);
    EXPECT_EQ(state().x[12], 1U);
    EXPECT_FALSE(state().reserved);  // a failed attempt gives it up, too

    EXPECT_EQ(one(atomic(2, 3, 13, 10, 0)), Trap::none);
    state().reserved = false;  // another hart wrote the line
    EXPECT_EQ(one(atomic(3, 3, 12, 10, 11)), Trap::none);
    EXPECT_EQ(state().x[12], 1U);
    EXPECT_EQ(memory().load<std::uint64_t>(data), 7U);
}

TEST_F(Execute, WordAtomicsExtendTheOldValueAndKeepTheNeighbour) {
    memory().store<std::uint64_t>(data, 0x1111111180000000);
    state().x[11] = 0xffffffff00000001;
    EXPECT_EQ(one(atomic(0x10, 2, 12, 10, 11)), Trap::none);  // amomin.w: the most negative stays
    EXPECT_EQ(state().x[12], 0xffffffff80000000U);
    EXPECT_EQ(memory().load<std::uint64_t>(data), 0x1111111180000000U);
    EXPECT_EQ(one(atomic(0x18, 2, 12, 10, 11, 3)), Trap::none);  // amominu.w.aqrl: 1 is less than 2^31
    EXPECT_EQ(memory().load<std::uint64_t>(data), 0x1111111100000001U);
    EXPECT_EQ(one(atomic(0, 2, 11, 10, 11)), Trap::none);  // amoadd.w with rd = rs2
    EXPECT_EQ(state().x[11], 1U);
    EXPECT_EQ(memory().load<std::uint64_t>(data), 0x1111111100000002U);
    EXPECT_EQ(one(atomic(1, 3, 0, 10, 11)), Trap::none);  // amoswap.d to x0
    EXPECT_EQ(state().x[0], 0U);
    EXPECT_EQ(memory().load<std::uint64_t>(data), 1U);
}

TEST_F(Execute, JumpsClearTheLowBitAndLinkBehindThemselves) {
    state().x[5] = base + 0x101;
    EXPECT_EQ(one(immediate_type(0x67, 0, 5, 5, 2)), Trap::none);  // rd = rs1; 0x101 + 2 = 0x103 -> 0x102
    EXPECT_EQ(state().pc, base + 0x102);
    EXPECT_EQ(state().x[5], base + 4);
    state().x[6] = base + 0x200;
    EXPECT_EQ(one(0x9302), Trap::none);  // c.jalr x6
    EXPECT_EQ(state().pc, base + 0x200);
    EXPECT_EQ(state().x[1], base + 0x104);
    EXPECT_EQ(state().instructions, 2U);
}

// A device's load goes through the same ends as memory's.
TEST_F(Execute, PartsOfMemoryAccessesCanBeUsedAlone) {
    const Instruction byte = decode(load(0, 12, 10, -1));
    EXPECT_EQ(effective_address(byte, state()), data - 1);
    finish_load(byte, state(), 0x80);
    EXPECT_EQ(state().x[12], 0xffffffffffffff80U);
    EXPECT_EQ(state().pc, base + 4);
    finish_load(decode(immediate_type(0x07, 2, 3, 10, 0)), state(), 0x3f800000);
    EXPECT_EQ(state().f[3], 0xffffffff3f800000U);
    state().x[11] = 0x1234;
    EXPECT_EQ(store_value(decode(store(1, 11, 10, 0)), state()), 0x1234U);
    EXPECT_EQ(store_value(decode(store(2, 3, 10, 0) | 4U), state()), 0xffffffff3f800000U);
}

// A program of loops and calls: sum of 1 ... 100 = 5050, then the same squared by repeated addition =
// 25502500.
TEST(FunctionalHart, RunsAFlatImage) {
    const std::vector<std::uint32_t> program = {
        addi(5, 0, 100),                     // t0 = 100
        register_type(0x33, 0, 0, 6, 6, 5),  // loop: t1 += t0
        addi(5, 5, -1),
        0xfe029ce3,                            // bnez t0, loop
        addi(7, 6, 0),                         // t2 = t1
        register_type(0x33, 0, 0, 28, 28, 6),  // loop: t3 += t1
        addi(7, 7, -1),
        0xfe039ce3,  // bnez t2, loop
        ecall,
    };
    FunctionalHart hart(base, 0x1000);
    hart.place(base, program);
    EXPECT_EQ(hart.run(1000000), Trap::environment_call);
    EXPECT_EQ(hart.state().x[6], 5050U);
    EXPECT_EQ(hart.state().x[28], 25502500U);
    EXPECT_EQ(hart.state().pc, base + 32);
    // 1 + 3 * 100 + 1 + 3 * 5050
    EXPECT_EQ(hart.state().instructions, 15452U);
}

TEST(FunctionalHart, StopsWhereThereIsNoMemory) {
    FunctionalHart hart(base, 0x1000);
    hart.place(base, std::vector<std::uint32_t>{0x0000006f | 0x7ffff000});  // jal zero, +1048574
    EXPECT_EQ(hart.run(10), Trap::fetch_fault);
    EXPECT_EQ(hart.state().instructions, 1U);
}

}  // namespace
}  // namespace partita::chip::isa::test
