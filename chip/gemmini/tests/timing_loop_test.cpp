// Loops: the order of the unroller's commands, whole products against the published cycles, and what must not
// change them.

#include "timing_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

constexpr Address a_place = memory_base + 0x100000;
constexpr Address b_place = memory_base + 0x110000;
constexpr Address d_place = memory_base + 0x170000;
constexpr Address c_place = memory_base + 0x180000;

// The products of the published workload (hidden 128, 10 classes, 4 sequences).
Product gate() {
    return {4, 129, 128, a_place, b_place, 0, c_place, 128, 129, 129};
}
Product hidden() {
    return {4, 128, 129, a_place, b_place, d_place, c_place, 129, 129, 128, false, true};
}
Product weights() {
    return {128, 129, 4, a_place, b_place, 0, c_place, 128, 129, 129, true, false};
}

void fill(memory::FlatMemory& memory, unsigned seed) {
    Random random(seed);
    for (Address address = a_place; address < a_place + 0x80000; address += 2) {
        const std::uint32_t bits = random();
        memory.store<std::uint16_t>(
            address, static_cast<std::uint16_t>((bits & 0x807f) | (0x3f00 + (bits >> 8 & 0x80))));
    }
}

// One tile of each matrix, k = 2: the loop's commands in the unroller's order.
TEST(Loop, TwoTilesAlongK) {
    TimedRig rig(bf16_chip(4));
    rig.fence();
    const Product product{4, 4, 8, a_place, b_place, 0, c_place, 8, 4, 4};
    const auto list = tiled(product, rig.geometry);
    for (std::size_t each = 0; each < 5; ++each) {
        rig.issue(list[each]);
    }
    rig.fence();
    rig.time += 10;
    rig.system.requests.clear();
    Cycle a = 0;
    for (std::size_t each = 5; each < list.size(); ++each) {
        a = rig.issue(list[each]);  // in the end of LOOP_WS
    }
    const Cycle idle = rig.fence();
    // LOOP_WS is in the loop queue from a+4 on and taken in that cycle; the units are asked in a+5 and give
    // commands from a+6 on: B (k 0) first, then A (both tiles in one row of 8 columns), then B (k 1). Each is
    // in the unrolled queue, the station and the controller from the next cycles on.
    const auto loads = rig.log.of("load");
    ASSERT_EQ(loads.size(), 3U);
    EXPECT_EQ(loads[0].first, a + 6 + 3);
    // Each has 4 rows to request, at one a cycle.
    EXPECT_EQ(loads[1].first, a + 6 + 3 + 4);
    EXPECT_EQ(loads[2].first, a + 6 + 3 + 8);
    // The first beat is at the merger 6 + 7 + 2 cycles after the beginning. Of the transactions those of B
    // are one local row each and take a cycle, those of A two. The last row leaves the merger in the cycle
    // after the last entered, is written 1 + 6 later, and complete in the next.
    const Cycle merging = a + 9 + 6 + 7 + 2;
    EXPECT_EQ(loads[0].last, merging + 4 + 7 + 1);
    EXPECT_EQ(loads[1].last, merging + 4 + 8 + 7 + 1);
    EXPECT_EQ(loads[2].last, merging + 4 + 8 + 4 + 7 + 1);
    // The first preload has its weights, but waits for its compute, which waits for A; that is issued in the
    // cycle after A's completion, then in the unroller, then in the queue. In the first cycle the last row of
    // B (k 1) is written into the bank of the weights: one more. The compute and the preload of k 1 are
    // overlapped.
    const auto phases = rig.log.of("execute");
    ASSERT_EQ(phases.size(), 3U);
    EXPECT_EQ(phases[0], (EventLog::Event{"execute", "PRELOAD", loads[1].last + 3, loads[1].last + 3 + 4}));
    EXPECT_EQ(rig.accelerator.statistics().conflict_cycles, 1U);
    EXPECT_EQ(phases[2].last, phases[0].last + 8);
    // The last result is in the accumulator bank 2 + register 1 + mesh 37 later; the move-out is issued in
    // the next cycle and begins in the one after. Dispatch 1, normalizer 1, scaler 1; the third and the
    // fourth row enter when the first two leave, so the fourth leaves 6 + 7 later; it is sent in the next
    // cycle, takes 4 to the port, 7 in memory, 2 back and a cycle in which its id is freed.
    const Cycle result = phases[2].last + 2 + 1 + 37;
    EXPECT_EQ(rig.log.of("store").front().first, result + 2);
    EXPECT_EQ(idle, result + 2 + 1 + 1 + 1 + 6 + 7 + 1 + 4 + 7 + 2 + 1);
    EXPECT_EQ(rig.accelerator.statistics().multiply_adds, 4U * 4 * 8);
    EXPECT_EQ(rig.accelerator.statistics().array_cycles, 8U);
}

// Published cycles a call (the study's table of functions, one core, 784 calls of a training step), of which
// software that tiles and waits takes 800 to 1,000 in the first two rows; of the third part is hidden behind
// earlier loops.
TEST(Regression, PublishedProducts) {
    struct Case {
        unsigned side;
        Product product;
        Cycle published;
        Cycle least_software;
        Cycle most_software;
    };
    const Case cases[] = {
        {4, gate(), 10'380, 750, 1'100},    {8, gate(), 5'885, 750, 1'100},
        {4, hidden(), 14'600, 750, 1'100},  {8, hidden(), 8'050, 750, 1'100},
        {4, weights(), 14'715, 500, 1'100}, {8, weights(), 8'071, 500, 1'100},
    };
    for (const Case& each : cases) {
        TimedRig rig(bf16_chip(each.side));
        const Cycle cycles = run_product(rig, each.product);
        EXPECT_GE(cycles + each.most_software, each.published) << cycles;
        EXPECT_LE(cycles + each.least_software, each.published) << cycles;
        EXPECT_EQ(rig.accelerator.statistics().multiply_adds,
                  static_cast<std::uint64_t>(each.product.rows) *
                      static_cast<std::uint64_t>(each.product.columns) *
                      static_cast<std::uint64_t>(each.product.inner));
    }
}

// Three loops in alternating halves of the scratchpad. The first loop's loads take 1 local row a cycle; while
// they write its bank, the mesh waits; then loop 1 is computed while loop 2 is loaded, and so on: on the 4x4
// chip 8,052 (rows of B) + 8,052 + 8,052 + 792 + 1,000 or so; half of loop 1's weights share a bank with A,
// which costs part of their reads twice.
TEST(Regression, LoopsInAlternatingHalves) {
    const Product product{4, 512, 129, a_place, b_place, 0, c_place, 129, 512, 512};
    for (const auto& [side, about] : {std::pair{4U, 26'000.0}, std::pair{8U, 13'700.0 - 800}}) {
        TimedRig rig(bf16_chip(side));
        const auto cycles = static_cast<double>(run_product(rig, product));
        EXPECT_NEAR(cycles, about, 0.03 * about) << side;
    }
}

// What memory holds afterwards is what the commands do one after the other.
TEST(Loop, ComputesWhatTheCommandsSay) {
    for (const unsigned side : {4U, 8U}) {
        const Product extra[] = {gate(),
                                 hidden(),
                                 weights(),
                                 {7, 9, 11, a_place, b_place, 0, c_place, 11, 9, 9},
                                 {33, 70, 40, a_place, b_place, d_place, c_place, 40, 70, 70}};
        for (const Product& product : extra) {
            TimedRig rig(bf16_chip(side));
            fill(rig.memory, side);
            memory::FlatMemory expected(memory_base, rig.memory.size());
            fill(expected, side);
            Machine machine(rig.config, expected);
            for (const RoccCommand& each : tiled(product, rig.geometry)) {
                machine.issue(each);
            }
            run_product(rig, product);
            EXPECT_EQ(std::memcmp(rig.memory.at(memory_base), expected.at(memory_base), rig.memory.size()), 0)
                << side << ": " << product.rows << " x " << product.columns << " x " << product.inner;
        }
    }
}

// Chips with other element types, memories and scalers.
TEST(Loop, ComputesWhatTheCommandsSayOnOtherChips) {
    for (const Config& chip : {fp32_chip(), int8_chip()}) {
        TimedRig rig(chip);
        memory::FlatMemory expected(memory_base, rig.memory.size());
        Machine machine(chip, expected);
        Random random(3);
        for (Address address = a_place; address < a_place + 0x40000; address += 4) {
            const float value = static_cast<float>(random() % 200) / 64.0F - 1.0F;
            rig.memory.store(address, value);
            expected.store(address, value);
        }
        for (const bool transposed : {false, true}) {
            const Product product{
                7,     40,        transposed ? 70 : 33, a_place, b_place, d_place, c_place, 144, 144, 144,
                false, transposed};
            auto list = tiled(product, rig.geometry);
            const std::uint32_t stride = 144 * rig.geometry.input_bytes;
            list[1] = config_store(stride, one_fp32);
            for (unsigned channel = 0; channel < 3; ++channel) {
                list[2 + channel] = config_load(channel, channel == 2 ? 0 : stride, one_fp32,
                                                rig.geometry.side, channel == 2);
            }
            for (const RoccCommand& each : list) {
                rig.issue(each);
                machine.issue(each);
            }
            rig.fence();
            EXPECT_EQ(std::memcmp(rig.memory.at(memory_base), expected.at(memory_base), rig.memory.size()),
                      0);
        }
    }
}

// FP32 sums of BF16 operands: C at full width or narrowed, D of either width.
TEST(Loop, ComputesWhatTheCommandsSayWithWideSums) {
    for (const unsigned side : {4U, 8U}) {
        for (const unsigned wide : {0U, 1U, 2U, 3U}) {
            const bool full_c = (wide & 1) != 0;
            const bool full_d = (wide & 2) != 0;
            TimedRig rig(mixed_chip(side));
            fill(rig.memory, side);
            memory::FlatMemory expected(memory_base, rig.memory.size());
            fill(expected, side);
            Machine machine(rig.config, expected);
            const Product product{13, 41, 30, a_place, b_place, d_place, c_place, 32, 41, 48};
            auto list = tiled(product, rig.geometry);
            list[1] = config_store(full_c ? 48 * 4 : 48 * 2, one_bf16);
            list[4] = config_load(2, 0, one_bf16, side, !full_d);
            std::uint64_t& loop = list.back().rs1;
            ASSERT_EQ(list.back().funct, 8);
            loop = (loop & ~std::uint64_t{6}) | (full_c ? 2 : 0) | (full_d ? 0 : 4);
            for (const RoccCommand& each : list) {
                rig.issue(each);
                machine.issue(each);
            }
            rig.fence();
            EXPECT_EQ(std::memcmp(rig.memory.at(memory_base), expected.at(memory_base), rig.memory.size()), 0)
                << side << ", " << wide;
            EXPECT_EQ(rig.accelerator.statistics().multiply_adds, 13U * 41 * 30);
            // The last element of C is the sum, not what lies behind it.
            const Address last = c_place + Address{12 * 48 + 40} * (full_c ? 4 : 2);
            EXPECT_NE(std::memcmp(rig.memory.at(last), rig.memory.at(last + 4), 4), 0);
        }
    }
}

// Of a product that does not fit half of 128 KiB, but half of more: fewer loops, the same bits.
TEST(Loop, LargerScratchpadsTakeLargerLoops) {
    const Product product{4, 128, 500, a_place, b_place, d_place, c_place, 500, 128, 128};
    std::vector<std::byte> smallest;
    std::size_t loops_before = 1000;
    for (const std::uint64_t kibibytes : {128U, 256U, 512U}) {
        Config chip = bf16_chip(4);
        chip.scratchpad_bytes = kibibytes << 10;
        chip.validate();
        TimedRig rig(chip);
        fill(rig.memory, 5);
        memory::FlatMemory expected(memory_base, rig.memory.size());
        fill(expected, 5);
        Machine machine(chip, expected);
        const auto list = tiled(product, rig.geometry);
        for (const RoccCommand& each : list) {
            machine.issue(each);
        }
        const auto loops = static_cast<std::size_t>(
            std::count_if(list.begin(), list.end(), [](const RoccCommand& each) { return each.funct == 8; }));
        run_product(rig, product);
        EXPECT_EQ(std::memcmp(rig.memory.at(memory_base), expected.at(memory_base), rig.memory.size()), 0);
        std::vector<std::byte> result(rig.memory.at(c_place),
                                      rig.memory.at(c_place) + std::size_t{4} * 128 * 2);
        if (smallest.empty()) {
            smallest = result;
        }
        EXPECT_EQ(result, smallest) << kibibytes;
        EXPECT_LT(loops, loops_before) << kibibytes;
        loops_before = loops;
    }
}

struct Trace {
    Cycle end = 0;
    Statistics statistics;
    std::vector<FixedMemory::Request> requests;
    std::vector<EventLog::Event> events;
    std::vector<std::byte> memory;
};

Trace run_all(const Config& chip, Cycle slice, bool skip, unsigned gap, Cycle latency = usual_latency) {
    TimedRig rig(chip, latency);
    rig.slice = slice;
    if (!skip) {
        rig.accelerator.skip_nothing();
    }
    fill(rig.memory, 7);
    const Product mixed{30, 21, 18, a_place, b_place, d_place, c_place, 18, 21, 21};
    for (const Product& product : {gate(), hidden(), weights(), mixed}) {
        for (const RoccCommand& each : tiled(product, rig.geometry)) {
            rig.issue(each);
            rig.time += gap;
        }
        if (product.inner != 4) {
            rig.fence();
            rig.time += 37;
        }
    }
    Trace trace;
    trace.end = rig.fence();
    trace.statistics = rig.accelerator.statistics();
    trace.requests = rig.system.requests;
    trace.events = rig.log.events;
    trace.memory.assign(rig.memory.at(memory_base), rig.memory.at(memory_base) + rig.memory.size());
    return trace;
}

void expect_same(const Trace& left, const Trace& right) {
    EXPECT_EQ(left.end, right.end);
    EXPECT_EQ(left.statistics.busy_cycles, right.statistics.busy_cycles);
    EXPECT_EQ(left.statistics.array_cycles, right.statistics.array_cycles);
    EXPECT_EQ(left.statistics.conflict_cycles, right.statistics.conflict_cycles);
    EXPECT_TRUE(left.requests == right.requests);
    EXPECT_TRUE(left.events == right.events);
    EXPECT_TRUE(left.memory == right.memory);
}

TEST(Determinism, SlicesOfOneCycleChangeNothing) {
    for (const unsigned side : {4U, 8U}) {
        expect_same(run_all(bf16_chip(side), 1, true, 3), run_all(bf16_chip(side), 1'000'000, true, 3));
    }
}

TEST(Determinism, SlicesOfManySizesChangeNothing) {
    const Trace whole = run_all(bf16_chip(4), 1'000'000, true, 0);
    for (const Cycle slice : {2U, 7U, 64U, 1000U}) {
        expect_same(run_all(bf16_chip(4), slice, true, 0), whole);
    }
}

TEST(Determinism, LeavingOutQuietCyclesChangesNothing) {
    for (const Cycle latency : {1U, 7U, 90U, 700U}) {
        expect_same(run_all(bf16_chip(4), 1'000'000, false, 1, latency),
                    run_all(bf16_chip(4), 1'000'000, true, 1, latency));
        expect_same(run_all(bf16_chip(8), 1'000'000, false, 9, latency),
                    run_all(bf16_chip(8), 1'000'000, true, 9, latency));
        expect_same(run_all(mixed_chip(4), 1'000'000, false, 1, latency),
                    run_all(mixed_chip(4), 1'000'000, true, 1, latency));
    }
}

// Requests come in the order of time and never beyond the horizon that `run` was given.
TEST(Determinism, RequestsStayBelowTheHorizon) {
    TimedRig rig(bf16_chip(4));
    for (const RoccCommand& each : tiled(hidden(), rig.geometry)) {
        rig.issue(each);
    }
    std::size_t seen = 0;
    Cycle last = 0;
    while (!rig.accelerator.idle_since()) {
        const Cycle until = rig.accelerator.now() + 5;
        rig.accelerator.run(until);
        for (; seen < rig.system.requests.size(); ++seen) {
            EXPECT_LT(rig.system.requests[seen].at, until);
            EXPECT_GE(rig.system.requests[seen].at, last);
            last = rig.system.requests[seen].at;
        }
    }
    EXPECT_GT(seen, 600U);
}

// A second product's commands may be given while the first runs; only its loads overlap, its results are the
// same.
TEST(Loop, TwoProductsWithoutFence) {
    TimedRig apart(bf16_chip(4));
    TimedRig together(bf16_chip(4));
    const Cycle one = run_product(apart, gate());
    for (unsigned each = 0; each < 2; ++each) {
        for (const RoccCommand& raw : tiled(gate(), together.geometry)) {
            together.issue(raw);
        }
    }
    const Cycle two = together.fence() - 100;
    EXPECT_GT(two, one);
    EXPECT_LE(two, 2 * one);
}

}  // namespace
}  // namespace partita::chip::gemmini::test
