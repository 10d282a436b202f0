#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>

#include "baseline.hpp"
#include "partita/runner/error.hpp"
#include "partita/runner/network.hpp"
#include "partita/runner/thread_team.hpp"

namespace partita::cli {
namespace {

const char* name_of(learn::Precision precision) {
    constexpr const char* names[] = {"fp32", "bf16", "mixed"};
    return names[static_cast<std::size_t>(precision)];
}

learn::Plan plan_of(const BaselineWork& work, std::uint32_t parts, learn::Precision precision) {
    learn::Plan plan;
    plan.shape = runner::shape_of(work.data.model);
    plan.batch = work.batch;
    plan.steps = work.steps;
    plan.parts = parts;
    plan.precision = precision;
    return plan;
}

class Pass {
  public:
    Pass(const BaselineWork& work, std::uint32_t parts, learn::Precision precision, runner::Backend backend,
         runner::ThreadTeam& team)
        : work_(work), network_(plan_of(work, parts, precision), backend, 4, team) {
        network_.check(work.data.sequences);
        const data::Sequences& sequences = work.data.sequences;
        for (std::uint32_t i = 0; i < work.batch; ++i) {
            rows_.push_back(sequences.values.data() + i * sequences.steps * sequences.input);
            labels_.push_back(sequences.labels[i]);
        }
        hyper_.learning_rate = baseline_learning_rate;
        hyper_.alpha = baseline_alpha;
    }

    double seconds() {
        network_.load(work_.data.model);
        const auto begin = std::chrono::steady_clock::now();
        network_.train({rows_, labels_}, hyper_);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }

    std::vector<double> losses() {
        network_.load(work_.data.model);
        std::vector<double> all;
        for (std::uint32_t part = 0; part < learn::part_count(network_.trainer().plan()); ++part) {
            network_.team().run([&](const learn::Member& member) {
                network_.trainer().train_part(member, {rows_, labels_}, part, hyper_);
            });
            const auto losses = network_.trainer().losses();
            all.push_back(std::accumulate(losses.begin(), losses.end(), 0.0));
        }
        return all;
    }

    const char* backend() const { return network_.backend_name(); }

  private:
    const BaselineWork& work_;
    runner::Network network_;
    std::vector<const float*> rows_;
    std::vector<std::uint32_t> labels_;
    learn::Hyper hyper_;
};

}  // namespace

double Baseline::median() const {
    std::vector<double> sorted = seconds;
    std::ranges::sort(sorted);
    return sorted.empty() ? 0 : sorted[sorted.size() / 2];
}

std::string machine_with(std::uint32_t threads) {
    std::string processor = "this machine";
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name") && line.find(": ") != std::string::npos) {
            processor = line.substr(line.find(": ") + 2);
            break;
        }
    }
    return fmt::format("{}, {} thread{}", processor, threads, threads == 1 ? "" : "s");
}

std::vector<Baseline> measure_learn(const BaselineWork& work, learn::Precision precision) {
    if (work.data.sequences.count() < work.batch) {
        throw runner::RunError(fmt::format("there are {} sequences, a batch of {} was asked for",
                                           work.data.sequences.count(), work.batch));
    }
    runner::ThreadTeam team(work.threads);
    std::vector<Baseline> all;
    for (const std::uint32_t parts : work.parts) {
        Pass pass(work, parts, precision, runner::Backend::automatic, team);
        Baseline baseline;
        baseline.program = "learn";
        baseline.version = pass.backend();
        baseline.machine = machine_with(work.threads);
        baseline.parts = parts;
        baseline.precision = name_of(precision);
        pass.seconds();
        for (std::uint32_t round = 0; round < work.rounds; ++round) {
            baseline.seconds.push_back(pass.seconds());
        }
        baseline.losses = Pass(work, parts, precision, runner::Backend::portable, team).losses();
        all.push_back(std::move(baseline));
        if (work.measured) {
            work.measured();
        }
    }
    return all;
}

}  // namespace partita::cli
