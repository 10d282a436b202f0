#include "partita/runner/network.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "fixtures.hpp"
#include "partita/runner/memory.hpp"

namespace partita::runner::test {
namespace {

// To the nearest BF16, ties to even; finite values only.
float to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return std::bit_cast<float>((bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u);
}

data::Model model_for(const learn::Plan& plan, std::uint64_t seed) {
    return data::random_model(plan.shape.input, plan.shape.hidden, plan.shape.classes, seed);
}

TEST(Network, GivesBackTheModelLoaded) {
    for (const learn::Precision precision :
         {learn::Precision::fp32, learn::Precision::mixed, learn::Precision::bf16}) {
        SCOPED_TRACE(learn::name(precision));
        learn::Plan plan = small_plan();
        plan.precision = precision;
        ThreadTeam team(1);
        Network network(plan, Backend::automatic, 4, team);
        data::Model model = model_for(plan, 2);
        model.bias[0] = -0.0f;
        network.load(model);
        if (precision == learn::Precision::bf16) {
            for (auto* values :
                 {&model.weight_ih, &model.weight_hh, &model.bias, &model.head_weight, &model.head_bias}) {
                std::ranges::transform(*values, values->begin(), to_bf16);
            }
        }
        EXPECT_EQ(network.model(), model);
        EXPECT_TRUE(std::signbit(network.model().bias[0]));
    }
}

TEST(Network, RefusesAModelOfAnotherShapeAndStaysAsItWas) {
    LoadedNetwork loaded(small_plan());
    const data::Model before = loaded.network.model();
    for (const auto& [other, found] :
         std::vector<std::pair<learn::Shape, std::string>>{{{2, 5, 4}, "input 2, hidden 5, classes 4"},
                                                           {{3, 6, 4}, "input 3, hidden 6, classes 4"},
                                                           {{3, 5, 3}, "input 3, hidden 5, classes 3"}}) {
        const data::Model model = data::random_model(other.input, other.hidden, other.classes, 1);
        EXPECT_TRUE(says(run_error([&] { loaded.network.load(model); }),
                         {"the model has " + found, "the plan is for input 3, hidden 5, classes 4"}));
        EXPECT_EQ(loaded.network.model(), before);
    }
}

TEST(Network, RefusesPlansThatCannotBe) {
    ThreadTeam team(1);
    const auto sentence = [&](const std::function<void(learn::Plan&)>& change) {
        learn::Plan plan = small_plan();
        change(plan);
        return run_error([&] { const Network network(plan, Backend::automatic, 4, team); });
    };
    EXPECT_TRUE(says(sentence([](learn::Plan& p) { p.shape.hidden = 0; }),
                     {"cannot plan", "hidden 0", "must each be at least 1"}));
    EXPECT_TRUE(says(sentence([](learn::Plan& p) { p.parts = 8; }),
                     {"cannot plan", "steps 7, parts 8", "more parts than it has steps"}));
    EXPECT_TRUE(says(sentence([](learn::Plan& p) { p.shape.hidden = p.batch = 1u << 30; }),
                     {"cannot plan", "1073741824", "more memory than can be addressed"}));
}

TEST(Network, RefusesWhatTheMachineCannotHold) {
    learn::Plan plan = small_plan();
    plan.shape.hidden = 1u << 20;  // 4 * 2^20 * 2^20 weights: 2^44 bytes and more
    ThreadTeam team(1);
    const auto needed = learn::layout(plan).value().total;
    EXPECT_TRUE(
        says(run_error([&] { const Network network(plan, Backend::automatic, 4, team); }),
             {"the plan needs " + std::to_string(needed) + " bytes", "this machine has", "more parts"}));
}

TEST(Memory, IsRefusedBeforeItIsAskedFor) {
    for (const std::size_t size :
         {std::size_t{1} << 47, std::numeric_limits<std::size_t>::max(), std::size_t{1} << 63}) {
        EXPECT_TRUE(says(run_error([&] { const Memory memory(size); }),
                         {"the plan needs " + std::to_string(size) + " bytes"}));
        EXPECT_TRUE(says(run_error([&] { check_memory(size); }), {"the plan needs"}));
    }
    check_memory(1);
}

TEST(Memory, IsAlignedAndAsLargeAsAsked) {
    for (const std::size_t size : {1u, 63u, 64u, 65u, 4097u}) {
        const Memory memory(size);
        EXPECT_EQ(memory.bytes().size(), size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.bytes().data()) % learn::buffer_alignment, 0u);
    }
}

// Eleven sequences in batches of four: the last batch has three.
TEST(Evaluate, EqualsBatchesRunByHand) {
    const learn::Plan plan = small_plan();
    const data::Model model = model_for(plan, 3);
    const data::Sequences sequences = random_sequences(11, plan.steps, 3, 4, 4);
    ThreadTeam team(1);
    const Scores scores = evaluate(model, sequences, plan.precision, Backend::automatic, 4, team, 4);

    LoadedNetwork loaded(plan, 1, 3);
    Scores expected;
    for (std::size_t first = 0; first < 11; first += 4) {
        std::vector<const float*> rows;
        std::vector<std::uint32_t> labels;
        for (std::size_t i = first; i < std::min<std::size_t>(11, first + 4); ++i) {
            rows.push_back(&sequences.values[i * 7 * 3]);
            labels.push_back(sequences.labels[i]);
        }
        loaded.network.evaluate({rows, labels});
        for (std::size_t i = 0; i < rows.size(); ++i) {
            expected.loss += loaded.network.trainer().losses()[i];
            expected.correct += loaded.network.trainer().predictions()[i] == labels[i] ? 1 : 0;
        }
    }
    EXPECT_EQ(scores.count, 11u);
    EXPECT_EQ(scores.correct, expected.correct);
    EXPECT_EQ(scores.loss, expected.loss / 11.0);
    EXPECT_EQ(scores.accuracy(), static_cast<double>(expected.correct) / 11.0);
    EXPECT_EQ(loaded.network.model(), model);
}

TEST(Evaluate, GivesTheSameBitsForAnyTeam) {
    const data::Model model = data::random_model(3, 40, 4, 3);
    const data::Sequences sequences = random_sequences(11, 7, 3, 4, 4);
    ThreadTeam one(1);
    const Scores expected =
        evaluate(model, sequences, learn::Precision::mixed, Backend::automatic, 4, one, 4);
    for (const std::uint32_t size : {2u, 5u}) {
        ThreadTeam team(size);
        const Scores scores =
            evaluate(model, sequences, learn::Precision::mixed, Backend::automatic, 4, team, 4);
        EXPECT_EQ(scores.loss, expected.loss);
        EXPECT_EQ(scores.correct, expected.correct);
    }
}

TEST(Evaluate, NoSequencesScoreNothing) {
    const Scores scores = [] {
        ThreadTeam team(1);
        return evaluate(data::random_model(3, 5, 4, 1), random_sequences(0, 7, 3, 4, 1),
                        learn::Precision::fp32, Backend::automatic, 4, team);
    }();
    EXPECT_EQ(scores.count, 0u);
    EXPECT_EQ(scores.loss, 0.0);
    EXPECT_EQ(scores.accuracy(), 0.0);
}

TEST(Evaluate, RefusesSequencesThatDoNotFit) {
    ThreadTeam team(1);
    const auto sentence = [&](const data::Sequences& sequences) {
        return run_error([&] {
            evaluate(data::random_model(3, 5, 4, 1), sequences, learn::Precision::fp32, Backend::automatic, 4,
                     team);
        });
    };
    EXPECT_TRUE(says(sentence(random_sequences(5, 7, 2, 4, 1)), {"2 values a step", "the model takes 3"}));
    data::Sequences sequences = random_sequences(5, 7, 3, 4, 1);
    sequences.labels[2] = 4;
    EXPECT_TRUE(says(sentence(sequences), {"sequence 2 has the label 4", "4 classes"}));
}

}  // namespace
}  // namespace partita::runner::test
