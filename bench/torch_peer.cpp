// The workload on PyTorch, in a process of its own (torch_peer.py) that waits for its turn.

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "partita/runner/torch_script.hpp"
#include "peers.hpp"

namespace partita::bench {
namespace {

using Json = nlohmann::json;

/// PARTITA_BENCH_PYTHON in the environment, else the interpreter the build was configured with.
std::string python() {
    const char* chosen = std::getenv("PARTITA_BENCH_PYTHON");
    return chosen != nullptr ? chosen : PARTITA_BENCH_PYTHON;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

/// A child process that answers each line on its standard input with one line on its standard output.
class LineProcess {
  public:
    LineProcess(std::vector<std::string> arguments, std::vector<std::string> environment);
    LineProcess(const LineProcess&) = delete;
    LineProcess& operator=(const LineProcess&) = delete;
    ~LineProcess();

    void send(const std::string& line);
    /// Empty once the process has ended.
    std::string receive();

  private:
    pid_t process_ = -1;
    FILE* to_child_ = nullptr;
    FILE* from_child_ = nullptr;
};

LineProcess::LineProcess(std::vector<std::string> arguments, std::vector<std::string> environment) {
    // A child that died is noticed by its missing answer.
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    // Closed on exec, so that no other child keeps this one's pipes open.
    if (pipe2(input.data(), O_CLOEXEC) != 0 || pipe2(output.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error(fmt::format("making a pipe failed: {}", std::strerror(errno)));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    const int error = posix_spawnp(&process_, arguments.front().c_str(), &actions, nullptr,
                                   pointers(arguments).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    to_child_ = fdopen(input[1], "w");
    from_child_ = fdopen(output[0], "r");
    if (error != 0) {
        fclose(to_child_);
        fclose(from_child_);
        throw PeerUnavailable(
            fmt::format("{} cannot be started: {}", arguments.front(), std::strerror(error)));
    }
}

LineProcess::~LineProcess() {
    fclose(to_child_);  // the child ends when its input does
    fclose(from_child_);
    waitpid(process_, nullptr, 0);
}

void LineProcess::send(const std::string& line) {
    fputs((line + "\n").c_str(), to_child_);
    fflush(to_child_);
}

std::string LineProcess::receive() {
    std::string line;
    for (int character = fgetc(from_child_); character != EOF && character != '\n';
         character = fgetc(from_child_)) {
        line.push_back(static_cast<char>(character));
    }
    return line;
}

class TorchPeer final : public Peer {
  public:
    TorchPeer(const Workload& workload, Setting setting)
        : TorchPeer(workload, setting, runner::TemporaryFile()) {}

    std::string details() const override { return details_; }

    PassResult pass() override {
        process_.send(fmt::format("run {} 1", setting_.parts));
        const std::string line = process_.receive();
        if (line.empty()) {
            throw std::runtime_error("PyTorch's process ended during a pass");
        }
        const Json answer = Json::parse(line);
        return {answer.at("seconds").at(0), answer.at("loss"), answer.at("change")};
    }

  private:
    /// The file is needed only until the child has read it, which its first line tells.
    TorchPeer(const Workload& workload, Setting setting, const runner::TemporaryFile& file)
        : setting_(setting),
          process_((write_workload(workload, file.path()),
                    std::vector<std::string>{python(), PARTITA_BENCH_TORCH_SCRIPT, file.path(),
                                             std::to_string(setting.threads)}),
                   runner::torch_environment(static_cast<std::uint32_t>(setting.threads))) {
        const std::string line = process_.receive();
        if (line.empty()) {
            throw PeerUnavailable(fmt::format("{} ended before it was ready", python()));
        }
        const Json greeting = Json::parse(line);
        if (greeting.contains("missing")) {
            throw PeerUnavailable(fmt::format("{}: {} (Debian: python3-torch)", python(),
                                              greeting.at("missing").get<std::string>()));
        }
        details_ = fmt::format("PyTorch {}, BLAS {}", greeting.at("torch").get<std::string>(),
                               greeting.at("blas").get<std::string>());
        if (greeting.at("reference_blas")) {
            details_ += ": the slow reference BLAS, install an optimised one (Debian: libopenblas0)";
        }
    }

    Setting setting_;
    LineProcess process_;
    std::string details_;
};

}  // namespace

std::unique_ptr<Peer> make_torch(const Workload& workload, Setting setting) {
    return std::make_unique<TorchPeer>(workload, setting);
}

}  // namespace partita::bench
