#include "explore/report/published.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "../../tests/sweep_support.hpp"
#include "chip/base/error.hpp"

namespace partita::explore::report {
namespace {

using PublishedTables = explore::test::Folder;

TEST(PublishedTablesOfTheProject, AreWhole) {
    const Published all = read_published(PARTITA_PUBLISHED);
    EXPECT_EQ(all.cycles.size(), 48u);
    EXPECT_EQ(all.loss.size(), 6u);
    EXPECT_EQ(all.memory.size(), 6u);
    ASSERT_EQ(all.accelerators.size(), 4u);
    EXPECT_EQ(all.accelerators[1].configuration, "bf16_compressed");
    EXPECT_EQ(all.accelerators[1].resources.dsp, 120);
    ASSERT_EQ(all.systems.size(), 8u);
    EXPECT_EQ(all.systems[7].mesh, 8u);
    EXPECT_EQ(all.systems[7].resources.lut, 326148);
    EXPECT_EQ(all.elsewhere.size(), 30u);
    EXPECT_EQ(all.elsewhere[6].platform, "nvidia_t4");
    EXPECT_EQ(all.elsewhere[6].seconds, 2.83);
}

TEST_F(PublishedTables, AreReadWithCare) {
    std::filesystem::copy(PARTITA_PUBLISHED, folder);
    const auto sentence = [&](const char* name, const std::string& text) {
        const std::filesystem::path path = folder / name;
        std::ifstream before_file(path, std::ios::binary);
        const std::string before{std::istreambuf_iterator<char>(before_file), {}};
        std::ofstream(path) << text;
        std::string found = "no error";
        try {
            static_cast<void>(read_published(folder));
        } catch (const chip::ChipError& error) {
            found = error.what();
            found = found.substr(found.find(name));
        }
        std::ofstream(path) << before;
        return found;
    };
    EXPECT_EQ(sentence("memory_mb.csv", "parts,bf16\n"),
              "memory_mb.csv:1: found 'parts,bf16', expected 'parts,fp32,bf16'");
    EXPECT_EQ(sentence("memory_mb.csv", "parts,fp32,bf16\n1,2,3\n2,x,3\n"),
              "memory_mb.csv:3: found 'x', expected a number above 0");
    EXPECT_EQ(sentence("memory_mb.csv", "parts,fp32,bf16\n1.5,2,3\n"),
              "memory_mb.csv:2: found '1.5', expected a whole number");
    EXPECT_EQ(sentence("loss_final_step.csv", "parts,fp32,bf16\n1,inf,3\n"),
              "loss_final_step.csv:2: found 'inf', expected a number above 0");
    EXPECT_EQ(sentence("other_platforms_seconds.csv", "platform,parts,seconds\na,1\n"),
              "other_platforms_seconds.csv:2: found 'a,1', expected 3 fields");
    EXPECT_EQ(sentence("other_platforms_seconds.csv", "platform,parts,seconds\na,1,2,3\n"),
              "other_platforms_seconds.csv:2: found 'a,1,2,3', expected 3 fields");
    std::filesystem::remove(folder / "resources_soc.csv");
    try {
        static_cast<void>(read_published(folder));
        FAIL() << "a table is missing";
    } catch (const chip::ChipError& error) {
        EXPECT_NE(std::string(error.what()).find("resources_soc.csv cannot be read"), std::string::npos);
    }
}

}  // namespace
}  // namespace partita::explore::report
