#pragma once

// HTIF, the host-target interface: what a program asks of the host that runs the chip, through two words of
// its own memory named `tohost` and `fromhost`, as the environment of riscv-tests and the front-end server
// (riscv-isa-sim, fesvr/htif.cc, syscall.cc, device.cc) use it.

#include <cstdint>
#include <optional>
#include <string_view>

#include "chip/base/units.hpp"
#include "chip/memory/flat.hpp"
#include "chip/program/program.hpp"

namespace partita::chip::soc {

// Takes what the program prints; the terminal and the record of a run are such sinks.
class ConsoleSink {
  public:
    virtual ~ConsoleSink() = default;
    virtual void write(unsigned hart, std::string_view text, Cycle at) = 0;
};

struct HostWords {
    Address to_host = 0;    // 0: the program has none and never asks
    Address from_host = 0;  // 0: replies are dropped
};
// By the symbols `tohost` and `fromhost`.
HostWords host_words(const program::Program& program);

struct Exit {
    std::uint64_t code = 0;
    unsigned hart = 0;
    Cycle at = 0;
};

class HostInterface {
  public:
    // `memory` and `console` outlive it. Throws ChipError if a word is not aligned or lies outside memory.
    HostInterface(memory::FlatMemory& memory, HostWords words, ConsoleSink& console);

    // A hart has stored into the line of `to_host`. If the word is not zero it is a request: it is served at
    // once, the word is cleared and the reply, if there is one, is in `from_host`. Requests, by device
    // (bits 63..56), command (55..48) and payload (47..0):
    // - 0, 0, odd: the program ends with exit code payload >> 1, of the whole word if it is negative.
    // - 0, 0, an address: system call. Eight 64-bit words (number, arguments) lie there; the first takes the
    //   result. write (64) to stdout or stderr and exit (93) are served. Reply 1.
    // - 1, 1, a byte: printed. No reply.
    // Throws ProgramError, by name, for any other, and for words and buffers outside memory.
    void host_store(unsigned hart, Cycle at);

    Address line() const { return words_.to_host == 0 ? 0 : line_of(words_.to_host); }
    const std::optional<Exit>& exit() const { return exit_; }

  private:
    void system_call(unsigned hart, std::uint64_t request, Cycle at);
    std::uint64_t write(unsigned hart, std::uint64_t file, Address text, std::uint64_t bytes, Cycle at);
    void reply(std::uint64_t value);

    memory::FlatMemory& memory_;
    HostWords words_;
    ConsoleSink& console_;
    std::optional<Exit> exit_;
};

}  // namespace partita::chip::soc
