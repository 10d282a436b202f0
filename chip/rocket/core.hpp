#pragma once

// A Rocket core: executes its hart's instructions (isa) and charges time for them. The contract with the
// system: local time `now()` is the cycle in which the next instruction would be in decode (ID).

#include <cstdint>
#include <memory>

#include "chip/base/units.hpp"
#include "chip/isa/state.hpp"
#include "chip/memory/coherence.hpp"
#include "chip/soc/environment.hpp"

namespace partita::chip::rocket {

struct Config;

// Why `run` came back.
enum class Stop : std::uint8_t {
    horizon,   // local time reached the horizon
    shared,    // the next instruction touches what others see and the others are not yet at its time
    ready,     // waits for room in the accelerator's queue
    idle,      // a fence waits for the accelerator
    spinning,  // repeats a loop that changes nothing until a line it watches is taken away or an interrupt
               // comes
    asleep,    // wfi
};

// Where a hart's cycles went; they add up to its local time.
enum class Cause : std::uint8_t {
    issue,      // an instruction was issued
    load_use,   // waited for a load that hit
    fp_hazard,  // waited for an FP result, or lost the FP write port
    multiply,   // waited for the integer multiplier or divider
    branch,     // refetched after a wrong prediction
    instruction_cache,
    data_cache,   // waited for a refill or a write-back
    coherence,    // of such a wait, the part spent on probing others
    replay,       // store-to-load overlap and other replays
    accelerator,  // waited to hand over a command
    fence,        // waited for the accelerator to end
    barrier,      // anything between the marks of waiting for others
    asleep,
    other,  // CSR, flush, trap
    count,
};

class Core final : public memory::ProbeTarget {
  public:
    Core(const Config& config, unsigned hart, const Environment& environment);
    ~Core();

    isa::HartState& state();
    const isa::HartState& state() const;
    // References, which stay valid: the system looks at them before every turn.
    const Cycle& now() const;
    // Runs. While local time is below `horizon`, what stays within the core may be done. What others see (a
    // miss, a device, the accelerator) is done only at a time <= `safe`, the least local time of all others.
    // Comes back early, with `horizon`, after a data cache miss and a store to a device or HTIF's words: who
    // may run may have changed. Its state is then as always; a program error leaves the state before the
    // instruction. Throws ProgramError for what ends the run (a trap without a handler, ...).
    Stop run(Cycle horizon, Cycle safe);
    // Ends `ready`, `idle`, `asleep` at a cycle; a spinning core has then gone all rounds that end by then.
    void wake(Cycle at);
    // Whether it may run: false after ready, idle, spinning and asleep until woken. A probe of any line wakes
    // a spinning core by itself. A core whose mie is not 0 never spins: another hart may interrupt it.
    const bool& runnable() const;
    Stop why() const;

    // A core that is behind goes on by itself (with what nobody else sees) until the probe comes; one that is
    // ahead loses the line where it is. `at` of the answer is the cycle at the cache's port, as in requests.
    memory::ProbeReply probe(Address line, memory::Permission to, Cycle at) override;

    // Cycles by cause since reset; all causes add up to now().
    std::uint64_t spent(Cause cause) const;

  private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace partita::chip::rocket
