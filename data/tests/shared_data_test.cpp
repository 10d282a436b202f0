// On the data of the published study, where they are at hand.

#include <cmath>
#include <filesystem>

#include "partita/data/idx.hpp"
#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

class SharedData : public testing::Test {
  protected:
    /// Skips the test by name if the folder of the study's data is not there.
    void SetUp() override {
        for (const std::filesystem::path& folder : {mnist_, published_}) {
            if (!std::filesystem::exists(folder)) {
                GTEST_SKIP() << folder.string() << " is absent";
            }
        }
    }
    const std::filesystem::path mnist_ = std::filesystem::path(PARTITA_SHARED_DIR) / "data/mnist";
    const std::filesystem::path published_ =
        std::filesystem::path(PARTITA_SHARED_DIR) / "data/published-case";
};

TEST_F(SharedData, MnistHasTenThousandDigits) {
    const Digits digits = load_mnist(mnist_, "t10k");
    EXPECT_EQ(digits.count(), 10'000U);
    EXPECT_EQ(digits.rows, 28U);
    EXPECT_EQ(digits.cols, 28U);
    EXPECT_EQ(digits.max_label(), 9);
    EXPECT_EQ(subset(digits, 0, 4).labels, (std::vector<std::uint8_t>{7, 2, 1, 0}));
}

TEST_F(SharedData, PublishedModelHasItsSizes) {
    const Model model = load_model(published_ / "pretrained.safetensors");
    EXPECT_EQ(model.input, 1U);
    EXPECT_EQ(model.hidden, 128U);
    EXPECT_EQ(model.classes, 10U);
    EXPECT_EQ(model.metadata.at("gate_order"), "i,f,g,o");
}

TEST_F(SharedData, PublishedSamplesAreMnistsFirstFourNormalised) {
    const Sequences published = load_sequences(published_ / "samples.safetensors");
    const Digits digits = subset(load_mnist(mnist_, "t10k"), 0, 4);
    const Sequences ours = make_sequences(digits, View::pixels);
    EXPECT_EQ(published.steps, 784U);
    EXPECT_EQ(published.input, 1U);
    EXPECT_EQ(published.classes, 10U);
    EXPECT_EQ(published.labels, ours.labels);
    ASSERT_EQ(published.values.size(), ours.values.size());
    for (std::size_t index = 0; index < ours.values.size(); ++index) {
        // The study scales in another order: some ten roundings of numbers below 4, each by 2^-23 at most.
        ASSERT_NEAR(published.values[index], ours.values[index], 16 * 0x1p-23) << index;
    }
}

}  // namespace
}  // namespace partita::data::test
