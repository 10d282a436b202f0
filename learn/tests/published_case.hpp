#pragma once

// The published study's case: four MNIST digits, pixel by pixel, and a network trained before, as its files
// give them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <span>
#include <vector>

#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"
#include "support.hpp"

namespace partita::learn::test {

struct PublishedLoss {
    std::uint32_t parts;
    double loss;  // cross-entropy of the four digits at T = 784, after K - 1 updates
};

// Computed once in NumPy, PyTorch and oneDNN from exact gradients in FP32; lr 0.01, alpha 0.1, plain SGD.
inline constexpr PublishedLoss published_losses[] = {{1, 0.058755},  {2, 0.054001},  {7, 0.046111},
                                                     {14, 0.046732}, {28, 0.044593}, {56, 0.044348}};

class PublishedCase : public testing::Test {
  protected:
    void SetUp() override {
        const std::filesystem::path folder =
            std::filesystem::path(PARTITA_SHARED_DIR) / "data/published-case";
        if (!std::filesystem::exists(folder)) {
            GTEST_SKIP() << folder.string() << " is absent";
        }
        model_ = data::load_model(folder / "pretrained.safetensors");
        sequences_ = data::load_sequences(folder / "samples.safetensors", model_.classes);
    }

    // Cross-entropy summed over the four digits, before the last update. Guards before and after the plan's
    // memory are checked for every byte.
    double train(const Plan& plan, const Kernels& kernels) const {
        constexpr std::byte guard{0xA5};
        const std::size_t total = layout(plan).value().total;
        const Memory memory(total + 2 * margin);
        const auto whole = memory.bytes();
        std::ranges::fill(whole, guard);
        Trainer trainer = Trainer::create(plan, whole.subspan(margin, total), kernels).value();
        EXPECT_EQ(trainer.load({model_.weight_ih, model_.weight_hh, model_.bias, model_.head_weight,
                                model_.head_bias}),
                  Error::none);
        std::vector<const float*> values;
        for (std::size_t i = 0; i < sequences_.count(); ++i) {
            values.push_back(sequences_.values.data() + i * sequences_.steps * sequences_.input);
        }
        const Batch batch{values, sequences_.labels};
        EXPECT_EQ(trainer.check(batch), Error::none);
        trainer.train({}, batch, {.learning_rate = 0.01f, .alpha = 0.1f});
        for (const auto& outside : {whole.first(margin), whole.last(margin)}) {
            EXPECT_TRUE(std::ranges::all_of(outside, [](std::byte b) { return b == guard; }))
                << describe_plan(plan);
        }
        return std::accumulate(trainer.losses().begin(), trainer.losses().end(), 0.0);
    }

    Plan plan(std::uint32_t parts) const {
        return {.shape = {1, static_cast<std::uint32_t>(model_.hidden),
                          static_cast<std::uint32_t>(model_.classes)},
                .batch = static_cast<std::uint32_t>(sequences_.count()),
                .steps = static_cast<std::uint32_t>(sequences_.steps),
                .parts = parts};
    }

  private:
    static constexpr std::size_t margin = 4096;
    data::Model model_;
    data::Sequences sequences_;
};

}  // namespace partita::learn::test
