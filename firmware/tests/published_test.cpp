// The published study's final-step losses, to every printed digit, from the published program run on the
// functional model of the accelerator. The study's own network and samples are needed; where they are absent
// the tests are skipped.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "firmware/host/build.hpp"

namespace partita::firmware::test {
namespace {

struct PublishedLoss {
    const char* element;
    unsigned parts;
    const char* loss;  // cross-entropy of the four samples at T = 784, before the last update
};

void PrintTo(const PublishedLoss& loss, std::ostream* out) {
    *out << loss.element << ", K = " << loss.parts;
}

// Zhang, Gomony, Corporaal and Corradi, VLSI-SoC 2024, and the report behind it.
#ifdef PARTITA_SLOW
constexpr PublishedLoss losses[] = {
    {"fp32", 2, "0.058257"}, {"fp32", 7, "0.057592"}, {"fp32", 14, "0.056168"}, {"fp32", 28, "0.053817"},
    {"bf16", 2, "0.062993"}, {"bf16", 7, "0.070962"}, {"bf16", 14, "0.055088"}, {"bf16", 28, "0.079186"}};
#else
constexpr PublishedLoss losses[] = {
    {"fp32", 1, "0.058755"}, {"fp32", 56, "0.051874"}, {"bf16", 1, "0.071089"}, {"bf16", 56, "0.047183"}};
#endif

class PublishedProgram : public testing::TestWithParam<PublishedLoss> {};

TEST_P(PublishedProgram, PrintsThePublishedLoss) {
    const std::filesystem::path folder = std::filesystem::path(PARTITA_SHARED_DIR) / "data/published-case";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << folder.string() << " is absent";
    }
    const std::string program = std::string(PARTITA_PUBLISHED_MODEL) + "_" + GetParam().element + "_" +
                                std::to_string(GetParam().parts);
    const data::Model model = data::load_model(folder / "pretrained.safetensors");
    const auto blob = make_blob(model, data::load_sequences(folder / "samples.safetensors", model.classes));
    const std::string file =
        testing::TempDir() + "published_" + GetParam().element + std::to_string(GetParam().parts);
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(blob.data()), static_cast<std::streamsize>(blob.size()));
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((program + " " + file).c_str(), "r"), pclose);
    std::array<char, 256> printed{};
    ASSERT_NE(std::fgets(printed.data(), printed.size(), pipe.get()), nullptr);
    EXPECT_EQ(std::string(printed.data()), std::string("loss ") + GetParam().loss + "\n");
    std::filesystem::remove(file);
}

INSTANTIATE_TEST_SUITE_P(Losses, PublishedProgram, testing::ValuesIn(losses));

}  // namespace
}  // namespace partita::firmware::test
