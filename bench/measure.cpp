#include "measure.hpp"

#include <algorithm>
#include <numeric>

#include "idle.hpp"

namespace partita::bench {
namespace {

void take_turn(Peer& peer, Series& series) {
    peer.pass();
    const PassResult result = peer.pass();
    series.seconds.push_back(result.seconds);
    series.loss = result.loss;
    series.change = result.change;
    series.idle_between_turns = wait_until_idle() && series.idle_between_turns;
}

bool sits_out(const Series& series, double peer_seconds) {
    // Twice what was timed: a turn has two passes.
    const double spent = 2.0 * std::accumulate(series.seconds.begin(), series.seconds.end(), 0.0);
    return series.seconds.size() >= 3 && spent > peer_seconds;
}

}  // namespace

double Series::median() const {
    std::vector<double> sorted = seconds;
    std::ranges::sort(sorted);
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}

double Series::minimum() const {
    return *std::ranges::min_element(seconds);
}

Comparison measure(const Workload& workload, int parts, const MeasureOptions& options,
                   const std::function<void(int)>& progress) {
    Comparison comparison;
    comparison.parts = parts;
    std::vector<std::unique_ptr<Peer>> peers;
    for (const int threads : options.threads) {
        for (const PeerEntry& entry : registered_peers()) {
            if (entry.name.find(options.only) == std::string::npos) {
                continue;
            }
            try {
                peers.push_back(entry.make(workload, {threads, parts}));
                Series& series = comparison.series.emplace_back();
                series.name = entry.name;
                series.details = peers.back()->details();
                series.precision = entry.precision;
                series.threads = threads;
            } catch (const PeerUnavailable& unavailable) {
                comparison.absences.push_back({entry.name, threads, unavailable.what()});
            }
        }
    }
    wait_until_idle();
    comparison.processors_in_use_by_others = processors_in_use_by_others();
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t index = 0; index < peers.size(); ++index) {
            if (!sits_out(comparison.series[index], options.peer_seconds)) {
                take_turn(*peers[index], comparison.series[index]);
            }
        }
        progress(round + 1);
    }
    return comparison;
}

}  // namespace partita::bench
