#include "partita/runner/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "partita/data/random.hpp"
#include "partita/runner/error.hpp"

namespace partita::runner {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::size_t> order_of(std::size_t count, bool shuffle, std::uint64_t seed, std::uint32_t epoch) {
    if (shuffle) {
        return data::permutation(count, data::derived_seed(seed, epoch));
    }
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) {
        order[i] = i;
    }
    return order;
}

}  // namespace

Training::Training(Network& network, TrainingSettings settings, EpochData epoch_data,
                   CheckpointSettings checkpoint)
    : network_(network),
      settings_(settings),
      epoch_data_(std::move(epoch_data)),
      checkpoint_(std::move(checkpoint)),
      saved_(Clock::now()) {}

TrainingEnd Training::run(const Report& report, const std::atomic<bool>& stop) {
    if (checkpoint_.resume && !checkpoint_.path.empty() && std::filesystem::exists(checkpoint_.path)) {
        position_ = load_checkpoint(checkpoint_.path, network_, checkpoint_.settings);
    }
    while (position_.epoch < settings_.epochs) {
        const data::Sequences& sequences = epoch_data_(position_.epoch);
        if (sequences.count() == 0) {
            throw RunError("there are no sequences to train on");
        }
        network_.check(sequences);
        train_epoch(sequences, report, stop);
        if (stop) {
            save();
            return TrainingEnd::interrupted;
        }
        network_.team().run(
            [&](const learn::Member& member) { network_.trainer().end_epoch(member, settings_.adopt_mean); });
        ++position_.epoch;
        position_.batch = 0;
        if (position_.epoch < settings_.epochs) {
            position_.sums = {};
        }
    }
    require_numbers();
    save();
    return TrainingEnd::finished;
}

void Training::train_epoch(const data::Sequences& sequences, const Report& report,
                           const std::atomic<bool>& stop) {
    const std::vector<std::size_t> order =
        order_of(sequences.count(), settings_.shuffle, settings_.seed, position_.epoch);
    const std::size_t size = network_.trainer().plan().batch;
    const std::uint64_t batches = (order.size() + size - 1) / size;
    while (position_.batch < batches && !stop) {
        const std::size_t first = position_.batch * size;
        const std::size_t n = std::min(size, order.size() - first);
        train_batch(sequences, std::span(order).subspan(first, n), batches);
        ++position_.batch;
        report({position_.epoch, settings_.epochs, position_.epoch * batches + position_.batch,
                settings_.epochs * batches, position_.sums});
        if (!checkpoint_.path.empty() && Clock::now() - saved_ >= checkpoint_.every) {
            save();
            saved_ = Clock::now();
        }
    }
}

void Training::train_batch(const data::Sequences& sequences, std::span<const std::size_t> order,
                           std::uint64_t batches) {
    std::vector<const float*> rows;
    std::vector<std::uint32_t> labels;
    for (const std::size_t index : order) {
        rows.push_back(sequences.values.data() + index * sequences.steps * sequences.input);
        labels.push_back(sequences.labels[index]);
    }
    learn::Schedule schedule;
    schedule.kind = settings_.schedule;
    schedule.total = settings_.epochs * batches;
    schedule.warm_up = static_cast<std::uint64_t>(settings_.warm_up_epochs * static_cast<double>(batches));
    if (schedule.kind == learn::Schedule::Kind::steps) {
        // As in the paper's official code, shortened or stretched to the epochs at hand: a tenth after 1/4,
        // 3/8 and 9/20.
        schedule.boundaries[0] = schedule.total / 4;
        schedule.boundaries[1] = schedule.total * 3 / 8;
        schedule.boundaries[2] = schedule.total * 9 / 20;
    }
    learn::Hyper hyper = settings_.hyper;
    hyper.learning_rate *= schedule.at(position_.epoch * batches + position_.batch);

    const auto start = Clock::now();
    network_.train({rows, labels}, hyper);
    seconds_ += std::chrono::duration<double>(Clock::now() - start).count();

    EpochSums& sums = position_.sums;
    sums.last_batch_loss = 0.0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        sums.last_batch_loss += static_cast<double>(network_.trainer().losses()[i]);
        sums.correct += network_.trainer().predictions()[i] == labels[i] ? 1 : 0;
    }
    sums.loss += sums.last_batch_loss;
    sums.count += labels.size();
    if (!std::isfinite(sums.last_batch_loss)) {
        throw diverged(fmt::format("the loss is no longer a number in epoch {}, batch {}",
                                   position_.epoch + 1, position_.batch + 1));
    }
}

void Training::require_numbers() const {
    const data::Model model = network_.model();
    for (const auto* values :
         {&model.weight_ih, &model.weight_hh, &model.bias, &model.head_weight, &model.head_bias}) {
        if (!std::ranges::all_of(*values, [](float value) { return std::isfinite(value); })) {
            throw diverged("the weights are no longer numbers");
        }
    }
}

RunError Training::diverged(const std::string& found) const {
    return RunError(fmt::format(
        "{}: the learning rate {} is too high for these data, or gradients need clipping (--clip)", found,
        settings_.hyper.learning_rate));
}

void Training::save() const {
    if (!checkpoint_.path.empty()) {
        require_numbers();
        save_checkpoint(checkpoint_.path, network_, position_, checkpoint_.settings);
    }
}

}  // namespace partita::runner
