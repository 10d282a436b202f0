#pragma once

// The accelerator as the core that owns it sees it (RoCC), and as the system that keeps simulated time sees
// it.

#include <cstdint>
#include <optional>
#include <string>

#include "chip/base/units.hpp"

namespace partita::chip::gemmini {

struct RoccCommand {
    std::uint8_t funct = 0;
    bool returns = false;  // xd: the command has a result (counters)
    std::uint64_t rs1 = 0;
    std::uint64_t rs2 = 0;
};

// What the accelerator has done since reset.
struct Statistics {
    std::uint64_t busy_cycles = 0;    // with a command or a transfer outstanding
    std::uint64_t array_cycles = 0;   // in which a row whose results are kept enters the mesh
    std::uint64_t multiply_adds = 0;  // of real data, padding not counted
    std::uint64_t read_bytes = 0;     // by DMA, whole transactions
    std::uint64_t written_bytes = 0;
    std::uint64_t conflict_cycles = 0;  // in which the mesh waited for a bank that was written
};

// Hears of commands when they are over; for traces.
class CommandObserver {
  public:
    virtual ~CommandObserver() = default;
    // `unit`: "load", "store" or "execute". Of a load or store the cycles from the controller's beginning to
    // completion, of a compute those in which it was fed.
    virtual void command(const char* unit, const char* name, Cycle first, Cycle last) = 0;
};

class Port {
  public:
    virtual ~Port() = default;

    // Local time: everything before it has been simulated.
    virtual Cycle now() const = 0;
    // Simulates up to `until`; stops early, after the cycle in which it happened, when the command queue gets
    // room, the last work ends or a transfer takes a line from a core: a core that waited for it may now be
    // the one furthest behind. Idle time costs nothing.
    // Throws ProgramError at a protocol error or a DMA outside memory.
    virtual void run(Cycle until) = 0;
    // Nothing to simulate: no command, no transfer outstanding.
    virtual bool idle() const = 0;

    // Whether a command presented in the next cycle would be taken; if so, since which cycle.
    virtual std::optional<Cycle> ready_since() const = 0;
    // Whether RoCC's busy line is low; if so, since which cycle.
    virtual std::optional<Cycle> idle_since() const = 0;
    // A command valid in the core's write-back stage in cycle `at` >= now(); the caller has run the
    // accelerator up to `at` and asked `ready_since`. With `returns`, gives the result and in `result_at` its
    // cycle.
    virtual std::uint64_t issue(const RoccCommand& command, Cycle at, Cycle& result_at) = 0;

    // What holds the accelerator: the oldest command, queues and the unit that waits; for reports.
    virtual std::string state() const = 0;

    // What cannot be seen from outside may stay 0.
    virtual Statistics statistics() const { return {}; }
    // Null: nobody listens. An accelerator that does not know when its commands are over tells nothing.
    virtual void observe(CommandObserver* /*observer*/) {}
};

}  // namespace partita::chip::gemmini
