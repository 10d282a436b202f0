#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "partita/data/sequences.hpp"
#include "partita/runner/error.hpp"
#include "partita/runner/network.hpp"

namespace partita::runner {

struct TrainingSettings {
    std::uint32_t epochs = 1;
    learn::Hyper hyper;
    learn::Schedule::Kind schedule = learn::Schedule::Kind::constant;
    double warm_up_epochs = 0.0;
    bool shuffle = true;      // a new order every epoch, from the seed
    bool adopt_mean = false;  // FPTT: at each epoch's end W becomes the running mean
    std::uint64_t seed = 1;
};

// Sums over the sequences seen in an epoch, at the last part of each, before its update.
struct EpochSums {
    double loss = 0.0;
    std::uint64_t correct = 0;
    std::uint64_t count = 0;
    double last_batch_loss = 0.0;  // summed over the sequences of the last batch

    double mean_loss() const { return count == 0 ? 0.0 : loss / static_cast<double>(count); }
    double accuracy() const {
        return count == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(count);
    }
};

struct TrainingProgress {
    std::uint32_t epoch = 0;  // counted from 0
    std::uint32_t epochs = 0;
    std::uint64_t batches_done = 0;  // of all epochs
    std::uint64_t batches = 0;
    EpochSums sums;  // of the epoch under way
};

struct CheckpointSettings {
    std::filesystem::path path;  // empty: none
    std::chrono::seconds every{60};
    bool resume = false;                          // go on from `path` if it exists
    std::map<std::string, std::string> settings;  // what must be the same for the run to be the same, by name
};

enum class TrainingEnd : std::uint8_t { finished, interrupted };

// Trains `network` over the sequences that `epoch_data` gives for each epoch (all epochs the same number of
// them). A run resumed from its checkpoint ends with the same bits as one that was never interrupted.
class Training {
  public:
    using EpochData = std::function<const data::Sequences&(std::uint32_t epoch)>;
    using Report = std::function<void(const TrainingProgress&)>;

    Training(Network& network, TrainingSettings settings, EpochData epoch_data,
             CheckpointSettings checkpoint = {});

    // `report` is called after every batch. When `stop` becomes true the run saves its checkpoint and ends.
    // Throws RunError if the loss or the weights are no longer numbers, for sequences that do not fit the
    // network, and for checkpoints that do not fit.
    TrainingEnd run(const Report& report, const std::atomic<bool>& stop);

    const EpochSums& last_epoch() const { return position_.sums; }
    double seconds() const { return seconds_; }  // of training alone, in this process

    struct Position {
        std::uint32_t epoch = 0;
        std::uint64_t batch = 0;  // next in the epoch
        EpochSums sums;
    };

  private:
    void train_epoch(const data::Sequences& sequences, const Report& report, const std::atomic<bool>& stop);
    void train_batch(const data::Sequences& sequences, std::span<const std::size_t> order,
                     std::uint64_t batches);
    void require_numbers() const;
    RunError diverged(const std::string& found) const;
    void save() const;

    Network& network_;
    TrainingSettings settings_;
    EpochData epoch_data_;
    CheckpointSettings checkpoint_;
    Position position_;
    double seconds_ = 0.0;
    std::chrono::steady_clock::time_point saved_;
};

// Checkpoint files: the model as safetensors with PyTorch's names, and beside it everything else that
// training carries on.
void save_checkpoint(const std::filesystem::path& path, const Network& network,
                     const Training::Position& position, const std::map<std::string, std::string>& settings);
// Throws data::DataError or RunError naming what differs.
Training::Position load_checkpoint(const std::filesystem::path& path, Network& network,
                                   const std::map<std::string, std::string>& settings);

}  // namespace partita::runner
