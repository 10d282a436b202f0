#include <fmt/format.h>

#include <memory>
#include <span>

#include "chip/base/fnv1a.hpp"
#include "commands.hpp"
#include "datasets.hpp"
#include "experiment.hpp"
#include "output.hpp"
#include "partita/runner/error.hpp"
#include "result.hpp"

namespace partita::cli {
namespace {

struct TrainOptions {
    std::uint32_t hidden = 128;
    std::string out;
    std::string json;
    std::string checkpoint;
    std::uint32_t checkpoint_seconds = 60;
    bool resume = false;
    DataOptions data;
    MachineOptions machine;
    TrainingOptions training;
};

// Of values and labels: the name of a file does not say whether its content is still the same.
std::string checksum(const data::Sequences& sequences) {
    chip::Fnv1a hash;
    hash.add(std::as_bytes(std::span(sequences.values)));
    hash.add(std::as_bytes(std::span(sequences.labels)));
    return fmt::format("{:016x}", hash.value());
}

// Everything that decides the bits of the result, so that a checkpoint is not continued with other options.
std::map<std::string, std::string> fingerprint(const TrainOptions& o, const Dataset& dataset,
                                               const data::Sequences& sequences) {
    const TrainingOptions& t = o.training;
    constexpr const char* schedules[] = {"constant", "steps", "cosine"};
    constexpr const char* backends[] = {"auto", "host", "portable"};
    return {{"data", dataset.description()},
            {"data checksum", checksum(sequences)},
            {"rotation", fmt::format("{}", o.data.rotate)},
            {"view", o.data.view == data::View::pixels ? "pixels" : "rows"},
            {"hidden", fmt::format("{}", o.hidden)},
            {"parts", fmt::format("{}", t.parts.front())},
            {"learning rate", fmt::format("{}", t.learning_rates.front())},
            {"batch", fmt::format("{}", t.batch)},
            {"epochs", fmt::format("{}", t.epochs)},
            {"seed", fmt::format("{}", t.seed)},
            {"rule", learn::name(t.rule)},
            {"rounding", learn::name(t.rounding)},
            {"alpha", t.no_regulariser ? "none" : fmt::format("{}", t.alpha)},
            {"momentum", fmt::format("{}", t.momentum)},
            {"auxiliary loss", t.auxiliary ? "yes" : "no"},
            {"adopted mean", t.adopt_mean ? "yes" : "no"},
            {"clipping", t.clip ? fmt::format("{}", *t.clip) : "none"},
            {"schedule", schedules[static_cast<std::size_t>(t.schedule)]},
            {"warm-up", fmt::format("{}", t.warm_up)},
            {"shuffling", t.no_shuffle ? "no" : "yes"},
            {"augmentation", t.augment ? "yes" : "no"},
            {"training sequences", t.train_span.empty() ? "all" : t.train_span},
            {"precision", learn::name(o.machine.precision)},
            {"narrow state", o.machine.narrow_state ? "yes" : "no"},
            {"backend", backends[static_cast<std::size_t>(o.machine.backend)]},
            {"array side", fmt::format("{}", o.machine.array_side)}};
}

void train(const TrainOptions& options) {
    const TrainingOptions& training = options.training;
    const bool several = training.parts.size() > 1 || training.seeds > 1;
    if (several && (!options.out.empty() || !options.checkpoint.empty())) {
        throw UsageError("--out and --checkpoint take one run; give one K and one seed");
    }
    if (options.resume && options.checkpoint.empty()) {
        throw UsageError("--resume needs --checkpoint FILE to resume from");
    }
    check_distinct({options.out, options.json, options.checkpoint});
    check_writable(options.out);
    check_writable(options.json);
    check_writable(options.checkpoint);
    const Dataset dataset(options.data);
    TrainingData training_data(dataset, training);
    const data::Sequences& sequences = training_data.sequences();

    ExperimentSetup setup;
    setup.machine = options.machine;
    setup.training = training;
    setup.shape = {static_cast<std::uint32_t>(sequences.input), options.hidden,
                   static_cast<std::uint32_t>(sequences.classes)};
    setup.steps = sequences.steps;
    setup.start = [&](std::uint64_t seed) {
        return data::random_model(sequences.input, options.hidden, sequences.classes, seed, true);
    };
    setup.epoch_data = [&](std::uint64_t seed, std::uint32_t epoch) -> const data::Sequences& {
        return training_data.epoch(seed, epoch);
    };
    if (!training.test_span.empty()) {
        setup.held_out.push_back({"held out", dataset.sequences("--test", training.test_span)});
    }
    setup.checkpoint = {options.checkpoint, std::chrono::seconds(options.checkpoint_seconds), options.resume,
                        fingerprint(options, dataset, sequences)};
    fmt::print("{}; training on {} sequences of {} steps, {} epochs, batch {}\n\n", dataset.description(),
               sequences.count(), sequences.steps, training.epochs, training.batch);
    const std::vector<RunResult> results = run_experiment(setup);
    if (results.back().end == runner::TrainingEnd::interrupted) {
        throw runner::RunError(
            options.checkpoint.empty()
                ? std::string("interrupted")
                : fmt::format("interrupted; the same command with --resume goes on from {}",
                              options.checkpoint));
    }
    // Files first: who reads the text may have gone.
    if (!options.out.empty()) {
        data::save_model(options.out, results.front().model);
    }
    write_json(
        options.json,
        {{"command", "train"}, {"data", dataset.description()}, {"runs", results_json(setup, results)}});
    fmt::print("{}\n", results_text(setup, results));
    if (!options.out.empty()) {
        fmt::print("wrote {}\n", options.out);
    }
}

}  // namespace

void add_train(CLI::App& app) {
    auto options = std::make_shared<TrainOptions>();
    CLI::App* command = app.add_subcommand("train", "Train a model from a random start");
    command->add_option("--hidden", options->hidden, "hidden units of the LSTM [128]")
        ->check(whole_from(1, 65536));
    options->data.add_to(*command);
    options->training.add_to(*command);
    options->machine.add_to(*command);
    command->add_option("--out", options->out, "write the trained model to this file");
    command->add_option("--json", options->json, "write the results to this file, for machines");
    command->add_option("--checkpoint", options->checkpoint,
                        "save everything to this file now and then, and when interrupted");
    command->add_option("--checkpoint-every", options->checkpoint_seconds,
                        "seconds between checkpoints [60]");
    command->add_flag("--resume", options->resume,
                      "go on from the checkpoint if there is one; the result has the same bits");
    command->footer(
        "Examples:\n"
        "  partita train --strokes population --writers 300 --each 30 --view rows --epochs 10 --rule adam "
        "--lr 0.001\n"
        "  partita train --data mnist --train 1000:9000 --test 0:1000 --parts 1,7,28 --batch 32 --epochs 50 "
        "\\\n"
        "      --rule adam --lr 0.002 --clip 1 --schedule cosine --augment --precision mixed --threads 2");
    command->callback([options] { train(*options); });
}

}  // namespace partita::cli
