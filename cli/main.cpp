#include <CLI/CLI.hpp>

#include "application.hpp"
#include "commands.hpp"

namespace partita::cli {
namespace {

int run(int argc, char** argv) {
    CLI::App app(
        "Partita: fine-tune recurrent networks where their data is, a part of the sequence at a time");
    app.name("partita");
    add_plan(app);
    add_train(app);
    add_finetune(app);
    add_evaluate(app);
    add_demo(app);
    add_simulate(app);
    add_validate(app);
    add_routine(app);
    add_explore(app, local_workers);
    add_baseline(app);
    add_report(app);
    add_synth(app);
    add_run_request(app);
    return run_application(app, argc, argv);
}

}  // namespace
}  // namespace partita::cli

int main(int argc, char** argv) {
    return partita::cli::guarded([&] { return partita::cli::run(argc, argv); });
}
