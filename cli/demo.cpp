#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "experiment.hpp"
#include "output.hpp"
#include "partita/data/strokes.hpp"
#include "result.hpp"

namespace partita::cli {
namespace {

struct DemoOptions {
    std::string model = PARTITA_MODELS "/strokes.safetensors";
    std::uint64_t writer = 1;
    std::size_t samples = 200;
    std::size_t remembered = 100;
    std::size_t tests = 1000;
    std::string json;
    MachineOptions machine;
    TrainingOptions training;
};

void demo(const DemoOptions& options) {
    check_writable(options.json);
    const data::Model model = data::load_model(options.model);
    const data::Writer writer = data::Writer::unusual(options.writer);
    data::Digits lessons = data::draw(writer, options.samples, 1);
    if (options.remembered > 0) {
        // By writers like those that the model knows, so that it does not forget them.
        const data::Digits known = data::draw_population(options.remembered, 1, 123456789);
        lessons = data::concatenated(lessons, known);
    }
    const data::Sequences own = data::make_sequences(lessons, data::View::pixels);

    ExperimentSetup setup;
    setup.machine = options.machine;
    setup.training = options.training;
    setup.shape = runner::shape_of(model);
    setup.steps = own.steps;
    setup.start = [&](std::uint64_t) { return data::Model(model); };
    setup.epoch_data = [&](std::uint64_t, std::uint32_t) -> const data::Sequences& { return own; };
    setup.held_out.push_back(
        {"new writer", data::make_sequences(data::draw(writer, options.tests, 2), data::View::pixels)});
    setup.held_out.push_back(
        {"others",
         data::make_sequences(data::draw_population(options.tests / 2, 2, 987654321), data::View::pixels)});

    fmt::print(
        "A model that reads the digits of many writers, one pixel at a time, meets a new writer.\n"
        "It learns from {} of their digits, with {} by others beside them so that it forgets nobody\n"
        "({} epochs, batch {}): once with all {} steps of a sequence kept in memory (BPTT), once in\n"
        "parts (FPTT). {} other digits by the new writer tell what it gained, {} digits by writers\n"
        "like those it knew what it lost. No digit is both learnt from and tested with.\n\n",
        options.samples, options.remembered, options.training.epochs, options.training.batch, own.steps,
        options.tests, setup.held_out[1].sequences.count());
    const std::vector<RunResult> results = run_experiment(setup);
    fmt::print("{}\n", results_text(setup, results));
    const RunResult& bptt = results.front();
    const RunResult& fptt = results.back();
    fmt::print("FPTT-{} trained in {:.1f} % of the memory that BPTT planned: {} instead of {}.\n",
               fptt.plan.parts,
               100.0 * static_cast<double>(fptt.planned_bytes) / static_cast<double>(bptt.planned_bytes),
               mebibytes(fptt.planned_bytes), mebibytes(bptt.planned_bytes));
    fmt::print("On the new writer's digits it went from {} to {} right of {}.\n", fptt.before[0].correct,
               fptt.after[0].correct, fptt.after[0].count);
    write_json(options.json, {{"command", "demo"}, {"runs", results_json(setup, results)}});
}

}  // namespace

void add_demo(CLI::App& app) {
    auto options = std::make_shared<DemoOptions>();
    options->training.parts = {1, 28};
    options->training.learning_rates = {0.03f, 0.01f};
    options->training.batch = 10;
    options->training.epochs = 20;
    options->training.clip = 1.0f;
    options->machine.precision = learn::Precision::mixed;
    CLI::App* command = app.add_subcommand(
        "demo", "Personalisation: a model meets a new writer's digits, BPTT beside FPTT-28");
    command->add_option("--model", options->model, "the model to start from [models/strokes.safetensors]");
    command->add_option("--writer", options->writer, "which new writer, by seed [1]")
        ->check(whole_from(0, UINT64_MAX));
    command->add_option("--samples", options->samples, "the new writer's digits to learn from [200]")
        ->check(whole_from(1, 100000));
    command->add_option("--remembered", options->remembered, "digits by others to learn beside them [100]")
        ->check(whole_from(0, 100000));
    command->add_option("--tests", options->tests, "digits to test with [1000]")
        ->check(whole_from(2, 100000));
    command->add_option("--epochs", options->training.epochs, "passes over the digits [20]")
        ->check(whole_from(1, 10000));
    options->machine.add_to(*command);
    command->add_option("--json", options->json, "write the results to this file, for machines");
    command->footer("Example:\n  partita demo --writer 3 --samples 50");
    command->callback([options] { demo(*options); });
}

}  // namespace partita::cli
