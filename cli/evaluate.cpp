#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "datasets.hpp"
#include "output.hpp"
#include "partita/data/model_file.hpp"
#include "partita/runner/network.hpp"

namespace partita::cli {
namespace {

struct EvaluateOptions {
    std::string model;
    std::string span;
    std::string json;
    std::uint32_t batch = 32;
    DataOptions data;
    MachineOptions machine;
};

void evaluate(const EvaluateOptions& options) {
    check_writable(options.json);
    const data::Model model = data::load_model(options.model);
    const Dataset dataset(options.data);
    const data::Sequences sequences = dataset.sequences("--test", options.span);
    runner::ThreadTeam team(options.machine.threads);
    const runner::Scores scores =
        runner::evaluate(model, sequences, options.machine.precision, options.machine.backend,
                         options.machine.array_side, team, options.batch);
    fmt::print("{}: {} of {} right ({:.2f} %), mean cross-entropy {:.6f}\n", dataset.description(),
               scores.correct, scores.count, 100.0 * scores.accuracy(), scores.loss);
    write_json(options.json, {{"command", "evaluate"},
                              {"model", options.model},
                              {"data", dataset.description()},
                              {"sequences", scores.count},
                              {"correct", scores.correct},
                              {"accuracy", scores.accuracy()},
                              {"loss", scores.loss}});
}

}  // namespace

void add_evaluate(CLI::App& app) {
    auto options = std::make_shared<EvaluateOptions>();
    CLI::App* command = app.add_subcommand("evaluate", "Accuracy and loss of a model on labelled sequences");
    command->add_option("model", options->model, "safetensors with PyTorch's names")->required();
    options->data.add_to(*command);
    options->machine.add_to(*command, false);
    command->add_option("--test", options->span, "these sequences only, FIRST:COUNT [all]");
    command->add_option("--batch", options->batch, "sequences run together [32]")
        ->check(whole_from(1, 65536));
    command->add_option("--json", options->json, "write the result to this file, for machines");
    command->footer(
        "Examples:\n"
        "  partita evaluate models/strokes.safetensors --strokes writer --writer-seed 7 --unusual --each "
        "300\n"
        "  partita evaluate model.safetensors --data mnist --test 1000:1000 --rotate 30");
    command->callback([options] { evaluate(*options); });
}

}  // namespace partita::cli
