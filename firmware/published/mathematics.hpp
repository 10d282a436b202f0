#pragma once

// The logarithm of the loss, outside of all that is timed: picolibc's, which has no header for C++.

#ifdef __riscv
extern "C" double log(double);
#else
#include <cmath>
#endif
