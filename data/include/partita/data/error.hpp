#pragma once

#include <stdexcept>
#include <string>

namespace partita::data {

/// The only exception that leaves this room. Its sentence is what the user reads: what was being done, to
/// which file, which key or tensor, what was found and what was expected.
class DataError : public std::runtime_error {
  public:
    explicit DataError(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace partita::data
