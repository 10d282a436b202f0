#pragma once

// One part of FPTT as the published program trains it.

#include <cstddef>

#include "start/team.hpp"

namespace partita::firmware {

// Copies the part's inputs (parts count from 0) and the state of the part before.
void begin_part(const Team& team, std::size_t part);
void forward(const Team& team);
// Gradients as the published program computes them: the cell state's path back in time is cut after two
// steps, and the gates' weight gradients of a step overwrite those of the step after it.
void backward(const Team& team);
void update(const Team& team);

}  // namespace partita::firmware
