#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "partita/data/model_file.hpp"
#include "partita/runner/network.hpp"
#include "partita/runner/training.hpp"

namespace partita::cli {

// Sequences held out from training, under a name for the table.
struct HeldOut {
    std::string name;
    data::Sequences sequences;
};

struct ExperimentSetup {
    MachineOptions machine;
    TrainingOptions training;
    learn::Shape shape;     // of the network
    std::size_t steps = 0;  // of a sequence
    // The network that a seed starts from.
    std::function<data::Model(std::uint64_t seed)> start;
    // What epoch `epoch` of a seed trains on. The reference stays valid until the next call.
    std::function<const data::Sequences&(std::uint64_t seed, std::uint32_t epoch)> epoch_data;
    std::vector<HeldOut> held_out;
    runner::CheckpointSettings checkpoint;
};

// One run: one K, one seed.
struct RunResult {
    learn::Plan plan;
    float learning_rate = 0.0f;
    std::uint64_t seed = 0;
    std::string backend;
    std::size_t planned_bytes = 0;
    std::size_t peak_bytes = 0;  // resident, of the whole process during the run, data included
    double seconds = 0.0;        // of training
    std::uint64_t batches = 0;   // trained in this process
    runner::EpochSums last_epoch;
    std::vector<runner::Scores> before;  // one a held-out set
    std::vector<runner::Scores> after;
    learn::Profile profile;
    data::Model model;
    runner::TrainingEnd end = runner::TrainingEnd::finished;
};

// Every K with every seed, in the order given, each from its own start. Stops early when interrupted.
std::vector<RunResult> run_experiment(const ExperimentSetup& setup);

}  // namespace partita::cli
