// The performance counters against the model's (chip/gemmini/counters.hpp): random events and commands. The
// seed is printed, and PARTITA_RTL_SEED repeats it.

#include "chip/gemmini/counters.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "Vcounters_test.h"
#include "rtl/instance.hpp"
#include "settings.hpp"

namespace partita::rtl::test {
namespace {

using chip::gemmini::CounterOperation;
using chip::gemmini::Counters;
using chip::gemmini::Event;
using chip::gemmini::event_count;
using chip::gemmini::External;
using chip::gemmini::external_count;

std::uint32_t encode(const CounterOperation& operation) {
    return std::uint32_t{operation.reset} | std::uint32_t{operation.snapshot_reset} << 1 |
           std::uint32_t{operation.snapshot} << 2 | std::uint32_t{operation.configure} << 3 |
           std::uint32_t{operation.index} << 4 | std::uint32_t{operation.event} << 12 |
           std::uint32_t{operation.external} << 31;
}

TEST(CountersModule, CountsAsTheModel) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "seed " << seed << '\n';
    std::mt19937_64 engine(seed);
    Counters model(8);
    Instance<Vcounters_test> instance;
    Vcounters_test& top = *instance;
    const auto tick = [&top] {
        top.clock = 0;
        top.eval();
        top.clock = 1;
        top.eval();
    };
    top.reset = 1;
    tick();
    top.reset = 0;
    bool snapshot = false;
    for (unsigned cycle = 0; cycle < 20'000; ++cycle) {
        top.event_now = engine() & ((std::uint64_t{1} << event_count) - 2);
        const auto below = [&engine](unsigned many) { return static_cast<std::uint8_t>(engine() % many); };
        top.load_commands = below(9);
        top.store_commands = below(5);
        top.execute_commands = below(17);
        top.read_bytes = engine() % 2 * 64;
        top.written_bytes = engine() % 2 * 16;
        top.read_outstanding = engine() % 2;
        top.write_outstanding = engine() % 2;
        CounterOperation operation{};
        operation.index = below(8);
        top.command = engine() % 4 == 0 ? 1 : 0;
        if (top.command != 0) {
            operation.reset = engine() % 40 == 0;
            operation.snapshot_reset = engine() % 4 == 0;
            operation.snapshot = engine() % 4 == 0;
            operation.configure = !snapshot && !operation.snapshot && engine() % 3 == 0;
            operation.external = operation.configure && engine() % 3 == 0;
            operation.event =
                static_cast<std::uint8_t>(engine() % (operation.external ? external_count : event_count));
        }
        top.rs1 = encode(operation);
        top.clock = 0;
        top.eval();
        if (top.command != 0) {
            model.set(External::reservation_load, top.load_commands);
            model.set(External::reservation_store, top.store_commands);
            model.set(External::reservation_execute, top.execute_commands);
            EXPECT_EQ(top.result, model.execute(operation)) << "cycle " << cycle;
            snapshot = !operation.reset && !operation.snapshot_reset && (snapshot || operation.snapshot);
        }
        // A counter that is reset or configured does not count the event of that cycle, nor do sums that are
        // reset.
        const bool resets = operation.reset;
        for (unsigned event = 1; event < event_count; ++event) {
            if ((top.event_now >> event & 1) != 0) {
                model.add(static_cast<Event>(event), 1);
            }
        }
        if (resets || operation.configure) {
            CounterOperation again{};
            again.index = operation.index;
            again.configure = operation.configure;
            again.external = operation.external;
            again.event = operation.event;
            again.reset = resets;
            model.execute(again);
        }
        if (!resets) {
            model.add(External::bytes_read, top.read_bytes);
            model.add(External::bytes_written, top.written_bytes);
            model.add(External::read_latency, top.read_outstanding);
            model.add(External::write_latency, top.write_outstanding);
        }
        tick();
        if (HasFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace partita::rtl::test
