#pragma once

#include <stdexcept>
#include <string>

namespace partita::chip {

// What a user asked for cannot be done: a file, a key or a value is wrong. The sentence is what the user
// reads: what was being done, to which file or key, what was found, what was expected.
class ChipError : public std::runtime_error {
  public:
    explicit ChipError(const std::string& sentence) : std::runtime_error(sentence) {}
};

// The simulated program did what it must not: an access outside memory, a command outside the protocol. The
// system that runs it adds hart, pc, symbol and line.
class ProgramError : public std::runtime_error {
  public:
    explicit ProgramError(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace partita::chip
