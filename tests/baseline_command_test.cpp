// `partita baseline`: the chips' pass on this machine, by learn and by PyTorch where it is.

#include <cmath>
#include <set>

#include "command.hpp"
#include "explore/store.hpp"

namespace partita::test {
namespace {

class BaselineCommand : public CommandTest {
  protected:
    Arguments small(const Arguments& more) const {
        return with({"baseline", "--hidden", "16", "--steps", "28", "--batch", "3", "--parts", "1,4",
                     "--rounds", "2", "--store", "runs.sqlite", "--json", "all.json"},
                    more);
    }
};

TEST_F(BaselineCommand, KeepsEveryPrecisionAndK) {
    const std::string out = succeeds(small({"--no-torch"}));
    EXPECT_TRUE(says(out, {"6 baselines measured now, the middle of 2 passes each; kept in runs.sqlite"}));
    explore::RunStore store(path("runs.sqlite"));
    std::set<std::pair<std::string, std::uint32_t>> found;
    for (const explore::Run& run : store.runs(explore::Status::done)) {
        EXPECT_EQ(run.key.platform, "cpu");
        EXPECT_EQ(run.key.routine, "learn");
        EXPECT_EQ(run.key.hidden, 16u);
        EXPECT_EQ(run.key.steps, 28u);
        EXPECT_EQ(run.key.batch, 3u);
        EXPECT_GT(run.result.seconds, 0.0);
        const auto losses = store.record(run.id).at("losses").get<std::vector<double>>();
        EXPECT_EQ(losses.size(), run.key.parts);
        // An untrained network knows nothing of ten classes: about ln(10) for each of three sequences.
        EXPECT_NEAR(losses.front(), 3 * std::log(10.0), 1.0);
        found.emplace(run.key.precision, run.key.parts);
    }
    EXPECT_EQ(found.size(), 6u);
    EXPECT_TRUE(says(succeeds(small({"--no-torch"})), {"0 baselines measured now"}));
    EXPECT_TRUE(says(succeeds(small({"--no-torch", "--again", "--precision", "fp32"})),
                     {"2 baselines measured now"}));
    EXPECT_EQ(store.runs().size(), 6u) << "in place of those before";
}

TEST_F(BaselineCommand, AgreesWithPyTorchWhereItIs) {
    const std::string out = succeeds(small({"--precision", "fp32"}));
    if (says(out, {"PyTorch is left out"})) {
        GTEST_SKIP() << out;
    }
    const nlohmann::json all = json("all.json");
    ASSERT_GE(all.size(), 4u);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& learn = all.at(i);
        const auto& torch = all.at(2 + i);
        EXPECT_EQ(torch.at("program"), "torch");
        EXPECT_EQ(torch.at("parts"), learn.at("parts"));
        EXPECT_EQ(torch.at("seconds").size(), 2u);
        // Both in FP32, sums in different orders: 1e-5 is a hundred roundings of a number near 7.
        EXPECT_NEAR(torch.at("losses").back().get<double>(), learn.at("losses").back().get<double>(),
                    1e-5 * 7);
    }
}

TEST_F(BaselineCommand, SaysWhyPyTorchIsLeftOut) {
    EXPECT_TRUE(says(succeeds(small({"--precision", "fp32", "--python", "/nowhere/python3"})),
                     {"PyTorch is left out: there is no /nowhere/python3"}));
}

TEST_F(BaselineCommand, RefusesWhatCannotBeMeasured) {
    write_sequences("two.safetensors", 2, 28, 1, 10);
    const Outcome outcome = run(small({"--samples", "two.safetensors"}));
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(says(outcome.err, {"there are 2 sequences, a batch of 3 was asked for"})) << outcome.err;
    refuses(2, {"--parts"}, {"baseline", "--parts", "0"});
    refuses(2, {"--precision"}, {"baseline", "--precision", "fp64"});
    refuses(2, {"given for two results"}, {"baseline", "--store", "a", "--json", "a"});
}

}  // namespace
}  // namespace partita::test
