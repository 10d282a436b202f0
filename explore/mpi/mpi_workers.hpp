#pragma once

// Workers on several machines, as ranks of an MPI program. Rank 0 hands tasks out, one by one, to whoever is
// vacant, itself among them; the others serve. All tasks are processes, so a rank is never busy itself and
// outlives whatever a task does. Messages are waited for by looking and sleeping, not by spinning as MPI's
// own waiting does: the processors are for the tasks.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "explore/workers.hpp"

namespace partita::explore {

// MPI from its beginning to its end. If the program ends by an error on rank 0, the others are told to end.
class MpiSession {
  public:
    MpiSession(int& argc, char**& argv);
    ~MpiSession();
    MpiSession(const MpiSession&) = delete;
    MpiSession& operator=(const MpiSession&) = delete;

    int rank() const { return rank_; }
    int ranks() const { return ranks_; }
    // What every rank but 0 does: runs the tasks that rank 0 hands it until told to end.
    void serve(const std::vector<std::string>& command);

  private:
    friend class MpiWorkers;
    struct Messages;
    std::unique_ptr<Messages> messages_;
    int rank_ = 0;
    int ranks_ = 1;
};

// Rank 0's view of all workers: `each` on every rank, which run `command` (see ProcessWorkers).
class MpiWorkers final : public Workers {
  public:
    MpiWorkers(MpiSession& session, std::vector<std::string> command, std::size_t each);

    std::size_t vacant() const override;
    void start(Task task) override;
    std::vector<Ended> wait(std::chrono::milliseconds longest) override;

  private:
    void receive(std::vector<Ended>& ended);

    MpiSession::Messages& messages_;
    ProcessWorkers own_;
    std::vector<std::size_t> vacant_;  // by rank; of rank 0 the processes know
};

}  // namespace partita::explore
