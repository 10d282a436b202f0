#pragma once

// What the tests of Gemmini's timing share: a memory of fixed latency, a core that issues commands at given
// cycles, and the software that tiles a matrix product (tiled_matmul_auto of gemmini-rocc-tests' gemmini.h).

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "chip/gemmini/accelerator.hpp"
#include "function_support.hpp"

namespace partita::chip::gemmini::test {

// Answers `latency` cycles after a request is valid at the tile's port, a beat a cycle. Channels are never in
// the way.
class FixedMemory final : public memory::MemorySystem {
  public:
    struct Request {
        bool write;
        Address address;
        unsigned bytes;
        Cycle at;
        bool operator==(const Request&) const = default;
    };

    explicit FixedMemory(Cycle given) : latency(given) {}

    memory::Response acquire(unsigned, Address, memory::Permission, memory::Permission, Cycle) override {
        return {};
    }
    Cycle release(unsigned, Address, Cycle at) override { return at; }
    memory::Response fetch(unsigned, Address, Cycle) override { return {}; }
    memory::Response dma_read(Address address, unsigned bytes, Cycle at) override {
        if (before_read) {
            before_read(address);
        }
        requests.push_back({false, address, bytes, at});
        return {at + latency, at + latency + beats(bytes) - 1, 0, false};
    }
    memory::Response dma_write(Address address, unsigned bytes, Cycle at) override {
        requests.push_back({true, address, bytes, at});
        const Cycle acknowledged = at + latency + beats(bytes) - 1;
        return {acknowledged, acknowledged, 0, false};
    }

    Cycle latency;
    std::vector<Request> requests;
    std::function<void(Address)> before_read;  // what a core does until the probe arrives

  private:
    static Cycle beats(unsigned bytes) { return std::max(bytes / 16, 1U); }
};

class EventLog final : public CommandObserver {
  public:
    struct Event {
        std::string unit;
        std::string name;
        Cycle first;
        Cycle last;
        bool operator==(const Event&) const = default;
    };
    void command(const char* unit, const char* name, Cycle first, Cycle last) override {
        events.push_back({unit, name, first, last});
    }
    std::vector<Event> of(const std::string& unit) const {
        std::vector<Event> found;
        std::copy_if(events.begin(), events.end(), std::back_inserter(found),
                     [&](const Event& event) { return event.unit == unit; });
        return found;
    }
    std::vector<Event> events;
};

// The latency at which a beat is at the beat merger 11 cycles after the request has been translated: 2
// buffers to the tile's port, 7, 2 buffers back.
inline constexpr Cycle usual_latency = 7;

class TimedRig {
  public:
    explicit TimedRig(const Config& chip, Cycle latency = usual_latency)
        : config(chip),
          geometry(chip),
          memory(memory_base, std::size_t{1} << 22),
          system(latency),
          accelerator(chip, memory, system) {
        accelerator.observe(&log);
    }

    // The core presents a command, in cycle `time` or when the queue has room; the next one comes a cycle
    // later. `slice`: the accelerator is run so many cycles at a time.
    Cycle issue(const RoccCommand& raw) {
        advance(time);
        while (!accelerator.ready_since()) {
            time += 1;
            advance(time);
        }
        Cycle result_at = 0;
        result = accelerator.issue(raw, time, result_at);
        const Cycle at = time;
        time += 1;
        return at;
    }
    void advance(Cycle until) {
        while (accelerator.now() < until) {
            accelerator.run(std::min(until, accelerator.now() + slice));
        }
    }
    // Waits as a fence does; returns the first cycle in which the accelerator is not busy.
    Cycle fence() {
        while (!accelerator.idle_since() && !accelerator.idle()) {
            accelerator.run(accelerator.now() + slice);
        }
        const Cycle since = accelerator.idle_since().value_or(never);
        time = std::max(time, since);
        return since;
    }

    Config config;
    Geometry geometry;
    memory::FlatMemory memory;
    FixedMemory system;
    Accelerator accelerator;
    EventLog log;
    Cycle time = 100;
    Cycle slice = 1'000'000;
    std::uint64_t result = 0;
};

// C (rows x columns) = A B (+ D), all row-major with the given strides in elements; D is one row for all.
struct Product {
    int rows;
    int columns;
    int inner;
    Address a;
    Address b;
    Address d;  // 0: none
    Address c;
    int a_stride;
    int b_stride;
    int c_stride;
    bool transpose_a = false;
    bool transpose_b = false;
};

// The commands of tiled_matmul_auto, fence not included.
inline std::vector<RoccCommand> tiled(const Product& product, const Geometry& geometry) {
    const int side = static_cast<int>(geometry.side);
    const auto tiles = [side](int elements) { return (elements + side - 1) / side; };
    const int half_scratchpad = static_cast<int>(geometry.scratchpad_rows) / 2;
    const int half_accumulator = static_cast<int>(geometry.accumulator_rows) / 2;
    const int all_i = tiles(product.rows);
    const int all_j = tiles(product.columns);
    const int all_k = tiles(product.inner);
    const int tiles_of_accumulator = half_accumulator / side;
    const int root = static_cast<int>(std::sqrt(static_cast<double>(tiles_of_accumulator)));
    int i = std::min(all_i, root);
    int j = std::min(all_j, root);
    int k = std::min(all_k, half_scratchpad / 2 / side / root);
    const auto fits = [&](int ti, int tj, int tk) {
        return (ti * tk + tk * tj) * side <= half_scratchpad && ti * tj * side <= half_accumulator;
    };
    for (bool grown = true; grown;) {
        grown = false;
        if (j < all_j && fits(i, j + 1, k)) {
            ++j;
            grown = true;
        }
        if (i < all_i && fits(i + 1, j, k)) {
            ++i;
            grown = true;
        }
        if (k < all_k && fits(i, j, k + 1)) {
            ++k;
            grown = true;
        }
    }
    const auto bytes = static_cast<int>(geometry.input_bytes);
    const auto at = [bytes](Address base, int elements) {
        return base + static_cast<Address>(elements) * static_cast<Address>(bytes);
    };
    std::vector<RoccCommand> list;
    list.push_back(config_execute({.transpose_a = product.transpose_a, .transpose_b = product.transpose_b}));
    list.push_back(config_store(static_cast<std::uint32_t>(product.c_stride * bytes), one_bf16));
    list.push_back(
        config_load(0, static_cast<std::uint32_t>(product.a_stride * bytes), one_bf16, geometry.side));
    list.push_back(
        config_load(1, static_cast<std::uint32_t>(product.b_stride * bytes), one_bf16, geometry.side));
    list.push_back(config_load(2, 0, one_bf16, geometry.side, true));
    const int loops_i = (all_i + i - 1) / i;
    const int loops_j = (all_j + j - 1) / j;
    const int loops_k = (all_k + k - 1) / k;
    const bool reuse_a = loops_i * loops_k <= 2;
    const bool reuse_b = loops_j * loops_k <= 2;
    for (int i0 = 0; i0 < loops_i; ++i0) {
        for (int j0 = 0; j0 < loops_j; ++j0) {
            for (int k0 = 0; k0 < loops_k; ++k0) {
                const auto left = [](int all, int tile, int place) {
                    return std::min(tile, all - place * tile);
                };
                const auto padding = [side](int all, int elements, bool last) {
                    return last ? all * side - elements : 0;
                };
                const int row = i0 * i * side;
                const int column = j0 * j * side;
                const int inner = k0 * k * side;
                Address a = at(product.a, product.transpose_a ? inner * product.a_stride + row
                                                              : row * product.a_stride + inner);
                Address b = at(product.b, product.transpose_b ? column * product.b_stride + inner
                                                              : inner * product.b_stride + column);
                const Address d = product.d != 0 && k0 == 0 ? at(product.d, column) : 0;
                const Address c = k0 == loops_k - 1 ? at(product.c, row * product.c_stride + column) : 0;
                a = reuse_a && j0 > 0 ? 0 : a;
                b = reuse_b && i0 > 0 ? 0 : b;
                const unsigned a_half = reuse_a ? (i0 + k0 == 0 ? 1 : 2) : 0;
                const unsigned b_half = reuse_b ? (j0 + k0 == 0 ? 1 : 2) : 0;
                const auto fields = [](int first, int second, int third) {
                    return static_cast<std::uint64_t>(third) << 32 |
                           static_cast<std::uint64_t>(second) << 16 | static_cast<std::uint64_t>(first);
                };
                list.push_back(command(9,
                                       fields(padding(all_i, product.rows, i0 == loops_i - 1),
                                              padding(all_j, product.columns, j0 == loops_j - 1),
                                              padding(all_k, product.inner, k0 == loops_k - 1)),
                                       fields(left(all_i, i, i0), left(all_j, j, j0), left(all_k, k, k0))));
                list.push_back(command(10, a, b));
                list.push_back(command(11, d, c));
                list.push_back(command(12, static_cast<std::uint64_t>(product.a_stride),
                                       static_cast<std::uint64_t>(product.b_stride)));
                list.push_back(command(13, 0, static_cast<std::uint64_t>(product.c_stride)));
                const bool accumulates = product.d != 0 || k0 > 0;
                list.push_back(
                    command(8,
                            std::uint64_t{a_half} << 18 | std::uint64_t{b_half} << 16 | 4 |
                                std::uint64_t{accumulates},
                            std::uint64_t{product.transpose_b} << 1 | std::uint64_t{product.transpose_a}));
            }
        }
    }
    return list;
}

// Cycles from the first command to the end of a fence.
inline Cycle run_product(TimedRig& rig, const Product& product) {
    const Cycle begin = rig.time;
    for (const RoccCommand& each : tiled(product, rig.geometry)) {
        rig.issue(each);
    }
    return rig.fence() - begin;
}

// Where the tests' commands read and write.
inline constexpr Address data = memory_base + 0x10000;

// Strides of 64 bytes, no scaling; what is counted begins after it.
inline void configure(TimedRig& rig, const ExecuteOptions& options = {}) {
    rig.issue(config_load(0, 64, one_bf16, rig.geometry.side));
    rig.issue(config_store(64, one_bf16));
    rig.issue(config_execute(options));
    rig.fence();
    rig.time += 10;
    rig.log.events.clear();
    rig.system.requests.clear();
}

}  // namespace partita::chip::gemmini::test
