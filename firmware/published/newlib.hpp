#pragma once

// The functions of newlib's libm that the published program calls, in the algorithms, the constants and the
// division into functions that newlib has (libm/math: e_exp.c, w_exp.c, s_finite.c, sf_tanh.c, sf_expm1.c,
// which are Sun's fdlibm), and with products and sums fused where GCC fuses them at -O2. Debian has no newlib
// for RISC-V; picolibc's libm has the same algorithms but is compiled for size, and what these functions cost
// is a third of what the program costs.

namespace partita::firmware::newlib {

double exp(double x);
float tanhf(float x);

}  // namespace partita::firmware::newlib
