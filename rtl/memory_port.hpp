#pragma once

// Between the hardware's memory port and the simulated memory system: one channel for requests, a beat a
// cycle, which reads and writes share, and one for answers; the buffers of a tile in both.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "chip/gemmini/config.hpp"
#include "chip/memory/coherence.hpp"
#include "chip/memory/flat.hpp"
#include "rtl/device.hpp"

namespace partita::rtl {

class MemoryPort {
  public:
    MemoryPort(const chip::gemmini::Config& config, chip::memory::FlatMemory& memory,
               chip::memory::MemorySystem& system);

    // What the port says to the hardware in this cycle: which request it takes, a beat of an answer, an
    // acknowledgement. `wanted`: the outputs as far as they depend on registers.
    void offer(const Outputs& wanted, chip::Cycle now, Inputs& inputs);
    // The requests that have been taken in this cycle, and those that reach the memory system in it. Throws
    // ProgramError if one is outside memory. True if a data cache has lost a line.
    bool step(const Outputs& outputs, const Inputs& inputs, chip::Cycle now);

    bool idle() const { return requests_.empty() && answers_.empty() && acknowledgements_.empty(); }
    std::uint64_t read_bytes() const { return read_bytes_; }
    std::uint64_t written_bytes() const { return written_bytes_; }
    std::string state() const;

  private:
    struct Request {
        chip::Cycle at = 0;  // at the tile's port
        chip::Address address = 0;
        unsigned bytes = 0;
        std::uint8_t id = 0;
        bool write = false;
        std::vector<Beat> beats;
        std::vector<std::uint16_t> masks;
    };
    struct Answer {
        chip::Cycle first = 0;
        chip::Cycle apart = 1;  // cycles between beats
        std::uint8_t id = 0;
        std::vector<Beat> beats;
        std::size_t given = 0;

        chip::Cycle next() const { return first + apart * given; }
    };
    struct Acknowledgement {
        chip::Cycle at = 0;
        std::uint8_t id = 0;
    };

    void take(const Outputs& outputs, const Inputs& inputs, chip::Cycle now);
    bool carry_out(const Request& request);

    chip::memory::FlatMemory* memory_;
    chip::memory::MemorySystem* system_;
    unsigned request_buffers_;
    unsigned response_buffers_;
    bool prefers_write_ = false;
    Request writing_;  // beats of it have come
    std::deque<Request> requests_;
    std::deque<Answer> answers_;  // in the order of their first beats
    std::vector<Acknowledgement> acknowledgements_;
    std::uint64_t read_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
};

}  // namespace partita::rtl
