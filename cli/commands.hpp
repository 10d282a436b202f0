#pragma once

#include <CLI/CLI.hpp>

namespace partita::cli {

// Each adds its subcommand to the application; what it does runs as the subcommand's callback.
void add_plan(CLI::App& app);
void add_train(CLI::App& app);
void add_finetune(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_demo(CLI::App& app);
void add_simulate(CLI::App& app);
void add_validate(CLI::App& app);
void add_routine(CLI::App& app);

}  // namespace partita::cli
