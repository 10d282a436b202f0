// `partita-mpi`: `partita explore` with its runs handed out over the ranks of an MPI program.

#include <CLI/CLI.hpp>
#include <string_view>

#include "application.hpp"
#include "commands.hpp"
#include "explore/mpi/mpi_workers.hpp"

namespace partita::cli {
namespace {

int run(CLI::App& app, explore::MpiSession& session, int argc, char** argv) {
    if (session.rank() != 0) {
        session.serve(worker_command());
        return 0;
    }
    add_explore(app, [&session](std::uint32_t jobs) {
        return std::make_unique<explore::MpiWorkers>(session, worker_command(), jobs == 0 ? 1 : jobs);
    });
    return run_application(app, argc, argv);
}

int run(int argc, char** argv) {
    CLI::App app("Partita's sweeps on several machines: mpirun -n RANKS partita-mpi explore ...");
    app.name("partita-mpi");
    if (argc > 1 && std::string_view(argv[1]) == "run-request") {
        // A worker is no rank of its own.
        add_run_request(app);
        return run_application(app, argc, argv);
    }
    explore::MpiSession session(argc, argv);
    return guarded([&] { return run(app, session, argc, argv); });
}

}  // namespace
}  // namespace partita::cli

int main(int argc, char** argv) {
    return partita::cli::guarded([&] { return partita::cli::run(argc, argv); });
}
