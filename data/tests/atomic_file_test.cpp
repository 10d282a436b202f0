#include "partita/data/atomic_file.hpp"

#include <sys/resource.h>

#include <csignal>

#include "partita/data/input_file.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

std::string sentence_for(const std::filesystem::path& path, std::string_view text) {
    return sentence_of([&] { write_file_atomically(path, text); });
}

TEST(AtomicFile, WritesAndReplaces) {
    const TemporaryDirectory directory;
    write_file_atomically(directory / "out", "first, longer");
    EXPECT_EQ(text_of_file(directory / "out"), "first, longer");
    write_file_atomically(directory / "out", "second");
    EXPECT_EQ(text_of_file(directory / "out"), "second");
    write_file_atomically(directory / "out", "");
    EXPECT_EQ(text_of_file(directory / "out"), "");
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(AtomicFile, KeepsPermissionsAndLinks) {
    using std::filesystem::perms;
    const TemporaryDirectory directory;
    write_file_atomically(directory / "real", "old");
    const perms mode = perms::owner_read | perms::owner_write | perms::group_read;
    std::filesystem::permissions(directory / "real", mode);
    std::filesystem::create_symlink("real", directory / "link");
    write_file_atomically(directory / "link", "new");
    EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
    EXPECT_EQ(text_of_file(directory / "real"), "new");
    EXPECT_EQ(std::filesystem::status(directory / "real").permissions(), mode);
}

TEST(AtomicFile, DanglingLinkCreatesItsTarget) {
    const TemporaryDirectory directory;
    std::filesystem::create_symlink("real", directory / "link");
    write_file_atomically(directory / "link", "new");
    EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
    EXPECT_EQ(text_of_file(directory / "real"), "new");
}

TEST(AtomicFile, DevicesAreWrittenNotReplaced) {
    write_file_atomically("/dev/null", "gone");
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    EXPECT_TRUE(says(sentence_for("/dev/full", "x"), {"writing '/dev/full': No space left on device"}));
}

TEST(AtomicFile, UnwritablePlacesAreNamedWithTheReason) {
    const TemporaryDirectory directory;
    write_file_atomically(directory / "file", "x");
    EXPECT_TRUE(says(sentence_for(directory / "absent/out", "x"),
                     {"writing '", "absent/out'", "cannot create a file in", "No such file or directory"}));
    EXPECT_TRUE(says(sentence_for(directory / "file/out", "x"), {"file/out'", "Not a directory"}));
    EXPECT_TRUE(
        says(sentence_for(directory.path(), "x"), {"it is a directory, expected the name of a file"}));
    EXPECT_TRUE(says(sentence_for("", "x"), {"writing '': expected the name of a file"}));
    std::filesystem::create_symlink("loop", directory / "loop");
    EXPECT_TRUE(says(sentence_for(directory / "loop", "x"), {"loop': the symbolic link cannot be followed"}));
}

TEST(AtomicFile, FailureHalfwayKeepsTheOldFileAndLeavesNothing) {
    const TemporaryDirectory directory;
    write_file_atomically(directory / "out", "old");
    // A limit on file size stands for a disk that is full.
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = 4096;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string sentence = sentence_for(directory / "out", std::string(10'000, 'x'));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_TRUE(says(sentence, {"out': File too large after 4096 of 10000 bytes"}));
    EXPECT_EQ(text_of_file(directory / "out"), "old");
    EXPECT_EQ(directory.entries(), 1U);
}

TEST(InputFile, ReadsWholeFilesWithinTheLimit) {
    const TemporaryDirectory directory;
    write_file_atomically(directory / "in", "12345");
    EXPECT_EQ(read_file(directory / "in", "reading", 5).size(), 5U);
    EXPECT_TRUE(says(sentence_of([&] { read_file(directory / "in", "reading the notes", 4); }),
                     {"reading the notes: '", "in' has 5 bytes, more than the 4 allowed"}));
}

}  // namespace
}  // namespace partita::data::test
