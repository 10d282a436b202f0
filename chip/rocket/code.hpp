#pragma once

// Decoded instructions of the program's memory, kept so that each is decoded once.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/isa/instruction.hpp"
#include "chip/memory/flat.hpp"
#include "chip/rocket/hazards.hpp"

namespace partita::chip::rocket {

// What the core does with an instruction: the pipes of isa, those that are treated alike put together.
enum class Kind : std::uint8_t {
    unknown,  // not decoded yet
    alu,
    branch,
    jump,
    jump_register,
    load,
    store,
    fp_load,
    fp_store,
    fp_pipe,
    fp_to_int,
    fp_divide,
    multiply,
    divide,
    atomic,
    csr,
    fence,
    fence_i,
    system,
    custom,
    mark,
    illegal,
};

struct Decoded {
    isa::Instruction instruction;
    Kind kind = Kind::unknown;
    std::uint8_t bytes = 0;  // of a memory access
    std::array<Slot, 3> sources = {no_source, no_source, no_source};
    Slot destination = no_destination;
    // Kind::fp_pipe: depth of the pipe, latency of the result.
    std::uint8_t depth = 0;
    std::uint8_t latency = 0;
};

struct Config;

class Code {
  public:
    Code(const Config& config, const memory::FlatMemory& memory);

    // The instruction at pc, which must be even; null if its bytes are not all in memory. Valid until
    // `clear`.
    const Decoded* at(Address pc) {
        const Address offset = pc - base_;
        if (offset >> page_shift == current_page_) [[likely]] {
            const Decoded& found = current_[offset % page_bytes / 2];
            if (found.kind != Kind::unknown) [[likely]] {
                return &found;
            }
        }
        return decode(pc);
    }

    // After a store: whether instructions are known near there. `forget` then drops what the bytes were part
    // of.
    bool covers(Address address) const { return address - lowest_ < span_; }
    void forget(Address address, unsigned bytes);
    void clear();

  private:
    static constexpr unsigned page_shift = 12;
    static constexpr unsigned page_bytes = 1U << page_shift;
    using Page = std::array<Decoded, page_bytes / 2>;

    const Decoded* decode(Address pc);
    Decoded describe(const isa::Instruction& instruction) const;

    const Config& config_;
    const memory::FlatMemory& memory_;
    Address base_;
    Address current_page_ = ~Address{0};
    Decoded* current_ = nullptr;
    Address lowest_ = ~Address{0};  // what is decoded lies in `span_` bytes from here
    Address span_ = 0;
    std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace partita::chip::rocket
