// Programs built for a chip: they link, carry the chip's constants and the regions' names, and reserve what
// the plan says.

#include "firmware/host/build.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "data/blob.hpp"
#include "firmware/host/key.hpp"
#include "firmware/tests/cross_compiler.hpp"
#include "partita/learn/layout.hpp"
#include "support.hpp"

namespace partita::firmware::test {
namespace {

using data::test::text_of_file;

BuildOptions options_for(ProgramKind program) {
    BuildOptions options;
    options.program = program;
    options.chip_header = text_of_file(PARTITA_SOURCE_DIR "/firmware/tests/chip_bf16/partita_chip.h");
    return options;
}

std::string build_sentence(const BuildOptions& options, const data::Model& model,
                           const data::Sequences& samples) {
    try {
        build(options, model, samples, testing::TempDir() + "never.elf");
    } catch (const BuildError& error) {
        return error.what();
    }
    return "";
}

TEST(Blob, ReadsBackWhatWasWritten) {
    const data::Model model = data::random_model(3, 16, 4, 1);
    data::Sequences samples{
        .steps = 2, .input = 3, .classes = 4, .values = std::vector<float>(12, 0.5f), .labels = {3, 1}};
    samples.values[7] = -1.25f;
    const auto bytes = make_blob(model, samples);
    // Six words, 4 x 16 x (3 + 16 + 1) for the gates, 4 x 17 for the head, 12 values and 2 labels.
    ASSERT_EQ(bytes.size(), 4u * (6 + 1280 + 68 + 12 + 2));
    Blob blob;
    ASSERT_TRUE(read_blob(bytes, blob));
    EXPECT_EQ(blob.steps, 2u);
    EXPECT_EQ(blob.weight_hh[100], model.weight_hh[100]);
    EXPECT_EQ(blob.head_bias[3], model.head_bias[3]);
    EXPECT_EQ(blob.samples[7], -1.25f);
    EXPECT_EQ(blob.labels[0], 3u);
    EXPECT_FALSE(read_blob(std::span(bytes).first(bytes.size() - 4), blob));
    EXPECT_FALSE(read_blob(std::span(bytes).first(8), blob));
}

TEST(Blob, NamesWhatDoesNotFit) {
    const data::Model model = data::random_model(1, 16, 4, 1);
    const data::Sequences samples{.steps = 2, .input = 1, .classes = 9, .values = {0, 0}, .labels = {7}};
    try {
        static_cast<void>(make_blob(model, samples));
        FAIL();
    } catch (const BuildError& error) {
        EXPECT_STREQ(
            error.what(),
            "building the firmware: a sample's label is 7; expected one below the network's 4 classes");
    }
}

TEST(Build, NamesWhatIsWrong) {
    BuildOptions options = options_for(ProgramKind::published);
    const data::Model model = default_model();
    const data::Sequences samples = default_samples(4);
    options.parts = 3;
    EXPECT_EQ(build_sentence(options, model, samples),
              "building the program 'published': 3 parts do not divide 784 steps");
    options.parts = 0;
    EXPECT_EQ(build_sentence(options, model, samples),
              "building the program 'published': 0 parts of a sequence of 784 steps; expected 1 to 784");
    options.parts = 28;
    EXPECT_EQ(build_sentence(options, data::random_model(1, 64, 10, 1), samples),
              "building the program 'published': found a network of 1 x 64 x 10 and a batch of 4; expected 1 "
              "x 128 x 10 "
              "and 4");
    options.compiler = "no-such-compiler";
    if (cross_compiler_is_there()) {
        EXPECT_EQ(build_sentence(options, model, samples),
                  "building the firmware: cannot run no-such-compiler: expected Debian's "
                  "g++-riscv64-linux-gnu, which "
                  "`./dev setup` installs");
    }
}

TEST(Build, ProgramsCarryTheirChipAndRegions) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    for (const ProgramKind program : {ProgramKind::published, ProgramKind::train}) {
        const std::filesystem::path elf = testing::TempDir() + "firmware.elf";
        BuildOptions options = options_for(program);
        options.objects = PARTITA_TEST_OBJECTS;
        build(options, default_model(), default_samples(4), elf);
        const std::string bytes = text_of_file(elf);
        EXPECT_EQ(bytes.substr(0, 4),
                  "\x7f"
                  "ELF");
        EXPECT_NE(bytes.find("gemmini.mesh_side = 4\nsoc.cores = 1\n"), std::string::npos);
        EXPECT_NE(bytes.find(program == ProgramKind::published ? "5 mat2vec\n6 ewo_basic\n7 ewo_combo\n"
                                                               : "2 forward\n3 head\n4 gate_gradient\n"),
                  std::string::npos);
        std::filesystem::remove(elf);
    }
}

TEST(Build, KeepsObjectsThatProgramsHaveInCommon) {
    if (!cross_compiler_is_there()) {
        GTEST_SKIP() << "riscv64-linux-gnu-g++ or picolibc is absent";
    }
    namespace fs = std::filesystem;
    const data::test::TemporaryDirectory folder;
    BuildOptions options = options_for(ProgramKind::train);
    options.objects = folder / "objects";
    const auto bytes_of_build = [&] {
        build(options, default_model(), default_samples(4), folder / "train.elf");
        return text_of_file(folder / "train.elf");
    };
    const auto objects = [&] {
        std::map<fs::path, fs::file_time_type> times;
        for (const auto& entry : fs::recursive_directory_iterator(folder / "objects")) {
            if (entry.is_regular_file()) {
                times[entry.path()] = entry.last_write_time();
            }
        }
        return times;
    };
    const std::string first = bytes_of_build();
    const auto kept = objects();
    EXPECT_FALSE(kept.empty());
    EXPECT_EQ(bytes_of_build(), first);
    EXPECT_EQ(objects(), kept);

    // Another chip and K have them in common, other conversions have not.
    options.parts = 7;
    options.harts = 2;
    EXPECT_NE(bytes_of_build(), first);
    EXPECT_EQ(objects(), kept);
    const std::string key = objects_key(options, default_model());
    options.bf16_extension = true;
    EXPECT_NE(objects_key(options, default_model()), key);
    EXPECT_EQ(folder.entries(), 2u);  // the program and its objects, nothing of the work
}

}  // namespace
}  // namespace partita::firmware::test
