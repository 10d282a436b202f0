#include <chrono>
#include <csignal>
#include <thread>

#include "command.hpp"
#include "partita/data/safetensors.hpp"

namespace partita::test {
namespace {

using namespace std::chrono_literals;

class ResumeCommand : public CommandTest {
  protected:
    ResumeCommand() { write_sequences("sequences", 20, 9, 3, 4); }

    // Starts a run that saves after every batch, and returns once the first checkpoint is there.
    void start(const Arguments& arguments) {
        process_ = std::make_unique<Process>(
            with(arguments, {"--checkpoint", "checkpoint", "--checkpoint-every", "0"}), directory());
        while (process_->runs() && !std::filesystem::exists(path("checkpoint"))) {
            std::this_thread::sleep_for(1ms);
        }
    }
    Process& process() { return *process_; }

    std::uint64_t epoch_of_checkpoint() const {
        return std::stoull(data::load_safetensors(path("checkpoint")).metadata.at("training.epoch"));
    }

    // Five batches an epoch: enough of them that an interrupt always comes in between.
    static constexpr std::uint64_t epochs = 800;
    const Arguments train_{"train",       "--sequences", "sequences",
                           "--hidden",    "6",           "--parts",
                           "3",           "--epochs",    std::to_string(epochs),
                           "--precision", "mixed",       "--rule",
                           "adam",        "--lr",        "0.001",
                           "--clip",      "1",           "--auxiliary",
                           "--schedule",  "cosine"};

  private:
    std::unique_ptr<Process> process_;
};

TEST_F(ResumeCommand, InterruptedRunEndsWithTheSameFile) {
    for (const int signal : {SIGINT, SIGTERM}) {
        std::filesystem::remove(path("checkpoint"));
        std::filesystem::remove(path("resumed"));
        start(with(train_, {"--out", "resumed"}));
        process().send(signal);
        const Outcome interrupted = process().wait();
        ASSERT_EQ(interrupted.exit_code, 1) << interrupted.err;
        EXPECT_TRUE(says(interrupted.err, {"interrupted", "--resume goes on from checkpoint"}));
        EXPECT_FALSE(std::filesystem::exists(path("resumed")));
        ASSERT_LT(epoch_of_checkpoint(), epochs);

        // With another number of threads, too.
        succeeds(with(train_, {"--checkpoint", "checkpoint", "--resume", "--threads", "2", "--out", "resumed",
                               "--json", "resumed.json"}));
        EXPECT_EQ(epoch_of_checkpoint(), epochs);
        succeeds(with(train_, {"--out", "whole", "--json", "whole.json"}));
        EXPECT_TRUE(text("resumed") == text("whole")) << "the models differ";
        EXPECT_EQ(content().size(), 6u) << "a temporary was left behind";
        const nlohmann::json resumed = json("resumed.json").at("runs").at(0);
        const nlohmann::json whole = json("whole.json").at("runs").at(0);
        EXPECT_EQ(resumed.at("last_epoch_mean_loss"), whole.at("last_epoch_mean_loss"));
        EXPECT_EQ(resumed.at("last_batch_loss_sum"), whole.at("last_batch_loss_sum"));
        EXPECT_LT(resumed.at("batches"), whole.at("batches"));
        EXPECT_EQ(whole.at("batches"), 5 * epochs);
    }
}

// Killed at any moment, what is under the checkpoint's name is a whole file.
TEST_F(ResumeCommand, KilledRunLeavesACheckpointThatLoads) {
    for (const auto delay : {0ms, 1ms, 3ms, 7ms, 13ms}) {
        std::filesystem::remove(path("checkpoint"));
        start(train_);
        std::this_thread::sleep_for(delay);
        process().send(SIGKILL);
        EXPECT_EQ(process().wait().exit_code, -SIGKILL);
        EXPECT_LT(epoch_of_checkpoint(), epochs);
        // A checkpoint is a model.
        succeeds({"evaluate", "checkpoint", "--sequences", "sequences"});
    }
    succeeds(with(train_, {"--checkpoint", "checkpoint", "--resume", "--out", "resumed"}));
    succeeds(with(train_, {"--out", "whole"}));
    EXPECT_TRUE(text("resumed") == text("whole")) << "the models differ";
}

TEST_F(ResumeCommand, WithoutACheckpointAnInterruptEndsTheRun) {
    Process process({"train", "--sequences", "sequences", "--hidden", "6", "--parts", "3", "--epochs",
                     "100000000", "--lr", "1e-6", "--out", "model"},
                    directory());
    std::this_thread::sleep_for(300ms);
    process.send(SIGINT);
    EXPECT_EQ(process.wait().exit_code, -SIGINT);
    EXPECT_FALSE(std::filesystem::exists(path("model")));
}

TEST_F(ResumeCommand, StartsAnewWhereThereIsNoCheckpoint) {
    const Arguments command{"train", "--sequences", "sequences", "--hidden", "4", "--parts", "3"};
    succeeds(with(command, {"--checkpoint", "checkpoint", "--resume", "--out", "first"}));
    succeeds(with(command, {"--out", "second"}));
    EXPECT_TRUE(text("first") == text("second"));
    // And where the run is over, its result is given again.
    succeeds(with(command, {"--checkpoint", "checkpoint", "--resume", "--out", "third"}));
    EXPECT_TRUE(text("first") == text("third"));
}

TEST_F(ResumeCommand, OtherOptionsAreNamed) {
    const Arguments command{"train",   "--sequences", "sequences",    "--hidden",  "4",
                            "--parts", "3",           "--checkpoint", "checkpoint"};
    succeeds(command);
    const auto differs = [&](const Arguments& options, const std::vector<std::string>& phrases) {
        refuses(
            1,
            with({"resuming from", "checkpoint", "it was made with", "another --checkpoint file"}, phrases),
            with(with(command, {"--resume"}), options));
    };
    differs({"--lr", "0.02"}, {"learning rate 0.01, this run has 0.02"});
    differs({"--rule", "adam"}, {"rule sgd, this run has adam"});
    differs({"--schedule", "cosine"}, {"schedule constant, this run has cosine"});
    differs({"--precision", "mixed"}, {"precision fp32, this run has mixed"});
    differs({"--backend", "portable"}, {"backend auto, this run has portable"});
    differs({"--batch", "5"}, {"batch 4, this run has 5"});
    differs({"--seed", "2"}, {"seed 1, this run has 2"});
    differs({"--clip", "1"}, {"clipping none, this run has 1"});
    differs({"--train", "0:12"}, {"this run has"});
    differs({"--epochs", "2"}, {"epochs 1, this run has 2"});
    // What changes no bit of the result may change.
    succeeds(with(command, {"--resume", "--threads", "2", "--tape", "lean"}));
    // The file has the same name and size, but holds something else.
    data::Sequences changed = random_sequences(20, 9, 3, 4);
    changed.values[5] += 1.0f;
    write_sequences("sequences", changed);
    differs({}, {"data checksum"});
}

TEST_F(ResumeCommand, RoundingByChanceGoesOnWhereItWas) {
    const Arguments command = {"train",      "--sequences", "sequences", "--hidden", "6",
                               "--parts",    "3",           "--epochs",  "400",      "--precision",
                               "bf16",       "--backend",   "portable",  "--lr",     "0.001",
                               "--rounding", "stochastic"};
    start(command);
    process().send(SIGINT);
    ASSERT_EQ(process().wait().exit_code, 1);
    ASSERT_LT(epoch_of_checkpoint(), 400u);
    succeeds(with(command, {"--checkpoint", "checkpoint", "--resume", "--threads", "2", "--out", "resumed"}));
    succeeds(with(command, {"--out", "whole"}));
    EXPECT_TRUE(text("resumed") == text("whole")) << "the models differ";
    Arguments nearest = command;
    nearest.back() = "nearest";
    refuses(1, {"rounding stochastic, this run has nearest"},
            with(nearest, {"--checkpoint", "checkpoint", "--resume"}));
}

TEST_F(ResumeCommand, DrawnDigitsMustBeTheSame) {
    const Arguments population{"train",     "--strokes", "population", "--writers", "2", "--each",
                               "3",         "--view",    "rows",       "--hidden",  "4", "--checkpoint",
                               "checkpoint"};
    succeeds(population);
    refuses(1, {"it was made with data strokes by 2 writers", "seed 1", "seed 9"},
            with(population, {"--resume", "--writer-seed", "9"}));
    const Arguments writer{"train", "--strokes", "writer", "--each",       "3",    "--view",
                           "rows",  "--hidden",  "4",      "--checkpoint", "other"};
    succeeds(writer);
    refuses(1, {"it was made with data strokes by typical writer 1"},
            with(writer, {"--resume", "--sample-seed", "9"}));
    refuses(1, {"unusual writer 1"}, with(writer, {"--resume", "--unusual"}));
}

TEST_F(ResumeCommand, WhatIsNoCheckpointIsRefused) {
    const Arguments command{"train",   "--sequences", "sequences",    "--hidden",   "4",
                            "--parts", "3",           "--checkpoint", "checkpoint", "--resume"};
    write_model("checkpoint", 3, 4, 4);
    refuses(1, {"resuming from", "checkpoint", "metadata lack", "is it a checkpoint"}, command);
    write_text("checkpoint", "");
    refuses(1, {"'checkpoint'", "0 bytes"}, command);
    std::filesystem::remove(path("checkpoint"));
    succeeds(command);
    std::filesystem::resize_file(path("checkpoint"), std::filesystem::file_size(path("checkpoint")) - 1);
    refuses(1, {"'checkpoint'"}, command);
    std::filesystem::remove(path("checkpoint"));
    std::filesystem::create_directory(path("checkpoint"));
    refuses(1, {"checkpoint cannot be written", "it is a directory"}, command);
}

}  // namespace
}  // namespace partita::test
