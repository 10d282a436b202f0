#include "explore/report/page.hpp"

#include <gtest/gtest.h>

#include "explore/report/figures.hpp"
#include "support.hpp"

namespace partita::explore::report {
namespace {

TEST(PageData, HasTextsOnceAndEveryFigure) {
    Subjects all;
    all.runs.push_back(test::subject("ms4-c1", 1, 100, 200));
    all.runs.push_back(test::subject("ms4-c2", 1, 100, 200));
    const std::vector<Chart> every = charts(all, test::published());
    const auto data = page_data(all, every);
    EXPECT_EQ(data.at("workload"), published_workload);
    EXPECT_EQ(data.at("references").size(), 5u);
    const auto texts = data.at("texts").get<std::vector<std::string>>();
    EXPECT_EQ(std::ranges::count(texts, "ms4-c1, train, K = 1, bf16"), 1);
    ASSERT_EQ(data.at("charts").size(), every.size());
    const auto& latency = data.at("charts").at(0);
    EXPECT_EQ(latency.at("name"), "latency");
    EXPECT_EQ(latency.at("y").at("scale"), "logarithmic");
    const auto& table = latency.at("table");
    const std::size_t last = table.at("seconds").size() - 1;
    EXPECT_EQ(last + 1, every[0].table.rows().size());
    EXPECT_EQ(texts.at(table.at("chip").at("at").at(last).get<std::size_t>()), "ms4-c2");
    EXPECT_EQ(table.at("cores").at(last), 2.0);
}

TEST(PageSummary, CountsInWords) {
    Subjects all;
    all.runs.push_back(test::subject("ms4-c1", 1, 100));
    EXPECT_EQ(summary_of(all), "1 run on 1 chip, 1 workload.");
    all.runs.push_back(test::subject("ms4-c2", 1, 100));
    all.runs.back().run.result.exact = false;
    all.runs.back().workload = "another";
    all.runs.push_back(test::subject("ms4-c2", 1, 100));
    all.runs.back().run.key.platform = "cpu";
    all.failed = 3;
    all.unfinished = 4;
    EXPECT_EQ(summary_of(all),
              "2 runs on 2 chips, 2 workloads; 1 estimated, drawn as diamonds; 1 measured on other machines; "
              "3 failed; 4 not "
              "finished.");
}

TEST(Page, HoldsAllItNeedsAndNoTextEndsItsData) {
    if (!page_is_built()) {
        GTEST_SKIP() << "the page's libraries were not there when this was built (./dev setup report)";
    }
    Subjects all;
    all.runs.push_back(test::subject("ms4-c1", 1, 100, 200));
    all.runs[0].chip = "</script><script>alert(1)</script><!-- @script@";
    const std::string text = page(all, charts(all, test::published()));
    EXPECT_EQ(text.find("alert(1)</script>"), std::string::npos);
    EXPECT_NE(text.find("\\u003c/script>\\u003cscript>alert(1)"), std::string::npos);
    for (const char* mark : {"@style@", "@libraries@", "@data@"}) {
        EXPECT_EQ(text.find(mark), std::string::npos) << mark;
    }
    for (const char* outside : {"src=\"", "@import", "href=\"http", "url(http"}) {
        EXPECT_EQ(text.find(outside), std::string::npos) << outside;
    }
    EXPECT_NE(text.find("prefers-color-scheme: dark"), std::string::npos);
}

}  // namespace
}  // namespace partita::explore::report
