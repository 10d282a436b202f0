#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include "commands.hpp"
#include "options.hpp"

namespace partita::cli {
namespace {

// The exit code: 0 fine, 1 failed, 2 asked wrongly.
int run(int argc, char** argv) {
    CLI::App app(
        "Partita: fine-tune recurrent networks where their data is, a part of the sequence at a time");
    app.name("partita");
    app.require_subcommand(1);
    app.fallthrough(false);
    app.failure_message([](const CLI::App* command, const CLI::Error& error) {
        return fmt::format("partita: {}; {} --help tells more\n", error.what(),
                           command->get_name() == "partita" ? "partita" : "partita " + command->get_name());
    });
    add_plan(app);
    add_train(app);
    add_finetune(app);
    add_evaluate(app);
    add_demo(app);
    add_simulate(app);
    add_validate(app);
    add_routine(app);
    try {
        const auto is_first = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
        if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_first).empty()) {
            throw UsageError(fmt::format("there is no command '{}'; partita --help lists them", argv[1]));
        }
        app.parse(argc, argv);
        // A full disk behind a redirection shows only when the last of the text is written.
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
            throw std::runtime_error("standard output cannot be written");
        }
        return 0;
    } catch (const CLI::ParseError& error) {
        // Help and version end well, everything else was asked wrongly.
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const UsageError& error) {
        fmt::print(stderr, "partita: {}\n", error.what());
        return 2;
    }
}

}  // namespace
}  // namespace partita::cli

int main(int argc, char** argv) {
    try {
        return partita::cli::run(argc, argv);
    } catch (const std::bad_alloc&) {
        std::fputs("partita: there is not enough memory for this\n", stderr);
    } catch (const std::exception& error) {
        std::fputs("partita: ", stderr);
        std::fputs(error.what(), stderr);
        std::fputs("\n", stderr);
    }
    return 1;
}
