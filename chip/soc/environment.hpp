#pragma once

// What a core needs of the system around it.

#include "chip/base/units.hpp"
#include "chip/gemmini/port.hpp"
#include "chip/memory/coherence.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip {

// Registers mapped into the address space (CLINT, and the words of HTIF in main memory). Accesses come in the
// order of simulated time.
class Devices {
  public:
    virtual ~Devices() = default;
    // Whether a physical address is a device's (outside main memory).
    virtual bool contains(Address address, unsigned bytes) const = 0;
    virtual std::uint64_t load(Address address, unsigned bytes, Cycle at) = 0;
    virtual void store(Address address, unsigned bytes, std::uint64_t value, Cycle at) = 0;
    // HTIF's line in main memory (0: none). A store to it is told to `host_store` after it is done.
    virtual Address host_line() const = 0;
    virtual void host_store(unsigned hart, Address address, Cycle at) = 0;
    // Interrupt lines of a hart at a time, as bits of mip, and the next cycle in which they may change
    // without a device being written.
    virtual std::uint64_t interrupts(unsigned hart, Cycle at) const = 0;
    virtual Cycle next_interrupt(unsigned hart, Cycle at) const = 0;
};

// Hears what a hart goes through; for records and traces. Regions nest; all cycles of a hart are accounted
// for.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void region(unsigned hart, unsigned id, Cycle at) = 0;  // 0: the innermost ends
};

struct Environment {
    memory::FlatMemory* memory = nullptr;
    memory::MemorySystem* caches = nullptr;
    gemmini::Port* accelerator = nullptr;  // null for harts that have none
    Devices* devices = nullptr;
    Observer* observer = nullptr;  // may be null
};

}  // namespace partita::chip
