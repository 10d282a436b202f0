// The programs as they run on the chip, instruction by instruction but without time.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "chip/config/chip.hpp"
#include "chip/config/firmware.hpp"
#include "firmware/host/build.hpp"
#include "firmware/tests/cross_compiler.hpp"
#include "functional_chip.hpp"
#include "partita/learn/layout.hpp"
#include "portable_training.hpp"

namespace partita::firmware::test {
namespace {

struct ChipCase {
    const char* chip;
    unsigned harts;
    learn::Precision precision;
};

void PrintTo(const ChipCase& c, std::ostream* out) {
    *out << c.chip << " with " << c.harts << " harts";
}

constexpr std::uint32_t test_steps = 56;
constexpr std::uint32_t test_parts = 5;  // of 12 steps, the last of 8

class TrainingProgram : public testing::TestWithParam<ChipCase> {
  protected:
    void SetUp() override {
        if (!cross_compiler_is_there()) {
            GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
        }
    }
};

TEST_P(TrainingProgram, LeavesTheHostsBits) {
    const ChipCase& c = GetParam();
    chip::config::Chip chip = chip::config::read_chip(std::filesystem::path(PARTITA_SOURCE_DIR) / "chips" /
                                                      (std::string(c.chip) + ".toml"));
    chip.soc.cores = c.harts;
    BuildOptions options;
    options.program = ProgramKind::train;
    options.chip_header = chip::config::firmware_header(chip);
    options.harts = c.harts;
    options.parts = test_parts;
    options.steps = test_steps;
    options.objects = PARTITA_TEST_OBJECTS;
    const data::Model model = default_model();
    const data::Sequences samples = short_samples(test_steps);
    const std::filesystem::path elf =
        testing::TempDir() + "train-" + c.chip + std::to_string(c.harts) + ".elf";
    build(options, model, samples, elf);
    const FunctionalRun run = run_functionally(elf, c.harts, chip.gemmini, std::uint64_t{1} << 30);
    std::filesystem::remove(elf);

    EXPECT_EQ(run.exit_code, 0u);
    learn::Plan plan{.shape = {1, 128, 10},
                     .batch = 4,
                     .steps = test_steps,
                     .parts = test_parts,
                     .precision = c.precision};
    EXPECT_EQ(run.console, portable_console(plan, chip.gemmini.mesh_side, model, samples));
    plan.array_side = chip.gemmini.mesh_side;
    plan.members = c.harts;
    EXPECT_EQ(run.arena_bytes, learn::layout(plan).value().total);
}

INSTANTIATE_TEST_SUITE_P(Chips, TrainingProgram,
                         testing::Values(ChipCase{"ms4-c1", 1, learn::Precision::bf16},
                                         ChipCase{"ms4-c4", 4, learn::Precision::bf16},
                                         ChipCase{"ms8-c1", 1, learn::Precision::bf16},
                                         ChipCase{"ms8-c4", 4, learn::Precision::bf16},
                                         ChipCase{"fp32-ms4-c1", 1, learn::Precision::fp32},
                                         ChipCase{"fp32-ms4-c1", 4, learn::Precision::fp32}));

}  // namespace
}  // namespace partita::firmware::test
