#include "partita/data/sequences.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "support.hpp"

namespace partita::data::test {
namespace {

const Digits two{
    .rows = 2, .cols = 3, .pixels = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 255}, .labels = {7, 2}};
constexpr Normalisation unchanged{.mean = 0, .deviation = 1};

TEST(Sequences, PixelsAndRowsAreTheSameValues) {
    const Sequences pixels = make_sequences(two, View::pixels, unchanged);
    EXPECT_EQ(pixels.steps, 6U);
    EXPECT_EQ(pixels.input, 1U);
    EXPECT_EQ(pixels.count(), 2U);
    EXPECT_EQ(pixels.classes, 10U);
    EXPECT_EQ(pixels.labels, (std::vector<std::uint32_t>{7, 2}));
    const Sequences rows = make_sequences(two, View::rows, unchanged);
    EXPECT_EQ(rows.steps, 2U);
    EXPECT_EQ(rows.input, 3U);
    EXPECT_EQ(rows.values, pixels.values);
    EXPECT_EQ(rows.values, as_images(two).pixels);
}

TEST(Sequences, NormalisationByDefaultIsThatOfThePublishedWork) {
    const Sequences sequences = make_sequences(two, View::pixels);
    EXPECT_EQ(sequences.values[0], -33.318421f / 78.567490f);
    EXPECT_EQ(sequences.values[11], (255.0f - 33.318421f) / 78.567490f);
    EXPECT_EQ(make_sequences(as_images(two), View::pixels).values, sequences.values);
}

TEST(Sequences, MeasuredNormalisationCentresAndScales) {
    const Sequences sequences = make_sequences(two, View::pixels, measured(two));
    const auto sum = std::accumulate(sequences.values.begin(), sequences.values.end(), 0.0);
    const auto squares =
        std::inner_product(sequences.values.begin(), sequences.values.end(), sequences.values.begin(), 0.0);
    // Each value has the rounding of mean and deviation, below 4 ulp of numbers up to 4: 12 * 4 * 2^-22.
    EXPECT_NEAR(sum, 0.0, 1.2e-5);
    EXPECT_NEAR(squares, 12.0, 12 * 1.2e-5);
    EXPECT_EQ(measured(as_images(two)).mean, measured(two).mean);
    EXPECT_EQ(sentence_of([] { measured(Digits{}); }), "measuring mean and deviation: there are no pixels");
    EXPECT_TRUE(says(sentence_of([] { measured(Digits{1, 2, {5, 5}, {0}}); }), {"all 2 pixels are equal"}));
}

TEST(Sequences, LabelsMustBeBelowTheClasses) {
    EXPECT_EQ(sentence_of([] { make_sequences(two, View::rows, unchanged, 7); }),
              "making sequences: the label of image 0 is 7, expected below the number of classes, 7");
    EXPECT_TRUE(says(sentence_of([] { make_sequences(two, View::rows, {.mean = 0, .deviation = 0}); }),
                     {"deviation 0", "expected finite numbers and a deviation above 0"}));
}

TEST(Batches, StepsComeTimeFirst) {
    Sequences sequences{.steps = 4, .input = 2, .classes = 9, .values = {}, .labels = {0, 1, 2}};
    for (int sample = 0; sample < 3; ++sample) {
        for (int step = 0; step < 4; ++step) {
            sequences.values.push_back(static_cast<float>(100 * sample + 10 * step));
            sequences.values.push_back(static_cast<float>(100 * sample + 10 * step + 1));
        }
    }
    const std::vector<std::size_t> samples{2, 0};
    std::vector<float> part(8, -1.0f);
    gather_steps(sequences, samples, 1, 2, part);
    EXPECT_EQ(part, (std::vector<float>{210, 211, 10, 11, 220, 221, 20, 21}));
    std::vector<std::uint32_t> labels(2);
    gather_labels(sequences, samples, labels);
    EXPECT_EQ(labels, (std::vector<std::uint32_t>{2, 0}));
    EXPECT_NO_THROW(gather_steps(sequences, samples, 4, 0, {}));
}

TEST(Batches, RangesAreChecked) {
    const Sequences sequences = make_sequences(two, View::rows, unchanged);
    std::vector<float> buffer(6);
    std::vector<std::uint32_t> labels(3);
    const std::vector<std::size_t> good{0};
    const std::vector<std::size_t> bad{2};
    const auto gather = [&](const std::vector<std::size_t>& samples, std::size_t first, std::size_t steps) {
        return sentence_of([&] { gather_steps(sequences, samples, first, steps, buffer); });
    };
    EXPECT_EQ(gather(good, 1, 2), "gathering a batch: 2 steps from step 1 on, but a sequence has only 2");
    EXPECT_TRUE(says(gather(good, 1, ~std::size_t{0}), {"a sequence has only 2"}));
    EXPECT_EQ(gather(bad, 0, 2), "gathering a batch: there is no sample 2, only 2");
    EXPECT_EQ(gather(good, 0, 1),
              "gathering a batch: the buffer has 6 values, expected 1 steps x 1 samples x 3 inputs");
    EXPECT_EQ(sentence_of([&] { gather_labels(sequences, good, labels); }),
              "gathering labels: the buffer has 3 elements, expected 1");
    EXPECT_EQ(subset(sequences, 1, 1).values, (std::vector<float>{10, 11, 12, 13, 14, 255}));
    EXPECT_EQ(subset(sequences, 1, 1).labels, (std::vector<std::uint32_t>{2}));
    EXPECT_TRUE(says(sentence_of([&] { subset(sequences, 1, 2); }), {"taking 2 sequences from number 1 on"}));
}

/// A file of three samples of two steps, whose tensors a test then spoils.
class SequenceFile : public testing::Test {
  protected:
    SequenceFile() {
        file_.name = "s";
        file_.tensors.push_back(make_tensor("samples", {3, 2}, values_));
        file_.tensors.push_back(make_tensor("labels", {3, 2}, std::vector<float>{1, 0, 0, 1, 1, 0}));
    }
    void labels(Dtype dtype, std::vector<std::uint64_t> shape, std::size_t width,
                const std::vector<int>& values) {
        Tensor tensor{.name = "labels", .dtype = dtype, .shape = std::move(shape), .bytes = {}};
        for (const int value : values) {
            for (std::size_t index = 0; index < width; ++index) {
                tensor.bytes.push_back(
                    static_cast<std::byte>(static_cast<std::int64_t>(value) >> (8 * index)));
            }
        }
        file_.tensors[1] = std::move(tensor);
    }
    std::string sentence(std::size_t classes = 0) {
        return sentence_of([&] { sequences_from(file_, classes); });
    }
    std::vector<float> values_{1, 2, 3, 4, 5, 6};
    File file_;
};

TEST_F(SequenceFile, OneHotLabels) {
    const Sequences sequences = sequences_from(file_);
    EXPECT_EQ(sequences.steps, 2U);
    EXPECT_EQ(sequences.input, 1U);
    EXPECT_EQ(sequences.classes, 2U);
    EXPECT_EQ(sequences.values, values_);
    EXPECT_EQ(sequences.labels, (std::vector<std::uint32_t>{0, 1, 0}));
    EXPECT_EQ(sequences_from(file_, 10).classes, 10U);
}

TEST_F(SequenceFile, IntegerLabelsAndThreeDimensions) {
    file_.tensors[0].shape = {3, 1, 2};
    labels(Dtype::I64, {3}, 8, {4, 0, 1});
    const Sequences sequences = sequences_from(file_);
    EXPECT_EQ(sequences.steps, 1U);
    EXPECT_EQ(sequences.input, 2U);
    EXPECT_EQ(sequences.classes, 5U);
    EXPECT_EQ(sequences.labels, (std::vector<std::uint32_t>{4, 0, 1}));
    labels(Dtype::U8, {3}, 1, {4, 0, 1});
    EXPECT_EQ(sequences_from(file_).labels, sequences.labels);
}

TEST_F(SequenceFile, LabelsOutsideTheClasses) {
    EXPECT_EQ(sentence(1),
              "reading sequences 's': the label of sample 1 is 1, expected below the number of classes, 1");
    labels(Dtype::I32, {3}, 4, {0, -1, 1});
    EXPECT_TRUE(says(sentence(), {"element 1 of tensor 'labels' is -1, expected 0 to"}));
    labels(Dtype::I32, {3}, 4, {0, 1 << 30, 1});
    EXPECT_TRUE(says(sentence(), {"element 1 of tensor 'labels' is 1073741824"}));
}

TEST_F(SequenceFile, RowsThatAreNotOneHot) {
    for (const std::vector<float>& rows : {std::vector<float>{1, 0, 1, 1, 1, 0},
                                           {1, 0, 0, 0, 1, 0},
                                           {1, 0, 0.5f, 0.5f, 1, 0},
                                           {1, 0, 1, -1, 0, 1}}) {
        file_.tensors[1] = make_tensor("labels", {3, 2}, rows);
        EXPECT_EQ(sentence(),
                  "reading sequences 's': row 1 of tensor 'labels' [3, 2] is not one-hot, expected one 1 and "
                  "otherwise 0");
    }
}

TEST_F(SequenceFile, WrongRanksTypesAndCounts) {
    file_.tensors[0].shape = {6};
    EXPECT_EQ(sentence(),
              "reading sequences 's': tensor 'samples' has shape [6], expected [n, T] or [n, T, input]");
    file_.tensors[0].shape = {2, 3};
    EXPECT_EQ(sentence(), "reading sequences 's': tensor 'samples' has 2 samples, but 'labels' has 3");
    file_.tensors[0] = make_tensor("samples", {3, 0}, {});
    EXPECT_EQ(sentence(), "reading sequences 's': tensor 'samples' [3, 0] is empty");
    file_.tensors[0] = make_tensor("samples", {3, 2}, values_);
    file_.tensors[1].shape = {3, 2, 1};
    EXPECT_TRUE(
        says(sentence(), {"tensor 'labels' has shape [3, 2, 1], expected integers [n] or one-hot floats"}));
    file_.tensors[1] = make_tensor("labels", {3}, std::vector<float>{0, 1, 0});
    EXPECT_EQ(sentence(), "reading 's': tensor 'labels' is F32, expected integers");
    labels(Dtype::U8, {3, 2}, 1, {1, 0, 0, 1, 1, 0});
    EXPECT_EQ(sentence(), "reading 's': tensor 'labels' is U8, expected F32, F64, F16 or BF16");
    file_.tensors.pop_back();
    EXPECT_EQ(sentence(), "reading 's': there is no tensor 'labels'; found 'samples'");
}

TEST_F(SequenceFile, NanIsNamed) {
    values_[4] = std::numeric_limits<float>::quiet_NaN();
    file_.tensors[0] = make_tensor("samples", {3, 2}, values_);
    EXPECT_EQ(sentence(), "reading 's': tensor 'samples' [3, 2]: element 4 is nan, expected a finite number");
}

}  // namespace
}  // namespace partita::data::test
