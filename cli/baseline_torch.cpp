// PyTorch is measured in a process of its own, by the script that the benchmark uses, too
// (bench/torch_peer.py).

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "baseline.hpp"
#include "explore/workers.hpp"
#include "partita/runner/error.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A file with a name of its own that goes with its owner.
class TemporaryFile {
  public:
    TemporaryFile() : path_((fs::temp_directory_path() / "partita-baseline-XXXXXX").string()) {
        const int descriptor = mkstemp(path_.data());
        if (descriptor < 0) {
            throw runner::RunError(fmt::format("the file {} cannot be made", path_));
        }
        close(descriptor);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { unlink(path_.c_str()); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// In the script's form: the length of a header in JSON, the header, the samples by step [steps][batch], the
// tensors.
void write_workload(const BaselineWork& work, const std::string& path) {
    const data::Model& model = work.data.model;
    const data::Sequences& sequences = work.data.sequences;
    json labels = json::array();
    for (std::uint32_t i = 0; i < work.batch; ++i) {
        labels.push_back(sequences.labels[i]);
    }
    const std::string header = json{
        {"steps", work.steps},
        {"batch", work.batch},
        {"hidden", model.hidden},
        {"classes", model.classes},
        {"learning_rate", baseline_learning_rate},
        {"alpha", baseline_alpha},
        {"labels", labels}}.dump();
    std::ofstream file(path, std::ios::binary);
    const auto write = [&](const void* data, std::size_t size) {
        file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    };
    const std::uint64_t length = header.size();
    write(&length, sizeof length);
    write(header.data(), header.size());
    for (std::uint32_t step = 0; step < work.steps; ++step) {
        for (std::uint32_t i = 0; i < work.batch; ++i) {
            write(&sequences.values[i * sequences.steps + step], sizeof(float));
        }
    }
    for (const auto* tensor :
         {&model.weight_ih, &model.weight_hh, &model.bias, &model.head_weight, &model.head_bias}) {
        write(tensor->data(), tensor->size() * sizeof(float));
    }
    file.close();
    if (!file) {
        throw runner::RunError(fmt::format("{} cannot be written", path));
    }
}

// Python in the environment in which PyTorch is at its best: nothing that steers OpenBLAS and OpenMP from
// outside, and freed memory stays with the process, which otherwise spends most of its time on page faults.
std::vector<std::string> command_of(const std::string& python, const std::string& workload,
                                    std::uint32_t threads, const std::string& device) {
    std::vector<std::string> command{"env"};
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        for (const std::string_view steering : {"OPENBLAS_", "OMP_", "GOMP_", "MALLOC_"}) {
            if (text.starts_with(steering)) {
                command.insert(command.end(), {"-u", std::string(text.substr(0, text.find('=')))});
            }
        }
    }
    const std::string count = std::to_string(threads);
    const std::string script = PARTITA_SOURCE "/bench/torch_peer.py";
    command.insert(command.end(), {"MALLOC_TRIM_THRESHOLD_=4294967296", "MALLOC_MMAP_THRESHOLD_=1073741824",
                                   "MALLOC_TOP_PAD_=268435456", "OMP_NUM_THREADS=" + count,
                                   "OPENBLAS_NUM_THREADS=" + count, python, script, workload, count, device});
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
        const TemporaryFile file;
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
