#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "commands.hpp"
#include "datasets.hpp"
#include "experiment.hpp"
#include "output.hpp"
#include "result.hpp"

namespace partita::cli {
namespace {

struct FinetuneOptions {
    std::string model;
    std::string out;
    std::string json;
    bool compare = false;
    DataOptions data;
    MachineOptions machine;
    TrainingOptions training;
};

void finetune(FinetuneOptions options) {
    TrainingOptions& training = options.training;
    if (options.compare && std::ranges::find(training.parts, 1u) == training.parts.end()) {
        training.parts.insert(training.parts.begin(), 1u);
        if (training.learning_rates.size() > 1) {
            training.learning_rates.insert(training.learning_rates.begin(), training.learning_rates.front());
        }
    }
    if (!options.out.empty() && (training.parts.size() > 1 || training.seeds > 1)) {
        throw UsageError("--out takes one model; give one K and one seed, without --compare");
    }
    check_distinct({options.out, options.json});
    check_writable(options.out);
    check_writable(options.json);
    const data::Model model = data::load_model(options.model);
    const Dataset dataset(options.data);
    TrainingData training_data(dataset, training);
    const data::Sequences& sequences = training_data.sequences();

    ExperimentSetup setup;
    setup.machine = options.machine;
    setup.training = training;
    setup.shape = runner::shape_of(model);
    setup.steps = sequences.steps;
    setup.start = [&](std::uint64_t) { return data::Model(model); };
    setup.epoch_data = [&](std::uint64_t seed, std::uint32_t epoch) -> const data::Sequences& {
        return training_data.epoch(seed, epoch);
    };
    if (!training.test_span.empty()) {
        setup.held_out.push_back({"held out", dataset.sequences("--test", training.test_span)});
        if (auto upright = dataset.upright("--test", training.test_span)) {
            setup.held_out.push_back({"upright", std::move(*upright)});
        }
    }
    fmt::print("{}; training on {} sequences of {} steps, {} epochs, batch {}\n\n", dataset.description(),
               sequences.count(), sequences.steps, training.epochs, training.batch);
    const std::vector<RunResult> results = run_experiment(setup);
    // Files first: who reads the text may have gone.
    if (!options.out.empty()) {
        data::save_model(options.out, results.front().model);
    }
    write_json(options.json, {{"command", "finetune"},
                              {"model", options.model},
                              {"data", dataset.description()},
                              {"runs", results_json(setup, results)}});
    fmt::print("{}\n", results_text(setup, results));
    if (!options.out.empty()) {
        fmt::print("wrote {}\n", options.out);
    }
}

}  // namespace

void add_finetune(CLI::App& app) {
    auto options = std::make_shared<FinetuneOptions>();
    CLI::App* command =
        app.add_subcommand("finetune", "Train a model further on new sequences, by FPTT-K or BPTT");
    command->add_option("model", options->model, "safetensors with PyTorch's names")->required();
    options->data.add_to(*command);
    options->training.add_to(*command);
    options->machine.add_to(*command);
    command->add_flag("--compare", options->compare, "run BPTT (K = 1) beside the K given");
    command->add_option("--out", options->out, "write the fine-tuned model to this file");
    command->add_option("--json", options->json, "write the results to this file, for machines");
    command->footer(
        "Examples:\n"
        "  partita finetune models/strokes.safetensors --strokes writer --writer-seed 7 --unusual --each 300 "
        "\\\n"
        "      --train 0:100 --test 100:200 --parts 28 --epochs 4 --clip 1 --compare\n"
        "  partita finetune pretrained.safetensors --data mnist --rotate 30 --train 2000:300 --test "
        "1000:1000 \\\n"
        "      --batch 10 --epochs 4 --clip 1 --parts 7,28,1 --lr 0.01,0.003,0.03 --seeds 3");
    command->callback([options] { finetune(*options); });
}

}  // namespace partita::cli
