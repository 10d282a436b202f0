// `partita report`: what it writes, and what it says of stores that it cannot report.

#include <fstream>

#include "../explore/report/tests/made_runs.hpp"
#include "command.hpp"
#include "explore/store.hpp"

namespace partita::test {
namespace {

namespace fs = std::filesystem;
using explore::report::test::fill;
using explore::report::test::made_run;

class Report : public CommandTest {
  protected:
    // The page is left out of a build where its libraries were not there.
    bool page_is_built() {
        fill(path("probe.sqlite"), 1);
        const bool built =
            !says(run({"report", "probe.sqlite", "--out", "probe"}).err, {"without the report's page"});
        for (const char* name : {"probe.sqlite", "probe.sqlite-wal", "probe.sqlite-shm", "probe"}) {
            fs::remove_all(path(name));
        }
        return built;
    }
};

#define SKIP_WITHOUT_PAGE()                                            \
    if (!page_is_built()) {                                            \
        GTEST_SKIP() << "this build has no page (./dev setup report)"; \
    }                                                                  \
    static_assert(true)

TEST_F(Report, WritesAPageAndTwoFilesForEachFigure) {
    SKIP_WITHOUT_PAGE();
    fill(path("runs.sqlite"), 96);
    const std::string out = succeeds({"report", "runs.sqlite", "--out", "made/report"});
    EXPECT_TRUE(says(out, {"96 runs on 8 chips, 1 workload.", "made/report/index.html", "12 figures"}));
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(path("made/report"))) {
        EXPECT_GT(fs::file_size(entry), 100u) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 1u + 2 * 12) << "and no temporary file";
    EXPECT_TRUE(says(
        text("made/report/latency.csv"),
        {"\npublished,published,ms4-c1,4,1,bf16,T=784 batch=4 hidden=128,1,,,2.47328899",
         "partita simulate --chip chips/ms8-c8.toml --program train --parts 56 --steps 784 --batch 4\n"}));
    EXPECT_TRUE(says(text("made/report/latency.svg"), {"<title>ms8-c8, train, K = 56, bf16: "}));
    // Another one in its place is the same to the byte.
    const std::string before = text("made/report/index.html");
    succeeds({"report", "runs.sqlite", "--out", "made/report"});
    EXPECT_EQ(text("made/report/index.html"), before);
}

TEST_F(Report, RefusesWhatIsNoStore) {
    SKIP_WITHOUT_PAGE();
    refuses(1, {"there is no store of runs none.sqlite", "partita explore --store none.sqlite"},
            {"report", "none.sqlite"});
    refuses(1, {"no store of runs", "not a file"}, {"report", "."});
    write_text("empty.sqlite", "");
    refuses(1, {"empty.sqlite is no store of runs: it is empty"}, {"report", "empty.sqlite"});
    write_text("text.sqlite", std::string(4096, 'x'));
    refuses(1, {"text.sqlite", "not a database"}, {"report", "text.sqlite"});
    refuses(2, {"--nonsense"}, {"report", "--nonsense"});
}

TEST_F(Report, RefusesAStoreWithNothingFinished) {
    SKIP_WITHOUT_PAGE();
    {
        explore::RunStore store(path("runs.sqlite"));
        store.enrol({made_run(0), made_run(1)});
    }
    const Outcome outcome = run({"report", "runs.sqlite", "--out", "report"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(says(outcome.err, {"runs.sqlite has no finished run to report (0 failed, 2 not finished)"}));
    EXPECT_FALSE(fs::exists(path("report")));
}

TEST_F(Report, ShowsAStoreOfSynthesisAlone) {
    SKIP_WITHOUT_PAGE();
    {
        explore::RunStore store(path("runs.sqlite"));
        explore::Wanted synthesis = made_run(0);
        synthesis.key.platform = "synth";
        synthesis.key.data_digest = "lut";
        explore::RunResult result;
        result.record = {{"accelerator", {{"lut", 100}, {"register", 200}, {"bram36", 3}, {"dsp", 0}}}};
        store.put(synthesis, result);
    }
    const Outcome outcome = run({"report", "runs.sqlite", "--out", "report"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(says(outcome.out, {"0 runs on 0 chips", "1 accelerator synthesised"})) << outcome.out;
    EXPECT_TRUE(fs::exists(path("report/compression-resources.svg")));
}

TEST_F(Report, RefusesAStoreOfAnotherVersion) {
    SKIP_WITHOUT_PAGE();
    fill(path("runs.sqlite"), 1);
    // The version is a big-endian number at byte 60 of the file.
    fs::remove(path("runs.sqlite-wal"));
    std::fstream file(path("runs.sqlite"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(63);
    file.put(9);
    file.close();
    const Outcome outcome = run({"report", "runs.sqlite"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(says(outcome.err, {"runs.sqlite has version 9, expected 1"})) << outcome.err;
}

TEST_F(Report, RefusesAFolderThatCannotBe) {
    SKIP_WITHOUT_PAGE();
    fill(path("runs.sqlite"), 1);
    write_text("file", "x");
    for (const char* folder : {"file", "file/report"}) {
        const Outcome outcome = run({"report", "runs.sqlite", "--out", folder});
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_TRUE(says(outcome.err, {"the report's folder", folder, "cannot be made"})) << outcome.err;
    }
    EXPECT_EQ(text("file"), "x");
}

TEST_F(Report, RefusesPublishedTablesThatAreNotThere) {
    SKIP_WITHOUT_PAGE();
    fill(path("runs.sqlite"), 1);
    const Outcome outcome = run({"report", "runs.sqlite", "--published", "nowhere"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(says(outcome.err, {"nowhere/cycles.csv cannot be read"})) << outcome.err;
}

}  // namespace
}  // namespace partita::test
