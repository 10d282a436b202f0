#include "explore/report/subject.hpp"

#include <gtest/gtest.h>

#include "../../tests/sweep_support.hpp"
#include "support.hpp"

namespace partita::explore::report {
namespace {

using Gather = explore::test::Folder;
using test::made_result;
using test::made_run;

std::string no_command(const Run& /*run*/, const std::string& request) {
    return "from " + request;
}

TEST_F(Gather, TakesThePassWithoutWhatIsAroundIt) {
    RunStore store(store_file());
    Wanted wanted = made_run(0);
    wanted.request = "a request";
    RunResult result = made_result(wanted);
    store.put(wanted, result);
    const Subjects all = gather(store, no_command);
    ASSERT_EQ(all.runs.size(), 1u);
    const Subject& run = all.runs[0];
    EXPECT_EQ(run.pass_cycles, *result.cycles - 1000) << "(outside) has 1000 cycles";
    EXPECT_DOUBLE_EQ(run.pass_seconds, static_cast<double>(run.pass_cycles) / 5e8);
    EXPECT_EQ(run.chip, "ms4-c1");
    EXPECT_EQ(run.workload, "T=784 batch=4 hidden=128");
    EXPECT_TRUE(run.is_of_publication());
    EXPECT_EQ(run.command, "from a request");
    EXPECT_STREQ(run.source(), "simulated");
    EXPECT_EQ(run.regions.size(), 5u);
    EXPECT_DOUBLE_EQ(run.loss.value(), 0.051);
}

TEST_F(Gather, NamesChipsWithoutWhatChoosesThePrecision) {
    RunStore store(store_file());
    Wanted wanted = made_run(0);
    wanted.machine.name =
        "ms4-c1 + gemmini.input_type=bf16 + gemmini.spatial_array_type=fp32 + gemmini.accumulator_type=fp32 "
        "+ "
        "soc.cores=2";
    store.put(wanted, made_result(wanted));
    EXPECT_EQ(gather(store, no_command).runs[0].chip, "ms4-c1 + soc.cores=2");
}

TEST_F(Gather, LetsTheNewestOfEqualRunsCount) {
    RunStore store(store_file());
    Wanted old = made_run(0);
    store.put(old, made_result(old));
    Wanted renewed = old;
    renewed.key.firmware_hash = "beef";
    RunResult faster = made_result(old);
    faster.regions = {{0, "forward", 1, 77, 0}};
    store.put(renewed, faster);
    Wanted other = old;
    other.key.tape = "lean";
    store.put(other, made_result(other));
    const Subjects all = gather(store, no_command);
    ASSERT_EQ(all.runs.size(), 2u);
    EXPECT_EQ(all.runs[0].pass_cycles, 77u);
    EXPECT_EQ(all.runs[1].run.key.tape, "lean");
}

TEST_F(Gather, ReadsTheSumOfTheSequencesLosses) {
    RunStore store(store_file());
    const Wanted wanted = made_run(0);
    RunResult result = made_result(wanted);
    result.record = {
        {"console",
         "loss 3f6c9b4a 0.924244523\nloss 403022d2 2.752125263\nloss sum 3.676370\ndigest weights 1\n"}};
    store.put(wanted, result);
    EXPECT_DOUBLE_EQ(gather(store, no_command).runs[0].loss.value(), 3.676370);
}

TEST_F(Gather, CountsWhatIsNotFinished) {
    RunStore store(store_file());
    store.join("test");
    const auto rows = store.enrol({made_run(0), made_run(1), made_run(2)});
    ASSERT_TRUE(store.claim(rows[0]));
    store.fail(rows[0], "no reason");
    ASSERT_TRUE(store.claim(rows[1]));
    const Subjects all = gather(store, no_command);
    EXPECT_EQ(all.failed, 1u);
    EXPECT_EQ(all.unfinished, 2u);
    EXPECT_TRUE(all.runs.empty());
    EXPECT_EQ(all.first_workload(), published_workload);
}

TEST_F(Gather, TellsEstimatesBaselinesAndSynthesisApart) {
    RunStore store(store_file());
    Wanted estimated = made_run(0);
    estimated.key.method = Method::estimated;
    RunResult estimate = made_result(estimated);
    estimate.exact = false;
    estimate.error_bound = 0.01;
    store.put(estimated, estimate);
    Wanted baseline = made_run(1);
    baseline.key.platform = "cpu";
    RunResult measured;
    measured.seconds = 0.25;
    measured.record = {{"losses", {3.0, 1.5}}};
    store.put(baseline, measured);
    Wanted synthesis = made_run(2);
    synthesis.key.platform = "synth";
    synthesis.key.data_digest = "lut";
    RunResult resources;
    resources.record = {{"accelerator", {{"lut", 100}, {"register", 200}, {"bram36", 3}, {"dsp", 0}}},
                        {"resources", {{"lut", 1000}, {"register", 2000}, {"bram36", 3}, {"dsp", 4}}}};
    store.put(synthesis, resources);
    synthesis.key.data_digest = "dsp";
    store.put(synthesis, resources);
    const Subjects all = gather(store, no_command);
    ASSERT_EQ(all.runs.size(), 2u);
    EXPECT_STREQ(all.runs[0].source(), "estimated");
    EXPECT_FALSE(all.runs[0].loss) << "the last part of an estimate is not that of the sequence";
    EXPECT_STREQ(all.runs[1].source(), "measured");
    EXPECT_EQ(all.runs[1].pass_seconds, 0.25);
    EXPECT_EQ(all.runs[1].losses, (std::vector<double>{3.0, 1.5}));
    EXPECT_EQ(all.runs[1].chip, "train bf16, ms4-c1");
    ASSERT_EQ(all.synthesised.size(), 1u);
    EXPECT_EQ(all.synthesised[0].resources.register_bits, 2000);
    ASSERT_EQ(all.synthesised_accelerators.size(), 2u);
    EXPECT_EQ(all.synthesised_accelerators[0].resources.lut, 100);
    EXPECT_EQ(all.synthesised_accelerators[1].configuration,
              all.synthesised_accelerators[0].configuration + ", DSPs");
}

TEST(FirstWorkload, IsThePublicationsOrTheMostFrequent) {
    Subjects all;
    for (const char* workload : {"a", "b", "b"}) {
        all.runs.push_back(test::subject("ms4-c1", 1, 100));
        all.runs.back().workload = workload;
    }
    EXPECT_EQ(all.first_workload(), "b");
    all.runs.push_back(test::subject("ms4-c1", 1, 100));
    EXPECT_EQ(all.first_workload(), published_workload);
}

}  // namespace
}  // namespace partita::explore::report
