#pragma once

#include "start/team.hpp"

namespace partita::firmware {

// The program, called on every hart with its own stack. What hart 0 returns is the exit code.
int run(const Team& team);

}  // namespace partita::firmware
