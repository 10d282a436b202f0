#include "chip/isa/csr.hpp"

#include <gtest/gtest.h>

#include "encode.hpp"
#include "functional.hpp"

namespace partita::chip::isa::test {
namespace {

constexpr std::uint32_t write_op = 1;  // funct3 of csrrw, csrrs, csrrc
constexpr std::uint32_t set_op = 2;
constexpr std::uint32_t clear_op = 3;
constexpr std::uint32_t immediate_op = 4;  // added to these

class Csr : public testing::Test {
  protected:
    Csr() { state_.mstatus = floating_on; }

    // csrr of a register: rd is x5.
    std::uint64_t read(std::uint32_t number) {
        EXPECT_EQ(access_csr(decode(csr(set_op, 5, number, 0)), state_, cycle_), Trap::none)
            << std::hex << number;
        return state_.x[5];
    }
    std::uint64_t exchange(std::uint32_t function, std::uint32_t number, std::uint64_t value) {
        state_.x[6] = value;
        EXPECT_EQ(access_csr(decode(csr(function, 5, number, 6)), state_, cycle_), Trap::none)
            << std::hex << number;
        return state_.x[5];
    }
    bool illegal(std::uint32_t function, std::uint32_t number, std::uint32_t rs1) {
        return access_csr(decode(csr(function, 5, number, rs1)), state_, cycle_) == Trap::illegal;
    }

    HartState state_;
    Cycle cycle_ = 1000;
};

TEST_F(Csr, SaysWhatTheHartIs) {
    state_.hart = 3;
    EXPECT_EQ(read(0xf14), 3U);
    // MXL = 2 (64 bits) and the letters A, C, D, F, I, M at bits 0, 2, 3, 5, 8, 12.
    EXPECT_EQ(read(0x301), 0x8000000000000000U + 0x1 + 0x4 + 0x8 + 0x20 + 0x100 + 0x1000);
    exchange(write_op, 0x301, 0);
    EXPECT_EQ(read(0x301), 0x800000000000112dU);
}

TEST_F(Csr, WritesSetsAndClears) {
    EXPECT_EQ(exchange(write_op, 0x340, 0xff00), 0U);
    EXPECT_EQ(exchange(set_op, 0x340, 0x00f1), 0xff00U);
    EXPECT_EQ(exchange(clear_op, 0x340, 0xf001), 0xfff1U);
    EXPECT_EQ(read(0x340), 0x0ff0U);
    EXPECT_EQ(access_csr(decode(csr(write_op + immediate_op, 5, 0x340, 31)), state_, cycle_), Trap::none);
    EXPECT_EQ(access_csr(decode(csr(clear_op + immediate_op, 5, 0x340, 3)), state_, cycle_), Trap::none);
    EXPECT_EQ(state_.x[5], 31U);
    EXPECT_EQ(read(0x340), 28U);
    // rd and rs1 the same register
    state_.x[5] = 9;
    EXPECT_EQ(access_csr(decode(csr(write_op, 5, 0x340, 5)), state_, cycle_), Trap::none);
    EXPECT_EQ(state_.x[5], 28U);
    EXPECT_EQ(read(0x340), 9U);
}

TEST_F(Csr, ReadOnlyRegistersCanBeReadButNotWritten) {
    for (const std::uint32_t number :
         {0xc00U, 0xc01U, 0xc02U, 0xc1fU, 0xf11U, 0xf12U, 0xf13U, 0xf14U, 0xf15U}) {
        read(number);
        EXPECT_TRUE(illegal(write_op, number, 0)) << std::hex << number;  // csrrw writes whatever rs1 is
        EXPECT_TRUE(illegal(set_op, number, 6)) << std::hex << number;
        EXPECT_TRUE(illegal(set_op + immediate_op, number, 1)) << std::hex << number;
        EXPECT_FALSE(illegal(clear_op + immediate_op, number, 0)) << std::hex << number;
    }
}

TEST_F(Csr, RegistersOfOtherModesDoNotExist) {
    for (const std::uint32_t number : {0x100U, 0x105U, 0x141U, 0x302U, 0x303U, 0x30aU, 0x7b0U, 0x200U, 0x800U,
                                       0xfffU, 0x3a1U, 0xb01U, 0xc20U, 0x000U}) {
        EXPECT_TRUE(illegal(set_op, number, 0)) << std::hex << number;
    }
}

TEST_F(Csr, StartUpCodesMayWriteWhatIsNotThere) {
    for (const std::uint32_t number :
         {0x180U, 0x3a0U, 0x3a2U, 0x3b0U, 0x3efU, 0x320U, 0x323U, 0x7a0U, 0x7a1U, 0xb03U}) {
        exchange(write_op, number, ~std::uint64_t{0});
        EXPECT_EQ(read(number), 0U) << std::hex << number;
    }
}

TEST_F(Csr, StatusKeepsWhatMachineModeHas) {
    exchange(write_op, 0x300, ~std::uint64_t{0});
    // SD, FS dirty, MPP machine, MPIE, MIE
    EXPECT_EQ(read(0x300), 0x8000000000000000U + 0x6000 + 0x1800 + 0x80 + 0x8);
    exchange(write_op, 0x300, 0x2000);  // FS initial counts as dirty, as in Rocket
    EXPECT_EQ(read(0x300), 0x8000000000000000U + 0x6000 + 0x1800);
    exchange(write_op, 0x300, 0);
    EXPECT_EQ(read(0x300), 0x1800U);
    EXPECT_TRUE(illegal(set_op, 0x002, 0));  // frm, while the unit is off
}

TEST_F(Csr, FloatingStateIsOneRegisterInThree) {
    exchange(write_op, 0x003, 0xfff);
    EXPECT_EQ(read(0x003), 0xffU);
    EXPECT_EQ(read(0x001), 0x1fU);
    EXPECT_EQ(read(0x002), 7U);
    exchange(write_op, 0x002, 0xa);
    EXPECT_EQ(state_.frm, 2);
    exchange(clear_op, 0x001, 1);
    EXPECT_EQ(read(0x003), 0x5eU);  // 2 << 5 | 0x1e
}

TEST_F(Csr, TrapRegistersKeepLegalValuesOnly) {
    exchange(write_op, 0x305, 0x80000006);  // direct: bit 1 is no mode
    EXPECT_EQ(read(0x305), 0x80000004U);
    exchange(write_op, 0x305, 0x800001fd);  // vectored: aligned to 256 bytes
    EXPECT_EQ(read(0x305), 0x80000101U);
    exchange(write_op, 0x341, 0x80000007);
    EXPECT_EQ(read(0x341), 0x80000006U);
    exchange(write_op, 0x304, ~std::uint64_t{0});
    EXPECT_EQ(read(0x304), 0x888U);
    exchange(write_op, 0x342, ~std::uint64_t{0});
    EXPECT_EQ(read(0x342), 0x800000000000003fU);
    exchange(write_op, 0x343, ~std::uint64_t{0});
    EXPECT_EQ(read(0x343), ~std::uint64_t{0});
    exchange(write_op, 0x306, ~std::uint64_t{0});
    EXPECT_EQ(read(0x306), 7U);
}

TEST_F(Csr, PendingInterruptsAreTheDevices) {
    state_.mip = 0x80;
    exchange(write_op, 0x344, 0x8);
    EXPECT_EQ(read(0x344), 0x80U);
}

TEST_F(Csr, CountersCountFromWhatIsWritten) {
    state_.instructions = 50;
    EXPECT_EQ(read(0xb00), 1000U);
    EXPECT_EQ(read(0xb02), 50U);
    exchange(write_op, 0xb00, 7);
    exchange(write_op, 0xb02, 20);
    // The next instruction, one cycle later, reads what was written.
    state_.instructions = 51;
    cycle_ = 1001;
    EXPECT_EQ(read(0xb00), 7U);
    EXPECT_EQ(read(0xc00), 7U);
    EXPECT_EQ(read(0xb02), 20U);
    EXPECT_EQ(read(0xc02), 20U);
    EXPECT_EQ(read(0xc01), 1001U);  // time is nobody's to set
}

}  // namespace
}  // namespace partita::chip::isa::test
