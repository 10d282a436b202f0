#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "partita/learn/team.hpp"

namespace partita::runner {

// A team of threads for `learn`: the caller is its first member, the others wait for work between calls.
class ThreadTeam {
  public:
    // Throws RunError for a size of zero or above 1024.
    explicit ThreadTeam(std::uint32_t size);
    ~ThreadTeam();
    ThreadTeam(const ThreadTeam&) = delete;
    ThreadTeam& operator=(const ThreadTeam&) = delete;

    std::uint32_t size() const { return size_; }

    // Runs `work` once on every member and returns when all are done. `work` must not throw.
    void run(const std::function<void(const learn::Member&)>& work);

  private:
    void serve(std::uint32_t index);

    std::uint32_t size_;
    learn::Barrier barrier_;
    std::atomic<std::uint64_t> round_{0};
    std::atomic<std::uint32_t> working_{0};
    std::atomic<bool> closing_{false};
    const std::function<void(const learn::Member&)>* work_ = nullptr;
    std::vector<std::thread> threads_;
};

}  // namespace partita::runner
