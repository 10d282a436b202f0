#include "partita/runner/training.hpp"

#include <limits>

#include "fixtures.hpp"

namespace partita::runner::test {
namespace {

TrainingSettings settings(std::uint32_t epochs, std::uint64_t seed = 1) {
    TrainingSettings result;
    result.epochs = epochs;
    result.seed = seed;
    result.hyper.learning_rate = 0.1f;
    return result;
}

Training::EpochData always(const data::Sequences& sequences) {
    return [&](std::uint32_t) -> const data::Sequences& { return sequences; };
}

struct Result {
    data::Model model;
    EpochSums sums;
};

Result trained(const TrainingSettings& how, std::uint32_t threads = 1) {
    LoadedNetwork loaded(small_plan(), threads);
    const data::Sequences sequences = random_sequences(10, 7, 3, 4, 5);
    Training training(loaded.network, how, always(sequences));
    EXPECT_EQ(train(training), TrainingEnd::finished);
    return {loaded.network.model(), training.last_epoch()};
}

TEST(Training, IsTheSameEveryTime) {
    const Result first = trained(settings(3));
    for (const std::uint32_t threads : {1u, 2u}) {
        const Result again = trained(settings(3), threads);
        EXPECT_EQ(again.model, first.model);
        EXPECT_EQ(again.sums.loss, first.sums.loss);
        EXPECT_EQ(again.sums.last_batch_loss, first.sums.last_batch_loss);
    }
}

TEST(Training, SeedDecidesTheOrder) {
    EXPECT_NE(trained(settings(3, 1)).model, trained(settings(3, 2)).model);
    TrainingSettings in_order = settings(3, 1);
    in_order.shuffle = false;
    TrainingSettings in_order_too = settings(3, 2);
    in_order_too.shuffle = false;
    EXPECT_EQ(trained(in_order).model, trained(in_order_too).model);
    EXPECT_NE(trained(in_order).model, trained(settings(3, 1)).model);
}

// Nothing is learnt at a rate of zero, so the sums of an epoch are those of an evaluation.
TEST(Training, SumsAreThoseOfTheSequencesSeen) {
    TrainingSettings how = settings(2);
    how.hyper.learning_rate = 0.0f;
    how.shuffle = false;
    const Result result = trained(how);
    ThreadTeam team(1);
    const data::Sequences sequences = random_sequences(10, 7, 3, 4, 5);
    const Scores all = evaluate(data::random_model(3, 5, 4, 1), sequences, learn::Precision::fp32,
                                Backend::automatic, 4, team, 4);
    EXPECT_EQ(result.sums.count, 10u);
    EXPECT_EQ(result.sums.correct, all.correct);
    EXPECT_NEAR(result.sums.mean_loss(), all.loss, 1e-6);  // ten FP32 roundings of values around 1.4
    const Scores last = evaluate(data::random_model(3, 5, 4, 1), data::subset(sequences, 8, 2),
                                 learn::Precision::fp32, Backend::automatic, 4, team, 4);
    EXPECT_NEAR(result.sums.last_batch_loss, 2.0 * last.loss, 1e-6);
}

TEST(Training, LearnsWhatCanBeLearnt) {
    const Result start = trained(settings(1));
    const Result end = trained(settings(200));
    EXPECT_LT(end.sums.mean_loss(), 0.5 * start.sums.mean_loss());
    EXPECT_GT(end.sums.accuracy(), start.sums.accuracy());
}

// Ten sequences by four: three batches an epoch.
TEST(Training, ReportsEveryBatch) {
    LoadedNetwork loaded(small_plan());
    const data::Sequences sequences = random_sequences(10, 7, 3, 4, 5);
    Training training(loaded.network, settings(2), always(sequences));
    std::vector<TrainingProgress> reports;
    training.run([&](const TrainingProgress& p) { reports.push_back(p); }, never);
    ASSERT_EQ(reports.size(), 6u);
    constexpr std::uint64_t seen[] = {4, 8, 10, 4, 8, 10};
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(reports[i].epoch, i / 3);
        EXPECT_EQ(reports[i].epochs, 2u);
        EXPECT_EQ(reports[i].batches_done, i + 1);
        EXPECT_EQ(reports[i].batches, 6u);
        EXPECT_EQ(reports[i].sums.count, seen[i]);
    }
}

TEST(Training, EveryEpochGetsItsOwnData) {
    LoadedNetwork loaded(small_plan());
    const data::Sequences even = random_sequences(4, 7, 3, 4, 5);
    const data::Sequences odd = random_sequences(4, 7, 3, 4, 6);
    std::vector<std::uint32_t> asked;
    Training training(loaded.network, settings(3), [&](std::uint32_t epoch) -> const data::Sequences& {
        asked.push_back(epoch);
        return epoch % 2 == 0 ? even : odd;
    });
    train(training);
    EXPECT_EQ(asked, (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Training, ScheduleAndWarmUpChangeTheRate) {
    TrainingSettings cosine = settings(3);
    cosine.schedule = learn::Schedule::Kind::cosine;
    TrainingSettings warm = settings(3);
    warm.warm_up_epochs = 1.0;
    TrainingSettings steps = settings(3);
    steps.schedule = learn::Schedule::Kind::steps;
    const data::Model constant = trained(settings(3)).model;
    EXPECT_NE(trained(cosine).model, constant);
    EXPECT_NE(trained(warm).model, constant);
    EXPECT_NE(trained(steps).model, constant);
}

TEST(Training, AdoptsTheMean) {
    TrainingSettings how = settings(1);
    how.adopt_mean = true;
    EXPECT_NE(trained(how).model, trained(settings(1)).model);
}

std::string refusal(const TrainingSettings& how, const data::Sequences& sequences) {
    LoadedNetwork loaded(small_plan());
    const data::Model before = loaded.network.model();
    Training training(loaded.network, how, always(sequences));
    std::string sentence = run_error([&] { train(training); });
    EXPECT_EQ(loaded.network.model(), before) << "refused only after training had begun";
    return sentence;
}

TEST(Training, RefusesSequencesThatDoNotFitBeforeItBegins) {
    EXPECT_TRUE(says(refusal(settings(1), random_sequences(0, 7, 3, 4, 1)), {"no sequences to train on"}));
    EXPECT_TRUE(says(refusal(settings(1), random_sequences(9, 7, 1, 4, 1)),
                     {"1 values a step", "the model takes 3"}));
    EXPECT_TRUE(
        says(refusal(settings(1), random_sequences(9, 6, 3, 4, 1)), {"6 steps", "the plan is for 7"}));
    data::Sequences mislabelled = random_sequences(9, 7, 3, 4, 1);
    mislabelled.labels.back() = 12;
    EXPECT_TRUE(says(refusal(settings(1), mislabelled), {"sequence 8 has the label 12", "4 classes"}));
}

TEST(Training, LossThatIsNoNumberEndsIt) {
    LoadedNetwork loaded(small_plan());
    data::Sequences sequences = random_sequences(12, 7, 3, 4, 5);
    sequences.values[9 * 7 * 3] = std::numeric_limits<float>::quiet_NaN();  // the third batch of an epoch
    TrainingSettings how = settings(2);
    how.shuffle = false;
    Training training(loaded.network, how, always(sequences));
    EXPECT_TRUE(says(run_error([&] { train(training); }),
                     {"the loss is no longer a number", "epoch 1, batch 3", "learning rate 0.1", "--clip"}));
}

// The last update comes after the last loss: it must not end in a model, nor in a checkpoint, of infinities.
TEST(Training, WeightsThatAreNoNumbersEndIt) {
    const TemporaryDirectory directory;
    learn::Plan plan = small_plan();
    plan.parts = 2;
    const data::Sequences sequences = random_sequences(4, 7, 3, 4, 5);
    TrainingSettings how = settings(1);
    how.hyper.alpha = 3e38f;  // the pull is zero in the first part, infinite in the second and last
    how.hyper.learning_rate = 100.0f;
    for (const std::filesystem::path& file : {std::filesystem::path(), directory / "checkpoint"}) {
        LoadedNetwork loaded(plan);
        Training training(loaded.network, how, always(sequences), {file, {}, false, {}});
        EXPECT_TRUE(says(run_error([&] { train(training); }),
                         {"the weights are no longer numbers", "learning rate 100", "--clip"}));
        EXPECT_EQ(directory.entries(), 0u);
    }
}

}  // namespace
}  // namespace partita::runner::test
