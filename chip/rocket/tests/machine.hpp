#pragma once

// A core with a memory system that answers after fixed times, for expectations that can be summed by hand.

#include <functional>
#include <optional>
#include <vector>

#include "chip/rocket/config.hpp"
#include "chip/rocket/core.hpp"
#include "chip/rocket/tests/assembler.hpp"

namespace partita::chip::rocket::testing {

inline constexpr Address base = 0x8000'0000;
inline constexpr Address data = base + 0x10000;  // where tests put data; set 0 of the data cache
inline constexpr std::size_t memory_bytes = std::size_t{1} << 20;

// Last beat 9 cycles after the request is valid: crossing 1, L2 4, crossing 1, 4 beats (the first counted
// already).
struct FakeCaches final : memory::MemorySystem {
    struct Call {
        char kind;  // acquire, release, fetch
        Address line;
        Cycle at;
        memory::Permission wanted = memory::Permission::none;
        memory::Permission held = memory::Permission::none;
    };
    std::vector<Call> calls;
    Cycle latency = 9;
    Cycle coherence = 0;
    bool exclusive = true;
    std::function<void(const Call&)> during;  // called before the answer

    memory::Response answer(const Call& call) {
        calls.push_back(call);
        if (during) {
            during(call);
        }
        return {call.at + latency - 3, call.at + latency, coherence, exclusive};
    }
    memory::Response acquire(unsigned /*hart*/, Address line, memory::Permission wanted,
                             memory::Permission held, Cycle at) override {
        return answer({'a', line, at, wanted, held});
    }
    Cycle release(unsigned /*hart*/, Address line, Cycle at) override { return answer({'r', line, at}).last; }
    memory::Response fetch(unsigned /*hart*/, Address line, Cycle at) override {
        return answer({'f', line, at});
    }
    memory::Response dma_read(Address /*address*/, unsigned /*bytes*/, Cycle /*at*/) override { return {}; }
    memory::Response dma_write(Address /*address*/, unsigned /*bytes*/, Cycle /*at*/) override { return {}; }
    std::vector<Call> of(char kind) const {
        std::vector<Call> found;
        for (const Call& call : calls) {
            if (call.kind == kind) {
                found.push_back(call);
            }
        }
        return found;
    }
};

struct FakeDevices final : Devices {
    static constexpr Address first = 0x0200'0000;
    struct Access {
        Address address;
        std::uint64_t value;
        Cycle at;
    };
    Address host = 0;
    std::uint64_t lines = 0;
    Cycle raised_at = never;  // from here on, `lines` are up
    std::vector<Access> loads;
    std::vector<Access> stores;
    std::vector<Access> host_stores;

    bool contains(Address address, unsigned bytes) const override {
        return address >= first && address + bytes <= first + 0x1000;
    }
    std::uint64_t load(Address address, unsigned /*bytes*/, Cycle at) override {
        loads.push_back({address, 0, at});
        return 77;
    }
    void store(Address address, unsigned /*bytes*/, std::uint64_t value, Cycle at) override {
        stores.push_back({address, value, at});
    }
    Address host_line() const override { return host; }
    void host_store(unsigned /*hart*/, Address address, Cycle at) override {
        host_stores.push_back({address, 0, at});
    }
    std::uint64_t interrupts(unsigned /*hart*/, Cycle at) const override {
        return at >= raised_at ? lines : 0;
    }
    Cycle next_interrupt(unsigned /*hart*/, Cycle at) const override {
        return at < raised_at ? raised_at : never;
    }
};

// A queue of two commands, each of which takes a fixed time.
struct FakeAccelerator final : gemmini::Port {
    static constexpr std::size_t room = 2;
    Cycle work = 20;
    Cycle time = 0;
    std::vector<Cycle> ends;  // of the commands still held
    std::vector<std::pair<gemmini::RoccCommand, Cycle>> taken;
    Cycle room_since = 0;
    Cycle idle_from = 0;

    Cycle now() const override { return time; }
    void run(Cycle until) override {
        time = std::max(time, until);
        while (!ends.empty() && ends.front() <= time) {
            if (ends.size() == room) {
                room_since = ends.front();
            }
            idle_from = ends.front();
            ends.erase(ends.begin());
        }
    }
    bool idle() const override { return ends.empty(); }
    std::optional<Cycle> ready_since() const override {
        return ends.size() < room ? std::optional<Cycle>(room_since) : std::nullopt;
    }
    std::optional<Cycle> idle_since() const override {
        return ends.empty() ? std::optional<Cycle>(idle_from) : std::nullopt;
    }
    std::uint64_t issue(const gemmini::RoccCommand& command, Cycle at, Cycle& result_at) override {
        taken.emplace_back(command, at);
        ends.push_back(std::max(at, ends.empty() ? at : ends.back()) + work);
        result_at = at + 4;
        return 1234;
    }
    std::string state() const override { return "fake"; }
};

struct FakeObserver final : Observer {
    std::vector<std::pair<unsigned, Cycle>> regions;
    void region(unsigned /*hart*/, unsigned id, Cycle at) override { regions.emplace_back(id, at); }
};

struct Machine {
    explicit Machine(const Config& config = {}, bool accelerated = true, Address host = 0)
        : memory(base, memory_bytes) {
        devices.host = host;
        Environment environment;
        environment.memory = &memory;
        environment.caches = &caches;
        environment.accelerator = accelerated ? &accelerator : nullptr;
        environment.devices = &devices;
        environment.observer = &observer;
        core = std::make_unique<Core>(config, 0, environment);
        core->state().mstatus = 3U << 13;  // the floating-point unit is on
        core->state().pc = base;
    }
    std::uint64_t& x(unsigned number) const { return core->state().x[number]; }
    std::uint64_t& f(unsigned number) const { return core->state().f[number]; }

    // Where code may be put that was not executed before: what the core has decoded it keeps.
    Address fresh() {
        free_code += 512;
        return free_code - 512;
    }
    void place(const Assembler& code) { code.place(memory); }

    // Executes one instruction; returns the cycle in which it was issued.
    Cycle step() const {
        core->run(core->now() + 1, never);
        return core->now() - 1;
    }
    // Runs to an address and returns the cycle of each instruction's issue, that of the one there included.
    std::vector<Cycle> trace_to(Address end) const {
        std::vector<Cycle> issues;
        for (bool last = false; !last;) {
            last = core->state().pc == end;
            issues.push_back(step());
        }
        return issues;
    }
    std::uint64_t all_spent() const {
        std::uint64_t sum = 0;
        for (unsigned cause = 0; cause < static_cast<unsigned>(Cause::count); ++cause) {
            sum += core->spent(static_cast<Cause>(cause));
        }
        return sum;
    }

    Address free_code = base;
    memory::FlatMemory memory;
    FakeCaches caches;
    FakeDevices devices;
    FakeAccelerator accelerator;
    FakeObserver observer;
    std::unique_ptr<Core> core;
};

}  // namespace partita::chip::rocket::testing
