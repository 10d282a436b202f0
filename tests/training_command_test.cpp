#include <cmath>

#include "command.hpp"
#include "partita/data/model_file.hpp"

namespace partita::test {
namespace {

class TrainingCommand : public CommandTest {
  protected:
    TrainingCommand() {
        write_sequences("sequences", 22, 9, 3, 4);
        write_model("model", 3, 8, 4);
    }

    // The runs that a command writes to a file, without what differs from run to run.
    nlohmann::json runs(const Arguments& arguments) const {
        succeeds(with(arguments, {"--json", "result.json"}));
        nlohmann::json runs = json("result.json").at("runs");
        for (nlohmann::json& run : runs) {
            for (const char* key :
                 {"training_seconds", "peak_resident_bytes", "functions", "threads", "planned_bytes"}) {
                run.erase(key);
            }
        }
        return runs;
    }
};

const Arguments finetune{"finetune", "model", "--sequences", "sequences", "--train",  "0:14",
                         "--test",   "14:8",  "--parts",     "3",         "--epochs", "3"};

TEST_F(TrainingCommand, ComparePutsBpttBesideFptt) {
    const std::string table = succeeds(with(finetune, {"--compare", "--json", "result.json"}));
    EXPECT_TRUE(says(table, {"BPTT (1)", "FPTT-3", "training on 14 sequences of 9 steps, 3 epochs, batch 4",
                             "held out: before", "weight gradient"}));
    const nlohmann::json runs = json("result.json").at("runs");
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0].at("parts"), 1);
    EXPECT_EQ(runs[1].at("parts"), 3);
    EXPECT_GT(runs[0].at("planned_bytes"), runs[1].at("planned_bytes"));
    for (const nlohmann::json& run : runs) {
        EXPECT_EQ(run.at("batches"), 12);  // 14 sequences by four, three times
        EXPECT_EQ(run.at("finished"), true);
        EXPECT_EQ(run.at("held_out").at("held out").at("sequences"), 8);
        // Both start from the same model.
        EXPECT_EQ(run.at("held_out").at("held out").at("loss_before"),
                  runs[0].at("held_out").at("held out").at("loss_before"));
        EXPECT_EQ(run.at("functions").size(), 9u);
    }
    EXPECT_NE(runs[0].at("last_batch_loss_sum"), runs[1].at("last_batch_loss_sum"));
}

TEST_F(TrainingCommand, CompareDoesNotRunBpttTwice) {
    EXPECT_EQ(runs(with(finetune, {"--compare", "--parts", "1"})).size(), 2u);
    EXPECT_EQ(runs({"finetune", "model", "--sequences", "sequences", "--parts", "1,3", "--compare"}).size(),
              2u);
}

TEST_F(TrainingCommand, ResultsDoNotDependOnThreads) {
    for (const Arguments& machine :
         std::vector<Arguments>{{"--precision", "fp32"},
                                {"--precision", "mixed", "--rule", "adam", "--auxiliary", "--clip", "1"},
                                {"--precision", "bf16", "--tape", "lean"}}) {
        const Arguments command = with(with(finetune, machine), {"--out", "trained"});
        const nlohmann::json one = runs(with(command, {"--threads", "1"}));
        const std::string model = text("trained");
        const nlohmann::json two = runs(with(command, {"--threads", "2"}));
        EXPECT_EQ(one, two);
        EXPECT_TRUE(text("trained") == model) << machine.at(1);
        EXPECT_TRUE(std::isfinite(one.at(0).at("last_epoch_mean_loss").get<double>()));
    }
}

TEST_F(TrainingCommand, WhatIsWrittenIsWhatWasMeasured) {
    const std::string table = succeeds(with(finetune, {"--out", "trained", "--json", "result.json"}));
    EXPECT_TRUE(says(table, {"wrote trained"}));
    const nlohmann::json after = json("result.json").at("runs").at(0).at("held_out").at("held out");
    EXPECT_TRUE(says(succeeds({"evaluate", "trained", "--sequences", "sequences", "--test", "14:8", "--json",
                               "scores.json"}),
                     {"of 8 right", "mean cross-entropy"}));
    EXPECT_EQ(json("scores.json").at("loss"), after.at("loss_after"));
    EXPECT_EQ(json("scores.json").at("accuracy"), after.at("accuracy_after"));
    EXPECT_EQ(json("scores.json").at("sequences"), 8);
    // The model that it started from may be overwritten, and the next run starts from there.
    succeeds(with(finetune, {"--out", "model", "--json", "again.json"}));
    succeeds(with(finetune, {"--json", "next.json"}));
    EXPECT_EQ(json("next.json").at("runs").at(0).at("held_out").at("held out").at("loss_before"),
              after.at("loss_after"));
}

TEST_F(TrainingCommand, SeedsAreAveragedAndReproducible) {
    const Arguments command{"train",   "--sequences", "sequences", "--hidden", "4",      "--parts", "1,3",
                            "--seeds", "2",           "--train",   "8:8",      "--test", "0:8"};
    const nlohmann::json first = runs(command);
    ASSERT_EQ(first.size(), 4u);
    EXPECT_EQ(runs(command), first);
    EXPECT_EQ(first[0].at("seed"), 1);
    EXPECT_EQ(first[1].at("seed"), 2);
    EXPECT_NE(first[0].at("last_batch_loss_sum"), first[1].at("last_batch_loss_sum"));
    EXPECT_TRUE(says(succeeds(command), {"means of 2 seeds"}));
}

TEST_F(TrainingCommand, TapesAgree) {
    nlohmann::json full = runs(with(finetune, {"--tape", "full"}));
    nlohmann::json lean = runs(with(finetune, {"--tape", "lean"}));
    EXPECT_EQ(full[0].at("last_epoch_mean_loss"), lean[0].at("last_epoch_mean_loss"));
    EXPECT_EQ(full[0].at("held_out"), lean[0].at("held_out"));
}

TEST_F(TrainingCommand, DrawsItsOwnDigits) {
    const Arguments command{"train",  "--strokes", "population", "--writers", "3",       "--each", "4",
                            "--view", "rows",      "--hidden",   "4",         "--parts", "7",      "--rotate",
                            "30",     "--augment", "--train",    "0:8",       "--test",  "8:4"};
    EXPECT_TRUE(says(succeeds(command),
                     {"strokes by 3 writers", "12 sequences", "training on 8 sequences of 28 steps"}));
    EXPECT_EQ(runs(command), runs(command));
}

TEST_F(TrainingCommand, RateThatIsTooHighIsSaid) {
    refuses(1, {"no longer", "learning rate 900000", "--clip"},
            {"finetune", "model", "--sequences", "sequences", "--parts", "3", "--epochs", "50", "--lr", "9e5",
             "--alpha", "1e6", "--out", "trained", "--json", "result.json"});
}

TEST_F(TrainingCommand, FileNameThatIsNotUtf8IsStillReported) {
    const std::string name = std::string("mod\xff") + "el";
    std::filesystem::rename(path("model"), path(name));
    succeeds({"evaluate", name, "--sequences", "sequences", "--json", "scores.json"});
    EXPECT_TRUE(says(json("scores.json").at("model"), {"mod", "el"}));
}

TEST_F(TrainingCommand, DemoComparesOnANewWriter) {
    write_model("pixels", 1, 4, 10);
    const Arguments demo{"demo", "--model", "pixels", "--samples", "6", "--tests", "4", "--epochs", "1"};
    EXPECT_TRUE(says(succeeds(with(demo, {"--json", "result.json"})),
                     {"meets a new writer", "learns from 6", "BPTT (1)", "FPTT-28",
                      "of the memory that BPTT planned", "right of 4"}));
    const nlohmann::json runs = json("result.json").at("runs");
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0].at("parts"), 1);
    EXPECT_EQ(runs[1].at("parts"), 28);
    EXPECT_EQ(runs[1].at("held_out").at("new writer").at("sequences"), 4);
    EXPECT_EQ(runs[1].at("held_out").at("others").at("sequences"), 4);
    refuses(1, {"missing", "No such file"}, {"demo", "--model", "missing"});
    refuses(1, {"1 values a step", "the model takes 3"},
            {"demo", "--model", "model", "--samples", "6", "--tests", "4"});
}

}  // namespace
}  // namespace partita::test
