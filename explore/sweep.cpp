#include "explore/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "chip/base/error.hpp"

namespace partita::explore {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often a sweep looks at what others do on the store, and how often it gives a sign of life.
constexpr milliseconds look_interval{1000};
constexpr milliseconds beat_interval{10'000};

// One sweep under way.
class Sweep {
  public:
    Sweep(RunStore& store, const std::vector<Wanted>& wanted, Workers& workers, const SweepOptions& options)
        : store_(store), workers_(workers), options_(options) {
        store_.join(options.command);
        result_.rows = store_.enrol(wanted);
        if (options.retry_failed) {
            store_.retry_failed(result_.rows);
        }
        std::map<std::int64_t, double> cost;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            cost[result_.rows[i]] = wanted[i].predicted_seconds;
        }
        progress_.total = cost.size();
        for (const auto& [row, seconds] : cost) {
            const Status status = store_.status(row);
            if (status == Status::done) {
                ++result_.done_before;
                ++progress_.done;
            } else if (status == Status::failed) {
                ++progress_.failed;
            } else {
                open_.emplace_back(row, seconds);
                progress_.work += seconds;
            }
        }
        std::stable_sort(open_.begin(), open_.end(),
                         [](const auto& left, const auto& right) { return left.second > right.second; });
    }

    SweepResult run() {
        tell();
        look();
        while (!open_.empty() || !mine_.empty()) {
            while (workers_.vacant() > 0 && start_next()) {
            }
            for (const Ended& ended : workers_.wait(look_interval)) {
                end(ended);
            }
            if (steady_clock::now() - looked_ >= look_interval) {
                look();
            }
            tell();
        }
        result_.failed = progress_.failed;
        return result_;
    }

  private:
    using Open = std::pair<std::int64_t, double>;

    bool start_next() {
        for (auto next = open_.begin(); next != open_.end(); ++next) {
            if (taken_.contains(next->first)) {
                continue;
            }
            if (!store_.claim(next->first)) {
                taken_.insert(next->first);
                continue;
            }
            mine_.insert(*next);
            workers_.start({static_cast<std::uint64_t>(next->first), store_.request(next->first)});
            open_.erase(next);
            return true;
        }
        return false;
    }

    void end(const Ended& ended) {
        const auto row = static_cast<std::int64_t>(ended.id);
        std::string reason = ended.text;
        bool well = ended.well;
        if (well) {
            try {
                store_.finish(row, result_of_answer(ended.text));
            } catch (const chip::ChipError& error) {
                well = false;
                reason = error.what();
            }
        }
        if (well) {
            ++result_.done;
            ++progress_.done;
        } else {
            store_.fail(row, reason);
            count_failure(row);
        }
        progress_.work_ended += mine_.at(row);
        mine_.erase(row);
    }

    void count_failure(std::int64_t row) {
        ++progress_.failed;
        if (options_.failure) {
            options_.failure(store_.run(row));
        }
    }

    // What others have ended, and what they have left behind.
    void look() {
        looked_ = steady_clock::now();
        if (looked_ - beaten_ >= beat_interval) {
            beaten_ = looked_;
            store_.beat();
        }
        store_.release_abandoned();
        taken_.clear();
        std::erase_if(open_, [this](const Open& open) {
            const Status status = store_.status(open.first);
            if (status == Status::done) {
                ++result_.elsewhere;
                ++progress_.done;
            } else if (status == Status::failed) {
                count_failure(open.first);
            } else {
                return false;
            }
            progress_.work_ended += open.second;
            return true;
        });
    }

    void tell() const {
        if (options_.progress) {
            options_.progress(progress_);
        }
    }

    RunStore& store_;
    Workers& workers_;
    const SweepOptions& options_;
    SweepResult result_;
    SweepProgress progress_;
    std::vector<Open> open_;               // not ended, nor with this sweep's workers; longest first
    std::set<std::int64_t> taken_;         // of these: were not pending when last tried
    std::map<std::int64_t, double> mine_;  // with this sweep's workers
    steady_clock::time_point looked_;
    steady_clock::time_point beaten_;
};

}  // namespace

std::string answer_of(const RunResult& result) {
    return nlohmann::ordered_json{{"exact", result.exact},
                                  {"error_bound", result.error_bound},
                                  {"host_seconds", result.host_seconds},
                                  {"record", result.record}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RunResult result_of_answer(const std::string& answer) {
    try {
        const auto json = nlohmann::ordered_json::parse(answer);
        RunResult result = result_of(json.at("record"));
        result.exact = json.at("exact").get<bool>();
        result.error_bound = json.at("error_bound").get<double>();
        result.host_seconds = json.at("host_seconds").get<double>();
        return result;
    } catch (const nlohmann::json::exception& error) {
        throw chip::ChipError(fmt::format("the worker's answer is none: {}", error.what()));
    }
}

SweepResult sweep(RunStore& store, const std::vector<Wanted>& wanted, Workers& workers,
                  const SweepOptions& options) {
    return Sweep(store, wanted, workers, options).run();
}

}  // namespace partita::explore
