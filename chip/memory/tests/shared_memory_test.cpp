// Latencies as closed forms of the configuration. With the defaults: crossing 1, L2 hit 4, four beats a line.

#include "chip/memory/shared_memory.hpp"

#include <gtest/gtest.h>

#include <map>

namespace partita::chip::memory {
namespace {

constexpr Address base = 0x8000'0000;

// A data cache that remembers what it was asked and answers two cycles later.
class FakeCache : public ProbeTarget {
  public:
    ProbeReply probe(Address line, Permission to, Cycle at) override {
        ++probes;
        last = to;
        const bool has = held.count(line) != 0;
        const bool dirty = has && held[line];
        if (to == Permission::none) {
            held.erase(line);
        } else if (has) {
            held[line] = false;
        }
        return {at + 2, dirty, has && to == Permission::branch};
    }
    std::map<Address, bool> held;  // line: dirty
    int probes = 0;
    Permission last = Permission::none;
};

struct SharedMemoryTest : testing::Test {
    Config config;
    FlatMemory flat{base, std::size_t{1} << 24};
    FakeCache caches[4];
    SharedMemory memory{config, 4, flat};

    SharedMemoryTest() {
        for (unsigned hart = 0; hart < 4; ++hart) {
            memory.attach(hart, &caches[hart]);
        }
    }
    // Fetches a line into the L2 long before the measured request.
    void warm(Address line) { memory.fetch(3, line, 0); }
};

TEST_F(SharedMemoryTest, HitTakesNineCyclesToTheLastBeat) {
    warm(base);
    const Response response = memory.acquire(0, base, Permission::branch, Permission::none, 1000);
    EXPECT_EQ(response.first, 1000u + 1 + 4 + 1);
    EXPECT_EQ(response.last, 1000u + 1 + 4 + 1 + 3);
    EXPECT_EQ(response.coherence, 0u);
    EXPECT_TRUE(response.exclusive) << "nobody else has it";
}

TEST_F(SharedMemoryTest, MissAddsThePathToDramAndItsNarrowerBus) {
    // Accepted at 1001, MSHR acts 2 later, 4 out, 30 in DRAM, 4 back, 2 to the first beat, crossing; four
    // beats of 16 bytes come every other cycle from a bus of 8 bytes.
    const Response response = memory.acquire(0, base, Permission::branch, Permission::none, 1000);
    EXPECT_EQ(response.first, 1000u + 1 + 2 + 4 + 30 + 4 + 2 + 1);
    EXPECT_EQ(response.last, response.first + 6);
    EXPECT_EQ(memory.statistics().l2_misses, 1u);
    EXPECT_EQ(memory.statistics().dram_read_bytes, 64u);
}

TEST_F(SharedMemoryTest, DirtyOwnerIsProbedAndItsFirstBeatIsEnough) {
    warm(base);
    memory.acquire(1, base, Permission::trunk, Permission::none, 500);
    caches[1].held[base] = true;
    const Response response = memory.acquire(0, base, Permission::branch, Permission::none, 1000);
    // MSHR acts at 1003, probe on the bus 2 later, at the cache 1 later, answer 2 later, its first beat at
    // the L2 1 + 1 later, collected 2 later, first beat of the answer 2 later, crossing 1.
    EXPECT_EQ(response.first, 1003u + 2 + 1 + 2 + 1 + 1 + 2 + 2 + 1);
    EXPECT_EQ(response.coherence, 2u + 1 + 2 + 1 + 1 + 2);
    EXPECT_EQ(caches[1].last, Permission::branch);
    EXPECT_FALSE(response.exclusive);
    EXPECT_EQ(memory.statistics().dirty_probes, 1u);
}

TEST_F(SharedMemoryTest, StaleOwnerIsProbedAlthoughItDroppedTheLine) {
    warm(base);
    memory.acquire(1, base, Permission::branch, Permission::none, 500);  // trunk, then dropped silently
    const Response response = memory.dma_read(base, 64, 1000);
    // As above: how much the cache answers makes no difference.
    EXPECT_EQ(response.first, 1003u + 2 + 1 + 2 + 1 + 1 + 2 + 2 + 1);
    EXPECT_EQ(caches[1].probes, 1);
    memory.dma_read(base, 64, 2000);
    EXPECT_EQ(caches[1].probes, 1) << "the second read finds no owner";
}

TEST_F(SharedMemoryTest, UpgradeIsAnsweredInOneBeat) {
    warm(base);
    memory.acquire(0, base, Permission::branch, Permission::none, 300);
    caches[0].held[base] = false;
    memory.acquire(1, base, Permission::branch, Permission::none, 400);  // both share
    caches[1].held[base] = false;
    const Response response = memory.acquire(0, base, Permission::trunk, Permission::branch, 1000);
    EXPECT_EQ(response.first, response.last);
    EXPECT_EQ(response.first, 1003u + 2 + 1 + 2 + 1 + 1 + 2 + 2 + 1);
    EXPECT_EQ(caches[1].last, Permission::none);
    EXPECT_EQ(caches[0].probes, 1) << "only when the second reader came";
    EXPECT_TRUE(response.exclusive);
}

TEST_F(SharedMemoryTest, SharersAreProbedOneACycle) {
    warm(base);
    for (unsigned hart = 0; hart < 3; ++hart) {
        memory.acquire(hart, base, Permission::branch, Permission::none, 300 + 50 * hart);
        caches[hart].held[base] = false;
    }
    const Response three = memory.dma_write(base, 64, 1000);
    // One more cycle for each further sharer, and the put's own four beats.
    EXPECT_EQ(three.first, 1003u + 2 + 2 + 1 + 2 + 1 + 1 + 2 + 2 + 3 + 1);
    for (const FakeCache& cache : caches) {
        EXPECT_EQ(cache.held.count(base), 0u);
    }
}

TEST_F(SharedMemoryTest, SameSetWaitsUntilTheGrantIsAcknowledged) {
    warm(base);
    const Response first = memory.acquire(0, base, Permission::branch, Permission::none, 1000);
    const Response second = memory.acquire(1, base, Permission::branch, Permission::none, 1001);
    // Free two cycles after the first one's first beat; hart 0 is then probed.
    const Cycle accepted = first.first + 2;
    EXPECT_EQ(second.first, accepted + 2 + 2 + 1 + 2 + 1 + 1 + 2 + 2 + 1);
}

TEST_F(SharedMemoryTest, IndependentHitsFillTheChannel) {
    for (unsigned i = 0; i < 8; ++i) {
        warm(base + i * line_bytes);
    }
    Cycle last = 0;
    for (unsigned i = 0; i < 8; ++i) {
        last = memory.dma_read(base + i * line_bytes, 64, 1000 + i).last;
    }
    // First beat at 1006, then 32 beats without a gap.
    EXPECT_EQ(last, 1006u + 32 - 1);
}

TEST_F(SharedMemoryTest, EvictionTakesTheLineFromItsClients) {
    // One way a set: the next line of the same set displaces the first.
    Config small = config;
    small.l2_ways = 1;
    small.l2_bytes = 64 * 64;
    SharedMemory tiny(small, 2, flat);
    FakeCache owner;
    FakeCache other;
    tiny.attach(0, &owner);
    tiny.attach(1, &other);
    tiny.acquire(0, base, Permission::trunk, Permission::none, 0);
    owner.held[base] = true;
    tiny.fetch(1, base + 64 * 64, 1000);
    EXPECT_EQ(owner.probes, 1);
    EXPECT_EQ(owner.last, Permission::none);
    EXPECT_EQ(tiny.statistics().dram_write_bytes, 64u);
}

TEST_F(SharedMemoryTest, ReleaseMakesTheOwnerForgotten) {
    warm(base);
    memory.acquire(1, base, Permission::trunk, Permission::none, 500);
    // Crossing, buffer, last of four beats, L2, crossing.
    EXPECT_EQ(memory.release(1, base, 1000), 1000u + 1 + 1 + 3 + 4 + 1);
    memory.dma_read(base, 64, 2000);
    EXPECT_EQ(caches[1].probes, 0);
}

TEST_F(SharedMemoryTest, TouchedLinesAreCounted) {
    memory.fetch(0, base + 128, 0);
    memory.dma_read(base + 256, 16, 100);
    EXPECT_EQ(flat.touched_bytes(base, base + 1024), 128u);
    EXPECT_EQ(flat.touched_bytes(base + 130, base + 150), 20u);
}

}  // namespace
}  // namespace partita::chip::memory
