// What a user reads where a program goes wrong: hart, pc, symbol, line, and what the accelerator does.

#include "chip/soc/tests/machine_program.hpp"

namespace partita::chip::soc::test {
namespace {

std::string report(const Listing& program, unsigned cores = 1) {
    return report_of(chip_with(cores), program);
}

TEST(Report, IllegalInstruction) {
    Listing program;
    program.function("train");
    program.nop();
    program.word(0xffff'ffff);
    // The table of lines that the test's programs have: line 12 at 4 bytes from the start.
    EXPECT_TRUE(says(report(program), {"illegal instruction 0xffffffff", "hart 0 at cycle", "0x80000004",
                                       "train+0x4", "main.cpp:12", "accelerator: idle"}));
}

TEST(Report, WithoutDebugInformationTheSymbolRemains) {
    Listing program;
    program.nops(20);  // past the table's end
    program.function("leave");
    program.exact(Op::ecall);
    const std::string text = report(program);
    EXPECT_TRUE(says(text, {"hart 0", "pc 0x80000050", "leave"}));
    EXPECT_EQ(text.find(".cpp"), std::string::npos) << text;
}

TEST(Report, MisalignedAndUnmappedAccesses) {
    Listing misaligned;
    misaligned.function("walk");
    misaligned.la(a0, data_free + 2);
    misaligned.l(Op::lw, a1, 0, a0);
    EXPECT_TRUE(says(report(misaligned), {"misaligned", "lw of address 0x80018082", "hart 0", "walk"}));

    Listing unmapped;
    unmapped.function("wander");
    unmapped.li(a0, 0x1000);
    unmapped.s(Op::sd, a1, 8, a0);
    EXPECT_TRUE(says(report(unmapped), {"sd of address 0x1008", "hart 0", "wander"}));

    Listing beyond;
    beyond.constant(a0, code_base + (std::uint64_t{1} << 20) - 4);  // the last word of memory
    beyond.l(Op::lw, a1, 0, a0);
    beyond.l(Op::ld, a1, 4, a0);
    EXPECT_TRUE(says(report(beyond), {"ld of address 0x80100000", "hart 0"}));

    Listing jump;
    jump.i(Op::jalr, zero, zero, 0x40);
    EXPECT_TRUE(says(report(jump), {"pc 0x40", "hart 0"}));
}

TEST(Report, DirectMemoryAccessOutsideMemory) {
    Listing program;
    program.function("load_tile");
    program.command(0, std::uint64_t{0x3f80} << 32 | 4U << 16 | 1U << 8 | 1U, 8);
    program.command(2, 0x1000, std::uint64_t{4} << 48 | std::uint64_t{4} << 32);
    program.fence();
    program.exit(0);
    EXPECT_TRUE(says(report(program),
                     {"MVIN", "outside memory", "0x1000", "hart 0", "load_tile", "accelerator: busy"}));
}

TEST(Report, CommandOutsideTheProtocol) {
    Listing unknown;
    unknown.function("ask");
    unknown.command(99, 1, 2);
    unknown.fence();
    unknown.exit(0);
    EXPECT_TRUE(says(report(unknown), {"99", "hart 0", "ask", "accelerator:"}));

    Listing no_preload;
    no_preload.function("compute");
    no_preload.command(8, 0, 0);  // a loop whose bounds nobody has set
    no_preload.fence();
    no_preload.exit(0);
    EXPECT_TRUE(says(report(no_preload), {"LOOP_WS", "hart 0", "compute"}));
}

TEST(Report, OnlyHartZeroHasTheAccelerator) {
    Listing program;
    const Address others = program.others();
    program.sleep();
    program.bind(others);
    program.function("helper");
    program.command(0, 0, 0);
    EXPECT_TRUE(
        says(report(program, 2), {"illegal instruction", "hart 1", "helper", "hart 0", "sleeps (wfi)"}));
}

TEST(Report, RegionThatHasNotBegun) {
    Listing program;
    program.function("finish");
    program.region(3);
    program.region(0);
    program.region(0);
    program.exit(0);
    EXPECT_TRUE(says(report(program), {"a region ends that has not begun", "hart 0", "finish+0x8"}));
}

TEST(Report, RequestThatNoHostServes) {
    Listing program;
    program.function("open_file");
    program.data({56});
    program.la(a0, data_free);
    program.la(a1, to_host);
    program.s(Op::sd, a0, 0, a1);
    program.sleep();
    EXPECT_TRUE(says(report(program), {"system call 56", "hart 0", "open_file"}));
}

TEST(Report, BarrierThatNeverCompletes) {
    Listing program;
    const Address others = program.others();
    program.function("meet");
    program.la(a0, data_free);
    program.i(Op::addi, t0, zero, 1);
    program.r(Op::amoadd_w, zero, a0, t0);
    const Address head = program.here();
    program.l(Op::lw, t0, 0, a0);
    program.i(Op::addi, t1, zero, 3);
    program.b(Op::blt, t0, t1, head);
    program.exit(0);
    program.bind(others);
    program.i(Op::addi, t0, zero, 1);
    const Address late = program.forward(Op::bne, a0, t0);
    program.function("come");
    program.la(a1, data_free);
    program.r(Op::amoadd_w, zero, a1, t0);
    program.sleep();
    program.bind(late);
    program.function("stay_away");
    program.sleep();
    EXPECT_TRUE(says(report(program, 3), {"nothing can go on", "hart 0", "meet", "spins", "hart 1", "come",
                                          "hart 2", "stay_away", "sleeps (wfi)", "accelerator: idle"}));
}

// A timer that is set but not enabled wakes nobody.
TEST(Report, SleepWithoutAnEnabledInterrupt) {
    Listing program;
    program.li(a0, static_cast<std::int32_t>(interruptor) + 0x4000);
    program.i(Op::addi, a1, zero, 3);
    program.s(Op::sd, a1, 0, a0);
    program.function("dream");
    program.sleep();
    EXPECT_TRUE(says(report(program), {"nothing can go on", "dream", "sleeps (wfi)"}));
}

}  // namespace
}  // namespace partita::chip::soc::test
