#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace partita::cli {

// Parses and runs the subcommand; returns the exit code: 0 fine, 1 failed, 2 asked wrongly. Says on standard
// error what went wrong.
int run_application(CLI::App& app, int argc, char** argv);

// Runs something whose errors end the program: says what went wrong and returns 1.
int guarded(const std::function<int()>& body);

}  // namespace partita::cli
