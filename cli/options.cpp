#include "options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <type_traits>

#include "partita/learn/layout.hpp"

namespace partita::cli {
namespace {

const std::map<std::string, learn::Precision> precisions{
    {"fp32", learn::Precision::fp32}, {"bf16", learn::Precision::bf16}, {"mixed", learn::Precision::mixed}};
const std::map<std::string, learn::Tape> tapes{{"full", learn::Tape::full}, {"lean", learn::Tape::lean}};
const std::map<std::string, learn::Rule> rules{
    {"sgd", learn::Rule::sgd}, {"momentum", learn::Rule::momentum}, {"adam", learn::Rule::adam}};
const std::map<std::string, learn::Rounding> roundings{{"nearest", learn::Rounding::nearest},
                                                       {"stochastic", learn::Rounding::stochastic}};
const std::map<std::string, runner::Backend> backends{{"auto", runner::Backend::automatic},
                                                      {"host", runner::Backend::host},
                                                      {"portable", runner::Backend::portable}};
const std::map<std::string, data::View> views{{"pixels", data::View::pixels}, {"rows", data::View::rows}};
const std::map<std::string, learn::Schedule::Kind> schedules{{"constant", learn::Schedule::Kind::constant},
                                                             {"steps", learn::Schedule::Kind::steps},
                                                             {"cosine", learn::Schedule::Kind::cosine}};

template <typename Value>
CLI::Option* choice(CLI::App& app, const std::string& names, Value& value,
                    const std::map<std::string, Value>& choices, const std::string& text) {
    const auto number_of = [choices](std::string& word) {
        const auto found = choices.find(word);
        if (found == choices.end()) {
            std::string known;
            for (const auto& [name, unused] : choices) {
                known += (known.empty() ? "" : ", ") + name;
            }
            return fmt::format("found '{}', expected one of {}", word, known);
        }
        word = std::to_string(static_cast<std::underlying_type_t<Value>>(found->second));
        return std::string();
    };
    return app.add_option(names, value, text)->transform(CLI::Validator(number_of, ""));
}

}  // namespace

Span parse_span(const std::string& option, const std::string& text) {
    Span span;
    const char* last = text.data() + text.size();
    const auto first = std::from_chars(text.data(), last, span.first);
    const bool colon = first.ec == std::errc{} && first.ptr != last && *first.ptr == ':';
    const auto count = colon ? std::from_chars(first.ptr + 1, last, span.count) : first;
    if (!colon || count.ec != std::errc{} || count.ptr != last || span.count == 0) {
        throw UsageError(fmt::format(
            "{} is '{}'; expected FIRST:COUNT, such as 2000:300, with a count above 0", option, text));
    }
    return span;
}

CLI::Validator number_from(double low, double high) {
    return {[low, high](std::string& text) {
                char* end = nullptr;
                const double value = std::strtod(text.c_str(), &end);
                const bool fits = end == text.c_str() + text.size() && value >= low && value <= high;
                return fits ? std::string()
                            : fmt::format("found '{}', expected a number from {} to {}", text, low, high);
            },
            ""};
}

CLI::Validator whole_from(std::uint64_t low, std::uint64_t high) {
    return {[low, high](std::string& text) {
                std::uint64_t value = 0;
                const char* last = text.data() + text.size();
                const auto read = std::from_chars(text.data(), last, value);
                const bool fits = read.ec == std::errc{} && read.ptr == last && value >= low && value <= high;
                return fits ? std::string()
                            : fmt::format("found '{}', expected a whole number from {} to {}", text, low,
                                          high);
            },
            ""};
}

void add_rule(CLI::App& app, learn::Rule& rule) {
    choice(app, "--rule", rule, rules, "sgd, momentum or adam [sgd]");
}

void MachineOptions::add_to(CLI::App& app, bool with_tape) {
    choice(app, "--precision", precision, precisions,
           "fp32; bf16 (everything stored in BF16); mixed (BF16 operands, FP32 sums and weights) [fp32]");
    if (with_tape) {
        choice(app, "--tape", tape, tapes,
               "full keeps the gates of every step, lean computes them again [full]");
        app.add_flag("--narrow-state", narrow_state,
                     "fp32: keep FPTT's e and d in BF16 (bf16 and mixed always do)");
    }
    choice(app, "--backend", backend, backends,
           "auto, host (SIMD) or portable (scalar; the accelerator's order of rounding) [auto]");
    app.add_option("--array-side", array_side, "portable: side of the array it reproduces, 1 to 256 [4]")
        ->check(whole_from(1, 256));
    app.add_option("--threads", threads, "threads; results do not depend on their number [1]")
        ->check(whole_from(1, 1024));
}

void DataOptions::add_to(CLI::App& app) {
    auto* mnist = app.add_option("--data", directory, "directory of MNIST's IDX files, plain or gzip");
    app.add_option("--prefix", prefix, "which of them: t10k or train [t10k]")->needs(mnist);
    auto* file =
        app.add_option("--sequences", sequences,
                       "safetensors with `samples` [n, T] or [n, T, input] and `labels` [n] or [n, classes]");
    auto* drawn = app.add_option("--strokes", strokes,
                                 "the project's own digits: by a `population` of writers, or by one `writer`")
                      ->check(CLI::IsMember({"population", "writer"}));
    mnist->excludes(file)->excludes(drawn);
    file->excludes(drawn);
    app.add_option("--writers", writers, "strokes population: number of writers [200]")
        ->check(whole_from(1, 1000000));
    app.add_option("--each", each, "strokes: digits by each writer [20]")->check(whole_from(1, 1000000));
    app.add_option("--writer-seed", writer_seed, "strokes: which writer, or which population [1]")
        ->check(whole_from(0, UINT64_MAX));
    app.add_option("--sample-seed", sample_seed, "strokes writer: which digits by this writer [1]")
        ->check(whole_from(0, UINT64_MAX));
    app.add_flag("--unusual", unusual, "strokes writer: a hand outside of the population");
    choice(app, "--view", view, views,
           "images as sequences: pixels (T = 784) or rows (T = 28, input 28) [pixels]");
    app.add_option("--rotate", rotate,
                   "turn the images by so many degrees (bilinear, about their centre) [0]")
        ->check(number_from(-360.0, 360.0));
}

void TrainingOptions::add_to(CLI::App& app) {
    app.add_option("-k,--parts", parts,
                   "K, parts a sequence is cut in; several run side by side, 1 is BPTT [7]")
        ->delimiter(',')
        ->check(whole_from(1, UINT32_MAX));
    app.add_option("--lr", learning_rates, "learning rate; one for all, or one for each K [0.01]")
        ->delimiter(',');
    app.add_option("--batch", batch, "sequences trained together [4]")->check(whole_from(1, UINT32_MAX));
    app.add_option("--epochs", epochs, "passes over the training sequences [1]")
        ->check(whole_from(1, UINT32_MAX));
    app.add_option("--seeds", seeds, "repeat with so many seeds and report the mean [1]")
        ->check(whole_from(1, 1000));
    app.add_option("--seed", seed, "first seed: order of the sequences, random start, augmentation [1]")
        ->check(whole_from(0, UINT64_MAX));
    add_rule(app, rule);
    choice(app, "--rounding", rounding, roundings,
           "of updated weights: nearest, or stochastic (bf16 by the portable backend) [nearest]");
    app.add_option("--alpha", alpha, "FPTT's regulariser [0.1]")->check(number_from(0.0, 1e6));
    app.add_option("--momentum", momentum, "momentum's factor [0.9]")->check(number_from(0.0, 1.0));
    app.add_flag("--no-regulariser", no_regulariser, "without FPTT's regulariser");
    app.add_flag("--auxiliary", auxiliary,
                 "FPTT's auxiliary loss: early parts aim at estimated label distributions");
    app.add_flag("--adopt-mean", adopt_mean, "at the end of an epoch the weights become their running mean");
    app.add_option("--clip", clip, "clip the gradient to this norm")->check(number_from(1e-30, 1e30));
    choice(app, "--schedule", schedule, schedules,
           "learning rate over time: constant, steps or cosine [constant]");
    app.add_option("--warm-up", warm_up, "epochs over which the learning rate rises [0]")
        ->check(number_from(0.0, 1e9));
    app.add_flag("--no-shuffle", no_shuffle, "keep the sequences in order");
    app.add_flag("--augment", augment,
                 "images: small random turns, shifts, scalings and slants, new every epoch");
    app.add_option("--train", train_span, "train on these sequences, FIRST:COUNT [all]");
    app.add_option("--test", test_span, "hold out these sequences for testing, FIRST:COUNT [none]");
}

learn::Plan TrainingOptions::plan(learn::Shape shape, std::size_t steps, std::uint32_t part_count,
                                  const MachineOptions& machine) const {
    if (steps > UINT32_MAX) {
        throw UsageError(
            fmt::format("the sequences have {} steps; at most {} are possible", steps, UINT32_MAX));
    }
    if (rounding == learn::Rounding::stochastic && machine.precision != learn::Precision::bf16) {
        throw UsageError(fmt::format("--rounding stochastic is for --precision bf16, not {}",
                                     learn::name(machine.precision)));
    }
    if (rounding == learn::Rounding::stochastic && machine.backend != runner::Backend::portable) {
        throw UsageError(
            "--rounding stochastic needs --backend portable; the host backend rounds to nearest");
    }
    learn::Plan plan;
    plan.shape = shape;
    plan.batch = batch;
    plan.steps = static_cast<std::uint32_t>(steps);
    plan.parts = part_count;
    plan.precision = machine.precision;
    plan.tape = machine.tape;
    plan.rule = rule;
    plan.rounding = rounding;
    plan.regulariser = !no_regulariser;
    plan.narrow_regulariser = machine.narrow_state;
    plan.clipping = clip.has_value();
    plan.auxiliary = auxiliary;
    plan.members = machine.threads;
    return plan;
}

runner::TrainingSettings TrainingOptions::settings(std::size_t run, std::uint64_t run_seed) const {
    runner::TrainingSettings settings;
    settings.epochs = epochs;
    settings.hyper.learning_rate = learning_rates.size() == 1 ? learning_rates[0] : learning_rates[run];
    settings.hyper.alpha = alpha;
    settings.hyper.momentum = momentum;
    settings.hyper.rounding_seed = run_seed;
    settings.hyper.clip_norm = clip.value_or(0.0f);
    settings.schedule = schedule;
    settings.warm_up_epochs = warm_up;
    settings.shuffle = !no_shuffle;
    settings.adopt_mean = adopt_mean;
    settings.seed = run_seed;
    return settings;
}

learn::Layout checked_layout(const learn::Plan& plan) {
    const auto layout = learn::layout(plan);
    if (!layout.ok()) {
        throw UsageError(
            fmt::format("cannot plan input {}, hidden {}, classes {}, batch {}, steps {}, parts {}: {}",
                        plan.shape.input, plan.shape.hidden, plan.shape.classes, plan.batch, plan.steps,
                        plan.parts, learn::describe(layout.error())));
    }
    return layout.value();
}

}  // namespace partita::cli
