#include "partita/data/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "partita/data/error.hpp"
#include "partita/data/random.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

template <typename Stored>
Tensor raw(std::string name, Dtype dtype, std::vector<std::uint64_t> shape,
           const std::vector<Stored>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {std::move(name), dtype, std::move(shape), {bytes.begin(), bytes.end()}};
}

std::string header_of(const Bytes& content) {
    std::uint64_t length = 0;
    std::memcpy(&length, content.data(), 8);
    return {reinterpret_cast<const char*>(content.data()) + 8, length};
}

TEST(Safetensors, BytesAreThoseOfTheFormat) {
    File file;
    file.metadata = {{"z", "1"}, {"a", "\"\n"}};
    const std::vector<float> values{1.0f, -2.5f};
    file.tensors.push_back(make_tensor("w", {2, 1}, values));
    const Bytes content = serialise_safetensors(file);
    EXPECT_EQ(header_of(content), R"({"__metadata__":{"a":"\"\n","z":"1"},"w":{"dtype":"F32","shape":[2,1],)"
                                  R"("data_offsets":[0,8]}}    )");
    EXPECT_EQ(header_of(content).size() % 8, 0U);
    ASSERT_EQ(content.size(), 8 + header_of(content).size() + 8);
    EXPECT_TRUE(std::ranges::equal(std::span(content).last(8), std::as_bytes(std::span(values))));
}

TEST(Safetensors, WiderTypesComeFirstInTheDataOnly) {
    File file;
    file.tensors.push_back(raw<std::uint8_t>("small", Dtype::U8, {3}, {1, 2, 3}));
    file.tensors.push_back(raw<double>("wide", Dtype::F64, {}, {0.5}));
    file.tensors.push_back(raw<std::uint8_t>("flags", Dtype::BOOL, {1}, {1}));
    const Bytes content = serialise_safetensors(file);
    EXPECT_TRUE(
        says(header_of(content), {R"({"small":{"dtype":"U8","shape":[3],"data_offsets":[8,11]},"wide":)",
                                  R"("data_offsets":[0,8])", R"("data_offsets":[11,12])"}));
    EXPECT_EQ(parse_safetensors(content, "").tensors, file.tensors);
}

TEST(Safetensors, RandomFilesComeBackUnchanged) {
    Random random(11);
    for (int round = 0; round < 200; ++round) {
        File file;
        const std::uint64_t count = random.below(6);
        for (std::uint64_t index = 0; index < count; ++index) {
            Tensor tensor;
            tensor.name = "t\xc3\xa9\"\\/" + std::to_string(index);
            tensor.dtype = static_cast<Dtype>(random.below(13));
            for (std::uint64_t rank = random.below(4); rank > 0; --rank) {
                tensor.shape.push_back(random.below(5));
            }
            tensor.bytes.resize(tensor.elements() * bytes_of(tensor.dtype));
            for (std::byte& value : tensor.bytes) {
                value = static_cast<std::byte>(random.bits());
            }
            file.tensors.push_back(std::move(tensor));
        }
        if (random.below(2) == 0) {
            file.metadata["key " + std::to_string(round)] = "value\t\x01";
        }
        const Bytes content = serialise_safetensors(file);
        const File back = parse_safetensors(content, "back");
        EXPECT_EQ(back.tensors, file.tensors);
        EXPECT_EQ(back.metadata, file.metadata);
        EXPECT_EQ(serialise_safetensors(back), content);
    }
}

TEST(Safetensors, HeaderNeedsNoPaddingAndOffsetsNoOrder) {
    const std::string header = R"( {"b":{"data_offsets":[2,2],"shape":[0,7],"dtype":"F32"},)"
                               R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}} )";
    const File file = parse_safetensors(safetensors_bytes(header, 2), "x");
    ASSERT_EQ(file.tensors.size(), 2U);
    EXPECT_EQ(file.tensors[0].name, "b");
    EXPECT_EQ(file.tensors[0].bytes.size(), 0U);
    EXPECT_EQ(file.at("a").bytes, (Bytes{std::byte{0}, std::byte{1}}));
    EXPECT_EQ(file.name, "x");
}

TEST(Safetensors, AbsentTensorListsThoseThatAreThere) {
    const File file = parse_safetensors(
        safetensors_bytes(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2), "f");
    EXPECT_EQ(file.find("b"), nullptr);
    EXPECT_EQ(sentence_of([&] { file.at("b"); }), "reading 'f': there is no tensor 'b'; found 'a'");
}

TEST(Safetensors, WriterRefusesWhatItCouldNotReadBack) {
    const std::vector<float> one{1.0f};
    const auto sentence = [](const File& file) { return sentence_of([&] { serialise_safetensors(file); }); };
    File twice;
    twice.tensors = {make_tensor("a", {1}, one), make_tensor("a", {1}, one)};
    EXPECT_EQ(sentence(twice), "writing safetensors: two tensors are called 'a'");
    File reserved;
    reserved.tensors = {make_tensor("__metadata__", {1}, one)};
    EXPECT_TRUE(says(sentence(reserved), {"cannot be called '__metadata__'"}));
    File wrong;
    wrong.tensors = {make_tensor("a", {1}, one)};
    wrong.tensors[0].shape = {2};
    EXPECT_EQ(sentence(wrong), "writing safetensors: tensor 'a' has 4 bytes, but F32 [2] needs 8");
    wrong.tensors[0].shape = {std::uint64_t{1} << 40, std::uint64_t{1} << 40};
    EXPECT_TRUE(says(sentence(wrong), {"overflows 64 bits"}));
    File not_text;
    not_text.metadata["k"] = "\xff";
    EXPECT_TRUE(says(sentence(not_text), {"__metadata__ key 'k' or its value is not valid UTF-8"}));
    File bad_name;
    bad_name.tensors = {make_tensor("\xc0\x80", {1}, one)};
    EXPECT_TRUE(says(sentence(bad_name), {"is not valid UTF-8"}));
    EXPECT_EQ(sentence_of([&] { make_tensor("a", {2}, one); }),
              "making tensor 'a': 1 values, but [2] needs 2");
}

TEST(Safetensors, HalvesAreExact) {
    // IEEE 754 binary16: 1, -2, largest, smallest normal, smallest subnormal, largest subnormal, -0,
    // infinity.
    const auto tensor = raw<std::uint16_t>("h", Dtype::F16, {8},
                                           {0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x8000, 0x7c00});
    const std::vector<float> values = floats({}, tensor);
    const std::vector<float> expected{
        1.0f,     -2.0f,           65504.0f, 0x1p-14f,
        0x1p-24f, 1023 * 0x1p-24f, -0.0f,    std::numeric_limits<float>::infinity()};
    EXPECT_EQ(values, expected);
    EXPECT_TRUE(std::signbit(values[6]));
    EXPECT_TRUE(std::isnan(floats({}, raw<std::uint16_t>("n", Dtype::F16, {1}, {0x7e01}))[0]));
}

TEST(Safetensors, BrainFloatsAreExactAndDoublesRounded) {
    EXPECT_EQ(floats({}, raw<std::uint16_t>("b", Dtype::BF16, {3}, {0x3f80, 0xc2f7, 0x0001})),
              (std::vector<float>{1.0f, -123.5f, std::bit_cast<float>(0x00010000U)}));
    // Halfway between 1 and the next float rounds to the even one.
    EXPECT_EQ(floats({}, raw<double>("d", Dtype::F64, {2}, {1.0 + 0x1p-24, 0.1})),
              (std::vector<float>{1.0f, 0.1f}));
}

TEST(Safetensors, IntegersOfEveryWidth) {
    EXPECT_EQ(integers({}, raw<std::int8_t>("i", Dtype::I8, {2}, {-128, 127})),
              (std::vector<std::int64_t>{-128, 127}));
    EXPECT_EQ(integers({}, raw<std::uint8_t>("i", Dtype::U8, {1}, {255})), (std::vector<std::int64_t>{255}));
    EXPECT_EQ(integers({}, raw<std::int16_t>("i", Dtype::I16, {1}, {-3})), (std::vector<std::int64_t>{-3}));
    EXPECT_EQ(integers({}, raw<std::uint32_t>("i", Dtype::U32, {1}, {0xffffffffU})),
              (std::vector<std::int64_t>{0xffffffffLL}));
    EXPECT_EQ(integers({}, raw<std::int64_t>("i", Dtype::I64, {1}, {-1})), (std::vector<std::int64_t>{-1}));
    EXPECT_TRUE(says(sentence_of([] { integers({}, raw<std::uint64_t>("i", Dtype::U64, {1}, {~0ULL})); }),
                     {"tensor 'i': element 0 is 18446744073709551615, expected at most 2^63-1"}));
}

TEST(Safetensors, TypesThatDoNotFit) {
    const File file{.name = "f", .tensors = {}, .metadata = {}};
    EXPECT_EQ(sentence_of([&] { floats(file, raw<std::uint8_t>("i", Dtype::U8, {1}, {1})); }),
              "reading 'f': tensor 'i' is U8, expected F32, F64, F16 or BF16");
    EXPECT_EQ(sentence_of([&] { integers(file, raw<float>("x", Dtype::F32, {1}, {1.0f})); }),
              "reading 'f': tensor 'x' is F32, expected integers");
}

TEST(Safetensors, FirstElementThatIsNotFiniteIsNamed) {
    const File file{.name = "f", .tensors = {}, .metadata = {}};
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(sentence_of([&] {
                  require_finite(file, raw<float>("x", Dtype::F32, {2, 2}, {0.0f, 1.0f, nan, nan}));
              }),
              "reading 'f': tensor 'x' [2, 2]: element 2 is nan, expected a finite number");
    // Finite as a double, but not as a float.
    EXPECT_TRUE(says(sentence_of([&] { require_finite(file, raw<double>("x", Dtype::F64, {1}, {-1e300})); }),
                     {"element 0 is -inf"}));
    EXPECT_NO_THROW(require_finite(file, raw<float>("x", Dtype::F32, {2}, {-0.0f, 1e-45f})));
    EXPECT_NO_THROW(require_finite(file, raw<std::uint8_t>("i", Dtype::U8, {1}, {255})));
}

}  // namespace
}  // namespace partita::data::test
