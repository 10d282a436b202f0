// The programs as they run on the chip, instruction by instruction but without time.

#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <string>
#include <vector>

#include "chip/config/chip.hpp"
#include "chip/config/firmware.hpp"
#include "firmware/host/build.hpp"
#include "functional_chip.hpp"
#include "partita/learn/trainer.hpp"
#include "train/digest.hpp"

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

// The project's digits, their first steps only.
data::Sequences short_samples(std::size_t steps) {
    const data::Sequences whole = default_samples(4);
    data::Sequences samples{
        .steps = steps, .input = 1, .classes = whole.classes, .values = {}, .labels = whole.labels};
    // From the middle of the images on, where the ink is.
    for (std::size_t b = 0; b < whole.count(); ++b) {
        const float* first = whole.values.data() + b * whole.steps + whole.steps / 2;
        samples.values.insert(samples.values.end(), first, first + steps);
    }
    return samples;
}

// What the training program prints, computed by the portable backend.
std::string expected_console(const ChipCase& c, std::uint32_t side, const data::Model& model,
                             const data::Sequences& samples) {
    const learn::Plan plan{.shape = {1, 128, 10},
                           .batch = 4,
                           .steps = test_steps,
                           .parts = test_parts,
                           .precision = c.precision};
    std::vector<std::byte> bytes(learn::layout(plan).value().total + learn::buffer_alignment);
    void* start = bytes.data();
    std::size_t room = bytes.size();
    std::align(learn::buffer_alignment, learn::layout(plan).value().total, start, room);
    learn::Trainer trainer =
        learn::Trainer::create(plan, {static_cast<std::byte*>(start), learn::layout(plan).value().total},
                               *learn::portable_kernels(c.precision).value(), side)
            .value();
    EXPECT_EQ(
        trainer.load({model.weight_ih, model.weight_hh, model.bias, model.head_weight, model.head_bias}),
        learn::Error::none);
    std::vector<const float*> sequences;
    for (std::size_t b = 0; b < 4; ++b) {
        sequences.push_back(samples.values.data() + b * samples.steps);
    }
    trainer.train({}, {sequences, samples.labels}, {.learning_rate = 0.01f, .alpha = 0.1f});
    char line[128];
    std::string text;
    float sum = 0;
    for (const float loss : trainer.losses()) {
        std::snprintf(line, sizeof line, "loss %08x %.9f\n", std::bit_cast<std::uint32_t>(loss),
                      static_cast<double>(loss));
        text += line;
        sum += loss;
    }
    std::snprintf(line, sizeof line, "loss sum %.6f\n", static_cast<double>(sum));
    text += line;
    for (const auto id :
         {learn::BufferId::weights, learn::BufferId::regulariser_e, learn::BufferId::regulariser_d}) {
        std::snprintf(line, sizeof line, "digest %s %08x\n", learn::name(id), digest(trainer.bytes(id)));
        text += line;
    }
    return text;
}

class TrainingProgram : public testing::TestWithParam<ChipCase> {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists("/usr/bin/riscv64-linux-gnu-g++") ||
            !std::filesystem::exists(BuildOptions{}.picolibc / "release/rv64imafdc/lp64d/libm.a")) {
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
    const data::Model model = default_model();
    const data::Sequences samples = short_samples(test_steps);
    const std::filesystem::path elf =
        testing::TempDir() + "train-" + c.chip + std::to_string(c.harts) + ".elf";
    build(options, model, samples, elf);
    const FunctionalRun run = run_functionally(elf, c.harts, chip.gemmini, std::uint64_t{1} << 30);
    std::filesystem::remove(elf);

    EXPECT_EQ(run.exit_code, 0u);
    EXPECT_EQ(run.console, expected_console(c, chip.gemmini.mesh_side, model, samples));
    learn::Plan plan{.shape = {1, 128, 10},
                     .batch = 4,
                     .steps = test_steps,
                     .parts = test_parts,
                     .precision = c.precision,
                     .array = true};
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
