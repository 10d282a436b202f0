// Every way a safetensors file can be wrong, and the sentence the user reads.

#include <array>
#include <string>

#include "partita/data/error.hpp"
#include "partita/data/safetensors.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

std::string sentence_for(const Bytes& content) {
    return sentence_of([&] { parse_safetensors(content, "bad.safetensors"); });
}

struct BadHeader {
    std::string name;
    std::string header;
    std::size_t data_size;
    std::vector<std::string> parts;
};

std::ostream& operator<<(std::ostream& out, const BadHeader& bad) {
    return out << bad.name;
}

class BadSafetensors : public testing::TestWithParam<BadHeader> {};

TEST_P(BadSafetensors, GetsItsSentence) {
    const BadHeader& bad = GetParam();
    const std::string sentence = sentence_for(safetensors_bytes(bad.header, bad.data_size));
    EXPECT_TRUE(says(sentence, {"reading safetensors file 'bad.safetensors'"}));
    EXPECT_TRUE(says(sentence, bad.parts));
}

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"("a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string only(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{" + tensor(dtype, shape, offsets) + "}";
}

const std::string f32 = R"("F32")";

INSTANTIATE_TEST_SUITE_P(
    Header, BadSafetensors,
    testing::Values(
        BadHeader{"empty", "", 0, {"the header is not valid JSON"}},
        BadHeader{"cut", R"({"a":{"dtype":"F32")", 0, {"the header is not valid JSON at its byte"}},
        BadHeader{"array", "[1]", 0, {"the header is an array, expected a JSON object"}},
        BadHeader{"number", "7", 0, {"the header is the number 7, expected a JSON object"}},
        BadHeader{"null", "null", 0, {"the header is null, expected a JSON object"}},
        BadHeader{"two", "{}{}", 0, {"the header is not valid JSON at its byte 3"}},
        BadHeader{"not_utf8", "{\"a\xff\":{}}", 0, {"the header is not valid UTF-8"}},
        BadHeader{"surrogate", "{\"\xed\xa0\x80\":{}}", 0, {"the header is not valid UTF-8"}},
        BadHeader{"huge_number", only(f32, "[1e999]", "[0,4]"), 4, {"the header is not valid JSON", "1e999"}},
        BadHeader{"duplicate",
                  "{" + tensor(f32, "[1]", "[0,4]") + "," + tensor(f32, "[1]", "[4,8]") + "}",
                  8,
                  {"the name 'a' appears twice in the header"}},
        BadHeader{"duplicate_metadata",
                  R"({"__metadata__":{},"__metadata__":{}})",
                  0,
                  {"the name '__metadata__' appears twice"}},
        BadHeader{"duplicate_key",
                  R"({"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}})",
                  4,
                  {"tensor 'a' has the key 'dtype' twice"}},
        BadHeader{
            "tensor_is_string", R"({"a":"F32"})", 0, {"tensor 'a' is the string 'F32', expected an object"}},
        BadHeader{"control_character", R"({"a\n\u0000b":1})", 0, {R"(tensor 'a\x0a\x00b' is the number 1)"}},
        BadHeader{"unknown_key", R"({"a":{"type":"F32"}})", 0, {"tensor 'a' has the unknown key 'type'"}}));

INSTANTIATE_TEST_SUITE_P(
    Metadata, BadSafetensors,
    testing::Values(
        BadHeader{
            "string", R"({"__metadata__":"x"})", 0, {"__metadata__ is the string 'x', expected an object"}},
        BadHeader{
            "number", R"({"__metadata__":{"k":1}})", 0, {"__metadata__ key 'k' is the number 1", "a string"}},
        BadHeader{
            "nested", R"({"__metadata__":{"k":{}}})", 0, {"__metadata__ key 'k' is an object", "a string"}},
        BadHeader{
            "twice", R"({"__metadata__":{"k":"","k":""}})", 0, {"__metadata__ has the key 'k' twice"}}));

INSTANTIATE_TEST_SUITE_P(
    Keys, BadSafetensors,
    testing::Values(
        BadHeader{
            "no_dtype", R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, {"tensor 'a' has no 'dtype'"}},
        BadHeader{
            "no_shape", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, {"tensor 'a' has no 'shape'"}},
        BadHeader{
            "no_offsets", R"({"a":{"dtype":"F32","shape":[1]}})", 4, {"tensor 'a' has no 'data_offsets'"}},
        BadHeader{"dtype_unknown",
                  only(R"("F8_E4M3")", "[1]", "[0,1]"),
                  1,
                  {"tensor 'a': dtype 'F8_E4M3'", "BF16"}},
        BadHeader{
            "dtype_number", only("32", "[1]", "[0,4]"), 4, {"'dtype' is the number 32, expected a string"}},
        BadHeader{"shape_number", only(f32, "1", "[0,4]"), 4, {"'shape' is the number 1, expected an array"}},
        BadHeader{"shape_null", only(f32, "null", "[0,4]"), 4, {"'shape' is null, expected an array"}},
        BadHeader{"shape_string", only(f32, R"(["1"])", "[0,4]"), 4, {"'shape' holds the string '1'"}},
        BadHeader{"shape_nested", only(f32, "[[1]]", "[0,4]"), 4, {"'shape' holds an array"}},
        BadHeader{
            "shape_true", only(f32, "[true]", "[0,4]"), 4, {"'shape' holds true, expected whole numbers"}},
        BadHeader{"shape_negative", only(f32, "[-1]", "[0,4]"), 4, {"'shape' holds the negative number -1"}},
        BadHeader{
            "shape_fraction", only(f32, "[1.0]", "[0,4]"), 4, {"'shape' holds the number 1.0 (not a whole"}},
        BadHeader{"shape_beyond_64",
                  only(f32, "[18446744073709551616]", "[0,4]"),
                  4,
                  {"'shape' holds the number 18446744073709551616 (not a whole"}},
        BadHeader{
            "offsets_object", only(f32, "[1]", "{}"), 4, {"'data_offsets' is an object, expected an array"}},
        BadHeader{"offsets_one", only(f32, "[1]", "[0]"), 4, {"'data_offsets' has 1 numbers, expected 2"}},
        BadHeader{
            "offsets_three", only(f32, "[1]", "[0,4,8]"), 4, {"'data_offsets' has 3 numbers, expected 2"}},
        BadHeader{"offsets_negative",
                  only(f32, "[1]", "[-4,0]"),
                  4,
                  {"'data_offsets' holds the negative number -4"}},
        BadHeader{
            "offsets_fraction", only(f32, "[1]", "[0,4.5]"), 4, {"'data_offsets' holds the number 4.5"}}));

INSTANTIATE_TEST_SUITE_P(
    Sizes, BadSafetensors,
    testing::Values(
        BadHeader{"overflow",
                  only(f32, "[4294967296,4294967296]", "[0,0]"),
                  0,
                  {"tensor 'a': the size of F32 [4294967296, 4294967296] overflows 64 bits"}},
        BadHeader{"overflow_by_element_size",
                  only(f32, "[4611686018427387904]", "[0,0]"),
                  0,
                  {"overflows 64 bits"}},
        BadHeader{"reversed", only(f32, "[1]", "[4,0]"), 4, {"tensor 'a': data_offsets [4, 0] are reversed"}},
        BadHeader{
            "outside", only(f32, "[2]", "[0,8]"), 4, {"[0, 8] lie outside of the file's 4 bytes of data"}},
        BadHeader{"far_outside",
                  only(f32, "[1]", "[18446744073709551611,18446744073709551615]"),
                  4,
                  {"lie outside of the file's 4 bytes"}},
        BadHeader{"mismatch", only(f32, "[3]", "[0,8]"), 8, {"hold 8 bytes, but F32 [3] needs 12"}},
        BadHeader{"mismatch_scalar", only(f32, "[]", "[0,8]"), 8, {"hold 8 bytes, but F32 [] needs 4"}},
        BadHeader{"mismatch_zero", only(f32, "[0]", "[0,4]"), 4, {"hold 4 bytes, but F32 [0] needs 0"}},
        BadHeader{"overlap",
                  R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                  R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                  12,
                  {"tensor 'b': data_offsets [4, 12] overlap those of tensor 'a', [0, 8]"}},
        BadHeader{"hole",
                  R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                  R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                  12,
                  {"tensor 'b': data_offsets [8, 12] leave a hole of 4 bytes"}},
        BadHeader{"trailing", only(f32, "[1]", "[0,4]"), 7, {"3 bytes after the last tensor belong to none"}},
        BadHeader{"data_without_tensor", "{}", 5, {"5 bytes after the last tensor belong to none"}}));

TEST(BadSafetensorsFile, ShorterThanItsLength) {
    EXPECT_TRUE(says(sentence_for(Bytes(7)), {"'bad.safetensors'", "it has 7 bytes, expected at least 8"}));
    EXPECT_TRUE(says(sentence_for({}), {"it has 0 bytes"}));
}

TEST(BadSafetensorsFile, HeaderOfTwoToTheSixty) {
    Bytes content(16);
    content[7] = std::byte{0x10};
    EXPECT_TRUE(
        says(sentence_for(content), {"its header claims 1152921504606846976 bytes", "100000000 allowed"}));
}

TEST(BadSafetensorsFile, HeaderLongerThanTheFile) {
    Bytes content = safetensors_bytes("{}", 0);
    content[0] = std::byte{3};
    EXPECT_TRUE(says(sentence_for(content), {"its header claims 3 bytes, but only 2 follow"}));
}

TEST(BadSafetensorsFile, DeepNestingStopsAtTheFirstLevel) {
    const std::string header = R"({"a":)" + std::string(1'000'000, '[');
    EXPECT_TRUE(
        says(sentence_for(safetensors_bytes(header, 0)), {"tensor 'a' is an array, expected an object"}));
}

TEST(BadSafetensorsFile, LongNamesAreShortened) {
    const std::string header = "{\"" + std::string(100'000, 'x') + "\":1}";
    const std::string sentence = sentence_for(safetensors_bytes(header, 0));
    EXPECT_TRUE(says(sentence, {"xxx...' is the number 1"}));
    EXPECT_LT(sentence.size(), 300U);
}

TEST(BadSafetensorsFile, EveryPrefixOfAGoodFileIsRefused) {
    const Bytes good = safetensors_bytes(only(f32, "[2]", "[0,8]"), 8);
    ASSERT_NO_THROW(parse_safetensors(good, "good"));
    for (std::size_t size = 0; size < good.size(); ++size) {
        const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_THROW(parse_safetensors(cut, "cut"), DataError) << size;
    }
}

TEST(BadSafetensorsFile, PathsThatAreNoFiles) {
    const TemporaryDirectory directory;
    EXPECT_TRUE(says(sentence_of([&] { load_safetensors(directory / "absent"); }),
                     {"reading safetensors file", "cannot open", "absent'", "No such file"}));
    EXPECT_TRUE(
        says(sentence_of([&] { load_safetensors(directory.path()); }), {"is a directory, expected a file"}));
    EXPECT_TRUE(says(sentence_of([] { load_safetensors("/dev/zero"); }), {"is a device or a pipe"}));
}

TEST(BadSafetensorsFile, AboveTheLimitIsNotReadAtAll) {
    const TemporaryDirectory directory;
    // Sparse: nothing is stored, and reading it would need a terabyte.
    save_safetensors(directory / "large", File{});
    std::filesystem::resize_file(directory / "large", std::uint64_t{1} << 40);
    EXPECT_TRUE(says(sentence_of([&] { load_safetensors(directory / "large"); }),
                     {"large' has 1099511627776 bytes, more than the 4294967296 allowed"}));
}

}  // namespace
}  // namespace partita::data::test
