#pragma once

#include <cstdint>
#include <string>

#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"
#include "partita/learn/trainer.hpp"
#include "partita/runner/memory.hpp"
#include "partita/runner/thread_team.hpp"

namespace partita::runner {

enum class Backend : std::uint8_t {
    automatic,  // the host's, or the portable one where the host has none
    host,
    portable,
};

// A trainer with memory of its own and a team to work on it. The team must outlive it.
class Network {
  public:
    // `plan.members` is set to the team's size. Throws RunError for plans that cannot be laid out and
    // backends that do not run here.
    Network(learn::Plan plan, Backend backend, std::uint32_t array_side, ThreadTeam& team);

    // Throws RunError if the model's shape is not the plan's.
    void load(const data::Model& model);
    data::Model model() const;

    // Throws RunError if the sequences do not fit the plan: values a step, steps, labels.
    void check(const data::Sequences& sequences) const;

    // Throws RunError for labels outside of the classes or too many sequences.
    void train(const learn::Batch& batch, const learn::Hyper& hyper);
    void evaluate(const learn::Batch& batch);

    learn::Trainer& trainer() { return trainer_; }
    const learn::Trainer& trainer() const { return trainer_; }
    ThreadTeam& team() { return team_; }
    const char* backend_name() const { return kernels_->name; }
    std::size_t planned_bytes() const { return trainer_.layout().total; }

  private:
    ThreadTeam& team_;
    Memory memory_;
    const learn::Kernels* kernels_;
    learn::Trainer trainer_;
};

learn::Shape shape_of(const data::Model& model);

struct Scores {
    std::size_t count = 0;
    std::size_t correct = 0;
    double loss = 0.0;  // mean cross-entropy at the last step, in nats

    double accuracy() const {
        return count == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(count);
    }
};

// Runs all sequences through the model in a memory of its own, `batch` at a time.
Scores evaluate(const data::Model& model, const data::Sequences& sequences, learn::Precision precision,
                Backend backend, std::uint32_t array_side, ThreadTeam& team, std::uint32_t batch = 32);

}  // namespace partita::runner
