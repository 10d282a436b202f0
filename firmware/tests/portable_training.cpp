#include "portable_training.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdio>
#include <memory>
#include <vector>

#include "firmware/host/build.hpp"
#include "partita/learn/trainer.hpp"

namespace partita::firmware::test {

data::Sequences short_samples(std::size_t steps) {
    const data::Sequences whole = default_samples(4);
    data::Sequences samples{
        .steps = steps, .input = 1, .classes = whole.classes, .values = {}, .labels = whole.labels};
    for (std::size_t b = 0; b < whole.count(); ++b) {
        const float* first = whole.values.data() + b * whole.steps + whole.steps / 2;
        samples.values.insert(samples.values.end(), first, first + steps);
    }
    return samples;
}

std::string portable_console(const learn::Plan& plan, std::uint32_t side, const data::Model& model,
                             const data::Sequences& samples) {
    const std::size_t total = learn::layout(plan).value().total;
    std::vector<std::byte> bytes(total + learn::buffer_alignment);
    void* start = bytes.data();
    std::size_t room = bytes.size();
    std::align(learn::buffer_alignment, total, start, room);
    learn::Trainer trainer = learn::Trainer::create(plan, {static_cast<std::byte*>(start), total},
                                                    *learn::portable_kernels(plan.precision).value(), side)
                                 .value();
    EXPECT_EQ(
        trainer.load({model.weight_ih, model.weight_hh, model.bias, model.head_weight, model.head_bias}),
        learn::Error::none);
    std::vector<const float*> sequences;
    for (std::size_t b = 0; b < plan.batch; ++b) {
        sequences.push_back(samples.values.data() + b * samples.steps);
    }
    trainer.train({}, {sequences, samples.labels}, {.learning_rate = 0.01f, .alpha = 0.1f});
    char line[128];
    std::string text;
    float sum = 0;
    for (const float loss : trainer.losses()) {
        std::snprintf(line, sizeof line, "loss %08x %.9f\n", std::bit_cast<std::uint32_t>(loss),
                      static_cast<double>(loss));
        text += line;
        sum += loss;
    }
    std::snprintf(line, sizeof line, "loss sum %.6f\n", static_cast<double>(sum));
    text += line;
    for (const auto id :
         {learn::BufferId::weights, learn::BufferId::regulariser_e, learn::BufferId::regulariser_d}) {
        std::snprintf(line, sizeof line, "digest %s %08x\n", learn::name(id), trainer.digest(id));
        text += line;
    }
    return text;
}

}  // namespace partita::firmware::test
