// Move-ins and move-outs, cycle by cycle. `a` is the cycle in which the core issues the command. It is in the
// router's queue from a+1, in the raw, convolution, loop and unrolled queues from a+2, a+3, a+4 and a+5, in
// the reservation station from a+6 and in its controller from a+7 on, in which the controller begins.

#include "timing_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

void configure_moves(TimedRig& rig, std::uint64_t load_stride = 64, std::uint32_t store_stride = 64) {
    rig.issue(config_load(0, load_stride, one_bf16, rig.geometry.side));
    rig.issue(config_load(2, load_stride, one_bf16, rig.geometry.side, true));
    rig.issue(config_store(store_stride, one_bf16));
    rig.issue(config_execute());
    rig.fence();
    rig.time += 10;
    rig.log.events.clear();
    rig.system.requests.clear();
}

// From the controller's beginning to the request at the tile's port: the row in the reader's queue 1, in the
// reader 1, translation 2, buffers 2.
constexpr Cycle to_port = 1 + 1 + 2 + 2;

TEST(MoveIn, OneRowOfEightTiles) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_in(data, 0, 1, 32));
    const Cycle idle = rig.fence();
    ASSERT_EQ(rig.system.requests.size(), 1U);
    EXPECT_EQ(rig.system.requests[0], (FixedMemory::Request{false, data, 64, a + 7 + to_port}));
    // At the port, memory 7, buffers back 2: the first beat is at the merger. A local row leaves each of the
    // next 8 cycles, passes the scaler's register and 6 stages and is written; the completion is told a cycle
    // later.
    const Cycle first_beat = a + 7 + to_port + usual_latency + 2;
    const Cycle written = first_beat + 8 + 1 + 6;
    EXPECT_EQ(rig.log.of("load"), (std::vector<EventLog::Event>{{"load", "MVIN", a + 7, written + 1}}));
    EXPECT_EQ(idle, written + 2);
}

TEST(MoveIn, OneRowOfFourTilesOnTheLargerArray) {
    TimedRig rig(bf16_chip(8));
    configure_moves(rig);
    const Cycle a = rig.issue(move_in(data, 0, 1, 32));
    // As above, but 64 bytes are 4 local rows of 16 bytes.
    EXPECT_EQ(rig.fence(), a + 7 + to_port + usual_latency + 2 + 4 + 1 + 6 + 2);
}

TEST(MoveIn, RowsFollowEachOtherAtTheMergersPace) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_in(data, 0, 4, 32));
    // 4 transactions of 8 local rows each: the next enters in the cycle in which the last row of the one
    // before leaves.
    EXPECT_EQ(rig.fence(), a + 7 + to_port + usual_latency + 2 + 4 * 8 + 1 + 6 + 2);
    ASSERT_EQ(rig.system.requests.size(), 4U);
    for (unsigned row = 0; row < 4; ++row) {
        EXPECT_EQ(rig.system.requests[row].at, a + 7 + to_port + row);
    }
}

TEST(MoveIn, UnalignedRowIsSplit) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_in(data + 2, 0, 1, 32));
    const Cycle idle = rig.fence();
    // 62 of the bytes are in the first 64; the last 2 come with the smallest transaction.
    ASSERT_EQ(rig.system.requests.size(), 2U);
    EXPECT_EQ(rig.system.requests[0], (FixedMemory::Request{false, data, 64, a + 7 + to_port}));
    EXPECT_EQ(rig.system.requests[1], (FixedMemory::Request{false, data + 64, 16, a + 7 + to_port + 1}));
    // A first row needs 8 + 2 bytes: there after the first beat. The eighth local row is written twice, 6
    // bytes and 2: 8 rows, then 1. The second transaction's beat enters as the first one's last row leaves.
    EXPECT_EQ(idle, a + 7 + to_port + usual_latency + 2 + 8 + 1 + 1 + 6 + 2);
}

TEST(MoveIn, SizesOfTransactions) {
    // Address within a line, bytes -> sizes of the transactions (the most useful bytes, of equals the
    // smallest).
    struct Case {
        unsigned offset;
        unsigned columns;
        std::vector<unsigned> sizes;
    };
    const Case cases[] = {
        {0, 32, {64}},  {2, 32, {64, 16}}, {34, 32, {32, 64}}, {62, 2, {16, 16}},  {0, 8, {16}},
        {16, 16, {64}}, {0, 9, {32}},      {32, 16, {32}},     {48, 32, {16, 64}}, {14, 2, {32}},
    };
    for (const Case& each : cases) {
        TimedRig rig(bf16_chip(4));
        configure_moves(rig);
        rig.issue(move_in(data + each.offset, 0, 1, each.columns));
        rig.fence();
        std::vector<unsigned> sizes;
        for (const auto& request : rig.system.requests) {
            sizes.push_back(request.bytes);
            EXPECT_EQ(request.address % request.bytes, 0U);
        }
        EXPECT_EQ(sizes, each.sizes) << "offset " << each.offset << ", columns " << each.columns;
    }
}

TEST(MoveIn, RepeatedRowIsReadOnce) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig, 0);
    const Cycle a = rig.issue(move_in(data, accumulator, 4, 4, 2));
    // One local row comes out of the merger a cycle after its beat; the scaler's register gives it 4 times.
    EXPECT_EQ(rig.fence(), a + 7 + to_port + usual_latency + 2 + 1 + 4 + 6 + 2);
    EXPECT_EQ(rig.system.requests.size(), 1U);
}

TEST(MoveIn, ZerosNeedNoMemory) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_in(0, 0, 4, 8));
    // Each row's request is taken when the 2 blocks of the one before are written: the first request in a+7,
    // a block in each cycle from a+8 to a+15; the completion in a+16.
    EXPECT_EQ(rig.fence(), a + 17);
    EXPECT_TRUE(rig.system.requests.empty());
}

TEST(MoveIn, SixteenTransactionsAtMost) {
    TimedRig rig(bf16_chip(4), 1000);
    configure_moves(rig);
    for (unsigned row = 0; row < 5; ++row) {
        rig.issue(move_in(data + row * 0x400, row * 32, 4, 32));
    }
    rig.fence();
    ASSERT_EQ(rig.system.requests.size(), 20U);
    EXPECT_EQ(rig.system.requests[15].at, rig.system.requests[0].at + 15);
    // The 17th waits for the last beat of the first, taken by the merger, then goes the way to the port:
    // state machine in the next cycle, translation 2, buffers 2.
    EXPECT_EQ(rig.system.requests[16].at, rig.system.requests[0].at + 1000 + 2 + 3 + 1 + 4);
}

// D at the accumulator's width: 64 bytes are 4 local rows of FP32 numbers, through the accumulator's scaler.
TEST(MoveIn, WideRowsOfD) {
    TimedRig rig(mixed_chip(4));
    configure_moves(rig);
    rig.issue(config_load(2, 64, one_bf16, 4));
    rig.fence();
    rig.system.requests.clear();
    rig.time += 10;
    const Cycle a = rig.issue(move_in(data, accumulator, 4, 16, 2));
    EXPECT_EQ(rig.fence(), a + 7 + to_port + usual_latency + 2 + Cycle{4} * 4 + 1 + 6 + 2);
    EXPECT_EQ(rig.system.requests.size(), 4U);
}

TEST(MoveOut, OneRow) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_out(data, accumulator, 1, 4));
    const Cycle idle = rig.fence();
    // The request is in the dispatch queue from a+8, where it reads; normalizer a+9, scaler a+10, out after 6
    // cycles, in which the writer takes it; it sends in the next, and translation and buffers take 4.
    const Cycle port = a + 10 + 6 + 1 + 4;
    ASSERT_EQ(rig.system.requests.size(), 1U);
    EXPECT_EQ(rig.system.requests[0], (FixedMemory::Request{true, data, 16, port}));
    EXPECT_EQ(idle, port + usual_latency + 2 + 1);
    // The command itself is complete the cycle after its last row has been read.
    EXPECT_EQ(rig.log.of("store"), (std::vector<EventLog::Event>{{"store", "MVOUT", a + 7, a + 9}}));
}

// Two rows are in the scaler at a time, so a row needs half of its 6 cycles.
TEST(MoveOut, ThreeCyclesForALocalRow) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_out(data, accumulator, 4, 32));
    const Cycle idle = rig.fence();
    ASSERT_EQ(rig.system.requests.size(), 4U);
    // The pairs of local rows enter the scaler in a+10 and a+11, a+16 and a+17, ... and leave 6 cycles later.
    // The eighth of a row leaves in a+35; sent in the next cycle, valid at the port 4 later. The writer then
    // sends 4 beats, which end in time for the ninth, in a+40.
    for (unsigned row = 0; row < 4; ++row) {
        EXPECT_EQ(rig.system.requests[row].at, a + 35 + 1 + 4 + row * 8 * 3) << row;
    }
    EXPECT_EQ(idle, a + 35 + 1 + 4 + 3 * 8 * 3 + usual_latency + 3 + 2 + 1);
}

// With room for the scaler's 6 rows and more, a local row enters it in each cycle, until the writer's 4 beats
// for 8 of them hold the next ones: it takes the last of 8 and, in the cycle of its own last beat, the next.
TEST(MoveOut, DeeperIssueQueueKeepsTheScalerBusy) {
    for (const std::uint32_t rows : {6U, 8U, 64U}) {
        Config chip = bf16_chip(4);
        chip.store_issue_queue = rows;
        TimedRig rig(chip);
        configure_moves(rig);
        const Cycle a = rig.issue(move_out(data, accumulator, 4, 32));
        rig.fence();
        ASSERT_EQ(rig.system.requests.size(), 4U);
        for (unsigned row = 0; row < 4; ++row) {
            EXPECT_EQ(rig.system.requests[row].at, a + 10 + 7 + 6 + 1 + 4 + Cycle{row} * (8 + 4 - 1))
                << rows << ", " << row;
        }
    }
}

// Three rows: the fourth enters when the first leaves, as two did before.
TEST(MoveOut, IssueQueueLimitsTheRowsInTheScaler) {
    Config chip = bf16_chip(4);
    chip.store_issue_queue = 3;
    TimedRig rig(chip);
    configure_moves(rig);
    const Cycle a = rig.issue(move_out(data, accumulator, 1, 24));
    rig.fence();
    ASSERT_EQ(rig.system.requests.size(), 1U);
    // Rows 0 to 2 enter in a+10 to a+12, 3 to 5 in a+16 to a+18; the last leaves in a+24. 48 bytes are one
    // transaction of 64.
    EXPECT_EQ(rig.system.requests[0].at, a + 24 + 1 + 4);
}

TEST(MoveOut, DefaultLatencyGivesARowEveryTwoCycles) {
    Config chip = bf16_chip(4);
    chip.store_scale_latency = 4;
    TimedRig rig(chip);
    configure_moves(rig);
    rig.issue(move_out(data, accumulator, 4, 32));
    rig.fence();
    ASSERT_EQ(rig.system.requests.size(), 4U);
    // 8 rows at 2 cycles; the writer's 4 beats end in the cycle in which the next row's first pair leaves.
    EXPECT_GE(rig.system.requests[1].at - rig.system.requests[0].at, 16U);
    EXPECT_LE(rig.system.requests[1].at - rig.system.requests[0].at, 19U);
}

// A row at full width is one local row of FP32 numbers, passes the scaler like any, and is its own
// transaction.
TEST(MoveOut, FullWidthRowsOfWideSums) {
    for (const unsigned side : {4U, 8U}) {
        TimedRig rig(mixed_chip(side));
        configure_moves(rig);
        const Cycle a = rig.issue(move_out(data, accumulator | full_width, 4, side));
        rig.fence();
        const Cycle port = a + 10 + 6 + 1 + 4;
        ASSERT_EQ(rig.system.requests.size(), 4U);
        // Pairs enter the scaler in a+10 and a+11, then when they leave. The writer takes the second of a
        // pair in the cycle of the last beat of the first: a row of 32 bytes has two.
        const Cycle beats = side / 4;
        for (unsigned row = 0; row < 4; ++row) {
            EXPECT_EQ(rig.system.requests[row],
                      (FixedMemory::Request{true, data + Address{row} * 64, side * 4,
                                            port + row / 2 * 6 + row % 2 * beats}))
                << side << ", " << row;
        }
    }
}

TEST(MoveOut, UnalignedRowsAreTwoTransactions) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    rig.issue(move_out(data + 34, accumulator, 1, 32));
    rig.fence();
    // 30 bytes up to the line's end, then 34, of which 32 and 64 would take all but 2 and all.
    ASSERT_EQ(rig.system.requests.size(), 2U);
    EXPECT_EQ(rig.system.requests[0].address, data + 32);
    EXPECT_EQ(rig.system.requests[0].bytes, 32U);
    EXPECT_EQ(rig.system.requests[1].address, data + 64);
    EXPECT_EQ(rig.system.requests[1].bytes, 64U);
    // 2 beats of the first, then the second.
    EXPECT_EQ(rig.system.requests[1].at, rig.system.requests[0].at + 2);
}

TEST(MoveOut, OutOfTheScratchpad) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    const Cycle a = rig.issue(move_out(data, 16, 1, 4));
    rig.fence();
    ASSERT_EQ(rig.system.requests.size(), 1U);
    // Read in a+8, in the issue queue from a+11 (normalize a+9, scale a+10), its data since a+10; written as
    // above.
    EXPECT_EQ(rig.system.requests[0].at, a + 11 + 1 + 4);
}

TEST(MoveOut, ReadsAndWritesShareThePort) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    rig.issue(move_out(data, accumulator, 4, 32));
    for (unsigned row = 0; row < 8; ++row) {
        rig.issue(move_in(data + 0x1000 + row * 0x100, row * 32, 4, 32));
    }
    rig.fence();
    EXPECT_TRUE(std::is_sorted(rig.system.requests.begin(), rig.system.requests.end(),
                               [](const auto& left, const auto& right) { return left.at < right.at; }));
    const auto statistics = rig.accelerator.statistics();
    EXPECT_EQ(statistics.read_bytes, 8U * 4 * 64);
    EXPECT_EQ(statistics.written_bytes, 4U * 64);
}

TEST(Dma, OutsideMemoryIsAnError) {
    TimedRig rig(bf16_chip(4));
    configure_moves(rig);
    rig.issue(move_in(0x1000, 0, 1, 4));
    try {
        rig.fence();
        FAIL() << "no error";
    } catch (const ProgramError& error) {
        EXPECT_NE(std::string(error.what()).find("outside memory"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace partita::chip::gemmini::test
