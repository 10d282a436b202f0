#include "partita/runner/thread_team.hpp"

#include <fmt/format.h>

#include <system_error>

#include "partita/runner/error.hpp"

namespace partita::runner {

namespace {

std::uint32_t checked(std::uint32_t size) {
    if (size == 0 || size > 1024) {
        throw RunError(fmt::format("a team of {} threads was asked for; 1 to 1024 are possible", size));
    }
    return size;
}

// With more members than processors a member may wait for one that does not run.
void yield() {
    std::this_thread::yield();
}

}  // namespace

ThreadTeam::ThreadTeam(std::uint32_t size) : size_(checked(size)), barrier_(size, &yield) {
    threads_.reserve(size_ - 1);
    try {
        for (std::uint32_t index = 1; index < size_; ++index) {
            threads_.emplace_back([this, index] { serve(index); });
        }
    } catch (const std::system_error& error) {
        closing_ = true;
        ++round_;
        round_.notify_all();
        for (std::thread& thread : threads_) {
            thread.join();
        }
        throw RunError(fmt::format("a team of {} threads was asked for; the system made only {} ({})", size_,
                                   threads_.size() + 1, error.what()));
    }
}

ThreadTeam::~ThreadTeam() {
    closing_ = true;
    ++round_;
    round_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void ThreadTeam::run(const std::function<void(const learn::Member&)>& work) {
    if (size_ > 1) {
        work_ = &work;
        working_ = size_ - 1;
        ++round_;
        round_.notify_all();
    }
    work({0, size_, &barrier_});
    for (std::uint32_t left = working_.load(); left != 0; left = working_.load()) {
        working_.wait(left);
    }
}

void ThreadTeam::serve(std::uint32_t index) {
    for (std::uint64_t seen = 0;;) {
        round_.wait(seen);
        const std::uint64_t now = round_.load();
        if (now == seen) {
            continue;
        }
        seen = now;
        if (closing_) {
            return;
        }
        (*work_)({index, size_, &barrier_});
        if (--working_ == 0) {
            working_.notify_all();
        }
    }
}

}  // namespace partita::runner
