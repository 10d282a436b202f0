// `partita synth`: what it says, and what it keeps.

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "explore/store.hpp"

namespace partita::test {
namespace {

class Synth : public CommandTest {
  protected:
    static std::string chip(const std::string& name) {
        return std::string(PARTITA_SOURCE_DIR) + "/chips/" + name + ".toml";
    }
    // Stands for Yosys: it "makes" an accelerator of one LUT and one register.
    std::string stand_in() {
        write_text(
            "yosys",
            "#!/bin/sh\n"
            "for file in $(sed -n 's/^write_json //p' $2); do echo '{\"modules\": {\"gemmini\": "
            "{\"attributes\": "
            "{}, \"netnames\": {}, \"cells\": {\"a\": {\"type\": \"LUT6\", \"port_directions\": {}, "
            "\"connections\": {}}, \"b\": {\"type\": \"FDRE\", \"port_directions\": {}, \"connections\": "
            "{}}}}}}' > $file; done\n"
            "echo ' Yosys 9.9 (of the test)'\n"
            "echo run >> runs.txt\n");
        std::filesystem::permissions(path("yosys"), std::filesystem::perms::owner_all);
        return path("yosys").string();
    }
};

TEST_F(Synth, SaysThatYosysIsNotThere) {
    refuses(1, {"cannot run no-such-yosys", "./dev setup rtl"},
            {"synth", "--chip", chip("ms4-c1"), "--yosys", "no-such-yosys"});
}

TEST_F(Synth, RefusesWhatCannotBeHardware) {
    refuses(1, {"input_type is int8", "expected bf16 or fp32"}, {"synth", "--chip", chip("int8-default")});
    refuses(1, {"none.toml"}, {"synth", "--chip", "none.toml"});
    refuses(1, {"the project's rtl/src"}, {"synth", "--chip", chip("ms4-c1"), "--sources", "."});
}

TEST_F(Synth, KeepsAnAcceleratorOnceForAllItsChips) {
    const Arguments arguments{"synth",    "--chip",  chip("ms4-c1"), chip("ms4-c2"), "--yosys",
                              stand_in(), "--store", "s.sqlite",     "--json",       "s.json"};
    const std::string out = succeeds(arguments);
    EXPECT_TRUE(data::test::says(out, {"1 accelerators synthesised now, 0 known before", "longest way"}));
    EXPECT_EQ(text("runs.txt"), "run\n") << "chips that differ in cores alone";
    const auto rows = json("s.json");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].at("tool"), "Yosys 9.9");
    EXPECT_EQ(rows[0].at("accelerator").at("lut"), 1);
    EXPECT_EQ(rows[0].at("depth").at("lut"), 0);
    // The published system of two cores without the accelerator that was measured in it, and ours.
    EXPECT_EQ(rows[1].at("resources").at("lut"), 115257 - 42777 + 1);
    EXPECT_EQ(rows[1].at("resources").at("register"), 60224 - 24229 + 1);
    explore::RunStore store(path("s.sqlite"));
    const auto runs = store.runs(explore::Status::done);
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(runs[0].key.platform, "synth");
    EXPECT_EQ(runs[1].machine.cores, 2U);
    EXPECT_TRUE(data::test::says(succeeds(arguments), {"0 accelerators synthesised now, 2 known before"}));
    EXPECT_EQ(text("runs.txt"), "run\n");
}

}  // namespace
}  // namespace partita::test
