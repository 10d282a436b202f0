#pragma once

#include <stdexcept>
#include <string>

namespace partita::runner {

// What the user reads: what was being done, to what, what was found and what was expected.
class RunError : public std::runtime_error {
  public:
    explicit RunError(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace partita::runner
