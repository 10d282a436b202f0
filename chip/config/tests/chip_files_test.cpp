// The chips that come with the project: each loads, and differs from the first only where its name says so.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "chip/config/chip.hpp"

namespace partita::chip::config::test {
namespace {

const std::filesystem::path folder = PARTITA_CHIPS_DIR;

Chip committed(const std::string& name) {
    return read_chip(folder / (name + ".toml"));
}

// The keys in which two chips differ, with the second's values.
std::vector<std::string> differences(const Chip& from, const Chip& to) {
    const std::vector<Line> before = lines_of(from);
    const std::vector<Line> after = lines_of(to);
    std::vector<std::string> changed;
    for (std::size_t index = 0; index < before.size(); ++index) {
        EXPECT_EQ(before[index].key, after[index].key);
        if (before[index].value != after[index].value) {
            changed.push_back(after[index].key + " = " + after[index].value);
        }
    }
    return changed;
}

TEST(ChipFiles, AreTheseTenWithTheirOwnNames) {
    const std::set<std::string> expected{"ms4-c1", "ms4-c2", "ms4-c4", "ms4-c8",      "ms8-c1",
                                         "ms8-c2", "ms8-c4", "ms8-c8", "fp32-ms4-c1", "int8-default"};
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".toml") {
            const std::string name = entry.path().stem();
            found.insert(name);
            EXPECT_EQ(committed(name).name, name);
            EXPECT_FALSE(committed(name).description.empty());
        }
    }
    EXPECT_EQ(found, expected);
}

// The structs' defaults are a chip of the published study; the file is the same chip.
TEST(ChipFiles, TheFirstIsTheDefault) {
    EXPECT_EQ(lines_of(committed("ms4-c1")), lines_of(Chip{}));
}

TEST(ChipFiles, PublishedChipsDifferInCoresAndMeshOnly) {
    const Chip first = committed("ms4-c1");
    for (const std::string side : {"4", "8"}) {
        for (const std::string cores : {"1", "2", "4", "8"}) {
            std::vector<std::string> expected;
            if (cores != "1") {
                expected.push_back("soc.cores = " + cores);
            }
            if (side != "4") {
                expected.push_back("gemmini.mesh_side = " + side);
            }
            const std::string name = "ms" + side + "-c" + cores;
            EXPECT_EQ(differences(first, committed(name)), expected) << name;
        }
    }
}

// Gemmini's ConfigsFP.scala, FP32DefaultConfig, in place of the compressed BF16 accelerator.
TEST(ChipFiles, TheFp32ChipHasGemminisDefaults) {
    EXPECT_EQ(differences(committed("ms4-c1"), committed("fp32-ms4-c1")),
              (std::vector<std::string>{
                  "gemmini.input_type = fp32", "gemmini.spatial_array_type = fp32",
                  "gemmini.accumulator_type = fp32", "gemmini.scratchpad_bytes = 262144",
                  "gemmini.accumulator_bytes = 65536", "gemmini.execute_reads_accumulator = true",
                  "gemmini.execute_writes_scratchpad = true", "gemmini.load_scale_type = fp32",
                  "gemmini.load_scale_latency = 4", "gemmini.load_accumulator_scale_latency = 4",
                  "gemmini.store_scale_type = fp32", "gemmini.store_scale_latency = 4",
                  "gemmini.tile_latency = 2", "gemmini.mesh_output_delay = 0"}));
}

// Gemmini's Configs.scala, defaultConfig, and the defaults of GemminiConfigs.scala.
TEST(ChipFiles, TheInt8ChipHasGemminisDefaults) {
    EXPECT_EQ(differences(committed("ms4-c1"), committed("int8-default")),
              (std::vector<std::string>{"gemmini.mesh_side = 16",
                                        "gemmini.input_type = int8",
                                        "gemmini.spatial_array_type = int20",
                                        "gemmini.accumulator_type = int32",
                                        "gemmini.scratchpad_bytes = 262144",
                                        "gemmini.accumulator_bytes = 65536",
                                        "gemmini.accumulator_banks = 2",
                                        "gemmini.execute_reads_accumulator = true",
                                        "gemmini.execute_writes_scratchpad = true",
                                        "gemmini.load_scale_type = fp32",
                                        "gemmini.load_scale_latency = 4",
                                        "gemmini.load_scale_units = 4",
                                        "gemmini.load_accumulator_scale = false",
                                        "gemmini.load_accumulator_scale_latency = 0",
                                        "gemmini.store_scale_type = fp32",
                                        "gemmini.store_scale_latency = 8",
                                        "gemmini.tile_latency = 0",
                                        "gemmini.mesh_output_delay = 1",
                                        "gemmini.scratchpad_read_delay = 4",
                                        "gemmini.store_issue_queue = 5"}));
}

}  // namespace
}  // namespace partita::chip::config::test
