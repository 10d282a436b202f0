#include "partita/learn/trainer.hpp"

#include <gtest/gtest.h>
#include <hwy/detect_targets.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support.hpp"

namespace partita::learn::test {
namespace {

constexpr Plan small{.shape = {3, 17, 3}, .batch = 3, .steps = 10, .parts = 4};
constexpr Hyper hyper{.learning_rate = 0.05f, .alpha = 0.3f};

Plan with(Plan plan, Precision precision, Tape tape) {
    plan.precision = precision;
    plan.tape = tape;
    return plan;
}

std::vector<Backend> available_backends() {
    std::vector<Backend> found;
    for (const Backend backend : backends) {
        if (available(backend)) {
            found.push_back(backend);
        }
    }
    return found;
}

// ---- Errors ----

TEST(Errors, EachHasASentenceOfItsOwn) {
    std::set<std::string> sentences;
    for (int i = 0; i <= static_cast<int>(Error::inference_only); ++i) {
        sentences.insert(describe(static_cast<Error>(i)));
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(Error::inference_only) + 1);
    EXPECT_EQ(sentences.count("unknown error"), 0u);
    EXPECT_STREQ(describe(Error::label_out_of_range), "a label is not below the number of classes");
}

TEST(Errors, OfCreate) {
    const Kernels& portable = kernels(Backend::portable, Precision::fp32);
    const std::size_t total = layout(small).value().total;
    const Memory memory(total + buffer_alignment);
    const auto create = [&](const Plan& plan, std::span<std::byte> bytes, std::uint32_t side) {
        return Trainer::create(plan, bytes, portable, side).error();
    };
    Plan bad = small;
    bad.batch = 0;
    EXPECT_EQ(create(bad, memory.bytes(), 4), Error::zero_size);
    bad = small;
    bad.parts = 11;
    EXPECT_EQ(create(bad, memory.bytes(), 4), Error::parts_exceed_steps);
    bad = small;
    bad.shape.hidden = 0xFFFFFFFFu;
    EXPECT_EQ(create(bad, memory.bytes(), 4), Error::size_overflow);
    EXPECT_EQ(create(small, memory.bytes(), 0), Error::bad_array_side);
    EXPECT_EQ(create(small, memory.bytes(), 257), Error::bad_array_side);
    EXPECT_EQ(create(small, memory.bytes(), 256), Error::none);
    EXPECT_EQ(create(small, memory.bytes().first(total - 1), 4), Error::memory_too_small);
    EXPECT_EQ(create(small, {}, 4), Error::memory_too_small);
    EXPECT_EQ(create(small, memory.bytes().first(total), 4), Error::none);
    for (const std::size_t shift : {1u, 8u, 32u}) {
        EXPECT_EQ(create(small, memory.bytes().subspan(shift), 4), Error::memory_misaligned) << shift;
    }
    EXPECT_EQ(portable_kernels(static_cast<Precision>(9)).error(), Error::bad_option);
}

TEST(Errors, OfLoadAndStore) {
    Training training(small, Backend::portable);
    const Network good = random_network(small.shape, 1);
    for (const auto tensor : {&Network::weight_ih, &Network::weight_hh, &Network::bias, &Network::head_weight,
                              &Network::head_bias}) {
        for (const int change : {-1, 1}) {
            Network network = good;
            (network.*tensor).resize((network.*tensor).size() + static_cast<std::size_t>(change));
            EXPECT_EQ(training->load(std::as_const(network).view()), Error::wrong_length);
            EXPECT_EQ(training->store(network.view()), Error::wrong_length);
        }
    }
    Network network = good;
    EXPECT_EQ(training->store_gradient(network.view()), Error::bad_option);
    Plan clipping = small;
    clipping.clipping = true;
    const Training clipped(clipping, Backend::portable);
    EXPECT_EQ(clipped->store_gradient(network.view()), Error::none);
    network.bias.pop_back();
    EXPECT_EQ(clipped->store_gradient(network.view()), Error::wrong_length);
}

TEST(Errors, OfBatches) {
    const Training training(small, Backend::portable);
    Samples samples = random_samples(small, 2);
    EXPECT_EQ(training->check(samples.batch()), Error::none);
    EXPECT_EQ(training->check(samples.batch(1)), Error::none);
    EXPECT_EQ(training->check(samples.batch(0)), Error::too_many_sequences);
    EXPECT_EQ(training->check({samples.sequences, std::span(samples.labels).first(2)}), Error::wrong_length);
    samples.labels[2] = 3;
    EXPECT_EQ(training->check(samples.batch()), Error::label_out_of_range);
    EXPECT_EQ(training->check(samples.batch(2)), Error::none);
    samples.labels[2] = 0;
    samples.sequences.push_back(samples.sequences[0]);
    samples.labels.push_back(0);
    EXPECT_EQ(training->check(samples.batch()), Error::too_many_sequences);
}

TEST(Errors, OfTrainingWithoutATape) {
    const Samples samples = random_samples(small, 2);
    const Training evaluation(with(small, Precision::fp32, Tape::none), Backend::portable);
    EXPECT_EQ(evaluation->check(samples.batch()), Error::none);
    EXPECT_EQ(evaluation->check_training(samples.batch()), Error::inference_only);
    const Training training(small, Backend::portable);
    EXPECT_EQ(training->check_training(samples.batch()), Error::none);
    EXPECT_EQ(training->check_training(samples.batch(0)), Error::too_many_sequences);
}

#if HWY_ARCH_X86
TEST(Errors, OfAProcessorWithoutFusedMultiplyAdd) {
    hwy::SetSupportedTargetsForTest(HWY_SSE4 | HWY_SSSE3 | HWY_STATIC_TARGET);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (const Precision precision : precisions) {
        EXPECT_EQ(host_kernels(precision).error(), Error::backend_unavailable);
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}
#endif

// ---- Parameters ----

TEST(Trainer, KeepsParametersAsThePrecisionCan) {
    for (const Precision precision : precisions) {
        Training training(with(small, precision, Tape::full), Backend::portable);
        Network network = random_network(small.shape, 3);
        network.bias[0] = -0.0f;
        network.weight_hh[5] = 0x1p-140f;
        network.head_bias[1] = -1e30f;
        training.load(network);
        if (precision == Precision::bf16) {
            for (auto* tensor : {&network.weight_ih, &network.weight_hh, &network.bias, &network.head_weight,
                                 &network.head_bias}) {
                for (float& w : *tensor) {
                    w = round_to_bf16(w);
                }
            }
        }
        EXPECT_EQ(training.parameters(), network) << name(precision);
        EXPECT_TRUE(std::signbit(training.parameters().bias[0]));
    }
}

TEST(Trainer, LoadForgetsWhatWasLearnt) {
    Plan plan = small;
    plan.rule = Rule::adam;
    Training used(plan, Backend::portable);
    Training fresh(plan, Backend::portable);
    const Network network = random_network(plan.shape, 4);
    const Samples samples = random_samples(plan, 5);
    used.load(network);
    used->train({}, samples.batch(), hyper);
    EXPECT_EQ(used->updates(), 4u);
    EXPECT_NE(used.parameters(), network);
    used.load(network);
    fresh.load(network);
    EXPECT_EQ(used->updates(), 0u);
    used->train({}, samples.batch(), hyper);
    fresh->train({}, samples.batch(), hyper);
    EXPECT_EQ(used.persistent(), fresh.persistent());
}

// ---- Evaluation ----

TEST(Trainer, EvaluatesToTheLossOfTraining) {
    for (const Backend backend : available_backends()) {
        for (const Precision precision : precisions) {
            for (const std::uint32_t parts : {1u, 4u}) {
                Plan plan = with(small, precision, Tape::full);
                plan.parts = parts;
                const Samples samples = random_samples(plan, 6);
                const Network network = random_network(plan.shape, 7);
                Training training(plan, backend);
                training.load(network);
                training->train({}, samples.batch(), {.learning_rate = 0.0f});
                const std::vector<std::uint32_t> predictions(training->predictions().begin(),
                                                             training->predictions().end());
                for (const Tape tape : {Tape::none, Tape::full, Tape::lean}) {
                    Training evaluation(with(plan, precision, tape), backend);
                    evaluation.load(network);
                    for (int again = 0; again < 2; ++again) {
                        evaluation->evaluate({}, samples.batch());
                        EXPECT_EQ(evaluation.losses(), training.losses())
                            << name(backend) << ", " << describe_plan(evaluation->plan());
                        EXPECT_TRUE(std::ranges::equal(evaluation->predictions(), predictions));
                    }
                    EXPECT_EQ(evaluation.parameters(), training.parameters());
                    EXPECT_EQ(evaluation->updates(), 0u);
                }
            }
        }
    }
}

// Predictions on a test set, say, must not become the auxiliary loss's label distributions.
TEST(Trainer, EvaluationLeavesNothingBehind) {
    Plan plan = small;
    plan.auxiliary = true;
    const Samples samples = random_samples(plan, 6);
    Training training(plan, Backend::portable);
    training.load(random_network(plan.shape, 7));
    training->train({}, samples.batch(), hyper);
    const auto before = training.persistent();
    training->evaluate({}, samples.batch());
    EXPECT_EQ(training.persistent(), before);
    EXPECT_EQ(training->updates(), 4u);
}

// Logits alone: without hidden state (all gates' weights 0 gives h = 0.5 tanh(0.5 * 0) = 0) they are the
// head's biases.
TEST(Trainer, LossAndPredictionAreThoseOfTheLogits) {
    const Plan plan{.shape = {1, 1, 3}, .batch = 2, .steps = 2, .parts = 1};
    Training training(plan, Backend::portable);
    Network network(plan.shape);
    network.head_bias = {-1.0f, 2.0f, 2.0f};
    training.load(network);
    Samples samples = random_samples(plan, 8);
    samples.labels = {0, 2};
    training->evaluate({}, samples.batch());
    const double sum = std::log(std::exp(-3.0) + 2.0);  // about the largest, 2
    // Three exponentials and the logarithm, each correct to 2 ULP of numbers below 4.
    EXPECT_NEAR(training->losses()[0], 3.0 + sum, 8 * 0x1p-22);
    EXPECT_NEAR(training->losses()[1], sum, 8 * 0x1p-22);
    // Of equals the first.
    EXPECT_EQ(training->predictions()[0], 1u);
    EXPECT_EQ(training->predictions()[1], 1u);
}

TEST(Trainer, SurvivesLogitsOfAnySize) {
    const Plan plan{.shape = {1, 1, 2}, .batch = 1, .steps = 1, .parts = 1};
    Training training(plan, Backend::portable);
    Network network(plan.shape);
    network.head_bias = {3e38f, -3e38f};
    training.load(network);
    Samples samples = random_samples(plan, 9);
    samples.labels = {0};
    training->evaluate({}, samples.batch());
    EXPECT_EQ(training->losses()[0], 0.0f);
    network.head_bias = {1000.0f, 0.0f};
    training.load(network);
    samples.labels = {1};
    training->train({}, samples.batch(), {.learning_rate = 0.5f});
    EXPECT_EQ(training->losses()[0], 1000.0f);
    // Gradients 1 and -1 (exp(-1000) is taken for exp(-87)).
    EXPECT_EQ(training.parameters().head_bias, (std::vector<float>{999.5f, 0.5f}));
}

TEST(Trainer, AnUndefinedInputShowsInItsOwnLossOnly) {
    for (const Backend backend : available_backends()) {
        Training training(small, backend);
        training.load(random_network(small.shape, 10));
        Samples samples = random_samples(small, 11);
        training->evaluate({}, samples.batch());
        const std::vector<float> before = training.losses();
        samples.values[1][4] = std::nanf("");
        training->evaluate({}, samples.batch());
        EXPECT_EQ(training->losses()[0], before[0]);
        EXPECT_TRUE(std::isnan(training->losses()[1]));
        EXPECT_EQ(training->losses()[2], before[2]);
    }
}

// ---- Batches and parts ----

// Sequences that are missing add zeros to sums. The host adds them one by one, as the portable backend does
// with chains of one, which leaves the bits alone.
TEST(Trainer, ASmallerBatchIsThatOfASmallerPlan) {
    for (const Backend backend : available_backends()) {
        for (const Precision precision : precisions) {
            for (const Tape tape : tapes) {
                const Plan large = with(small, precision, tape);
                Plan exact = large;
                exact.batch = 2;
                const Samples samples = random_samples(large, 12);
                const Network network = random_network(large.shape, 13);
                Training in_large(large, backend, 1);
                Training in_exact(exact, backend, 1);
                // A full batch before, so that nothing of it may be left over.
                for (Training* training : {&in_large, &in_exact}) {
                    training->load(network);
                }
                in_large->train({}, samples.batch(), hyper);
                in_large.load(network);
                in_large->train({}, samples.batch(2), hyper);
                in_exact->train({}, samples.batch(2), hyper);
                EXPECT_EQ(in_large.parameters(), in_exact.parameters())
                    << name(backend) << ", " << describe_plan(large);
                EXPECT_TRUE(std::ranges::equal(in_large->losses().first(2), in_exact->losses()));
            }
        }
    }
}

TEST(Trainer, TrainsPartByPart) {
    for (const Backend backend : available_backends()) {
        for (const Precision precision : precisions) {
            for (const Tape tape : tapes) {
                const Plan plan = with(small, precision, tape);
                const Samples samples = random_samples(plan, 14);
                const Network network = random_network(plan.shape, 15);
                Training whole(plan, backend);
                Training parts(plan, backend);
                whole.load(network);
                parts.load(network);
                whole->train({}, samples.batch(), hyper);
                for (std::uint32_t part = 0; part < 4; ++part) {
                    parts->train_part({}, samples.batch(), part, hyper);
                    EXPECT_EQ(parts->updates(), part + 1);
                }
                EXPECT_EQ(whole.persistent(), parts.persistent())
                    << name(backend) << ", " << describe_plan(plan);
                EXPECT_EQ(whole.losses(), parts.losses());
            }
        }
    }
}

TEST(Trainer, TheTapesGiveTheSameBits) {
    for (const Backend backend : available_backends()) {
        for (const Precision precision : precisions) {
            for (const std::uint32_t parts : {1u, 4u, 10u}) {
                Plan plan = small;
                plan.parts = parts;
                const Samples samples = random_samples(plan, 16);
                Training full(with(plan, precision, Tape::full), backend);
                Training lean(with(plan, precision, Tape::lean), backend);
                for (Training* training : {&full, &lean}) {
                    training->load(random_network(plan.shape, 17));
                    (*training)->train({}, samples.batch(), hyper);
                    (*training)->train({}, samples.batch(), hyper);
                }
                EXPECT_EQ(full.persistent(), lean.persistent())
                    << name(backend) << ", " << describe_plan(lean->plan());
                EXPECT_EQ(full.losses(), lean.losses());
            }
        }
    }
}

// ---- Checkpoints ----

TEST(Trainer, ContinuesFromItsPersistentBytesWithTheSameBits) {
    for (const Backend backend : available_backends()) {
        for (const Precision precision : precisions) {
            Plan plan = with(small, precision, Tape::lean);
            plan.rule = Rule::adam;
            plan.clipping = true;
            plan.auxiliary = true;
            const Samples samples = random_samples(plan, 18);
            Training first(plan, backend);
            first.load(random_network(plan.shape, 19));
            first->train({}, samples.batch(), hyper);
            first->end_epoch({}, false);
            first->train({}, samples.batch(), hyper);

            Training second(plan, backend);
            for (const BufferId id : Trainer::persistent) {
                std::ranges::copy(first->bytes(id), second->bytes(id).begin());
            }
            second->set_updates(first->updates());
            for (Training* training : {&first, &second}) {
                (*training)->train({}, samples.batch(), hyper);
                (*training)->end_epoch({}, true);
                (*training)->train({}, samples.batch(), hyper);
            }
            EXPECT_EQ(first.persistent(), second.persistent()) << name(backend) << ", " << name(precision);
            EXPECT_EQ(first.losses(), second.losses());
        }
    }
}

// ---- Time by function ----

TEST(Trainer, CountsCallsByFunction) {
    Plan plan = with(small, Precision::fp32, Tape::lean);
    Training training(plan, Backend::portable);
    training.load(random_network(plan.shape, 20));
    const Samples samples = random_samples(plan, 21);
    static std::uint64_t time = 0;
    training->profile.now = [] { return ++time; };
    training->train({}, samples.batch(), hyper);
    const auto calls = [&](Function function) {
        return training->profile.calls[static_cast<std::size_t>(function)];
    };
    // Four parts of 3, 3, 3 and 1 steps, two blocks of units, 21 rows in one tile.
    EXPECT_EQ(calls(Function::inputs), 4u);
    EXPECT_EQ(calls(Function::forward), 10u);
    EXPECT_EQ(calls(Function::gate_gradient), 10u);
    EXPECT_EQ(calls(Function::hidden_gradient), 10u - 4u);
    EXPECT_EQ(calls(Function::rebuild), 2u * 4u);
    EXPECT_EQ(calls(Function::weight_gradient), 2u * 4u);
    EXPECT_EQ(calls(Function::waiting), 0u);
    // Each call takes one tick of this clock.
    for (std::size_t i = 0; i < function_count; ++i) {
        EXPECT_EQ(training->profile.ticks[i], training->profile.calls[i]) << name(static_cast<Function>(i));
    }
}

}  // namespace
}  // namespace partita::learn::test
