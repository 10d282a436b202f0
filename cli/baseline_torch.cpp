// PyTorch is measured in a process of its own, by the script that the benchmark uses, too
// (bench/torch_peer.py).

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "baseline.hpp"
#include "explore/workers.hpp"
#include "partita/runner/error.hpp"
#include "partita/runner/torch_script.hpp"

namespace partita::cli {
namespace {

using nlohmann::json;

void write_workload(const BaselineWork& work, const std::string& path) {
    const data::Model& model = work.data.model;
    const data::Sequences& sequences = work.data.sequences;
    runner::TorchWorkload written;
    written.steps = work.steps;
    written.batch = work.batch;
    written.hidden = static_cast<std::uint32_t>(model.hidden);
    written.classes = static_cast<std::uint32_t>(model.classes);
    written.learning_rate = baseline_learning_rate;
    written.alpha = baseline_alpha;
    written.labels.assign(sequences.labels.begin(), sequences.labels.begin() + work.batch);
    for (std::uint32_t step = 0; step < work.steps; ++step) {
        for (std::uint32_t i = 0; i < work.batch; ++i) {
            written.samples.push_back(sequences.values[i * sequences.steps + step]);
        }
    }
    written.tensors = {model.weight_ih, model.weight_hh, model.bias, model.head_weight, model.head_bias};
    runner::write_torch_workload(written, path);
}

std::vector<std::string> command_of(const std::string& python, const std::string& workload,
                                    std::uint32_t threads, const std::string& device) {
    std::vector<std::string> command{"env", "--ignore-environment"};
    for (std::string& variable : runner::torch_environment(threads)) {
        command.push_back(std::move(variable));
    }
    const std::string script = PARTITA_SOURCE "/bench/torch_peer.py";
    command.insert(command.end(), {python, script, workload, std::to_string(threads), device});
    return command;
}

// What the script says, line by line: itself, then a line each K.
std::vector<json> answers(const BaselineWork& work, const std::vector<std::string>& command) {
    std::string input;
    for (const std::uint32_t parts : work.parts) {
        // One more than is timed.
        input += fmt::format("run {} {}\n", parts, work.rounds + 1);
    }
    explore::ProcessWorkers workers(command, 1);
    workers.start({0, input, {}});
    std::vector<explore::Ended> ended;
    while (ended.empty()) {
        ended = workers.wait(std::chrono::seconds(1));
    }
    if (!ended.front().well) {
        throw runner::RunError(fmt::format("PyTorch's process failed: {}", ended.front().text));
    }
    std::vector<json> lines;
    std::istringstream text(ended.front().text);
    for (std::string line; std::getline(text, line);) {
        lines.push_back(json::parse(line));
    }
    return lines;
}

std::vector<Baseline> measure_on(const BaselineWork& work, const std::string& device,
                                 const std::vector<json>& lines) {
    const json& self = lines.front();
    if (lines.size() != work.parts.size() + 1) {
        throw runner::RunError(fmt::format("PyTorch's process gave {} results, expected {}", lines.size() - 1,
                                           work.parts.size()));
    }
    std::vector<Baseline> all;
    for (std::size_t i = 0; i < work.parts.size(); ++i) {
        Baseline baseline;
        baseline.platform = device;
        baseline.program = "torch";
        baseline.version = fmt::format("PyTorch {}, BLAS {}", self.at("torch").get<std::string>(),
                                       self.at("blas").get<std::string>());
        baseline.machine = device == "cpu" ? machine_with(work.threads) : self.at("cuda").get<std::string>();
        baseline.parts = work.parts[i];
        baseline.precision = "fp32";
        baseline.seconds = lines[i + 1].at("seconds").get<std::vector<double>>();
        baseline.seconds.erase(baseline.seconds.begin());
        baseline.losses = {lines[i + 1].at("loss").get<double>()};
        all.push_back(std::move(baseline));
    }
    return all;
}

}  // namespace

std::vector<Baseline> measure_torch(const BaselineWork& work, const std::string& python,
                                    std::string& absence) {
    if (work.data.model.input != 1) {
        absence = fmt::format("its script takes one value a step, the model takes {}", work.data.model.input);
        return {};
    }
    if (access(python.c_str(), X_OK) != 0) {
        absence = fmt::format("there is no {}", python);
        return {};
    }
    try {
        const runner::TemporaryFile file;
        write_workload(work, file.path());
        const auto lines = answers(work, command_of(python, file.path(), work.threads, "cpu"));
        if (lines.empty() || lines.front().contains("missing")) {
            absence =
                lines.empty() ? python + " said nothing" : lines.front().at("missing").get<std::string>();
            return {};
        }
        std::vector<Baseline> all = measure_on(work, "cpu", lines);
        if (!lines.front().at("cuda").is_null()) {
            const auto more = measure_on(
                work, "cuda", answers(work, command_of(python, file.path(), work.threads, "cuda")));
            all.insert(all.end(), more.begin(), more.end());
        }
        return all;
    } catch (const json::exception& error) {
        throw runner::RunError(fmt::format("PyTorch's process gave no result: {}", error.what()));
    }
}

}  // namespace partita::cli
