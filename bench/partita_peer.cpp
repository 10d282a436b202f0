// Partita's own training pass, through the same library call that `partita finetune` makes for a batch.

#include <chrono>
#include <vector>

#include "partita/runner/error.hpp"
#include "partita/runner/network.hpp"
#include "peers.hpp"

namespace partita::bench {
namespace {

class PartitaPeer : public Peer {
  public:
    PartitaPeer(const Workload& workload, Setting setting, learn::Precision precision)
        : workload_(workload),
          team_(static_cast<std::uint32_t>(setting.threads)),
          network_(plan_of(workload, setting, precision), runner::Backend::host, 4, team_) {
        const auto steps = static_cast<std::size_t>(workload.steps);
        const auto batch = static_cast<std::size_t>(workload.batch);
        sequences_.resize(batch * steps);
        for (std::size_t b = 0; b < batch; ++b) {
            for (std::size_t t = 0; t < steps; ++t) {
                sequences_[b * steps + t] = workload.samples[t * batch + b];
            }
            rows_.push_back(sequences_.data() + b * steps);
            labels_.push_back(static_cast<std::uint32_t>(workload.labels[b]));
        }
        const Network& n = workload.initial;
        start_ = {static_cast<std::size_t>(1),
                  static_cast<std::size_t>(workload.hidden),
                  static_cast<std::size_t>(workload.classes),
                  n.weight_ih,
                  n.weight_hh,
                  n.bias,
                  n.head_weight,
                  n.head_bias,
                  {}};
        hyper_.learning_rate = workload.learning_rate;
        hyper_.alpha = workload.alpha;
    }

    std::string details() const override { return network_.backend_name(); }

    PassResult pass() override {
        network_.load(start_);
        const auto begin = std::chrono::steady_clock::now();
        network_.train({rows_, labels_}, hyper_);
        PassResult result;
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        for (const float loss : network_.trainer().losses()) {
            result.loss += static_cast<double>(loss);
        }
        const data::Model trained = network_.model();
        result.change = change(workload_.initial, {trained.weight_ih, trained.weight_hh, trained.bias,
                                                   trained.head_weight, trained.head_bias});
        return result;
    }

  private:
    static learn::Plan plan_of(const Workload& workload, Setting setting, learn::Precision precision) {
        learn::Plan plan;
        plan.shape = {1, static_cast<std::uint32_t>(workload.hidden),
                      static_cast<std::uint32_t>(workload.classes)};
        plan.batch = static_cast<std::uint32_t>(workload.batch);
        plan.steps = static_cast<std::uint32_t>(workload.steps);
        plan.parts = static_cast<std::uint32_t>(setting.parts);
        plan.precision = precision;
        return plan;
    }

    const Workload& workload_;
    runner::ThreadTeam team_;
    runner::Network network_;
    std::vector<float> sequences_;
    std::vector<const float*> rows_;
    std::vector<std::uint32_t> labels_;
    data::Model start_;
    learn::Hyper hyper_;
};

std::unique_ptr<Peer> make(const Workload& workload, Setting setting, learn::Precision precision) {
    try {
        return std::make_unique<PartitaPeer>(workload, setting, precision);
    } catch (const runner::RunError& error) {
        throw PeerUnavailable(error.what());
    }
}

}  // namespace

std::unique_ptr<Peer> make_partita_fp32(const Workload& workload, Setting setting) {
    return make(workload, setting, learn::Precision::fp32);
}
std::unique_ptr<Peer> make_partita_mixed(const Workload& workload, Setting setting) {
    return make(workload, setting, learn::Precision::mixed);
}
std::unique_ptr<Peer> make_partita_bf16(const Workload& workload, Setting setting) {
    return make(workload, setting, learn::Precision::bf16);
}

}  // namespace partita::bench
