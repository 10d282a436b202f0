#include "chip/isa/trap.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chip/isa/csr.hpp"
#include "encode.hpp"
#include "functional.hpp"

namespace partita::chip::isa::test {
namespace {

TEST(Trap, EntersAndLeavesTheHandler) {
    HartState state;
    state.pc = 0x80000100;
    state.mtvec = 0x80000401;  // vectored: exceptions go to the base all the same
    state.mstatus = mstatus::interrupts | floating_on;
    take_trap(state, Trap::load_misaligned, 0x1234);
    EXPECT_EQ(state.pc, 0x80000400U);
    EXPECT_EQ(state.mepc, 0x80000100U);
    EXPECT_EQ(state.mcause, 4U);
    EXPECT_EQ(state.mtval, 0x1234U);
    EXPECT_EQ(state.mstatus & (mstatus::interrupts | mstatus::previous_interrupts),
              mstatus::previous_interrupts);

    take_trap(state, Trap::environment_call, 0);  // within the handler: what was enabled is forgotten
    EXPECT_EQ(state.mstatus & (mstatus::interrupts | mstatus::previous_interrupts), 0U);
    EXPECT_EQ(state.mcause, 11U);
    state.mstatus |= mstatus::previous_interrupts;

    return_from_trap(state);
    EXPECT_EQ(state.pc, 0x80000400U);
    EXPECT_EQ(state.mstatus & mstatus::interrupts, mstatus::interrupts);
    EXPECT_EQ(state.mstatus & mstatus::previous_interrupts, mstatus::previous_interrupts);
    EXPECT_EQ(state.mstatus & mstatus::floating, floating_on);
}

TEST(Trap, InterruptsComeByPriorityIfEnabled) {
    HartState state;
    state.mip = 0x888;
    state.mie = 0x888;
    EXPECT_FALSE(pending_interrupt(state).has_value());  // mstatus.MIE is off
    EXPECT_TRUE(wakes(state));                           // which does not matter to wfi
    state.mstatus = mstatus::interrupts;
    EXPECT_EQ(pending_interrupt(state), 11U);
    state.mip = 0x088;
    EXPECT_EQ(pending_interrupt(state), 3U);
    state.mie = 0x880;
    EXPECT_EQ(pending_interrupt(state), 7U);
    state.mip = 0x008;
    EXPECT_FALSE(pending_interrupt(state).has_value());
    EXPECT_FALSE(wakes(state));
}

TEST(Trap, InterruptsUseTheVector) {
    HartState state;
    state.pc = 0x80000100;
    state.mtvec = 0x80000400;
    state.mstatus = mstatus::interrupts;
    take_interrupt(state, 7);
    EXPECT_EQ(state.pc, 0x80000400U);
    EXPECT_EQ(state.mcause, 0x8000000000000007U);
    EXPECT_EQ(state.mtval, 0U);
    state.mtvec = 0x80000401;
    take_interrupt(state, 7);
    EXPECT_EQ(state.pc, 0x80000400U + 4 * 7);
    EXPECT_EQ(state.mepc, 0x80000400U);
}

TEST(Trap, NamesAreDistinctAndTheProgramCanGoOn) {
    EXPECT_STREQ(name(Trap::illegal), "illegal instruction");
    EXPECT_STREQ(name(Trap::store_misaligned), "misaligned store or atomic");
    // A handler that steps over what trapped: mepc += 4, then mret; the program sets x5 behind an ecall.
    const std::vector<std::uint32_t> program = {
        csr(5, 0, 0x340, 0),  // 0x00 csrwi mscratch, 0
        ecall,                // 0x04
        addi(5, 0, 77),       // 0x08
        0x0000006f,           // 0x0c stay
        csr(2, 6, 0x341, 0),  // 0x10 handler: csrr t1, mepc
        addi(6, 6, 4),        // 0x14
        csr(1, 0, 0x341, 6),  // 0x18 csrw mepc, t1
        mret,                 // 0x1c
    };
    FunctionalHart hart(0x80000000, 0x1000);
    hart.place(0x80000000, program);
    hart.state().mtvec = 0x80000010;
    ASSERT_EQ(hart.run(100), Trap::environment_call);
    take_trap(hart.state(), Trap::environment_call, 0);
    EXPECT_EQ(hart.run(6), Trap::none);
    EXPECT_EQ(hart.state().x[5], 77U);
    EXPECT_EQ(hart.state().pc, 0x8000000cU);
    // csrwi, 3 of the handler and mret, addi, jal: the ecall itself was not retired
    EXPECT_EQ(hart.state().instructions, 7U);
}

}  // namespace
}  // namespace partita::chip::isa::test
