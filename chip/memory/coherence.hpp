#pragma once

// What cores and accelerator ask of the shared memory system: TileLink's transactions on whole lines, each
// answered with the cycles in which its parts arrive. Requests are made in the order of simulated time; each
// is carried out at once, and what it occupies (L2 pipeline, set, channel, DRAM) is reserved from then on.

#include "chip/base/units.hpp"

namespace partita::chip::memory {

// What a data cache may do with a line. `trunk`: it alone has it and may write.
enum class Permission : std::uint8_t { none, branch, trunk };

struct ProbeReply {
    Cycle at = 0;        // in which the first beat of ProbeAck leaves the tile
    bool dirty = false;  // ProbeAckData: the line's data go along, in line_bytes / bus width beats
    bool kept = true;    // it still has the line, shared (only after a probe to `branch`)
};

// A data cache, as the L2 sees it.
class ProbeTarget {
  public:
    // Reduce the line to at most `to`. `at`: cycle in which the probe arrives at the cache. A probe may find
    // that the cache no longer has the line (clean victims are dropped silently).
    virtual ProbeReply probe(Address line, Permission to, Cycle at) = 0;

  protected:
    ~ProbeTarget() = default;
};

struct Response {
    Cycle first = 0;         // beat arrives at the requester
    Cycle last = 0;          // beat arrives
    Cycle coherence = 0;     // of it, cycles spent on probing others
    bool exclusive = false;  // acquire: the line was granted as trunk
    bool probed = false;     // data caches have been probed: one whose core spun may go on
};

class MemorySystem {
  public:
    virtual ~MemorySystem() = default;

    // A data cache misses (`held` none) or wants to write what it may only read (`held` branch). `at`: cycle
    // in which the request is valid at the cache's port, here and below.
    virtual Response acquire(unsigned hart, Address line, Permission wanted, Permission held, Cycle at) = 0;
    // A dirty victim is written back; returns the cycle in which ReleaseAck arrives at the cache.
    virtual Cycle release(unsigned hart, Address line, Cycle at) = 0;
    // An instruction cache refills a line: uncached, never probed.
    virtual Response fetch(unsigned hart, Address line, Cycle at) = 0;
    // The accelerator reads or writes `bytes` within one line (16, 32 or 64, naturally aligned). The port is
    // that of hart 0's tile. For a write, `first` and `last` are the cycle in which AccessAck arrives.
    virtual Response dma_read(Address address, unsigned bytes, Cycle at) = 0;
    virtual Response dma_write(Address address, unsigned bytes, Cycle at) = 0;
};

}  // namespace partita::chip::memory
