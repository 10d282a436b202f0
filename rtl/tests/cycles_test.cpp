// At the published sides, 4 and 8, the hardware is no slower than the model of Gemmini on any shape, and on
// the programs' shapes together at least a tenth faster. Prints the tables of docs/rtl/cycles.md, which says
// what is different at sides 2 and 16.

#include "cycles.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "built_chips.hpp"

namespace partita::rtl::test {
namespace {

// The mesh gives a tile four cycles (gemmini_pkg::ACCUMULATE_CYCLES), twice what one of side 2 has rows.
constexpr unsigned least_phase = 4;

class CyclesTest : public testing::TestWithParam<std::string> {};

TEST_P(CyclesTest, HardwareBesideTheModel) {
    const auto chip = chip_of(GetParam());
    fmt::print("\n| {} | product | model | hardware | less |\n|---|---|---:|---:|---:|\n", chip.name);
    const auto less = [](Measured measured) {
        return 100.0 * (1.0 - static_cast<double>(measured.hardware) / static_cast<double>(measured.model));
    };
    const unsigned side = chip.gemmini.mesh_side;
    Measured sum;
    for (const Shape& shape : shapes()) {
        const Measured measured = measure(chip, shape);
        fmt::print("| {} | {} | {} | {} | {:.0f} % |\n", shape.program, shape.name(), measured.model,
                   measured.hardware, less(measured));
        std::fflush(stdout);
        const double allowed = side < least_phase                     ? 1.0 * least_phase / side
                               : side == 16 && shape.program == "odd" ? 1.05
                                                                      : 1.0;
        EXPECT_LE(static_cast<double>(measured.hardware), allowed * static_cast<double>(measured.model))
            << shape.name();
        if (shape.program != "odd") {
            sum.model += measured.model * shape.times;
            sum.hardware += measured.hardware * shape.times;
        }
    }
    fmt::print("| sum | of the programs' products, each as often as in a step | {} | {} | {:.0f} % |\n",
               sum.model, sum.hardware, less(sum));
    if (side >= least_phase) {
        EXPECT_GE(less(sum), 10.0);
    }
}

INSTANTIATE_TEST_SUITE_P(Chips, CyclesTest, testing::ValuesIn(built_chips()),
                         [](const auto& tested) { return test_name(tested.param); });

}  // namespace
}  // namespace partita::rtl::test
