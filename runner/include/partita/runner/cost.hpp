#pragma once

#include <cstdint>

#include "partita/learn/trainer.hpp"

namespace partita::runner {

// What one training pass over a batch asks of a machine, by function.
struct Cost {
    std::uint64_t operations = 0;  // floating point, a multiply-add counts two; activations count one each
    std::uint64_t bytes =
        0;  // of the plan's arrays read and written, each counted once a step or part that uses it
};

Cost cost(const learn::Plan& plan, learn::Function function);

}  // namespace partita::runner
