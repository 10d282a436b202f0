#pragma once

// Who carries runs out: processes on this machine, or on several.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace partita::explore {

// A piece of work: what a worker reads on its standard input.
struct Task {
    std::uint64_t id = 0;
    std::string input;
    std::vector<std::string> arguments = {};  // more of them, after those of the command
};

struct Ended {
    std::uint64_t id = 0;
    bool well = false;
    std::string text;  // what the worker printed, or why it failed
};

class Workers {
  public:
    Workers() = default;
    virtual ~Workers() = default;
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // How many more tasks can begin now.
    virtual std::size_t vacant() const = 0;
    // Begins a task; one must be vacant.
    virtual void start(Task task) = 0;
    // The tasks that have ended since; waits for one, but no longer than this.
    virtual std::vector<Ended> wait(std::chrono::milliseconds longest) = 0;
};

// A process a task. It reads the task on standard input and ends well with exit code 0: what it printed is
// the answer. If it ends otherwise, what it said on standard error is the reason. Workers end when this
// process does, however that ends.
class ProcessWorkers final : public Workers {
  public:
    // `command`: program and arguments.
    ProcessWorkers(std::vector<std::string> command, std::size_t count);
    ~ProcessWorkers() override;

    std::size_t vacant() const override { return count_ - running_.size(); }
    void start(Task task) override;
    std::vector<Ended> wait(std::chrono::milliseconds longest) override;

  private:
    struct Process;
    void exchange(Process& process);

    std::vector<std::string> command_;
    std::size_t count_;
    std::vector<std::unique_ptr<Process>> running_;
};

}  // namespace partita::explore
