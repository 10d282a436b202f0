#include "chip/gemmini/tests/function_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

std::vector<Command> drain(MoveWalk walk) {
    std::vector<Command> commands;
    for (; !walk.done(); walk.advance()) {
        commands.push_back(walk.command());
    }
    return commands;
}

class FunctionLoop : public testing::Test {
  protected:
    void configure(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) {
        slots.configure(decode(command(funct, rs1, rs2), config, geometry));
    }
    Loop start(std::uint64_t rs1, std::uint64_t rs2) {
        return slots.start(decode(command(8, rs1, rs2), config, geometry));
    }
    std::string refusal(std::uint64_t rs1, std::uint64_t rs2) {
        try {
            start(rs1, rs2);
        } catch (const ProgramError& error) {
            return error.what();
        }
        return "";
    }
    void bounds(unsigned i, unsigned j, unsigned k, unsigned pad_i = 0, unsigned pad_j = 0,
                unsigned pad_k = 0) {
        configure(9, std::uint64_t{pad_k} << 32 | pad_j << 16 | pad_i, std::uint64_t{k} << 32 | j << 16 | i);
    }

    Config config = bf16_chip();
    Geometry geometry{config};
    LoopSlots slots{geometry};
};

constexpr Address a_address = 0x8001'0000;
constexpr Address b_address = 0x8002'0000;
constexpr Address d_address = 0x8003'0000;
constexpr Address c_address = 0x8004'0000;

// C(4 x 128) = A(4 x 129) B(128 x 129)^T + repeating bias: what tiled_matmul_auto sends for it.
TEST_F(FunctionLoop, TransposedStreamOfGemminiSoftware) {
    configure(9, 0x3'0000'0000, 0x21'0020'0001);
    configure(10, a_address, b_address);
    configure(11, d_address, c_address);
    configure(12, 129, 129);
    configure(13, 0, 128);
    const Loop loop = start(0x50005, 0x2);
    EXPECT_EQ(loop.a_start, 0U);
    EXPECT_EQ(loop.b_start, 8192U - 33 * 32 * 4);  // 3968
    EXPECT_TRUE(loop.run.low_d);
    EXPECT_TRUE(loop.run.accumulate);

    const auto d = drain(MoveWalk::load_d(loop, geometry));
    ASSERT_EQ(d.size(), 4U);  // 32 tiles, 8 at a time
    EXPECT_EQ(describe(d[1]), "MVIN3 4 x 32 from 0x80030040 to accumulator row 32");

    const auto a = drain(MoveWalk::load_a(loop, geometry));
    ASSERT_EQ(a.size(), 5U);  // 33 tiles: 8, 8, 8, 8, 1
    EXPECT_EQ(describe(a[3]), "MVIN 4 x 32 from 0x800100c0 to scratchpad row 96");
    EXPECT_EQ(describe(a[4]), "MVIN 4 x 1 from 0x80010100 to scratchpad row 128");

    const auto b = drain(MoveWalk::load_b(loop, geometry));
    ASSERT_EQ(b.size(), 160U);
    // j inner, k in blocks: the second command is the next row of tiles, 4 rows of 258 bytes on, 33 tiles
    // further.
    EXPECT_EQ(describe(b[1]), "MVIN2 4 x 32 from 0x80020408 to scratchpad row 4100");
    EXPECT_EQ(describe(b[32]), "MVIN2 4 x 32 from 0x80020040 to scratchpad row 4000");
    EXPECT_EQ(describe(b[159]), "MVIN2 4 x 1 from 0x80027df8 to scratchpad row 8188");

    ExecuteWalk walk(loop, geometry);
    EXPECT_EQ(describe(walk.command()),
              "PRELOAD B 4 x 4 at scratchpad row 3968, C 4 x 4 at accumulator row 0, adding");
    unsigned pairs = 0;
    Command last_preload;
    Command last_compute;
    for (; !walk.done(); walk.advance()) {
        EXPECT_EQ(walk.k() * 32 + walk.j(), pairs);
        (walk.at_preload() ? last_preload : last_compute) = walk.command();
        pairs += walk.at_preload() ? 0 : 1;
    }
    EXPECT_EQ(pairs, 33U * 32);
    EXPECT_EQ(describe(last_preload),
              "PRELOAD B 1 x 4 at scratchpad row 8188, C 4 x 4 at accumulator row 124, adding");
    EXPECT_EQ(describe(last_compute), "COMPUTE_PRELOADED A 4 x 1 at scratchpad row 128, D nothing");

    const auto c = drain(MoveWalk::store_c(loop, geometry));
    ASSERT_EQ(c.size(), 4U);
    EXPECT_EQ(describe(c[3]), "MVOUT 4 x 32 to 0x800400c0 from accumulator row 96");
}

TEST_F(FunctionLoop, EmissionOrder) {
    bounds(2, 10, 3, 1, 2, 3);
    configure(10, a_address, b_address);
    configure(11, d_address, c_address);
    configure(12, 100, 200);
    configure(13, 300, 400);
    const Loop loop = start(0, 0);
    // A: k outer in blocks (3 tiles fit in one), i inner; rows and columns cut at the ends.
    MoveWalk a = MoveWalk::load_a(loop, geometry);
    EXPECT_EQ(a.tiles(), 3U);
    EXPECT_EQ(describe(a.command()), "MVIN 4 x 9 from 0x80010000 to scratchpad row 0");
    a.advance();
    EXPECT_EQ(a.inner(), 1U);
    EXPECT_EQ(describe(a.command()), "MVIN 3 x 9 from 0x80010320 to scratchpad row 12");
    a.advance();
    EXPECT_TRUE(a.done());
    EXPECT_EQ(a.outer() + a.inner(), 0U);
    // B: k outer, j inner in blocks of 8; the last k loads all rows.
    const auto b = drain(MoveWalk::load_b(loop, geometry));
    ASSERT_EQ(b.size(), 6U);
    EXPECT_EQ(describe(b[0]), "MVIN2 4 x 32 from 0x80020000 to scratchpad row 8072");
    EXPECT_EQ(describe(b[1]), "MVIN2 4 x 6 from 0x80020040 to scratchpad row 8104");
    EXPECT_EQ(describe(b[5]), "MVIN2 4 x 6 from 0x80020cc0 to scratchpad row 8184");
    // D and C: j outer in blocks, i inner.
    const auto d = drain(MoveWalk::load_d(loop, geometry));
    ASSERT_EQ(d.size(), 4U);
    EXPECT_EQ(describe(d[1]), "MVIN3 3 x 32 from 0x80030960 to accumulator row 40");
    EXPECT_EQ(describe(d[2]), "MVIN3 4 x 6 from 0x80030040 to accumulator row 32");
    const auto c = drain(MoveWalk::store_c(loop, geometry));
    EXPECT_EQ(describe(c[3]), "MVOUT 3 x 6 to 0x80040cc0 from accumulator row 72");
    // Execute: k, j, i; B only for the first i; the first k overwrites.
    ExecuteWalk walk(loop, geometry);
    walk.advance();
    EXPECT_EQ(describe(walk.command()), "COMPUTE_PRELOADED A 4 x 4 at scratchpad row 0, D nothing");
    walk.advance();
    EXPECT_EQ(describe(walk.command()), "PRELOAD B nothing, C 3 x 4 at accumulator row 40");
    walk.advance();
    EXPECT_EQ(describe(walk.command()), "COMPUTE_ACCUMULATED A 3 x 4 at scratchpad row 12, D nothing");
    walk.advance();
    EXPECT_EQ(walk.j(), 1U);
    while (walk.k() == 0) {
        walk.advance();
    }
    EXPECT_EQ(describe(walk.command()),
              "PRELOAD B 4 x 4 at scratchpad row 8112, C 4 x 4 at accumulator row 0, adding");
}

TEST_F(FunctionLoop, TransposedAWalksIInBlocks) {
    bounds(10, 1, 2, 1, 0, 3);
    configure(10, a_address, b_address);
    configure(12, 100, 200);
    const Loop loop = start(0, 1);
    const auto a = drain(MoveWalk::load_a(loop, geometry));
    ASSERT_EQ(a.size(), 4U);
    EXPECT_EQ(describe(a[0]), "MVIN 4 x 32 from 0x80010000 to scratchpad row 0");
    EXPECT_EQ(describe(a[1]), "MVIN 4 x 7 from 0x80010040 to scratchpad row 32");
    EXPECT_EQ(describe(a[2]), "MVIN 1 x 32 from 0x80010320 to scratchpad row 40");
    // Neither D nor C has an address.
    EXPECT_TRUE(MoveWalk::load_d(loop, geometry).done());
    EXPECT_TRUE(MoveWalk::store_c(loop, geometry).done());
}

TEST_F(FunctionLoop, FullWidthStoresOneTileAtATime) {
    config = wide_bf16_chip();
    geometry = Geometry(config);
    bounds(1, 3, 1);
    configure(11, d_address, c_address);
    configure(13, 12, 12);
    const Loop loop = start(2, 0);
    const auto c = drain(MoveWalk::store_c(loop, geometry));
    ASSERT_EQ(c.size(), 3U);
    EXPECT_EQ(describe(c[2]), "MVOUT 4 x 4 to 0x80040020 from accumulator row 8, full width");
    const auto d = drain(MoveWalk::load_d(loop, geometry));
    ASSERT_EQ(d.size(), 1U);  // 3 tiles of 16 bytes
    EXPECT_EQ(describe(d[0]), "MVIN3 4 x 12 from 0x80030000 to accumulator row 0");
}

TEST_F(FunctionLoop, SlotsAlternateAndKeepTheirRegisters) {
    bounds(1, 2, 3);
    configure(11, 0, c_address);
    Loop loop = start(0, 0);
    EXPECT_EQ(loop.slot, 0U);
    EXPECT_EQ(loop.a_start, 0U);
    EXPECT_EQ(loop.b_start, 8192U - 24);
    EXPECT_EQ(loop.c_start, 0U);
    // The second slot: second halves. It stores nothing, so the third loop's C stays in the half.
    bounds(4, 5, 6);
    loop = start(0, 0);
    EXPECT_EQ(loop.slot, 1U);
    EXPECT_EQ(loop.a_start, 8192U);
    EXPECT_EQ(loop.b_start, 16384U - 120);
    EXPECT_EQ(loop.c_start, 2048U);
    loop = start(0, 0);
    EXPECT_EQ(loop.slot, 0U);
    EXPECT_EQ(loop.registers.bounds.j, 2);  // as two loops before
    EXPECT_EQ(loop.c_start, 2048U);
    loop = start(0, 0);
    EXPECT_EQ(loop.registers.bounds.j, 5);
    EXPECT_EQ(loop.c_start, 0U);
    // Halves by name.
    loop = start(1 << 18 | 2 << 16, 0);
    EXPECT_EQ(loop.a_start, 0U);
    EXPECT_EQ(loop.b_start, 16384U - 24);
}

TEST_F(FunctionLoop, OffsetsHaveThirtyTwoBits) {
    bounds(2, 1, 1);
    configure(10, a_address, 0);
    configure(12, std::uint64_t{1} << 29, 0);
    const auto a = drain(MoveWalk::load_a(start(0, 0), geometry));
    EXPECT_EQ(a[1].move().memory, a_address);  // 2^29 * 4 * 2 = 2^32
}

TEST_F(FunctionLoop, WhatDoesNotFitIsNamed) {
    bounds(0, 1, 1);
    EXPECT_EQ(refusal(0, 0), "LOOP_WS over 0 x 1 x 1 tiles (I, J, K); expected no bound of 0");
    bounds(1, 1, 1);
    EXPECT_EQ(refusal(0, 3), "LOOP_WS with both A and B transposed; Gemmini has one transposer");
    bounds(1, 33, 63);
    EXPECT_EQ(refusal(0, 0),
              "LOOP_WS over 1 x 33 x 63 tiles (I, J, K): 252 rows of A from row 0 and 8316 rows of B up to "
              "row 8192 do not fit "
              "in the scratchpad's 16384 rows");
    bounds(32, 17, 1);
    EXPECT_EQ(refusal(0, 0),
              "LOOP_WS over 32 x 17 x 1 tiles (I, J, K): 2176 rows of C do not fit in half of the "
              "accumulator, 2048 rows");
    bounds(32, 16, 1);
    EXPECT_EQ(refusal(0, 0), "");
}

TEST(FunctionCounters, ConfigureReadSnapshotReset) {
    Counters counters(8);
    const auto read = [&](std::uint8_t index) {
        CounterOperation operation{};
        operation.index = index;
        return counters.execute(operation);
    };
    counters.add(Event::execute_active, 5);
    counters.execute({.reset = false,
                      .snapshot_reset = false,
                      .snapshot = false,
                      .configure = true,
                      .external = false,
                      .index = 1,
                      .event = 24});
    EXPECT_EQ(read(1), 0U);  // counts from its configuration on
    counters.add(Event::execute_active, 7);
    EXPECT_EQ(read(1), 7U);
    EXPECT_EQ(read(2), 0U);
    counters.add(External::bytes_read, 64);
    counters.execute({.reset = false,
                      .snapshot_reset = false,
                      .snapshot = false,
                      .configure = true,
                      .external = true,
                      .index = 2,
                      .event = 4});
    EXPECT_EQ(read(2), 64U);
    // A snapshot by counter 1 holds what all counters had; reading goes on there until it is reset.
    CounterOperation snapshot{};
    snapshot.snapshot = true;
    snapshot.index = 1;
    EXPECT_EQ(counters.execute(snapshot), 7U);
    counters.add(Event::execute_active, 1);
    EXPECT_EQ(read(1), 7U);
    CounterOperation release{};
    release.snapshot_reset = true;
    release.index = 1;
    EXPECT_EQ(counters.execute(release), 7U);
    EXPECT_EQ(read(1), 8U);
    CounterOperation reset{};
    reset.reset = true;
    counters.execute(reset);
    EXPECT_EQ(read(1), 0U);
    EXPECT_EQ(read(2), 0U);
    counters.add(Event::execute_active, 3);
    EXPECT_EQ(read(1), 3U);  // the configuration stays
}

}  // namespace
}  // namespace partita::chip::gemmini::test
