#include "explore/prediction.hpp"

#include <algorithm>

#include "explore/estimate.hpp"

namespace partita::explore {
namespace {

// Cycles of the published program on one core with a 4x4 array (docs/simulator.md): a step costs 2,650 cycles
// a hidden unit and sequence and 3.1 a weight and sequence, a part 226 a parameter. Of other programs the
// proportions are much the same; how fast they are is learned.
constexpr double cycles_a_unit = 2650;
constexpr double cycles_a_weight = 3.1;
constexpr double cycles_a_parameter = 226;
// Simulating more cores costs more for each cycle and less for their number: 8 take 2.3 times as long as 1.
constexpr double share_of_cores = 0.19;
// Of a host that simulates 100 million cycles a second, before anything is known.
constexpr double first_rate = 1e-8;
// Starting a worker and compiling its program.
constexpr double start_seconds = 2;

double work(const RunKey& key, std::uint32_t cores) {
    const double hidden = key.hidden;
    const double weights = hidden * (hidden + key.input + 1);
    const double parameters = 4 * weights + (hidden + 1) * key.classes;
    double share = 1;
    if (key.method == Method::estimated) {
        if (const auto plan = plan_estimate(key.parts, key.steps)) {
            share = static_cast<double>(plan->smaller.size() + plan->larger.size()) / key.parts;
        }
    }
    return share * (1 + share_of_cores * (cores - 1.0)) *
           (static_cast<double>(key.steps) * key.batch *
                (cycles_a_unit * hidden + cycles_a_weight * weights) +
            key.parts * parameters * cycles_a_parameter);
}

double middle(std::vector<double>& values) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace

Prediction::Prediction(const std::vector<Run>& finished) {
    std::map<std::pair<std::string, std::uint32_t>, std::vector<double>> by_cores;
    std::map<std::string, std::vector<double>> by_routine;
    std::vector<double> all;
    for (const Run& run : finished) {
        if (run.status != Status::done || run.key.platform != "chip" || run.result.host_seconds <= 0) {
            continue;
        }
        const double rate = run.result.host_seconds / work(run.key, run.machine.cores);
        by_cores[{run.key.routine, run.machine.cores}].push_back(rate);
        by_routine[run.key.routine].push_back(rate);
        all.push_back(rate);
    }
    learned_from_ = all.size();
    for (auto& [key, rates] : by_cores) {
        by_cores_[key] = middle(rates);
    }
    for (auto& [routine, rates] : by_routine) {
        by_routine_[routine] = middle(rates);
    }
    rate_ = all.empty() ? first_rate : middle(all);
}

double Prediction::seconds(const RunKey& key, std::uint32_t cores) const {
    const double needed = work(key, cores);
    if (const auto found = by_cores_.find({key.routine, cores}); found != by_cores_.end()) {
        return found->second * needed;
    }
    if (const auto found = by_routine_.find(key.routine); found != by_routine_.end()) {
        return found->second * needed;
    }
    return rate_ * needed + (learned_from_ == 0 ? start_seconds : 0);
}

}  // namespace partita::explore
