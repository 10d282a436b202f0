// `partita simulate --accelerator rtl`: the training program with the Verilated accelerator in the place of
// the model's.

#include "chip_command.hpp"

namespace partita::test {
namespace {

class SimulateHardware : public ChipCommandTest {
  protected:
    void SetUp() override {
        if (const bool has_hardware = PARTITA_HAS_HARDWARE; !has_hardware) {
            GTEST_SKIP() << "Verilator is absent";
        }
        if (!cross_compiler_is_there()) {
            GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
        }
    }

    nlohmann::json record_of(const Arguments& command, const std::string& accelerator) const {
        const std::string file = accelerator + ".json";
        const Outcome outcome = run(with(command, {"--quiet", "--accelerator", accelerator, "--json", file}));
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return json(file);
    }

    // The same numbers and the same traffic, in less of the accelerator's time. Of the program's cycles that
    // is a few in a hundred, less than what harts gain or lose by other turns on the bus.
    void compare(const Arguments& command) const {
        const nlohmann::json model = record_of(command, "model");
        const nlohmann::json hardware = record_of(command, "rtl");
        EXPECT_EQ(hardware.at("console"), model.at("console"));
        EXPECT_NE(hardware.at("console"), "");
        for (const char* bytes : {"dma_read_bytes", "dma_written_bytes"}) {
            EXPECT_EQ(hardware.at("accelerator").at(bytes), model.at("accelerator").at(bytes)) << bytes;
            EXPECT_GT(hardware.at("accelerator").at(bytes), 0) << bytes;
        }
        EXPECT_LT(hardware.at("accelerator").at("busy_cycles"), model.at("accelerator").at("busy_cycles"));
    }
};

TEST_F(SimulateHardware, TrainsToTheModelsBits) {
    compare({"simulate", "--chip", chip_file("ms4-c1"), "--steps", "3", "--parts", "1", "--hidden", "20"});
}

TEST_F(SimulateHardware, RunsThePublishedProgramToTheModelsBits) {
    compare({"simulate", "--chip", chip_file("ms4-c1"), "--program", "published", "--steps", "2", "--parts",
             "1"});
}

TEST_F(SimulateHardware, NamesTheChipsThatAreBuiltIn) {
    refuses(1, {"no hardware for an accelerator of SIDE=4", "SCRATCHPAD_ROWS=32768", "ms4-c1"},
            {"simulate", "--chip", chip_file("ms4-c1"), "--set", "gemmini.scratchpad_bytes=262144", "--steps",
             "3", "--parts", "1", "--accelerator", "rtl"});
}

TEST_F(SimulateHardware, NamesTheKeyThatHardwareCannotHave) {
    refuses(1, {"spatial_array_type is fp32; expected input_type, bf16"},
            {"simulate", "--chip", chip_file("ms4-c1"), "--set", "gemmini.accumulator_type=fp32", "--set",
             "gemmini.spatial_array_type=fp32", "--steps", "3", "--parts", "1", "--accelerator", "rtl"});
}

}  // namespace
}  // namespace partita::test
