#include "explore/workers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "chip/base/error.hpp"

namespace partita::explore {
namespace {

// The most that is kept of what a failing worker says: the end, where the reason is.
constexpr std::size_t longest_reason = 4000;

// One end of a pipe.
class End {
  public:
    End() = default;
    explicit End(int file) : file_(file) {}
    End(End&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    End& operator=(End&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~End() { close(); }
    void close() {
        if (file_ >= 0) {
            ::close(std::exchange(file_, -1));
        }
    }
    int file() const { return file_; }
    bool open() const { return file_ >= 0; }

  private:
    int file_ = -1;
};

struct Pipe {
    End read;
    End write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    // Closed in whatever program is run next: a worker must not hold another one's pipe open.
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw chip::ChipError(fmt::format("no worker can be started: {}", std::strerror(errno)));
    }
    return {End(ends[0]), End(ends[1])};
}

void never_wait(const End& end) {
    fcntl(end.file(), F_SETFL, fcntl(end.file(), F_GETFL) | O_NONBLOCK);
}

// Appends what there is; closes at the end of the stream.
void drain(End& end, std::string& text) {
    std::array<char, 65536> some;
    while (end.open()) {
        const ssize_t count = read(end.file(), some.data(), some.size());
        if (count > 0) {
            text.append(some.data(), static_cast<std::size_t>(count));
        } else if (count == 0) {
            end.close();
        } else if (errno != EINTR) {
            if (errno != EAGAIN) {
                end.close();
            }
            return;
        }
    }
}

std::string reason(int status, std::string said) {
    while (!said.empty() && said.back() == '\n') {
        said.pop_back();
    }
    if (said.size() > longest_reason) {
        said = "... " + said.substr(said.size() - longest_reason);
    }
    if (WIFSIGNALED(status)) {
        return fmt::format("ended by signal {} ({}){}{}", WTERMSIG(status), strsignal(WTERMSIG(status)),
                           said.empty() ? "" : "; it had said: ", said);
    }
    return said.empty() ? fmt::format("ended with exit code {} and said nothing", WEXITSTATUS(status)) : said;
}

}  // namespace

struct ProcessWorkers::Process {
    std::uint64_t id = 0;
    pid_t number = -1;
    End input, output, error;
    std::string to_write;
    std::string printed, said;

    Process() = default;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (number > 0) {
            kill(number, SIGKILL);
            while (waitpid(number, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }
    bool talks() const { return output.open() || error.open(); }
};

ProcessWorkers::ProcessWorkers(std::vector<std::string> command, std::size_t count)
    : command_(std::move(command)), count_(count) {
    // A worker that ends before it has read its task is told by its exit code, not by a signal to us.
    std::signal(SIGPIPE, SIG_IGN);
}

ProcessWorkers::~ProcessWorkers() = default;

void ProcessWorkers::start(Task task) {
    auto process = std::make_unique<Process>();
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe error = make_pipe();
    std::vector<std::string> command = command_;
    command.insert(command.end(), task.arguments.begin(), task.arguments.end());
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& argument : command) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) {
        throw chip::ChipError(fmt::format("no worker can be started: {}", std::strerror(errno)));
    }
    if (child == 0) {
        // Between fork and exec: only calls that are safe there.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // An interrupt from the terminal is for the owner: a worker ended by it would count as a failed run.
        setpgid(0, 0);
        std::signal(SIGPIPE, SIG_DFL);
        if (getppid() != parent || dup2(input.read.file(), STDIN_FILENO) < 0 ||
            dup2(output.write.file(), STDOUT_FILENO) < 0 || dup2(error.write.file(), STDERR_FILENO) < 0) {
            _exit(127);
        }
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    process->id = task.id;
    process->number = child;
    process->input = std::move(input.write);
    process->output = std::move(output.read);
    process->error = std::move(error.read);
    process->to_write = std::move(task.input);
    never_wait(process->input);
    never_wait(process->output);
    never_wait(process->error);
    running_.push_back(std::move(process));
}

void ProcessWorkers::exchange(Process& process) {
    while (process.input.open()) {
        if (process.to_write.empty()) {
            process.input.close();
            break;
        }
        const ssize_t count = write(process.input.file(), process.to_write.data(), process.to_write.size());
        if (count >= 0) {
            process.to_write.erase(0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            process.input.close();
        }
    }
    drain(process.output, process.printed);
    drain(process.error, process.said);
}

std::vector<Ended> ProcessWorkers::wait(std::chrono::milliseconds longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    std::vector<Ended> ended;
    for (;;) {
        for (const auto& process : running_) {
            exchange(*process);
            if (process->talks()) {
                continue;
            }
            int status = 0;
            while (waitpid(process->number, &status, 0) < 0 && errno == EINTR) {
            }
            process->number = -1;
            const bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            ended.push_back({process->id, well,
                             well ? std::move(process->printed) : reason(status, std::move(process->said))});
        }
        std::erase_if(running_, [](const auto& process) { return process->number < 0; });
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (!ended.empty() || left.count() <= 0) {
            break;
        }
        std::vector<pollfd> files;
        for (const auto& process : running_) {
            if (process->input.open()) {
                files.push_back({process->input.file(), POLLOUT, 0});
            }
            for (const End* end : {&process->output, &process->error}) {
                if (end->open()) {
                    files.push_back({end->file(), POLLIN, 0});
                }
            }
        }
        poll(files.data(), files.size(), static_cast<int>(left.count()));
    }
    return ended;
}

}  // namespace partita::explore
