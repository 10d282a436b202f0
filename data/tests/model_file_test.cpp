#include "partita/data/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support.hpp"

namespace partita::data::test {
namespace {

/// A file as PyTorch would save it, whose tensors a test then spoils.
class ModelFile : public testing::Test {
  protected:
    ModelFile() : model_(random_model(2, 3, 4, 1)), file_(file_from(model_)) { file_.name = "m"; }
    std::string sentence() {
        return sentence_of([&] { model_from(file_); });
    }
    Tensor& tensor(std::string_view name) {
        return *std::find_if(file_.tensors.begin(), file_.tensors.end(),
                             [&](const Tensor& candidate) { return candidate.name == name; });
    }
    Model model_;
    File file_;
};

TEST_F(ModelFile, ComesBackUnchanged) {
    model_.metadata["writer"] = "7";
    const TemporaryDirectory directory;
    save_model(directory / "m.safetensors", model_);
    EXPECT_EQ(load_model(directory / "m.safetensors"), model_);
    const File file = load_safetensors(directory / "m.safetensors");
    EXPECT_EQ(floats(file, file.at("lstm.bias_ih_l0")), model_.bias);
    EXPECT_EQ(floats(file, file.at("lstm.bias_hh_l0")), std::vector<float>(12, 0.0f));
    EXPECT_EQ(file.at("lstm.weight_ih_l0").shape, (std::vector<std::uint64_t>{12, 2}));
    EXPECT_EQ(file.at("fc.weight").shape, (std::vector<std::uint64_t>{4, 3}));
}

TEST_F(ModelFile, BiasesAreSummed) {
    const std::vector<float> second{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    tensor("lstm.bias_hh_l0") = make_tensor("lstm.bias_hh_l0", {12}, second);
    const Model read = model_from(file_);
    for (std::size_t index = 0; index < 12; ++index) {
        EXPECT_EQ(read.bias[index], model_.bias[index] + second[index]);
    }
}

TEST_F(ModelFile, NarrowTypesAreWidened) {
    Tensor& bias = tensor("fc.bias");
    bias.dtype = Dtype::BF16;
    bias.bytes = {std::byte{0x80}, std::byte{0x3f}, std::byte{0}, std::byte{0xc0},
                  std::byte{0},    std::byte{0},    std::byte{0}, std::byte{0x80}};
    EXPECT_EQ(model_from(file_).head_bias, (std::vector<float>{1.0f, -2.0f, 0.0f, -0.0f}));
}

TEST_F(ModelFile, OtherModuleNamesAreUnderstood) {
    for (Tensor& each : file_.tensors) {
        const bool recurrent = each.name.starts_with("lstm.");
        each.name = (recurrent ? "model.rnn." : "classifier.") + each.name.substr(each.name.find('.') + 1);
    }
    EXPECT_EQ(model_from(file_), model_);
    // A checkpoint's own tensors do not disturb.
    file_.tensors.push_back(make_tensor("training.delta.fc.weight", {1}, std::vector<float>{1}));
    EXPECT_EQ(model_from(file_), model_);
}

TEST_F(ModelFile, AmbiguousNamesAreListed) {
    file_.tensors.push_back(make_tensor("fc2.weight", {4, 3}, std::vector<float>(12)));
    const std::string expected =
        "expected 'lstm.weight_ih_l0', 'lstm.weight_hh_l0', 'lstm.bias_ih_l0', 'lstm.bias_hh_l0', "
        "'fc.weight', "
        "'fc.bias'";
    EXPECT_TRUE(says(sentence(), {"reading model 'm': both 'fc.weight' and 'fc2.weight' could be the tensor "
                                  "'fc.weight'; found 'lstm.weight_ih_l0', ",
                                  "'fc2.weight'; ", expected}));
}

TEST_F(ModelFile, SecondLayersAndForeignTensorsAreRefused) {
    for (const std::string name :
         {"lstm.weight_ih_l1", "lstm.weight_ih_l0_reverse", "lstm.weight_hr_l0", "scale"}) {
        File spoiled = file_;
        spoiled.tensors.push_back(make_tensor(name, {1}, std::vector<float>{1}));
        EXPECT_TRUE(
            says(sentence_of([&] { model_from(spoiled); }),
                 {"tensor '" + name + "' does not belong to one LSTM layer and a linear head; found "}));
    }
}

TEST_F(ModelFile, MissingAndMixedNamesAreRefused) {
    tensor("lstm.bias_hh_l0").name = "rnn.bias_hh_l0";
    EXPECT_TRUE(says(sentence(), {"the names do not belong to one LSTM and one linear head; found "}));
    tensor("rnn.bias_hh_l0").name = "lstm.bias_hh_l0";
    tensor("fc.bias").name = "head.bias";
    EXPECT_TRUE(says(sentence(), {"the names do not belong to one LSTM and one linear head; found "}));
    tensor("head.bias").name = "fc.bias";
    tensor("lstm.bias_hh_l0").name = "lstm.xbias_hh_l0";
    EXPECT_TRUE(says(sentence(), {"tensor 'lstm.xbias_hh_l0' does not belong"}));
    std::erase_if(file_.tensors, [](const Tensor& each) { return each.name == "lstm.xbias_hh_l0"; });
    EXPECT_TRUE(says(sentence(), {"there is no tensor 'lstm.bias_hh_l0'; found "}));
    file_.tensors.clear();
    EXPECT_TRUE(says(sentence(), {"there is no tensor 'lstm.weight_ih_l0'; found none; expected "}));
}

TEST_F(ModelFile, WrongShapesAreNamedWithBoth) {
    const auto with = [&](const std::string& name, const std::vector<std::uint64_t>& shape) {
        File spoiled = file_;
        for (Tensor& each : spoiled.tensors) {
            if (each.name == name) {
                std::uint64_t count = 1;
                for (const std::uint64_t size : shape) {
                    count *= size;
                }
                each = make_tensor(name, shape, std::vector<float>(count));
            }
        }
        return sentence_of([&] { model_from(spoiled); });
    };
    EXPECT_EQ(with("lstm.weight_hh_l0", {11, 3}),
              "reading model 'm': tensor 'lstm.weight_hh_l0' has shape [11, 3], expected [4H, H] = [12, 3]");
    EXPECT_TRUE(says(with("lstm.weight_ih_l0", {16, 2}), {"has shape [16, 2], expected [4H, I] = [12, 2]"}));
    EXPECT_TRUE(says(with("lstm.bias_ih_l0", {12, 1}), {"has shape [12, 1], expected [4H] = [12]"}));
    EXPECT_TRUE(
        says(with("lstm.bias_hh_l0", {3}), {"'lstm.bias_hh_l0' has shape [3], expected [4H] = [12]"}));
    EXPECT_TRUE(says(with("fc.weight", {4, 2}), {"has shape [4, 2], expected [C, H] = [4, 3]"}));
    EXPECT_TRUE(says(with("fc.bias", {5}), {"has shape [5], expected [C] = [4]"}));
    EXPECT_TRUE(says(with("fc.weight", {12}), {"has shape [12], expected [C, H] with nothing 0"}));
    EXPECT_TRUE(says(with("fc.weight", {0, 3}), {"has shape [0, 3], expected [C, H] with nothing 0"}));
    EXPECT_TRUE(
        says(with("lstm.weight_ih_l0", {12, 0}), {"has shape [12, 0], expected [4H, I] with nothing 0"}));
}

TEST_F(ModelFile, NanAndInfinityAreNamed) {
    model_.weight_hh[5] = std::numeric_limits<float>::quiet_NaN();
    file_ = file_from(model_);
    file_.name = "m";
    EXPECT_TRUE(says(sentence(), {"tensor 'lstm.weight_hh_l0' [12, 3]: element 5 is nan"}));
    model_ = random_model(2, 3, 4, 1);
    model_.bias[2] = std::numeric_limits<float>::max();
    file_ = file_from(model_);
    tensor("lstm.bias_hh_l0") = make_tensor("lstm.bias_hh_l0", {12}, model_.bias);
    EXPECT_TRUE(
        says(sentence(), {"the sum of 'lstm.bias_ih_l0' and 'lstm.bias_hh_l0' is infinite at element 2"}));
}

TEST_F(ModelFile, IntegersAreNoWeights) {
    tensor("fc.bias").dtype = Dtype::I32;
    EXPECT_TRUE(says(sentence(), {"tensor 'fc.bias' is I32, expected F32, F64, F16 or BF16"}));
}

TEST(RandomModel, HasPyTorchsDistribution) {
    const Model model = random_model(7, 25, 9, 3);
    EXPECT_EQ(model.weight_ih.size(), 4U * 25 * 7);
    EXPECT_EQ(model.weight_hh.size(), 4U * 25 * 25);
    EXPECT_EQ(model.head_weight.size(), 9U * 25);
    EXPECT_EQ(model.head_bias.size(), 9U);
    double squares = 0;
    float largest = 0;
    for (const float value : model.weight_hh) {
        squares += static_cast<double>(value) * value;
        largest = std::max(largest, std::fabs(value));
    }
    // Uniform in [-b, b], b = 1/5: variance b^2/3, deviation of its estimate b^2 * sqrt(4/45/2500); five of
    // them.
    EXPECT_NEAR(squares / 2500, 0.04 / 3, 5 * 0.04 * std::sqrt(4.0 / 45 / 2500));
    EXPECT_LE(largest, 0.2f);
    EXPECT_GT(largest, 0.199f);
    EXPECT_LE(*std::max_element(model.bias.begin(), model.bias.end()), 0.4f);
    EXPECT_EQ(model, random_model(7, 25, 9, 3));
    EXPECT_NE(model.bias, random_model(7, 25, 9, 4).bias);
}

TEST(RandomModel, ForgetBiasIsTheSecondQuarter) {
    const Model plain = random_model(1, 5, 2, 3);
    const Model model = random_model(1, 5, 2, 3, true);
    for (std::size_t index = 0; index < 20; ++index) {
        EXPECT_EQ(model.bias[index], index / 5 == 1 ? 1.0f : plain.bias[index]);
    }
    EXPECT_EQ(model.head_weight, plain.head_weight);
}

TEST(RandomModel, SizesAreChecked) {
    EXPECT_EQ(sentence_of([] { random_model(1, 0, 10, 1); }),
              "making a random model: input 1, hidden 0, classes 10, expected at least 1 each");
    EXPECT_TRUE(
        says(sentence_of([] { random_model(1, std::size_t{1} << 31, 10, 1); }), {"overflows 64 bits"}));
    Model model = random_model(1, 2, 2, 1);
    model.bias.pop_back();
    EXPECT_EQ(sentence_of([&] { file_from(model); }), "saving a model: bias has 7 values, expected 8");
}

}  // namespace
}  // namespace partita::data::test
