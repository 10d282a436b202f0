#include "experiment.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>

#include "output.hpp"
#include "partita/runner/memory.hpp"

namespace partita::cli {
namespace {

std::atomic<bool> interrupted{false};

extern "C" void on_signal(int /*signal*/) {
    interrupted = true;
}

// While a run keeps checkpoints, an interrupt saves one more instead of ending the process at once.
class InterruptGuard {
  public:
    explicit InterruptGuard(bool active) : active_(active) {
        if (active_) {
            old_int_ = std::signal(SIGINT, on_signal);
            old_term_ = std::signal(SIGTERM, on_signal);
        }
    }
    ~InterruptGuard() {
        if (active_) {
            std::signal(SIGINT, old_int_);
            std::signal(SIGTERM, old_term_);
        }
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

  private:
    bool active_;
    void (*old_int_)(int) = SIG_DFL;
    void (*old_term_)(int) = SIG_DFL;
};

std::uint64_t nanoseconds() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

std::vector<runner::Scores> scores(const ExperimentSetup& setup, const data::Model& model,
                                   runner::ThreadTeam& team) {
    std::vector<runner::Scores> result;
    for (const HeldOut& held_out : setup.held_out) {
        result.push_back(runner::evaluate(model, held_out.sequences, setup.machine.precision,
                                          setup.machine.backend, setup.machine.array_side, team));
    }
    return result;
}

RunResult run(const ExperimentSetup& setup, std::size_t index, std::uint64_t seed, runner::ThreadTeam& team) {
    const TrainingOptions& options = setup.training;
    const data::Model start = setup.start(seed);

    RunResult result;
    result.plan = options.plan(setup.shape, setup.steps, options.parts[index], setup.machine);
    result.planned_bytes = checked_layout(result.plan).total;
    result.seed = seed;
    const runner::TrainingSettings settings = options.settings(index, seed);
    result.learning_rate = settings.hyper.learning_rate;
    result.before = scores(setup, start, team);

    runner::forget_peak_memory();
    runner::Network network(result.plan, setup.machine.backend, setup.machine.array_side, team);
    network.load(start);
    network.trainer().profile.now = &nanoseconds;
    result.backend = network.backend_name();
    runner::Training training(
        network, settings,
        [&](std::uint32_t epoch) -> const data::Sequences& { return setup.epoch_data(seed, epoch); },
        setup.checkpoint);
    {
        Progress progress(fmt::format("K = {}", result.plan.parts));
        const InterruptGuard guard(!setup.checkpoint.path.empty());
        result.end = training.run(
            [&](const runner::TrainingProgress& p) {
                ++result.batches;
                progress.update(p.batches_done, p.batches,
                                fmt::format("epoch {}/{}, loss {:.4f}, {:.1f} % right", p.epoch + 1, p.epochs,
                                            p.sums.mean_loss(), 100.0 * p.sums.accuracy()));
            },
            interrupted);
    }
    result.peak_bytes = runner::peak_resident_bytes();
    result.seconds = training.seconds();
    result.last_epoch = training.last_epoch();
    result.profile = network.trainer().profile;
    result.model = network.model();
    result.model.metadata = start.metadata;
    if (result.end == runner::TrainingEnd::finished) {
        result.after = scores(setup, result.model, team);
    }
    return result;
}

}  // namespace

std::vector<RunResult> run_experiment(const ExperimentSetup& setup) {
    const TrainingOptions& options = setup.training;
    if (options.learning_rates.size() != 1 && options.learning_rates.size() != options.parts.size()) {
        throw UsageError(
            fmt::format("--lr gives {} learning rates for {} values of --parts; give one, or one for each",
                        options.learning_rates.size(), options.parts.size()));
    }
    for (const float rate : options.learning_rates) {
        if (!(rate >= 0.0f) || !(rate < 1e6f)) {
            throw UsageError(
                fmt::format("--lr {} is not a learning rate; expected a number from 0 to 1e6", rate));
        }
    }
    // Every run is planned before the first begins.
    for (const std::uint32_t parts : options.parts) {
        runner::check_memory(
            checked_layout(options.plan(setup.shape, setup.steps, parts, setup.machine)).total);
    }
    runner::ThreadTeam team(setup.machine.threads);
    std::vector<RunResult> results;
    for (std::size_t index = 0; index < options.parts.size(); ++index) {
        for (std::uint32_t s = 0; s < options.seeds; ++s) {
            results.push_back(run(setup, index, options.seed + s, team));
            if (results.back().end == runner::TrainingEnd::interrupted) {
                return results;
            }
        }
    }
    return results;
}

}  // namespace partita::cli
