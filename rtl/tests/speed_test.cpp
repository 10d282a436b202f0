// How many cycles of the hardware are simulated a second: at least 20,000, or the training program takes
// hours.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "built_chips.hpp"
#include "cycles.hpp"

namespace partita::rtl::test {
namespace {

class SpeedTest : public testing::TestWithParam<std::string> {};

TEST_P(SpeedTest, SimulatesTwentyThousandCyclesASecond) {
    const auto chip = chip_of(GetParam());
    const auto start = std::chrono::steady_clock::now();
    const Measured measured = measure(chip, {"odd", 128, 128, 128});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    // Two runs of the hardware; the model's take next to nothing.
    const double rate = 2 * static_cast<double>(measured.hardware) / seconds;
    fmt::print("{}: {:.0f} kHz\n", chip.name, rate / 1e3);
    EXPECT_GE(rate, 20e3);
}

INSTANTIATE_TEST_SUITE_P(Chips, SpeedTest, testing::ValuesIn(built_chips()),
                         [](const auto& tested) { return test_name(tested.param); });

}  // namespace
}  // namespace partita::rtl::test
