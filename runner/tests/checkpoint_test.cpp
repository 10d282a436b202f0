#include <bit>

#include "fixtures.hpp"
#include "partita/data/error.hpp"
#include "partita/runner/training.hpp"

namespace partita::runner::test {
namespace {

constexpr std::size_t sequence_count = 10;  // three batches of at most four
constexpr std::uint32_t epoch_count = 4;

// Everything that training can carry from one batch to the next.
learn::Plan rich_plan() {
    learn::Plan plan = small_plan();
    plan.precision = learn::Precision::mixed;
    plan.rule = learn::Rule::adam;
    plan.auxiliary = true;
    plan.clipping = true;
    return plan;
}

TrainingSettings rich_settings() {
    TrainingSettings settings;
    settings.epochs = epoch_count;
    settings.hyper.learning_rate = 0.02f;
    settings.hyper.clip_norm = 0.5f;
    settings.schedule = learn::Schedule::Kind::cosine;
    settings.warm_up_epochs = 0.5;
    settings.seed = 7;
    return settings;
}

// Training with a network of its own, on data that change with the epoch.
struct TrainingRun {
    LoadedNetwork loaded;
    std::vector<data::Sequences> data;
    Training training;

    TrainingRun(std::uint32_t threads, const CheckpointSettings& checkpoint,
                const learn::Plan& plan = rich_plan())
        : loaded(plan, threads),
          training(
              loaded.network, rich_settings(),
              [this](std::uint32_t epoch) -> const data::Sequences& { return data.at(epoch); }, checkpoint) {
        for (std::uint32_t epoch = 0; epoch < epoch_count; ++epoch) {
            data.push_back(random_sequences(sequence_count, 7, 3, 4, 100 + epoch));
        }
    }

    TrainingEnd until(std::uint64_t batches) {
        std::atomic<bool> stop{false};
        return training.run([&](const TrainingProgress& p) { stop = p.batches_done == batches; }, stop);
    }
};

void expect_same(const TrainingRun& found, const TrainingRun& expected) {
    EXPECT_TRUE(state_of(found.loaded.network) == state_of(expected.loaded.network));
    EXPECT_EQ(found.loaded.network.trainer().updates(), expected.loaded.network.trainer().updates());
    const EpochSums& a = found.training.last_epoch();
    const EpochSums& b = expected.training.last_epoch();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a.loss), std::bit_cast<std::uint64_t>(b.loss));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a.last_batch_loss),
              std::bit_cast<std::uint64_t>(b.last_batch_loss));
    EXPECT_EQ(a.correct, b.correct);
    EXPECT_EQ(a.count, b.count);
}

struct Interruption {
    // Batches of 12: the first, inside an epoch, at its end, inside the last epoch, the very last.
    std::uint64_t after;
    std::uint32_t threads_before;
    std::uint32_t threads_after;
};

class Resume : public testing::TestWithParam<Interruption> {};

TEST_P(Resume, EndsWithTheBitsOfAnUninterruptedRun) {
    const TemporaryDirectory directory;
    CheckpointSettings checkpoint{directory / "checkpoint", std::chrono::hours(1), false, {{"rule", "adam"}}};

    TrainingRun whole(1, {});
    ASSERT_EQ(train(whole.training), TrainingEnd::finished);
    for (const std::vector<std::byte>& buffer : state_of(whole.loaded.network)) {
        ASSERT_FALSE(buffer.empty()) << "the plan does not use every buffer that a checkpoint keeps";
    }

    TrainingRun first(GetParam().threads_before, checkpoint);
    ASSERT_EQ(first.until(GetParam().after), TrainingEnd::interrupted);
    ASSERT_EQ(directory.entries(), 1u);
    checkpoint.resume = true;
    TrainingRun second(GetParam().threads_after, checkpoint);
    std::uint64_t batches = 0;
    ASSERT_EQ(second.training.run([&](const TrainingProgress&) { ++batches; }, never), TrainingEnd::finished);
    EXPECT_EQ(batches, 12 - GetParam().after);
    expect_same(second, whole);
}

INSTANTIATE_TEST_SUITE_P(Places, Resume,
                         testing::Values(Interruption{1, 1, 1}, Interruption{1, 2, 2}, Interruption{5, 1, 2},
                                         Interruption{5, 2, 1}, Interruption{6, 1, 1}, Interruption{8, 2, 2},
                                         Interruption{10, 1, 2}, Interruption{12, 1, 1}),
                         [](const auto& place) {
                             return "After" + std::to_string(place.param.after) + "Threads" +
                                    std::to_string(place.param.threads_before) + "Then" +
                                    std::to_string(place.param.threads_after);
                         });

TEST(Checkpoint, OfAFinishedRunGivesItsResultAgain) {
    const TemporaryDirectory directory;
    CheckpointSettings checkpoint{directory / "checkpoint", std::chrono::hours(1), false, {}};
    TrainingRun whole(1, checkpoint);
    ASSERT_EQ(train(whole.training), TrainingEnd::finished);
    checkpoint.resume = true;
    TrainingRun again(1, checkpoint);
    ASSERT_EQ(train(again.training), TrainingEnd::finished);
    expect_same(again, whole);
}

TEST(Checkpoint, ThatIsNotThereStartsAnew) {
    const TemporaryDirectory directory;
    TrainingRun whole(1, {});
    train(whole.training);
    TrainingRun resumed(1, {directory / "checkpoint", std::chrono::hours(1), true, {}});
    EXPECT_EQ(train(resumed.training), TrainingEnd::finished);
    expect_same(resumed, whole);
}

TEST(Checkpoint, IsNotReadUnlessAskedTo) {
    const TemporaryDirectory directory;
    const CheckpointSettings checkpoint{directory / "checkpoint", std::chrono::hours(1), false, {}};
    TrainingRun first(1, checkpoint);
    first.until(5);
    TrainingRun second(1, checkpoint);
    std::uint64_t batches = 0;
    second.training.run([&](const TrainingProgress&) { ++batches; }, never);
    EXPECT_EQ(batches, 12u);
}

TEST(Checkpoint, IsWrittenNowAndThen) {
    const TemporaryDirectory directory;
    TrainingRun run(1, {directory / "checkpoint", std::chrono::seconds(0), false, {}});
    std::vector<std::string> positions;
    run.training.run(
        [&](const TrainingProgress& p) {
            if (p.batches_done > 1) {
                positions.push_back(
                    data::load_safetensors(directory / "checkpoint").metadata.at("training.batch"));
            }
        },
        never);
    // When a batch is reported, the checkpoint is the one of the batch before.
    EXPECT_EQ(positions, (std::vector<std::string>{"1", "2", "3", "1", "2", "3", "1", "2", "3", "1", "2"}));
    EXPECT_EQ(directory.entries(), 1u);
}

// A checkpoint after five batches, and files made of it that must be refused.
class BadCheckpoint : public testing::Test {
  protected:
    BadCheckpoint() {
        TrainingRun run(1, {path_, std::chrono::hours(1), false, settings_});
        run.until(5);
        file_ = data::load_safetensors(path_);
    }

    // What resuming from the file at path_ says; the network must stay as it was.
    std::string sentence(const std::map<std::string, std::string>& settings,
                         const learn::Plan& plan = rich_plan()) const {
        TrainingRun run(1, {path_, std::chrono::hours(1), true, settings}, plan);
        const auto before = state_of(run.loaded.network);
        std::string found;
        try {
            train(run.training);
            ADD_FAILURE() << "the checkpoint was accepted";
        } catch (const std::runtime_error& error) {
            found = error.what();
        }
        EXPECT_TRUE(state_of(run.loaded.network) == before) << "changed before it was refused";
        EXPECT_EQ(run.loaded.network.trainer().updates(), 0u);
        return found;
    }
    std::string sentence() const { return sentence(settings_); }

    data::Tensor& tensor(const std::string& name) {
        for (data::Tensor& tensor : file_.tensors) {
            if (tensor.name == name) {
                return tensor;
            }
        }
        throw std::runtime_error("the checkpoint has no tensor " + name);
    }

    std::string sentence_of_changed_file() {
        data::save_safetensors(path_, file_);
        return sentence();
    }

    TemporaryDirectory directory_;
    std::filesystem::path path_ = directory_ / "checkpoint";
    std::map<std::string, std::string> settings_{{"learning rate", "0.02"}, {"rule", "adam"}};
    data::File file_;
};

TEST_F(BadCheckpoint, OtherSettingsAreNamed) {
    EXPECT_TRUE(says(sentence({{"learning rate", "0.03"}, {"rule", "adam"}}),
                     {path_.string(), "learning rate 0.02", "this run has 0.03", "--checkpoint"}));
    EXPECT_TRUE(
        says(sentence({{"learning rate", "0.02"}, {"rule", "sgd"}}), {"rule adam", "this run has sgd"}));
    EXPECT_TRUE(says(sentence({{"momentum", "0.9"}}), {"settings.momentum", "is it a checkpoint"}));
}

TEST_F(BadCheckpoint, ModelWithoutTrainingIsNone) {
    data::save_model(path_, data::random_model(3, 5, 4, 1));
    EXPECT_TRUE(says(sentence(), {path_.string(), "metadata lack", "is it a checkpoint"}));
    EXPECT_TRUE(says(sentence({}), {"training.epoch"}));
}

TEST_F(BadCheckpoint, CutShort) {
    const auto size = std::filesystem::file_size(path_);
    for (const std::uintmax_t left : {size - 1, size / 2, std::uintmax_t{8}, std::uintmax_t{0}}) {
        std::filesystem::resize_file(path_, left);
        EXPECT_TRUE(says(sentence(), {path_.string()})) << left << " bytes";
    }
}

TEST_F(BadCheckpoint, TensorMissing) {
    std::erase_if(file_.tensors, [](const data::Tensor& t) { return t.name == "training.moment.second"; });
    EXPECT_TRUE(says(sentence_of_changed_file(), {path_.string(), "training.moment.second"}));
}

TEST_F(BadCheckpoint, TensorOfAnotherSize) {
    // The last that is read: all before it fit.
    data::Tensor& bad = tensor("training.auxiliary.next");
    const std::size_t size = bad.bytes.size();
    bad.bytes.pop_back();
    bad.shape = {size - 1};
    EXPECT_TRUE(says(sentence_of_changed_file(), {path_.string(), "training.auxiliary.next",
                                                  "expected U8 [" + std::to_string(size) + "]"}));
}

TEST_F(BadCheckpoint, TensorOfAnotherType) {
    data::Tensor& bad = tensor("training.weights");
    bad.dtype = data::Dtype::I8;
    EXPECT_TRUE(says(sentence_of_changed_file(), {path_.string(), "training.weights", "I8", "expected U8"}));
}

TEST_F(BadCheckpoint, PositionThatIsNoNumber) {
    for (const std::string key : {"training.epoch", "training.batch", "training.loss", "training.updates"}) {
        for (const std::string text : {"", "-1x", "five", "0x"}) {
            const std::string good = std::exchange(file_.metadata.at(key), text);
            EXPECT_TRUE(says(sentence_of_changed_file(), {key, "\"" + text + "\"", "expected a number"}));
            file_.metadata.at(key) = good;
        }
    }
}

TEST_F(BadCheckpoint, WeightsThatAreNoNumbers) {
    data::Tensor& bad = tensor("fc.bias");
    std::ranges::fill(bad.bytes, std::byte{0xff});
    EXPECT_TRUE(says(sentence_of_changed_file(), {"fc.bias"}));
}

TEST_F(BadCheckpoint, AnotherShape) {
    learn::Plan plan = rich_plan();
    plan.shape.hidden = 6;  // padded to the same sixteen units, but other rows
    EXPECT_TRUE(says(sentence(settings_, plan), {"hidden 5", "6"}));
}

}  // namespace
}  // namespace partita::runner::test
