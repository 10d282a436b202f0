#pragma once

// Cycles of matrix products, of the hardware and of the model of Gemmini, on the same memory system.

#include <string>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/config/chip.hpp"

namespace partita::rtl::test {

struct Shape {
    std::string program;  // what asks for it: "published", "train" or "odd"
    int rows;
    int columns;
    int inner;
    bool bias = false;
    bool transpose_a = false;
    bool transpose_b = false;
    unsigned times = 1;  // in a step of the program, for the sum

    std::string name() const;
};

// The products of the published training program, of this project's, and some of awkward sizes.
std::vector<Shape> shapes();

struct Measured {
    chip::Cycle model = 0;
    chip::Cycle hardware = 0;
};

// From the first command to the end of a fence, with the operands in the L2: the second of two runs. Fails
// the test if the results differ.
Measured measure(const chip::config::Chip& chip, const Shape& shape);

}  // namespace partita::rtl::test
