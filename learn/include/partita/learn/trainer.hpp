#pragma once

// Training and evaluation of one network in memory that the caller owns. Every member of a team calls the
// same functions with the same arguments; nothing is allocated and no thread is made.

#include <cstddef>
#include <cstdint>
#include <span>

#include "partita/learn/backend.hpp"
#include "partita/learn/layout.hpp"
#include "partita/learn/team.hpp"
#include "partita/learn/update.hpp"

namespace partita::learn {

// A network's parameters in PyTorch's order: gates i, f, g, o by rows.
template <typename Float>
struct Parameters {
    std::span<Float> weight_ih;    // [4 hidden][input]
    std::span<Float> weight_hh;    // [4 hidden][hidden]
    std::span<Float> bias;         // [4 hidden], the sum of PyTorch's two
    std::span<Float> head_weight;  // [classes][hidden]
    std::span<Float> head_bias;    // [classes]
};

struct Batch {
    std::span<const float* const> sequences;  // each [steps][input]; at most the plan's batch
    std::span<const std::uint32_t> labels;    // one a sequence, below the plan's classes
};

// Where time goes, as the table by function shows it.
enum class Function : std::uint8_t {
    inputs,
    forward,
    head,
    gate_gradient,
    hidden_gradient,
    rebuild,
    weight_gradient,
    update,
    waiting,
    count,
};

inline constexpr std::size_t function_count = static_cast<std::size_t>(Function::count);

constexpr const char* name(Function function) {
    constexpr const char* names[function_count] = {"inputs",          "forward",         "head",
                                                   "gate gradient",   "hidden gradient", "rebuild (lean)",
                                                   "weight gradient", "update",          "waiting"};
    return names[static_cast<std::size_t>(function)];
}

// The number of the region (marks.hpp) that is this function's time.
constexpr int region(Function function) {
    return static_cast<int>(function) + 1;
}

// Ticks of the caller's clock by function, as the first member sees them.
struct Profile {
    std::uint64_t (*now)() = nullptr;
    std::uint64_t ticks[function_count] = {};
    std::uint64_t calls[function_count] = {};
};

class Trainer {
  public:
    Trainer() = default;

    // `memory` must be aligned to 64 bytes and hold layout(plan).total of them; it is cleared. Weights are
    // zero until loaded.
    static Result<Trainer> create(const Plan& plan, std::span<std::byte> memory, const Kernels& kernels,
                                  std::uint32_t array_side = 4);

    const Plan& plan() const { return workspace_.plan(); }
    const Layout& layout() const { return workspace_.layout; }

    // Sets all parameters, rounded to the plan's precision; FPTT's e and d and the rule's moments start from
    // zero.
    Error load(const Parameters<const float>& parameters);
    // The parameters as stored; in `mixed` both planes joined.
    Error store(const Parameters<float>& parameters) const;
    // A number that two trainers with the same values of `weights` (both planes joined), `regulariser_e` or
    // `regulariser_d` agree on, whatever their layouts.
    std::uint32_t digest(BufferId id) const;
    // The gradient of the last part trained, regulariser included; only where the plan keeps it (clipping).
    Error store_gradient(const Parameters<float>& gradient) const;

    // Whether `evaluate` takes this batch, and whether `train` does.
    Error check(const Batch& batch) const;
    Error check_training(const Batch& batch) const {
        return plan().tape == Tape::none ? Error::inference_only : check(batch);
    }

    // Trains on a batch: part_count(plan) parts, one update each. Call with a batch that check_training
    // accepts.
    void train(const Member& member, const Batch& batch, const Hyper& hyper);
    // One part of it, counted from 0; part 0 starts from a state of zero.
    void train_part(const Member& member, const Batch& batch, std::uint32_t part, const Hyper& hyper);

    // Runs the batch through the network without learning; losses and predictions are those at the last step.
    void evaluate(const Member& member, const Batch& batch);

    // Of the last part run, by sequence: cross-entropy in nats before the update, and the likeliest class.
    std::span<const float> losses() const;
    std::span<const std::uint32_t> predictions() const;

    // The end of an epoch. With the auxiliary loss, label distributions gathered from this epoch's
    // predictions replace those in use. `adopt_mean` also sets W to its running mean and lambda to zero, as
    // the paper's official code does.
    void end_epoch(const Member& member, bool adopt_mean);

    // Everything that training carries from one batch to the next, for checkpoints: these buffers and the
    // update count.
    static constexpr BufferId persistent[] = {
        BufferId::weights,      BufferId::weights_low,   BufferId::regulariser_e, BufferId::regulariser_d,
        BufferId::first_moment, BufferId::second_moment, BufferId::estimate,      BufferId::estimate_next};
    std::span<std::byte> bytes(BufferId id) const;
    std::uint64_t updates() const { return updates_; }
    void set_updates(std::uint64_t updates) { updates_ = updates; }

    // On lines of its own: the first member writes here while all read the rest.
    alignas(64) Profile profile;  // of the first member; counts only while it has a clock

  private:
    std::uint32_t steps_of(std::uint32_t part) const;
    void begin_part(const Member& member, const Batch& batch, std::uint32_t part);
    void carry(const Member& member, std::uint32_t part);
    void gather(const Member& member, const Batch& batch, std::uint32_t part);
    void forward(const Member& member, const Batch& batch, std::uint32_t part);
    void head(const Member& member, const Batch& batch, std::uint32_t part, bool blend);
    void score(const Batch& batch, std::uint32_t sequence, std::uint32_t part, bool blend);
    void backward(const Member& member, std::uint32_t steps);
    UpdateStep next_update(const Hyper& hyper) const;
    void update(const Member& member, std::uint32_t steps, const Hyper& hyper);
    void apply_collected(const Member& member, UpdateStep step, float clip_norm);
    void clip_on_array(const Member& member, UpdateStep step, float clip_norm);
    float clip_scale(float clip_norm) const;
    std::size_t element(std::uint32_t row, std::uint32_t gate, std::uint32_t unit) const;
    std::size_t head_element(std::uint32_t label, std::uint32_t unit) const;
    std::size_t head_bias_element(std::uint32_t label) const;
    template <typename Consume>
    void for_each_gradient(const Member& member, std::uint32_t steps, const Consume& consume);
    template <typename Float, typename Visit>
    void for_each_parameter(const Parameters<Float>& parameters, const Visit& visit) const;
    template <typename Visit>
    void for_each_element(const Visit& visit) const;
    template <typename Float>
    Error check_lengths(const Parameters<Float>& parameters) const;
    void meet(const Member& member);
    template <Function function, typename Work>
    void timed(const Member& member, const Work& work);

    alignas(64) Workspace workspace_;
    const Kernels* kernels_ = nullptr;
    alignas(64) std::uint64_t updates_ = 0;
};

}  // namespace partita::learn
