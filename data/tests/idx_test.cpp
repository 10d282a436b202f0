#include "partita/data/idx.hpp"

#include "partita/data/atomic_file.hpp"
#include "partita/data/error.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

std::string images_sentence(const Bytes& content, std::uint64_t limit = default_idx_limit) {
    return sentence_of([&] { parse_idx_images(content, "f", limit); });
}
std::string labels_sentence(const Bytes& content) {
    return sentence_of([&] { parse_idx_labels(content, "f"); });
}

TEST(Idx, ImagesPlainAndGzip) {
    const Bytes plain = idx_bytes({0x803, 2, 3, 5}, 30);
    for (const Bytes& content : {plain, gzip(plain)}) {
        const IdxImages images = parse_idx_images(content, "f");
        EXPECT_EQ(images.count, 2U);
        EXPECT_EQ(images.rows, 3U);
        EXPECT_EQ(images.cols, 5U);
        ASSERT_EQ(images.pixels.size(), 30U);
        EXPECT_EQ(images.pixels[29], 29);
    }
}

TEST(Idx, LabelsAboveNineAreAllowed) {
    EXPECT_EQ(parse_idx_labels(idx_bytes({0x801, 12}, 12), "f").back(), 11);
}

TEST(Idx, GzipOfSeveralMembers) {
    const Bytes plain = idx_bytes({0x801, 100}, 100);
    Bytes content = gzip(std::span(plain).first(40));
    const Bytes second = gzip(std::span(plain).subspan(40));
    content.insert(content.end(), second.begin(), second.end());
    EXPECT_EQ(parse_idx_labels(content, "f").size(), 100U);
    content.push_back(std::byte{7});
    EXPECT_TRUE(
        says(labels_sentence(content), {"reading 'f': 1 bytes follow its gzip data, expected nothing"}));
}

TEST(Idx, WrongMagic) {
    EXPECT_EQ(images_sentence(idx_bytes({0x801, 2}, 2)),
              "reading IDX images 'f': its magic number is 0x801 (that of labels), expected 0x803");
    EXPECT_EQ(labels_sentence(idx_bytes({0x803, 2, 3, 5}, 30)),
              "reading IDX labels 'f': its magic number is 0x803 (that of images), expected 0x801");
    EXPECT_TRUE(says(images_sentence(idx_bytes({0xd03, 1, 1, 1}, 4)), {"is 0xd03, expected 0x803"}));
}

TEST(Idx, FalseCounts) {
    EXPECT_EQ(images_sentence(idx_bytes({0x803, 2, 3, 5}, 29)),
              "reading IDX images 'f': it holds 29 bytes after its header, fewer than the 30 (2 x 3 x 5) the "
              "header "
              "promises");
    EXPECT_EQ(
        images_sentence(idx_bytes({0x803, 2, 3, 5}, 31)),
        "reading IDX images 'f': it holds more bytes after its header than the 30 (2 x 3 x 5) the header "
        "promises");
    EXPECT_TRUE(says(labels_sentence(idx_bytes({0x801, 3}, 2)), {"holds 2 bytes", "the 3 (3) the header"}));
    EXPECT_TRUE(says(labels_sentence(gzip(idx_bytes({0x801, 3}, 2))), {"holds 2 bytes", "fewer than the 3"}));
    EXPECT_TRUE(says(labels_sentence(gzip(idx_bytes({0x801, 3}, 4))), {"holds more bytes"}));
}

TEST(Idx, ZeroAndAbsurdSizes) {
    EXPECT_TRUE(says(images_sentence(idx_bytes({0x803, 0, 3, 5}, 0)),
                     {"its header says count 0, expected at least"}));
    EXPECT_TRUE(says(images_sentence(idx_bytes({0x803, 2, 0, 5}, 0)), {"its header says rows 0"}));
    EXPECT_TRUE(says(images_sentence(idx_bytes({0x803, 2, 3, 0}, 0)), {"its header says columns 0"}));
    EXPECT_TRUE(says(labels_sentence(idx_bytes({0x801, 0}, 0)), {"its header says count 0"}));
    EXPECT_TRUE(
        says(images_sentence(idx_bytes({0x803, 0xffffffff, 0xffffffff, 0xffffffff}, 9)),
             {"promises 4294967295 x 4294967295 x 4294967295 bytes, more than the 1073741824 allowed"}));
    EXPECT_TRUE(says(images_sentence(idx_bytes({0x803, 2, 3, 5}, 30), 29), {"more than the 29 allowed"}));
    EXPECT_EQ(parse_idx_images(idx_bytes({0x803, 2, 3, 5}, 30), "f", 30).count, 2U);
}

TEST(Idx, ShortHeaders) {
    for (const std::size_t size : {0U, 3U, 15U}) {
        Bytes content = idx_bytes({0x803, 2, 3, 5}, 0);
        content.resize(size);
        EXPECT_TRUE(
            says(images_sentence(content), {"it ends within its header, expected 16 bytes of header"}));
    }
}

TEST(Idx, CutAndDamagedGzip) {
    const Bytes whole = gzip(idx_bytes({0x803, 20, 7, 5}, 700));
    for (std::size_t size = 2; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_TRUE(says(images_sentence(cut), {"'f': its gzip data are cut short: they end after"})) << size;
    }
    Bytes wrong_sum = whole;
    wrong_sum[whole.size() - 6] ^= std::byte{1};
    EXPECT_TRUE(
        says(images_sentence(wrong_sum), {"damaged after 716 decompressed bytes: incorrect data check"}));
    Bytes wrong_method = whole;
    wrong_method[2] = std::byte{9};
    EXPECT_TRUE(says(images_sentence(wrong_method), {"damaged after 0 decompressed bytes"}));
}

TEST(Idx, GzipBombIsNotInflated) {
    // 40 MB of zeros behind a header that promises 10 bytes. The checksum at the end is wrong: whoever
    // inflates everything complains about that instead.
    Bytes bomb = idx_bytes({0x801, 10}, 0);
    bomb.resize(40'000'000);
    Bytes compressed = gzip(bomb);
    EXPECT_LT(compressed.size(), 60'000U);
    compressed[compressed.size() - 6] ^= std::byte{1};
    EXPECT_TRUE(says(labels_sentence(compressed), {"it holds more bytes after its header than the 10"}));
}

class Mnist : public testing::Test {
  protected:
    void write(std::string_view name, const Bytes& content) {
        write_file_atomically(directory_ / name, std::span(content));
    }
    TemporaryDirectory directory_;
    const Bytes images_ = idx_bytes({0x803, 4, 2, 3}, 24);
    const Bytes labels_ = idx_bytes({0x801, 4}, 4);
};

TEST_F(Mnist, FindsEveryNaming) {
    write("train-images-idx3-ubyte", images_);
    write("train-labels.idx1-ubyte", labels_);
    write("t10k-images.idx3-ubyte.gz", gzip(images_));
    write("t10k-labels-idx1-ubyte.gz", labels_);  // not compressed, whatever its name says
    const Digits train = load_mnist(directory_.path(), "train");
    EXPECT_EQ(train.count(), 4U);
    EXPECT_EQ(train.rows, 2U);
    EXPECT_EQ(train.cols, 3U);
    EXPECT_EQ(train, load_mnist(directory_.path(), "t10k"));
}

TEST_F(Mnist, AbsentFilesListTheNamesTried) {
    EXPECT_TRUE(says(sentence_of([&] { load_mnist(directory_.path(), "t10k"); }),
                     {"looking for MNIST images in '",
                      "there is none of 't10k-images-idx3-ubyte', "
                      "'t10k-images-idx3-ubyte.gz', 't10k-images.idx3-ubyte', 't10k-images.idx3-ubyte.gz'"}));
    write("t10k-images-idx3-ubyte", images_);
    EXPECT_TRUE(says(sentence_of([&] { load_mnist(directory_.path(), "t10k"); }),
                     {"looking for MNIST labels in '", "'t10k-labels-idx1-ubyte'"}));
}

TEST_F(Mnist, CountsMustAgree) {
    write("images", images_);
    write("labels", idx_bytes({0x801, 5}, 5));
    EXPECT_TRUE(says(sentence_of([&] { load_idx(directory_ / "images", directory_ / "labels"); }),
                     {"images' has 4 images, but '", "labels' has 5 labels"}));
}

}  // namespace
}  // namespace partita::data::test
