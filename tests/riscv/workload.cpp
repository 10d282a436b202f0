#include "workload.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "kernels.hpp"
#include "partita/learn/activation.hpp"
#include "partita/learn/trainer.hpp"

namespace partita::riscv {
namespace {

using learn::Plan;
using learn::Precision;
using learn::Rule;
using learn::Shape;
using learn::Tape;

// Two blocks of units, an odd batch, three parts of which the last is shorter: small, but every path is
// taken.
constexpr Shape shape{.input = 2, .hidden = 17, .classes = 3};
constexpr std::uint32_t batch = 3;
constexpr std::uint32_t steps = 5;

constexpr Plan plan_of(Precision precision, Tape tape, Rule rule, bool options) {
    Plan plan{.shape = shape, .batch = batch, .steps = steps, .parts = 3};
    plan.precision = precision;
    plan.tape = tape;
    plan.rule = rule;
    plan.clipping = options;
    plan.auxiliary = options;
    plan.narrow_regulariser = options;
    return plan;
}

struct Run {
    Plan plan;
    std::uint32_t array_side;
};

// Each precision on either tape, each rule, and the array sides of the accelerator.
constexpr std::array runs{Run{plan_of(Precision::fp32, Tape::full, Rule::sgd, false), 4},
                          Run{plan_of(Precision::fp32, Tape::lean, Rule::adam, true), 8},
                          Run{plan_of(Precision::bf16, Tape::full, Rule::momentum, false), 4},
                          Run{plan_of(Precision::bf16, Tape::lean, Rule::sgd, false), 8},
                          Run{plan_of(Precision::mixed, Tape::full, Rule::adam, true), 4},
                          Run{plan_of(Precision::mixed, Tape::lean, Rule::sgd, false), 8}};

constexpr std::size_t largest_total() {
    std::size_t largest = 0;
    for (const Run& run : runs) {
        const std::size_t total = learn::layout(run.plan).value().total;
        largest = total > largest ? total : largest;
    }
    return largest;
}

// Words of a run: loss and prediction by sequence after training and after evaluation, the updates, all
// parameters, and a hash of every buffer that training carries on.
constexpr std::size_t parameters = learn::parameter_count(shape);
constexpr std::size_t words_of_run =
    4 * std::size_t{batch} + 1 + parameters + std::size(learn::Trainer::persistent);
constexpr std::size_t activations = std::size_t{3} * 256;

alignas(learn::buffer_alignment) std::array<std::byte, largest_total()> memory;
std::array<std::uint32_t, activations + runs.size() * words_of_run + kernel_results> results;
std::array<float, parameters> values;
std::array<std::array<float, std::size_t{steps} * shape.input>, batch> inputs;

// Where the next result goes.
struct Writer {
    std::size_t at = 0;

    void put(std::uint32_t word) { results[at++] = word; }
    void put(float value) { put(std::bit_cast<std::uint32_t>(value)); }
};

// A linear congruential generator (Numerical Recipes); numbers in [-1, 1), exact in FP32.
struct Generator {
    std::uint32_t state = 1;

    std::uint32_t bits() { return state = state * 1664525U + 1013904223U; }
    float number() { return static_cast<float>(static_cast<std::int32_t>(bits()) >> 8) * 0x1p-23F; }
};

std::uint32_t hash_of(std::span<const std::byte> bytes) {
    std::uint32_t hash = 2166136261U;  // 32-bit FNV-1a
    for (const std::byte byte : bytes) {
        hash = (hash ^ static_cast<std::uint32_t>(byte)) * 16777619U;
    }
    return hash;
}

// The parameters in `values`, in PyTorch's order.
learn::Parameters<float> parameter_view() {
    constexpr std::size_t gates = std::size_t{4} * shape.hidden;
    std::span<float> rest = values;
    const auto take = [&](std::size_t count) {
        const std::span<float> taken = rest.first(count);
        rest = rest.subspan(count);
        return taken;
    };
    learn::Parameters<float> view;
    view.weight_ih = take(gates * shape.input);
    view.weight_hh = take(gates * shape.hidden);
    view.bias = take(gates);
    view.head_weight = take(std::size_t{shape.classes} * shape.hidden);
    view.head_bias = take(shape.classes);
    return view;
}

void put_outcome(Writer& writer, const learn::Trainer& trainer) {
    for (const float loss : trainer.losses()) {
        writer.put(loss);
    }
    for (const std::uint32_t prediction : trainer.predictions()) {
        writer.put(prediction);
    }
}

// Two batches, the second smaller, with an epoch's end between them, and an evaluation.
void train(Writer& writer, const Run& run, Generator& generator) {
    auto created = learn::Trainer::create(
        run.plan, memory, *learn::portable_kernels(run.plan.precision).value(), run.array_side);
    if (!created.ok()) {
        writer.put(static_cast<std::uint32_t>(created.error()));
        return;
    }
    learn::Trainer& trainer = created.value();
    for (float& value : values) {
        value = 0.25F * generator.number();
    }
    for (auto& sequence : inputs) {
        for (float& value : sequence) {
            value = 2.0F * generator.number();
        }
    }
    const learn::Parameters<float> view = parameter_view();
    const learn::Parameters<const float> start{view.weight_ih, view.weight_hh, view.bias, view.head_weight,
                                               view.head_bias};
    if (const learn::Error error = trainer.load(start); error != learn::Error::none) {
        writer.put(static_cast<std::uint32_t>(error));
        return;
    }
    const std::array<const float*, batch> sequences{inputs[0].data(), inputs[1].data(), inputs[2].data()};
    const std::array<std::uint32_t, batch> labels{2, 0, 1};
    const learn::Batch whole{sequences, labels};
    const learn::Batch two{std::span(sequences).first(2), std::span(labels).first(2)};
    const learn::Hyper hyper{.learning_rate = 0.05F, .alpha = 0.3F, .clip_norm = 0.1F};
    trainer.train({}, whole, hyper);
    trainer.end_epoch({}, false);
    trainer.train({}, two, hyper);
    put_outcome(writer, trainer);
    trainer.evaluate({}, whole);
    put_outcome(writer, trainer);
    writer.put(static_cast<std::uint32_t>(trainer.updates()));
    if (trainer.store(view) == learn::Error::none) {
        for (const float value : values) {
            writer.put(value);
        }
    }
    for (const learn::BufferId id : learn::Trainer::persistent) {
        writer.put(hash_of(trainer.bytes(id)));
    }
}

}  // namespace

std::span<const std::uint32_t> run_workload() {
    Writer writer;
    Generator generator;
    // Arguments of every size and either sign, infinities and NaN among them. A NaN's sign and payload are
    // the processor's.
    for (std::size_t i = 0; i < activations / 3; ++i) {
        const auto x = std::bit_cast<float>(generator.bits());
        for (const float y : {learn::exp(x), learn::sigmoid(x), learn::tanh(x)}) {
            writer.put(y == y ? y : 0.0F);
        }
    }
    for (const Run& run : runs) {
        train(writer, run, generator);
    }
    run_kernels(std::span(results).subspan(writer.at).first<kernel_results>());
    writer.at += kernel_results;
    return std::span(results).first(writer.at);
}

}  // namespace partita::riscv
