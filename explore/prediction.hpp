#pragma once

// How long a run will take on this host, from what runs before it took.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "explore/store.hpp"

namespace partita::explore {

class Prediction {
  public:
    // Learns from the finished simulations of a store.
    explicit Prediction(const std::vector<Run>& finished);

    // Host seconds on one processor. An estimate is taken to simulate the share of the parts that it plans.
    double seconds(const RunKey& key, std::uint32_t cores) const;
    // From how many finished runs it was learned.
    std::size_t learned_from() const { return learned_from_; }

  private:
    // Middle of seconds per unit of work, by routine and cores; by routine alone; of all.
    std::map<std::pair<std::string, std::uint32_t>, double> by_cores_;
    std::map<std::string, double> by_routine_;
    double rate_;
    std::size_t learned_from_ = 0;
};

}  // namespace partita::explore
