#include "command.hpp"

namespace partita::test {
namespace {

class Usage : public CommandTest {
  protected:
    // Sixteen sequences of six steps for two classes: training on them takes a moment.
    Usage() {
        write_sequences("sequences", 16, 6, 3, 2);
        write_model("model", 3, 4, 2);
    }
    const Arguments train_{"train", "--sequences", "sequences", "--hidden", "4", "--parts", "2"};
};

TEST_F(Usage, CommandsAreNamed) {
    refuses(2, {"subcommand is required", "--help"}, {});
    refuses(2, {"no command 'trian'", "--help"}, {"trian"});
    refuses(2, {"--nonsense", "--help"}, {"plan", "--nonsense"});
    refuses(2, {"surplus"}, {"plan", "surplus"});
    refuses(2, {"model is required"}, {"evaluate"});
}

TEST_F(Usage, HelpShowsExamples) {
    for (const std::string command : {"plan", "train", "finetune", "evaluate", "demo"}) {
        EXPECT_TRUE(says(succeeds({command, "--help"}), {"Example", "partita " + command, "--json"}));
        EXPECT_TRUE(says(succeeds({"--help"}), {command}));
    }
}

TEST_F(Usage, ChoicesAreListed) {
    refuses(2, {"--precision", "'fp23'", "bf16, fp32, mixed"}, with(train_, {"--precision", "fp23"}));
    refuses(2, {"--precision", "''"}, with(train_, {"--precision", ""}));
    refuses(2, {"--tape", "'thin'", "full, lean"}, with(train_, {"--tape", "thin"}));
    refuses(2, {"--rule", "'0'", "adam, momentum, sgd"}, with(train_, {"--rule", "0"}));
    refuses(2, {"--rounding", "'odd'", "nearest, stochastic"}, with(train_, {"--rounding", "odd"}));
    refuses(2, {"--backend", "'gpu'", "auto, host, portable"}, with(train_, {"--backend", "gpu"}));
    refuses(2, {"--schedule", "'linear'", "constant, cosine, steps"}, with(train_, {"--schedule", "linear"}));
    refuses(2, {"--view", "'columns'", "pixels, rows"}, with(train_, {"--view", "columns"}));
    refuses(2, {"--strokes", "everyone", "population", "writer"}, {"train", "--strokes", "everyone"});
}

TEST_F(Usage, NumbersAreNumbersInTheirRange) {
    for (const std::string word : {"nan", "-nan", "inf", "-1", "1e400", "fast", "0.1x"}) {
        refuses(2, {"--alpha", "'" + word + "'", "expected a number from 0 to"},
                with(train_, {"--alpha=" + word}));
        refuses(2, {"--warm-up", "'" + word + "'"}, with(train_, {"--warm-up=" + word}));
        refuses(2, {"--momentum", "'" + word + "'", "from 0 to 1"}, with(train_, {"--momentum=" + word}));
        refuses(2, {"--clip", "'" + word + "'"}, with(train_, {"--clip=" + word}));
    }
    refuses(2, {"--alpha", "missing"}, with(train_, {"--alpha="}));
    refuses(2, {"--epochs", "received 2"}, with(train_, {"--epochs", "1", "--epochs", "2"}));
    refuses(2, {"--clip", "'0'"}, with(train_, {"--clip", "0"}));
    refuses(2, {"--rotate", "'nan'", "from -360 to 360"},
            {"train", "--strokes", "writer", "--rotate", "nan"});
    refuses(2, {"--rotate", "'361'"}, {"train", "--strokes", "writer", "--rotate", "361"});
    refuses(2, {"--epochs", "'0'", "a whole number from 1 to"}, with(train_, {"--epochs", "0"}));
    refuses(2, {"--batch", "'0'", "a whole number from 1 to"}, with(train_, {"--batch", "0"}));
    refuses(2, {"--batch", "'4x'"}, with(train_, {"--batch", "4x"}));
    refuses(2, {"--threads", "'1.5'", "from 1 to 1024"}, with(train_, {"--threads", "1.5"}));
    refuses(2, {"--seed", "'-1'", "a whole number from 0 to"}, with(train_, {"--seed=-1"}));
    refuses(2, {"--parts"}, {"train", "--sequences", "sequences", "--parts", "0"});
    refuses(2, {"--hidden"}, {"train", "--sequences", "sequences", "--hidden", "0"});
    refuses(2, {"--array-side"}, with(train_, {"--array-side", "257"}));
    refuses(2, {"--seeds"}, with(train_, {"--seeds", "0"}));
    refuses(2, {"--batch"}, {"evaluate", "model", "--sequences", "sequences", "--batch", "0"});
    refuses(2, {"--samples"}, {"demo", "--samples", "0"});
}

TEST_F(Usage, RoundingByChanceIsForBf16OnThePortableBackend) {
    const Arguments chance = with(train_, {"--rounding", "stochastic", "--backend", "portable"});
    refuses(2, {"--rounding stochastic is for --precision bf16, not fp32"}, chance);
    refuses(2, {"--precision bf16, not mixed"}, with(chance, {"--precision", "mixed"}));
    for (const std::string backend : {"auto", "host"}) {
        refuses(2, {"--rounding stochastic needs --backend portable"},
                with(train_, {"--rounding", "stochastic", "--precision", "bf16", "--backend", backend}));
    }
    succeeds(with(chance, {"--precision", "bf16"}));
}

TEST_F(Usage, LearningRates) {
    const Arguments two{"train", "--sequences", "sequences", "--hidden", "4", "--parts", "1,2"};
    refuses(2, {"--lr gives 3 learning rates for 2 values of --parts"}, with(two, {"--lr", "0.1,0.2,0.3"}));
    refuses(2, {"--lr gives 2 learning rates for 1 values"}, with(train_, {"--lr", "0.1,0.2"}));
    for (const std::string rate : {"nan", "inf", "-0.1", "1e6"}) {
        refuses(2, {"--lr", "is not a learning rate", "from 0 to 1e6"}, with(train_, {"--lr=" + rate}));
    }
    refuses(2, {"--lr", "fast"}, with(train_, {"--lr", "fast"}));
    refuses(2, {"--lr", "is not a learning rate"}, with(two, {"--lr", "0.1,nan"}));
}

TEST_F(Usage, EveryRunIsPlannedBeforeTheFirst) {
    refuses(2, {"steps 6, parts 7", "more parts than it has steps"},
            {"train", "--sequences", "sequences", "--hidden", "4", "--parts", "2,7", "--json", "out.json"});
    refuses(2, {"batch 2147483648", "more memory than can be addressed"},
            with(train_, {"--batch", "2147483648"}));
    // 2^29 sequences, each with states of 512 units: more than any machine this runs on.
    refuses(1, {"the plan needs", "bytes of memory, this machine has", "more parts, a smaller batch"},
            {"train", "--sequences", "sequences", "--parts", "2", "--batch", "536870912", "--hidden", "512"});
    refuses(1, {"the plan needs"},
            {"finetune", "model", "--sequences", "sequences", "--parts", "2", "--batch", "1073741824"});
}

TEST_F(Usage, DataMustBeSaidOnce) {
    refuses(2, {"no data", "--data", "--sequences", "--strokes"}, {"train"});
    refuses(2, {"no data"}, {"evaluate", "model"});
    refuses(2, {"--sequences", "--strokes"}, {"train", "--sequences", "sequences", "--strokes", "writer"});
    refuses(2, {"--prefix", "--data"}, with(train_, {"--prefix", "train"}));
    refuses(2, {"--rotate", "--sequences gives none"}, with(train_, {"--rotate", "10"}));
    refuses(2, {"--augment", "--sequences gives none"}, with(train_, {"--augment"}));
}

TEST_F(Usage, SpansMustBeThere) {
    for (const std::string option : {"--train", "--test"}) {
        for (const std::string span :
             {"5", "5:", ":5", "a:b", "0:0", "-1:2", "1:2:3", "1:2 ", "1.5:2", " 1:2"}) {
            refuses(2, {option, "'" + span + "'", "expected FIRST:COUNT"},
                    with(train_, {option + "=" + span}));
        }
        for (const std::string span : {"0:17", "16:1", "17:1", "15:2"}) {
            refuses(2, {option + " " + span, "there are 16"}, with(train_, {option, span}));
        }
        // Beyond 64 bits, and a sum beyond 64 bits.
        refuses(2, {option, "expected FIRST:COUNT"}, with(train_, {option, "18446744073709551616:1"}));
        refuses(2, {option, "there are 16"}, with(train_, {option, "18446744073709551615:2"}));
        refuses(2, {option, "there are 16"}, with(train_, {option, "1:18446744073709551615"}));
    }
    succeeds(with(train_, {"--train", "0:12", "--test", "12:4"}));
}

TEST_F(Usage, WhatIsTestedIsNotTrainedOn) {
    refuses(2, {"share the sequences 4 to 7"}, with(train_, {"--train", "0:8", "--test", "4:8"}));
    refuses(2, {"--train (all)", "share the sequences 12 to 15"}, with(train_, {"--test", "12:4"}));
    succeeds(with(train_, {"--train", "8:8", "--test", "0:8"}));
}

TEST_F(Usage, ResultsThatCannotBeWrittenAreFoundOutFirst) {
    std::filesystem::create_directory(path("folder"));
    // If training began the missing file of sequences would be what the sentence is about.
    for (const Arguments& command : std::vector<Arguments>{
             {"train", "--sequences", "missing"}, {"finetune", "missing", "--sequences", "missing"}}) {
        for (const std::string option : {"--out", "--json"}) {
            refuses(1, {"nowhere/file", "cannot be written", "nowhere is not a directory"},
                    with(command, {option, "nowhere/file"}));
            refuses(1, {"folder", "cannot be written", "is a directory"}, with(command, {option, "folder"}));
            refuses(1, {"sequences/file", "sequences is not a directory"},
                    with(command, {option, "sequences/file"}));
        }
        refuses(2, {"same", "two results"}, with(command, {"--out", "same", "--json", "same"}));
    }
    refuses(1, {"nowhere/file", "cannot be written"}, {"plan", "--json", "nowhere/file"});
    refuses(1, {"folder", "is a directory"}, {"evaluate", "missing", "--json", "folder"});
    refuses(1, {"nowhere/file", "cannot be written"},
            {"demo", "--model", "missing", "--json", "nowhere/file"});
    refuses(1, {"nowhere/file", "cannot be written"}, {"train", "--checkpoint", "nowhere/file"});
    refuses(2, {"same", "two results"}, {"train", "--checkpoint", "same", "--out", "same"});
}

TEST_F(Usage, OneModelIsOneRun) {
    refuses(2, {"--out and --checkpoint take one run"},
            {"train", "--sequences", "sequences", "--parts", "1,2", "--out", "model"});
    refuses(2, {"--out and --checkpoint take one run"},
            with(train_, {"--seeds", "2", "--checkpoint", "file"}));
    refuses(2, {"--out takes one model"},
            {"finetune", "model", "--sequences", "sequences", "--parts", "2", "--compare", "--out", "other"});
    refuses(2, {"--out takes one model"},
            {"finetune", "model", "--sequences", "sequences", "--seeds", "3", "--out", "other"});
    refuses(2, {"--resume needs --checkpoint"}, with(train_, {"--resume"}));
}

TEST_F(Usage, FullDiskBehindStandardOutput) {
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    const Outcome outcome = Process({"plan"}, directory(), "/dev/full").wait();
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(says(outcome.err, {"standard output cannot be written"}));
}

// The model is safe even if nobody can read the table.
TEST_F(Usage, FullDiskBehindStandardOutputDoesNotCostTheModel) {
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    const Outcome outcome = Process(with(train_, {"--out", "trained"}), directory(), "/dev/full").wait();
    EXPECT_EQ(outcome.exit_code, 1);
    succeeds({"evaluate", "trained", "--sequences", "sequences"});
}

}  // namespace
}  // namespace partita::test
