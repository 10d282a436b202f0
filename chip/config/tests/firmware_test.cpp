#include "chip/config/firmware.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support.hpp"

namespace partita::chip::config::test {
namespace {

Chip chip_named(const std::string& name) {
    Chip chip;
    chip.name = name;
    return chip;
}

TEST(Firmware, HeaderOfThePublishedChip) {
    EXPECT_EQ(with(firmware_header(chip_named("ms4-c1")),
                   fmt::format("{:#018x}", firmware_fingerprint(chip_named("ms4-c1"))), "FINGERPRINT"),
              R"(// The chip 'ms4-c1', as its firmware is compiled for it; made from the chip's file.
#ifndef PARTITA_CHIP_H
#define PARTITA_CHIP_H

#define PARTITA_CHIP_NAME "ms4-c1"
#define PARTITA_CHIP_FINGERPRINT FINGERPRINT

#define PARTITA_CHIP_CORES 1
#define PARTITA_CHIP_INTERRUPTOR_BASE 33554432
#define PARTITA_CHIP_BF16_EXTENSION 0
#define PARTITA_CHIP_MEMORY_BASE 2147483648
#define PARTITA_CHIP_MEMORY_BYTES 268435456
#define PARTITA_CHIP_MESH_SIDE 4
#define PARTITA_CHIP_ELEMENT_BF16 1
#define PARTITA_CHIP_ARRAY_ELEMENT_BF16 1
#define PARTITA_CHIP_ACCUMULATOR_ELEMENT_BF16 1
#define PARTITA_CHIP_SCRATCHPAD_BYTES 131072
#define PARTITA_CHIP_SCRATCHPAD_BANKS 4
#define PARTITA_CHIP_ACCUMULATOR_BYTES 32768
#define PARTITA_CHIP_ACCUMULATOR_BANKS 1
#define PARTITA_CHIP_LOAD_SCALE_BF16 1
#define PARTITA_CHIP_LOAD_ACCUMULATOR_SCALE 1
#define PARTITA_CHIP_STORE_SCALE_BF16 1
#define PARTITA_CHIP_DMA_BYTES 64

#define PARTITA_CHIP_CONSTANTS \
    "soc.cores = 1\n" \
    "soc.interruptor_base = 33554432\n" \
    "rocket.bf16_extension = false\n" \
    "memory.base = 2147483648\n" \
    "memory.bytes = 268435456\n" \
    "gemmini.mesh_side = 4\n" \
    "gemmini.input_type = bf16\n" \
    "gemmini.spatial_array_type = bf16\n" \
    "gemmini.accumulator_type = bf16\n" \
    "gemmini.scratchpad_bytes = 131072\n" \
    "gemmini.scratchpad_banks = 4\n" \
    "gemmini.accumulator_bytes = 32768\n" \
    "gemmini.accumulator_banks = 1\n" \
    "gemmini.load_scale_type = bf16\n" \
    "gemmini.load_accumulator_scale = true\n" \
    "gemmini.store_scale_type = bf16\n" \
    "gemmini.dma_bytes = 64\n"

#endif
)");
}

TEST(Firmware, DependsOnSizesAndTypesNotOnLatencies) {
    const std::uint64_t plain = firmware_fingerprint(Chip{});
    Chip slow;
    slow.memory.dram_read_latency = 300;
    slow.gemmini.tile_latency = 9;
    slow.rocket.btb_entries = 2;
    slow.soc.clock_hz = 1'000'000'000;
    EXPECT_EQ(firmware_fingerprint(slow), plain);
    Chip wide;
    wide.gemmini.mesh_side = 8;
    EXPECT_NE(firmware_fingerprint(wide), plain);
    Chip eight;
    eight.soc.cores = 8;
    EXPECT_NE(firmware_fingerprint(eight), plain);
}

class Fingerprint : public testing::Test {
  protected:
    const Chip chip_ = chip_named("ms4-c1");
    const std::string good_ = text_of(firmware_constants(chip_));

    std::string complaint(const std::string& constants) const {
        return sentence_of([&] { check_fingerprint(chip_, constants, "train.elf"); });
    }
};

TEST_F(Fingerprint, OfTheSameConstantsPasses) {
    EXPECT_NO_THROW(check_fingerprint(chip_, good_, "train.elf"));
    EXPECT_NO_THROW(check_fingerprint(chip_, good_ + std::string(3, '\0'), "train.elf"));
    EXPECT_NO_THROW(check_fingerprint(chip_, good_.substr(0, good_.size() - 1), "train.elf"))
        << "no last newline";
}

TEST_F(Fingerprint, NamesTheFirstKeyThatDiffers) {
    EXPECT_EQ(complaint(with(with(good_, "scratchpad_banks = 4", "scratchpad_banks = 8"), "mesh_side = 4",
                             "mesh_side = 16")),
              "the program 'train.elf' was built for another chip: gemmini.mesh_side is 16 in the program "
              "and 4 in the "
              "chip 'ms4-c1'");
    EXPECT_EQ(complaint(with(good_, "input_type = bf16", "input_type = fp32")),
              "the program 'train.elf' was built for another chip: gemmini.input_type is fp32 in the program "
              "and bf16 "
              "in the chip 'ms4-c1'");
}

TEST_F(Fingerprint, NamesKeysThatOnlyOneHas) {
    EXPECT_EQ(complaint(with(good_, "soc.cores = 1\n", "")),
              "the program 'train.elf' was built without soc.cores, which is 1 in the chip 'ms4-c1'; build "
              "it again");
    EXPECT_EQ(
        complaint(good_ + "soc.colour = red\n"),
        "the program 'train.elf' was built for soc.colour = red, a key that no chip has; build it again");
    EXPECT_EQ(complaint(""),
              "the program 'train.elf' was built without soc.cores, which is 1 in the chip 'ms4-c1'; build "
              "it again");
}

TEST_F(Fingerprint, NamesTheLineThatIsNone) {
    EXPECT_EQ(
        complaint(with(good_, "memory.base = ", "memory.base: ")),
        "comparing the program 'train.elf' with the chip: line 4 of its section .partita.chip is not \"key = "
        "value\"");
    EXPECT_EQ(
        complaint(" = 4\n"),
        "comparing the program 'train.elf' with the chip: line 1 of its section .partita.chip is not \"key = "
        "value\"");
}

}  // namespace
}  // namespace partita::chip::config::test
