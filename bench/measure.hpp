#pragma once

#include <functional>
#include <string>
#include <vector>

#include "peers.hpp"
#include "workload.hpp"

namespace partita::bench {

struct MeasureOptions {
    std::vector<int> threads{1, 2};
    std::string only;           ///< measure only peers whose name contains this
    int rounds = 15;            ///< passes of each peer
    double peer_seconds = 4.0;  ///< a peer that has run longer than this, and at least three times, sits out
};

/// One peer at one thread count.
struct Series {
    std::string name;
    std::string details;
    Precision precision = Precision::fp32;
    int threads = 1;
    std::vector<double> seconds;  ///< of each timed pass
    double loss = 0.0;
    std::vector<double> change;
    bool idle_between_turns = true;  ///< false: its threads were still spinning when the next peer started

    double median() const;
    double minimum() const;
};

/// A peer that could not run, and why.
struct Absence {
    std::string name;
    int threads = 1;
    std::string reason;
};

struct Comparison {
    int parts = 1;
    double processors_in_use_by_others = 0.0;  ///< just before the first round
    std::vector<Series> series;
    std::vector<Absence> absences;
};

/// Measures every registered peer at every thread count, taking turns: A B C A B C. In its turn a peer runs
/// one pass untimed, which brings its data and threads back, and one timed; then the process waits until it
/// is idle. Calls `progress` after each round with the rounds done.
Comparison measure(const Workload& workload, int parts, const MeasureOptions& options,
                   const std::function<void(int)>& progress);

}  // namespace partita::bench
