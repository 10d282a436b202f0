// Several harts: barriers, messages, sleep and interrupts; and that skipping over spins changes nothing.

#include <array>
#include <random>

#include "chip/soc/tests/machine_program.hpp"

namespace partita::chip::soc::test {
namespace {

constexpr unsigned address_of_barrier = s0;
constexpr unsigned arrivals_to_come = s1;

// All harts add one to a counter and wait until it has all of this round.
void barrier(Listing& program, unsigned harts) {
    program.i(Op::addi, arrivals_to_come, arrivals_to_come, static_cast<int>(harts));
    program.fence();
    program.i(Op::addi, t0, zero, 1);
    program.r(Op::amoadd_w, zero, address_of_barrier, t0);
    program.wait(true);
    const Address head = program.here();
    program.l(Op::lw, t0, 0, address_of_barrier);
    program.b(Op::blt, t0, arrivals_to_come, head);
    program.wait(false);
    program.fence();
}

void delay(Listing& program, unsigned count) {
    const Address done = program.forward(Op::beq, count, zero);
    const Address head = program.here();
    program.i(Op::addi, count, count, -1);
    program.b(Op::bne, count, zero, head);
    program.bind(done);
}

// In every round each hart works for a random time, leaves a number in a line of its own, meets the others
// and looks whether the next hart's number is there. Exit code 1 if not.
Listing meetings(unsigned harts, int rounds, int longest, std::int32_t seed) {
    Listing program;
    program.csr(Op::csrrs, a0, mhartid, zero);
    program.la(address_of_barrier, data_free);
    program.la(a1, data_free + 64);
    program.i(Op::slli, t0, a0, 6);
    program.r(Op::add, a2, a1, t0);  // own line
    program.i(Op::addi, a7, a0, 1);
    program.i(Op::addi, t0, zero, static_cast<int>(harts));
    program.r(Op::remu, a7, a7, t0);  // the next hart
    program.i(Op::slli, t0, a7, 6);
    program.r(Op::add, a3, a1, t0);
    program.li(a4, seed);
    program.r(Op::add, a4, a4, a0);
    program.li(a6, 1103515245);
    program.i(Op::addi, a5, zero, rounds);
    program.function("round");
    const Address round = program.here();
    program.r(Op::mul, a4, a4, a6);
    program.i(Op::addi, a4, a4, 1237);
    program.i(Op::srli, t0, a4, 13);
    program.li(t1, longest);
    program.r(Op::and_, t0, t0, t1);
    delay(program, t0);
    program.i(Op::slli, t1, a5, 4);
    program.r(Op::or_, t1, t1, a0);
    program.s(Op::sd, t1, 0, a2);
    barrier(program, harts);
    program.l(Op::ld, t1, 0, a3);
    program.i(Op::slli, t0, a5, 4);
    program.r(Op::or_, t0, t0, a7);
    const Address wrong = program.forward(Op::bne, t0, t1);
    barrier(program, harts);
    program.i(Op::addi, a5, a5, -1);
    program.b(Op::bne, a5, zero, round);
    const Address others = program.forward(Op::bne, a0, zero);
    program.li(t0, 2000);  // until all sleep
    delay(program, t0);
    program.exit(0);
    program.bind(others);
    program.sleep();
    program.bind(wrong);
    program.exit(1);
    return program;
}

config::Chip chip_that_spins(unsigned harts, bool skip) {
    config::Chip chip = chip_with(harts);
    chip.rocket.skip_spins = skip;
    return chip;
}

// All that a run shows of its harts.
std::vector<std::uint64_t> harts_of(const Simulated& run) {
    std::vector<std::uint64_t> all{run.exit_code(), run.cycles()};
    for (unsigned hart = 0; hart < run.system().harts(); ++hart) {
        const rocket::Core& core = run.system().core(hart);
        all.push_back(core.now());
        all.push_back(core.state().instructions);
        for (unsigned cause = 0; cause < cause_count; ++cause) {
            all.push_back(core.spent(static_cast<rocket::Cause>(cause)));
        }
    }
    return all;
}

void expect_sums(const Simulated& run) {
    for (unsigned hart = 0; hart < run.system().harts(); ++hart) {
        std::uint64_t spent = 0;
        for (unsigned cause = 0; cause < cause_count; ++cause) {
            spent += run.spent(hart, static_cast<rocket::Cause>(cause));
        }
        std::uint64_t booked = 0;
        for (unsigned region = 0; region < run.system().ledger().regions(); ++region) {
            booked += run.system().ledger().account(hart, region).cycles();
        }
        EXPECT_EQ(spent, run.system().core(hart).now()) << "hart " << hart;
        EXPECT_EQ(booked, run.system().core(hart).now()) << "hart " << hart;
    }
}

TEST(Harts, MeetAndSeeWhatTheOthersWrote) {
    for (const unsigned harts : {2U, 4U, 8U}) {
        const Simulated run(harts, meetings(harts, 300, 63, 5));
        EXPECT_EQ(run.exit_code(), 0u) << harts << " harts";
        EXPECT_EQ(run.word(0), 600u * harts) << "arrivals";
        expect_sums(run);
        for (unsigned hart = 0; hart < harts; ++hart) {
            EXPECT_GT(run.spent(hart, rocket::Cause::barrier), 0u);
        }
    }
}

// Hart 0 goes through so much code that a small L2 takes from the other its line, and reads it itself before
// the end, so that the other's read is the first of two.
TEST(Harts, SpinningHartsLoseLinesToOthersCode) {
    constexpr unsigned s2 = 18;
    Listing program;
    program.csr(Op::csrrs, a0, mhartid, zero);
    program.la(a1, data_free);
    program.i(Op::addi, s2, a1, 64);
    const Address main = program.forward(Op::beq, a0, zero);
    const Address head = program.here();
    program.l(Op::ld, t0, 0, a1);
    program.b(Op::beq, t0, zero, head);
    program.csr(Op::csrrs, t1, mcycle, zero);
    program.s(Op::sd, t1, 0, s2);
    program.sleep();
    program.bind(main);
    for (int time = 0; time < 3; ++time) {
        program.nops(6000);
        program.l(Op::ld, t0, 0, a1);
    }
    program.s(Op::sd, a1, 0, a1);
    const Address wait = program.here();
    program.l(Op::ld, t0, 0, s2);
    program.b(Op::beq, t0, zero, wait);
    program.exit(0);
    std::vector<std::vector<std::uint64_t>> shown;
    for (const bool skip : {true, false}) {
        config::Chip chip = chip_that_spins(2, skip);
        chip.memory.l2_bytes = 32 << 10;
        const Simulated run(chip, program);
        shown.push_back(harts_of(run));
        shown.back().push_back(run.word(8));
        EXPECT_GT(run.spent(1, rocket::Cause::data_cache), 200u) << "it has lost its line several times";
    }
    EXPECT_EQ(shown[0], shown[1]);
}

TEST(Harts, SkippingSpinsChangesNothing) {
    std::mt19937 random(11);
    for (const unsigned harts : {2U, 3U, 4U}) {
        for (const int longest : {255, 1023, 4095}) {
            for (int time = 0; time < 3; ++time) {
                const auto seed = static_cast<std::int32_t>(random() >> 4);
                const Listing program = meetings(harts, 20, longest, seed);
                const Simulated skipped(chip_that_spins(harts, true), program);
                const Simulated stepped(chip_that_spins(harts, false), program);
                EXPECT_EQ(skipped.exit_code(), 0u);
                EXPECT_EQ(harts_of(skipped), harts_of(stepped))
                    << harts << " harts, longest " << longest << ", seed " << seed;
            }
        }
    }
}

TEST(Harts, SameRunSameRecord) {
    const Listing program = meetings(4, 50, 511, 99);
    const std::string record = Simulated(4, program).record();
    EXPECT_EQ(record, Simulated(4, program).record());
    EXPECT_NE(record, Simulated(4, meetings(4, 50, 511, 98)).record());
}

// Hart 1 spins on a word that hart 0 stores `phase` rounds of a loop later; both note when.
Listing release(int phase) {
    Listing program;
    program.la(a1, data_free);
    program.la(a2, data_free + 64);
    const Address other = program.others();
    program.li(t2, 500 + phase);
    delay(program, t2);
    program.i(Op::addi, t1, zero, 1);
    program.csr(Op::csrrs, a3, mcycle, zero);
    program.s(Op::sw, t1, 0, a1);
    const Address head = program.here();
    program.l(Op::lw, t1, 16, a2);
    program.b(Op::beq, t1, zero, head);
    program.s(Op::sd, a3, 0, a2);
    program.exit(0);
    program.bind(other);
    const Address spin = program.here();
    program.l(Op::lw, t1, 0, a1);
    program.b(Op::beq, t1, zero, spin);
    program.csr(Op::csrrs, a3, mcycle, zero);
    program.s(Op::sd, a3, 8, a2);
    program.s(Op::sw, t1, 16, a2);
    program.sleep();
    return program;
}

TEST(Harts, WhoSpinsIsReleasedSoon) {
    const config::Chip chip = chip_that_spins(2, true);
    const memory::Config& memory = chip.memory;
    const rocket::Config& rocket = chip.rocket;
    // A line that another cache holds: request, probe, answer, grant, each over the bus; the L2's steps; the
    // other cache's answer with data; the grant's data; what keeps a probe waiting; the access once more.
    const Cycle handed_over =
        4 * memory.crossing_latency + memory.release_buffer + 2 * memory.l2_schedule_latency +
        memory.l2_probe_latency + memory.l2_probe_collect + memory.l2_respond_latency + memory.l2_latency +
        memory.l2_hit_hold + memory.l2_grant_ack + rocket.dcache_probe_latency +
        rocket.dcache_release_latency + 2 * rocket.dcache_beats + rocket.probe_block + rocket.replay_latency;
    // The store takes the line away, the spinning load fetches it again; then the loop ends and its time is
    // read, with the code after the loop perhaps not fetched yet.
    const Cycle code = 2 * memory.crossing_latency + memory.l2_schedule_latency + memory.l2_latency +
                       memory.l2_victim_latency + memory.dram_path_latency + memory.dram_read_latency +
                       line_bytes / memory.dram_bus_bytes + rocket.dcache_beats + rocket.icache_restart;
    const Cycle bound = 2 * handed_over + 2 * code + 2 * rocket.mispredict_latency + rocket.csr_latency +
                        rocket.replay_latency;
    for (int phase = 0; phase < 64; ++phase) {
        const Simulated skipped(chip, release(phase));
        const Simulated stepped(chip_that_spins(2, false), release(phase));
        EXPECT_EQ(skipped.word(8), stepped.word(8)) << "phase " << phase;
        EXPECT_EQ(skipped.word(9), stepped.word(9)) << "phase " << phase;
        EXPECT_GT(skipped.word(9), skipped.word(8)) << "phase " << phase;
        EXPECT_LE(skipped.word(9) - skipped.word(8), bound) << "phase " << phase;
    }
}

TEST(Harts, MayNeverStart) {
    Listing program;
    const Address others = program.others();
    program.li(t2, 1000);
    delay(program, t2);
    program.exit(3);
    program.bind(others);
    program.sleep();
    const Simulated run(4, program);
    EXPECT_EQ(run.exit_code(), 3u);
    expect_sums(run);
    for (unsigned hart = 1; hart < 4; ++hart) {
        EXPECT_GT(run.spent(hart, rocket::Cause::asleep), 1000u) << "they sleep until the end";
        EXPECT_GE(run.system().core(hart).now(), run.cycles());
    }
}

constexpr std::uint32_t divider = 100;  // cycles a tick

// Sleeps until the timer of `hart` is at `ticks` and notes the cycle in word 0; the other hart, if any,
// sleeps or is busy until then.
Listing alarm(int ticks, bool busy) {
    Listing program;
    program.la(a1, data_free);
    const Address others = program.others();
    program.li(a2, static_cast<std::int32_t>(interruptor) + 0x4000);
    program.i(Op::addi, t1, zero, ticks);
    program.s(Op::sd, t1, 0, a2);
    program.i(Op::addi, t1, zero, 1 << 7);
    program.csr(Op::csrrw, zero, mie, t1);
    program.exact(Op::wfi);
    program.csr(Op::csrrs, t1, mcycle, zero);
    program.s(Op::sd, t1, 0, a1);
    program.exit(0);
    program.bind(others);
    if (busy) {
        const Address head = program.here();
        program.i(Op::addi, t1, t1, 1);
        program.j(zero, head);
    }
    program.sleep();
    return program;
}

TEST(Harts, TimerEndsSleep) {
    for (const unsigned cores : {1U, 2U}) {
        for (const bool busy : {false, true}) {
            config::Chip chip = chip_with(cores);
            chip.soc.real_time_clock_divider = divider;
            const Simulated run(chip, alarm(50, busy));
            EXPECT_GE(run.word(0), 50u * divider);
            // Fetched again after wfi; the code is in the cache or comes from memory.
            const Cycle fetched = 2 * chip.rocket.replay_latency + chip.memory.dram_path_latency +
                                  chip.memory.dram_read_latency + 50;
            EXPECT_LE(run.word(0), 50u * divider + fetched);
            expect_sums(run);
        }
    }
}

// Hart 1 sleeps until hart 0 interrupts it; hart 0 waits for its answer.
Listing call(int phase) {
    Listing program;
    program.la(a1, data_free);
    program.la(a2, data_free + 64);
    const Address other = program.others();
    program.li(t2, 500 + phase);
    delay(program, t2);
    program.li(a3, static_cast<std::int32_t>(interruptor));
    program.i(Op::addi, t1, zero, 1);
    program.csr(Op::csrrs, a4, mcycle, zero);
    program.s(Op::sw, t1, 4, a3);
    const Address head = program.here();
    program.l(Op::ld, t1, 0, a1);
    program.b(Op::beq, t1, zero, head);
    program.s(Op::sd, a4, 0, a2);
    program.exit(0);
    program.bind(other);
    program.i(Op::addi, t1, zero, 1 << 3);
    program.csr(Op::csrrw, zero, mie, t1);
    program.exact(Op::wfi);
    program.csr(Op::csrrs, t1, mcycle, zero);
    program.s(Op::sd, t1, 0, a1);
    program.sleep();
    return program;
}

TEST(Harts, OneWakesAnother) {
    for (int phase = 0; phase < 16; ++phase) {
        const Simulated skipped(chip_that_spins(2, true), call(phase));
        const Simulated stepped(chip_that_spins(2, false), call(phase));
        EXPECT_GT(skipped.word(0), skipped.word(8)) << "it cannot wake before it is called";
        EXPECT_LT(skipped.word(0), skipped.word(8) + 200);
        EXPECT_EQ(skipped.word(0), stepped.word(0));
        EXPECT_EQ(skipped.cycles(), stepped.cycles());
    }
}

}  // namespace
}  // namespace partita::chip::soc::test
