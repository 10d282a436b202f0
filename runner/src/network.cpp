#include "partita/runner/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "partita/runner/error.hpp"

namespace partita::runner {
namespace {

std::string sizes(const learn::Plan& plan) {
    return fmt::format("input {}, hidden {}, classes {}, batch {}, steps {}, parts {}, threads {}",
                       plan.shape.input, plan.shape.hidden, plan.shape.classes, plan.batch, plan.steps,
                       plan.parts, plan.members);
}

learn::Plan with_members(learn::Plan plan, std::uint32_t members) {
    plan.members = members;
    return plan;
}

std::size_t bytes_of(const learn::Plan& plan) {
    const auto layout = learn::layout(plan);
    if (!layout.ok()) {
        throw RunError(fmt::format("cannot plan {}: {}", sizes(plan), learn::describe(layout.error())));
    }
    return layout.value().total;
}

const learn::Kernels* kernels_of(Backend backend, const learn::Plan& plan) {
    const learn::Precision precision = plan.precision;
    // Not silently by the portable backend: that is many times slower.
    if (plan.rounding == learn::Rounding::stochastic && backend != Backend::portable) {
        throw RunError("the host backend does not round stochastically; use --backend portable");
    }
    if (backend != Backend::portable) {
        if (const auto host = learn::host_kernels(precision); host.ok()) {
            return host.value();
        }
        if (backend == Backend::host) {
            throw RunError(
                "the host backend needs a processor with fused multiply-add vectors (AVX2, AVX-512 or NEON); "
                "this one has none, use --backend portable");
        }
    }
    return learn::portable_kernels(precision).value();
}

std::uint32_t narrowed(std::size_t size, const char* what) {
    if (size > UINT32_MAX) {
        throw RunError(fmt::format("{} is {}; at most {} is possible", what, size, UINT32_MAX));
    }
    return static_cast<std::uint32_t>(size);
}

void must(learn::Error error, const char* what) {
    if (error != learn::Error::none) {
        throw RunError(fmt::format("{}: {}", what, learn::describe(error)));
    }
}

}  // namespace

learn::Shape shape_of(const data::Model& model) {
    return {narrowed(model.input, "the model's input"), narrowed(model.hidden, "the model's hidden size"),
            narrowed(model.classes, "the model's number of classes")};
}

Network::Network(learn::Plan plan, Backend backend, std::uint32_t array_side, ThreadTeam& team)
    : team_(team), memory_(bytes_of(with_members(plan, team.size()))), kernels_(kernels_of(backend, plan)) {
    auto trainer =
        learn::Trainer::create(with_members(plan, team.size()), memory_.bytes(), *kernels_, array_side);
    if (!trainer.ok()) {
        throw RunError(
            fmt::format("cannot train with {}: {}", sizes(plan), learn::describe(trainer.error())));
    }
    trainer_ = trainer.value();
}

void Network::load(const data::Model& model) {
    if (shape_of(model) != trainer_.plan().shape) {
        throw RunError(fmt::format("the model has input {}, hidden {}, classes {}; the plan is for {}",
                                   model.input, model.hidden, model.classes, sizes(trainer_.plan())));
    }
    must(trainer_.load({model.weight_ih, model.weight_hh, model.bias, model.head_weight, model.head_bias}),
         "cannot load the model");
}

data::Model Network::model() const {
    const learn::Shape s = trainer_.plan().shape;
    data::Model model{s.input, s.hidden, s.classes, {}, {}, {}, {}, {}, {}};
    model.weight_ih.resize(4 * model.hidden * model.input);
    model.weight_hh.resize(4 * model.hidden * model.hidden);
    model.bias.resize(4 * model.hidden);
    model.head_weight.resize(model.classes * model.hidden);
    model.head_bias.resize(model.classes);
    must(trainer_.store({model.weight_ih, model.weight_hh, model.bias, model.head_weight, model.head_bias}),
         "cannot read the model back");
    return model;
}

void Network::check(const data::Sequences& sequences) const {
    const learn::Plan& plan = trainer_.plan();
    if (sequences.input != plan.shape.input) {
        throw RunError(fmt::format("the sequences have {} values a step, the model takes {}", sequences.input,
                                   plan.shape.input));
    }
    if (sequences.steps != plan.steps) {
        throw RunError(
            fmt::format("the sequences have {} steps, the plan is for {}", sequences.steps, plan.steps));
    }
    for (std::size_t i = 0; i < sequences.labels.size(); ++i) {
        if (sequences.labels[i] >= plan.shape.classes) {
            throw RunError(
                fmt::format("sequence {} has the label {}; the model has {} classes, so labels are below {}",
                            i, sequences.labels[i], plan.shape.classes, plan.shape.classes));
        }
    }
}

void Network::train(const learn::Batch& batch, const learn::Hyper& hyper) {
    must(trainer_.check_training(batch), "cannot train on this batch");
    team_.run([&](const learn::Member& member) { trainer_.train(member, batch, hyper); });
}

void Network::evaluate(const learn::Batch& batch) {
    must(trainer_.check(batch), "cannot evaluate this batch");
    team_.run([&](const learn::Member& member) { trainer_.evaluate(member, batch); });
}

Scores evaluate(const data::Model& model, const data::Sequences& sequences, learn::Precision precision,
                Backend backend, std::uint32_t array_side, ThreadTeam& team, std::uint32_t batch) {
    learn::Plan plan;
    plan.shape = shape_of(model);
    plan.batch =
        static_cast<std::uint32_t>(std::min<std::size_t>(batch, std::max<std::size_t>(1, sequences.count())));
    plan.steps = narrowed(sequences.steps, "the sequences' length");
    plan.tape = learn::Tape::none;
    plan.precision = precision;
    Network network(plan, backend, array_side, team);
    network.check(sequences);
    network.load(model);
    Scores scores;
    const std::size_t stride = sequences.steps * sequences.input;
    for (std::size_t first = 0; first < sequences.count(); first += plan.batch) {
        const std::size_t n = std::min<std::size_t>(plan.batch, sequences.count() - first);
        std::vector<const float*> rows(n);
        for (std::size_t i = 0; i < n; ++i) {
            rows[i] = sequences.values.data() + (first + i) * stride;
        }
        const std::span<const std::uint32_t> labels(sequences.labels.data() + first, n);
        network.evaluate({rows, labels});
        for (std::size_t i = 0; i < n; ++i) {
            scores.correct += network.trainer().predictions()[i] == labels[i] ? 1 : 0;
            scores.loss += static_cast<double>(network.trainer().losses()[i]);
        }
        scores.count += n;
    }
    scores.loss /= static_cast<double>(std::max<std::size_t>(1, scores.count));
    return scores;
}

}  // namespace partita::runner
