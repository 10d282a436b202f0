#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "explore/workers.hpp"

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
void add_report(CLI::App& app);
void add_baseline(CLI::App& app);
void add_synth(CLI::App& app);

// Who carries out the runs of a sweep, so many at a time on each machine; 0: as fits.
using MakeWorkers = std::function<std::unique_ptr<explore::Workers>(std::uint32_t jobs)>;
void add_explore(CLI::App& app, const MakeWorkers& make_workers);
std::unique_ptr<explore::Workers> local_workers(std::uint32_t jobs);
// What a worker runs: the subcommand of add_run_request in this very program.
std::vector<std::string> worker_command();
// A sweep's run from standard input, its answer to standard output. For workers, not listed in the help.
void add_run_request(CLI::App& app);

}  // namespace partita::cli
