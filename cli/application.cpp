#include "application.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include "options.hpp"

namespace partita::cli {

int run_application(CLI::App& app, int argc, char** argv) {
    const std::string program = app.get_name();
    app.require_subcommand(1);
    app.fallthrough(false);
    app.failure_message([program](const CLI::App* command, const CLI::Error& error) {
        return fmt::format("partita: {}; {} --help tells more\n", error.what(),
                           command->get_name() == program ? program : program + " " + command->get_name());
    });
    try {
        const auto is_first = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
        if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_first).empty()) {
            throw UsageError(fmt::format("there is no command '{}'; {} --help lists them", argv[1], program));
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

int guarded(const std::function<int()>& body) {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        std::fputs("partita: there is not enough memory for this\n", stderr);
    } catch (const std::exception& error) {
        std::fputs("partita: ", stderr);
        std::fputs(error.what(), stderr);
        std::fputs("\n", stderr);
    }
    return 1;
}

}  // namespace partita::cli
