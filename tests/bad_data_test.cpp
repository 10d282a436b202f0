#include <limits>

#include "command.hpp"

namespace partita::test {
namespace {

using data::test::gzip;
using data::test::idx_bytes;

class BadDigits : public CommandTest {
  protected:
    // Four images of 28 x 28 with labels 0, 1, 2, 3, that can be read.
    BadDigits() {
        write_model("model", 28, 4, 10);
        write(images, idx_bytes({0x803, 4, 28, 28}, 4 * 784));
        write(labels, idx_bytes({0x801, 4}, 4));
    }
    void is_refused(const std::vector<std::string>& phrases) const {
        refuses(1, phrases, {"evaluate", "model", "--data", ".", "--view", "rows"});
        refuses(1, phrases, {"finetune", "model", "--data", ".", "--view", "rows", "--out", "trained"});
        refuses(1, phrases,
                {"train", "--hidden", "4", "--data", ".", "--view", "rows", "--json", "result",
                 "--checkpoint", "checkpoint"});
    }
    void remove(std::string_view name) const { std::filesystem::remove(path(name)); }

    static constexpr std::string_view images = "t10k-images-idx3-ubyte";
    static constexpr std::string_view labels = "t10k-labels-idx1-ubyte";
};

TEST_F(BadDigits, TheGoodOnesAreAcceptedPlainAndPacked) {
    const Arguments command{"evaluate", "model", "--data", ".", "--view", "rows"};
    EXPECT_TRUE(says(succeeds(command), {"of 4 right", "(t10k), 4 sequences"}));
    const std::string plain = succeeds(command);
    write("t10k-images-idx3-ubyte.gz", gzip(idx_bytes({0x803, 4, 28, 28}, 4 * 784)));
    remove(images);
    EXPECT_EQ(succeeds(command), plain);
}

TEST_F(BadDigits, Missing) {
    remove(labels);
    is_refused({"there is none of", "t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz"});
    remove(images);
    is_refused({"there is none of", "t10k-images-idx3-ubyte"});
    refuses(1, {"train-images-idx3-ubyte"}, {"evaluate", "model", "--data", ".", "--prefix", "train"});
    refuses(1, {"nowhere"}, {"evaluate", "model", "--data", "nowhere"});
}

TEST_F(BadDigits, WrongMagic) {
    write(images, idx_bytes({0x801, 4}, 4));
    is_refused({std::string(images), "its magic number is 0x801", "expected 0x803"});
    write(images, idx_bytes({0xdeadbeef, 4, 28, 28}, 4 * 784));
    is_refused({"its magic number is 0xdeadbeef", "expected 0x803"});
}

TEST_F(BadDigits, FalseCount) {
    write(images, idx_bytes({0x803, 5, 28, 28}, 4 * 784));
    is_refused({std::string(images), "holds 3136 bytes after its header, fewer than the 3920 (5 x 28 x 28)"});
    write(images, idx_bytes({0x803, 3, 28, 28}, 4 * 784));
    is_refused({"holds more bytes after its header than the 2352 (3 x 28 x 28)"});
    write(images, idx_bytes({0x803, 0xffffffff, 0xffffffff, 0xffffffff}, 16));
    is_refused({std::string(images), "allowed"});
    write(images, idx_bytes({0x803, 4, 0, 28}, 0));
    is_refused({std::string(images), "0, expected at least 1"});
}

TEST_F(BadDigits, CountsThatDiffer) {
    write(labels, idx_bytes({0x801, 3}, 3));
    is_refused({"has 4 images", "has 3 labels"});
}

TEST_F(BadDigits, CutShort) {
    write_text(images, "");
    is_refused({std::string(images), "it ends within its header, expected 16 bytes"});
    write(images, idx_bytes({0x803, 4}, 0));
    is_refused({"it ends within its header"});
}

TEST_F(BadDigits, GzipCutShort) {
    Bytes packed = gzip(idx_bytes({0x803, 4, 28, 28}, 4 * 784));
    packed.resize(packed.size() / 2);
    write(images, packed);
    is_refused({std::string(images), "gzip data are cut short"});
}

TEST_F(BadDigits, GzipDamaged) {
    Bytes packed = gzip(idx_bytes({0x803, 4, 28, 28}, 4 * 784));
    packed[packed.size() - 6] ^= std::byte{0xff};  // its checksum
    write(images, packed);
    is_refused({std::string(images), "gzip data are damaged"});
}

TEST_F(BadDigits, LabelsThatAreNoDigits) {
    Bytes bytes = idx_bytes({0x801, 4}, 4);
    bytes.back() = std::byte{10};
    write(labels, bytes);
    is_refused({"label of image 3 is 10", "10"});
}

TEST_F(BadDigits, OtherViewThanTheModels) {
    refuses(1, {"1 values a step", "the model takes 28"}, {"evaluate", "model", "--data", "."});
    refuses(1, {"1 values a step", "the model takes 28"},
            {"finetune", "model", "--data", ".", "--out", "trained"});
}

class BadSequences : public CommandTest {
  protected:
    BadSequences() {
        write_model("model", 3, 4, 10);
        write_sequences("good", sequences_);
    }
    void is_refused(const std::vector<std::string>& phrases) const {
        refuses(1, phrases, {"evaluate", "model", "--sequences", "bad"});
        refuses(1, phrases,
                {"finetune", "model", "--sequences", "bad", "--parts", "2", "--out", "trained", "--json",
                 "result"});
    }
    const data::Sequences sequences_ = random_sequences(12, 5, 3, 10);
};

TEST_F(BadSequences, TheGoodOnesAreAccepted) {
    succeeds({"evaluate", "model", "--sequences", "good"});
    succeeds({"finetune", "model", "--sequences", "good", "--parts", "2"});
}

TEST_F(BadSequences, NotANumber) {
    data::Sequences bad = sequences_;
    bad.values[17] = std::numeric_limits<float>::quiet_NaN();
    write_sequences("bad", bad);
    is_refused({"'bad'", "'samples'", "element 17"});
    refuses(1, {"'samples'", "element 17"},
            {"train", "--sequences", "bad", "--hidden", "4", "--parts", "2", "--out", "trained"});
}

// Label 12 for a model of ten classes.
TEST_F(BadSequences, LabelsOutsideOfTheModelsClasses) {
    data::Sequences bad = sequences_;
    bad.labels[7] = 12;
    write_sequences("bad", bad);
    is_refused({"sequence 7 has the label 12", "the model has 10 classes"});
    // Also where it stands among those to be held out, and not where it stands in neither.
    const Arguments command{"finetune", "model", "--sequences", "bad", "--parts", "2"};
    refuses(1, {"sequence 1 has the label 12"}, with(command, {"--train", "0:6", "--test", "6:6"}));
    succeeds(with(command, {"--train", "0:4", "--test", "8:4"}));
}

TEST_F(BadSequences, OtherInputThanTheModels) {
    for (const std::size_t input : {1u, 2u, 4u, 500u}) {
        write_sequences("bad", 12, 5, input, 10);
        is_refused({"the sequences have " + std::to_string(input) + " values a step", "the model takes 3"});
    }
}

TEST_F(BadSequences, TensorsMissingOrOfTheWrongShape) {
    data::File file = data::load_safetensors(path("good"));
    const auto samples = [](data::File& f) -> data::Tensor& {
        return *std::ranges::find(f.tensors, "samples", &data::Tensor::name);
    };
    data::File changed = file;
    samples(changed).name = "sample";
    data::save_safetensors(path("bad"), changed);
    is_refused({"'bad'", "samples", "sample"});
    changed = file;
    samples(changed).shape = {12 * 5 * 3};
    data::save_safetensors(path("bad"), changed);
    is_refused({"'samples' has shape [180]", "[n, T] or [n, T, input]"});
    changed = file;
    samples(changed).shape = {6, 10, 3};
    data::save_safetensors(path("bad"), changed);
    is_refused({"'samples' has 6 samples, but 'labels' has 12"});
    changed = file;
    samples(changed).shape = {0, 5, 3};
    samples(changed).bytes.clear();
    data::save_safetensors(path("bad"), changed);
    is_refused({"'bad'", "'samples'", "is empty"});
}

TEST_F(BadSequences, MissingFile) {
    is_refused({"cannot open 'bad'", "No such file"});
}

}  // namespace
}  // namespace partita::test
