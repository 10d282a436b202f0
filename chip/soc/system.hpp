#pragma once

// The system on a chip: cores, accelerator, memory and devices, advanced in the order of simulated time.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/config/chip.hpp"
#include "chip/gemmini/port.hpp"
#include "chip/memory/flat.hpp"
#include "chip/memory/shared_memory.hpp"
#include "chip/program/program.hpp"
#include "chip/rocket/core.hpp"
#include "chip/soc/devices.hpp"
#include "chip/soc/environment.hpp"
#include "chip/soc/ledger.hpp"

namespace partita::chip::soc {

// Hears what happens, for a trace; times are cycles.
class TraceSink : public gemmini::CommandObserver {
  public:
    virtual void region(unsigned hart, unsigned region, Cycle at) = 0;  // 0: the innermost ends
};

struct RunOptions {
    Cycle limit = never;  // give up at this cycle
    TraceSink* trace = nullptr;
    // Called now and then with the cycles simulated so far.
    std::function<void(Cycle)> progress;
};

struct Outcome {
    std::uint64_t exit_code = 0;
    Cycle cycles = 0;  // of hart 0, until the program ended
};

// Makes what takes the accelerator's commands, working on this memory, through this memory system.
using AcceleratorMaker = std::function<std::unique_ptr<gemmini::Port>(
    const gemmini::Config&, memory::FlatMemory&, memory::MemorySystem&)>;

class System final : private Observer {
  public:
    // Loads the program. Throws ChipError if it does not fit the chip. `program` must outlive the system. The
    // accelerator is the model's if `maker` is empty.
    System(const config::Chip& chip, const program::Program& program, ConsoleSink& console,
           const AcceleratorMaker& maker = {});
    ~System() override;

    // Runs until the program ends. Throws ChipError with a report (hart, pc, symbol and line, what the
    // accelerator does) where the program goes wrong, hangs or exceeds the limit.
    Outcome run(const RunOptions& options);

    const Ledger& ledger() const { return ledger_; }
    const memory::FlatMemory& memory() const { return memory_; }
    const memory::Statistics& memory_statistics() const { return caches_.statistics(); }
    const rocket::Core& core(unsigned hart) const { return *cores_[hart]; }
    unsigned harts() const { return static_cast<unsigned>(cores_.size()); }
    // What the accelerator has done; zeros where there is none.
    Activity activity() const;

  private:
    // What the next turn depends on, of a core.
    struct Agent {
        const Cycle* now;
        const bool* runnable;
    };
    // Who may go next, and how far.
    struct Turn {
        int who = -1;          // a hart; harts() is the accelerator; -1 nobody
        Cycle least = never;   // its time
        Cycle others = never;  // the least time of all others that can act
    };

    void region(unsigned hart, unsigned id, Cycle at) override;
    Turn next_turn() const;
    void run_core(unsigned hart, Cycle others, Cycle until);
    void run_accelerator(Cycle others, Cycle until);
    void wake_waiting();
    Cycle alarm(unsigned hart, Cycle from) const;
    void settle(Cycle end);
    std::array<std::uint64_t, cause_count> spent(unsigned hart) const;
    std::string describe_hart(unsigned hart) const;
    std::string report(const std::string& what) const;

    config::Chip chip_;
    const program::Program& program_;
    memory::FlatMemory memory_;
    memory::SharedMemory caches_;
    std::unique_ptr<gemmini::Port> accelerator_;
    SystemDevices devices_;
    std::vector<std::unique_ptr<rocket::Core>> cores_;
    std::vector<Agent> agents_;  // by hart
    std::vector<Cycle> alarms_;  // by hart: the cycle in which an interrupt ends its sleep
    Ledger ledger_;
    TraceSink* trace_ = nullptr;
    unsigned running_ = 0;  // whose turn it is
    Cycle lookahead_;
};

}  // namespace partita::chip::soc
