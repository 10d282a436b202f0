#include <cstring>
#include <limits>

#include "command.hpp"
#include "partita/data/model_file.hpp"

namespace partita::test {
namespace {

class BadModel : public CommandTest {
  protected:
    BadModel() {
        write_sequences("sequences", 8, 5, 3, 2);
        write_model("good", 3, 4, 2);
        file_ = data::load_safetensors(path("good"));
    }

    // Every command that reads a model refuses the file `model` in the same words.
    void is_refused(const std::vector<std::string>& phrases) const {
        refuses(1, with({"'model'"}, phrases), {"evaluate", "model", "--sequences", "sequences"});
        refuses(1, with({"'model'"}, phrases),
                {"finetune", "model", "--sequences", "sequences", "--parts", "1", "--out", "trained",
                 "--json", "result"});
        refuses(1, with({"'model'"}, phrases),
                {"demo", "--model", "model", "--samples", "4", "--tests", "4"});
    }

    // A file of this header and so many bytes of data.
    void header_is_refused(std::string_view header, std::size_t data_bytes,
                           const std::vector<std::string>& phrases) const {
        write("model", data::test::safetensors_bytes(header, data_bytes));
        is_refused(phrases);
    }

    // The good model, changed.
    void change_is_refused(const std::function<void(data::File&)>& change,
                           const std::vector<std::string>& phrases) const {
        data::File changed = file_;
        change(changed);
        data::save_safetensors(path("model"), changed);
        is_refused(phrases);
    }

    static data::Tensor& tensor(data::File& file, std::string_view name) {
        return *std::ranges::find(file.tensors, name, &data::Tensor::name);
    }

    data::File file_;
};

TEST_F(BadModel, TheGoodOneIsAccepted) {
    succeeds({"evaluate", "good", "--sequences", "sequences"});
}

TEST_F(BadModel, Missing) {
    is_refused({"cannot open", "No such file or directory"});
}

TEST_F(BadModel, Directory) {
    std::filesystem::create_directory(path("model"));
    is_refused({"is a directory, expected a file"});
}

TEST_F(BadModel, Empty) {
    write_text("model", "");
    is_refused({"it has 0 bytes, expected at least 8"});
}

TEST_F(BadModel, CutShort) {
    const std::string whole = text("good");
    write_text("model", whole.substr(0, 7));
    is_refused({"it has 7 bytes, expected at least 8"});
    write_text("model", whole.substr(0, 100));
    is_refused({"its header claims", "but only 92 follow"});
    write_text("model", whole.substr(0, whole.size() - 1));
    is_refused({"data_offsets", "lie outside of the file's"});
}

TEST_F(BadModel, BytesTooMany) {
    write_text("model", text("good") + "x");
    is_refused({"1 bytes after the last tensor"});
}

TEST_F(BadModel, HeaderOf2To60Bytes) {
    std::string content = text("good");
    const std::uint64_t length = std::uint64_t{1} << 60;
    std::memcpy(content.data(), &length, sizeof(length));
    write_text("model", content);
    is_refused({"its header claims 1152921504606846976 bytes, more than the 100000000 allowed"});
}

TEST_F(BadModel, HeaderThatIsNoJson) {
    header_is_refused("{'a':", 0, {"the header is not valid JSON"});
    header_is_refused("[]", 0, {"the header is an array, expected a JSON object"});
    header_is_refused("\x80\x81", 0, {"not valid UTF-8"});
}

TEST_F(BadModel, OffsetsThatOverlap) {
    header_is_refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                      R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                      12, {"'b'", "[4, 12] overlap those of tensor", "'a'", "[0, 8]"});
}

TEST_F(BadModel, OffsetsOutsideTheFile) {
    header_is_refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4,
                      {"'a'", "[0, 8] lie outside of the file's 4 bytes"});
    header_is_refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8,
                      {"[8, 0] are reversed"});
    header_is_refused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
                      {"overflows 64 bits"});
}

TEST_F(BadModel, NamesTwice) {
    header_is_refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                      8, {"'a' appears twice"});
}

TEST_F(BadModel, TypesThatAreNone) {
    header_is_refused(R"({"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4,
                      {"'F33' is not known", "F32"});
    change_is_refused([](data::File& f) { tensor(f, "fc.bias").dtype = data::Dtype::I32; },
                      {"'fc.bias'", "I32"});
}

TEST_F(BadModel, NotANumber) {
    for (const float value :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        change_is_refused(
            [&](data::File& f) {
                std::memcpy(tensor(f, "lstm.weight_hh_l0").bytes.data() + 4 * 7, &value, 4);
            },
            {"'lstm.weight_hh_l0'", "element 7"});
    }
}

TEST_F(BadModel, WrongShapes) {
    change_is_refused(
        [](data::File& f) {
            tensor(f, "lstm.weight_hh_l0").shape = {8, 8};
        },
        {"'lstm.weight_ih_l0' has shape [16, 3]", "[4H, I] = [32, 3]"});
    change_is_refused([](data::File& f) { tensor(f, "fc.weight").shape = {8}; },
                      {"'fc.weight' has shape [8]"});
    change_is_refused(
        [](data::File& f) {
            tensor(f, "fc.bias").shape = {1};
            tensor(f, "fc.bias").bytes.resize(4);
        },
        {"'fc.bias' has shape [1]", "[2]"});
    change_is_refused(
        [](data::File& f) {
            tensor(f, "lstm.weight_ih_l0").shape = {16, 0};
            tensor(f, "lstm.weight_ih_l0").bytes.clear();
        },
        {"'lstm.weight_ih_l0' has shape [16, 0]", "nothing 0"});
}

TEST_F(BadModel, NamesThatDoNotFit) {
    change_is_refused([](data::File& f) { tensor(f, "fc.weight").name = "fc.wieght"; },
                      {"'fc.wieght'", "expected", "fc.weight"});
    change_is_refused(
        [](data::File& f) {
            std::erase_if(f.tensors, [](const auto& t) { return t.name == "lstm.bias_hh_l0"; });
        },
        {"lstm.bias_hh_l0"});
    change_is_refused(
        [](data::File& f) {
            f.tensors.push_back({"lstm.weight_ih_l1", data::Dtype::U8, {1}, Bytes(1)});
        },
        {"'lstm.weight_ih_l1'"});
}

// A name of a file may hold anything: it must not break the terminal.
TEST_F(BadModel, NamesOfTensorsAreQuotedSafely) {
    const Outcome outcome = [&] {
        write("model", data::test::safetensors_bytes(
                           R"({"\u001b[2J":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", 4));
        return run({"evaluate", "model", "--sequences", "sequences"});
    }();
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace partita::test
