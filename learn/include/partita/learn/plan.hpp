#pragma once

// What is to be trained, in which arithmetic, and what may be kept: everything that decides how much memory
// is needed.

#include <cstdint>

#include "partita/learn/status.hpp"

namespace partita::learn {

// An LSTM layer (input -> hidden) with a linear head (hidden -> classes).
struct Shape {
    std::uint32_t input = 1;
    std::uint32_t hidden = 1;
    std::uint32_t classes = 1;

    constexpr bool operator==(const Shape&) const = default;
};

// Parameters of the network; the two biases of PyTorch's LSTM are one here.
constexpr std::uint64_t parameter_count(Shape shape) {
    return 4ull * shape.hidden * (std::uint64_t{shape.input} + shape.hidden + 1) +
           (std::uint64_t{shape.hidden} + 1) * shape.classes;
}

enum class Precision : std::uint8_t {
    fp32,   // everything in FP32
    bf16,   // everything stored in BF16
    mixed,  // BF16 operands, FP32 accumulation, cell state and weights (kept in two 16-bit planes)
};

// What the forward pass keeps for the backward pass. All give the same bits.
enum class Tape : std::uint8_t {
    none,  // nothing: the plan can only evaluate
    full,  // hidden and cell state and gates of every step of a part
    lean,  // hidden and cell state only; gates are computed again, twice
};

// How a weight is rounded where it is stored after an update.
enum class Rounding : std::uint8_t {
    nearest,     // to nearest, ties to even
    stochastic,  // bf16 only: up or down by chance, so that the mean is the number (rounding.hpp)
};

enum class Rule : std::uint8_t { sgd, momentum, adam };

struct Plan {
    Shape shape;
    std::uint32_t batch = 1;  // sequences trained together
    std::uint32_t steps = 1;  // steps of a sequence, T
    std::uint32_t parts = 1;  // parts that a sequence is cut in, K; 1 is back-propagation through time
    Precision precision = Precision::fp32;
    Tape tape = Tape::full;
    Rule rule = Rule::sgd;
    bool regulariser = true;  // FPTT's pull towards the running mean: keeps e and d beside the weights
    bool narrow_regulariser =
        false;  // fp32: e and d in BF16 all the same (in bf16 and mixed they always are)
    Rounding rounding = Rounding::nearest;  // of updated weights; e and d are always rounded to nearest
    bool clipping = false;                  // gradient clipping by norm: keeps the whole gradient
    bool auxiliary = false;        // FPTT's auxiliary loss: keeps label distributions by part and class
    std::uint32_t array_side = 0;  // of the accelerator that does the products, for which everything lies as
                                   // array_layout.hpp says; 0: none
    std::uint32_t members = 1;     // of the team that works on it

    constexpr bool operator==(const Plan&) const = default;
};

// Steps of every part but the last, which takes the remainder.
constexpr std::uint32_t part_steps(const Plan& plan) {
    return (plan.steps - 1) / plan.parts + 1;
}

// Parts that are really made: with T = 10 and K = 6, parts of two steps make five.
constexpr std::uint32_t part_count(const Plan& plan) {
    return (plan.steps - 1) / part_steps(plan) + 1;
}

// With an array: of one value a unit and sequence, over as many units as the array has rows.
inline constexpr std::uint32_t most_group_elements = 1024;

constexpr Error validate(const Plan& plan) {
    const Shape s = plan.shape;
    if (s.input == 0 || s.hidden == 0 || s.classes == 0 || plan.batch == 0 || plan.steps == 0 ||
        plan.parts == 0 || plan.members == 0) {
        return Error::zero_size;
    }
    if (plan.parts > plan.steps) {
        return Error::parts_exceed_steps;
    }
    // With an array the hidden state is computed again from gates and cell state; no tape is leaner.
    if (plan.array_side != 0 && plan.tape == Tape::lean) {
        return Error::bad_option;
    }
    if (plan.array_side > 64 || (plan.array_side & (plan.array_side - 1)) != 0) {
        return Error::bad_array_side;
    }
    if (plan.array_side != 0 && plan.batch > most_group_elements / plan.array_side) {
        return Error::bad_option;
    }
    // Wider weights need no chance.
    if (plan.rounding == Rounding::stochastic && plan.precision != Precision::bf16) {
        return Error::bad_option;
    }
    // No single extent near the limit of 32 bits, so that rounding up to a block cannot wrap.
    constexpr std::uint32_t limit = 1u << 30;
    if (s.input > limit || s.hidden > limit || s.classes > limit || plan.batch > limit ||
        plan.steps > limit || plan.members > 1024) {
        return Error::size_overflow;
    }
    return Error::none;
}

constexpr const char* name(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return "fp32";
        case Precision::bf16:
            return "bf16";
        case Precision::mixed:
            return "mixed";
    }
    return "?";
}

constexpr const char* name(Tape tape) {
    switch (tape) {
        case Tape::none:
            return "none";
        case Tape::full:
            return "full";
        case Tape::lean:
            return "lean";
    }
    return "?";
}

constexpr const char* name(Rounding rounding) {
    switch (rounding) {
        case Rounding::nearest:
            return "nearest";
        case Rounding::stochastic:
            return "stochastic";
    }
    return "?";
}

constexpr const char* name(Rule rule) {
    switch (rule) {
        case Rule::sgd:
            return "sgd";
        case Rule::momentum:
            return "momentum";
        case Rule::adam:
            return "adam";
    }
    return "?";
}

// Multiply-adds of the matrix products of one training pass over a whole batch, two operations each: the
// forward product, the gradient of the hidden state and the gradient of the weights. `lean` adds two forward
// products, one by step and one by block of units.
struct Operations {
    std::uint64_t forward = 0;
    std::uint64_t hidden_gradient = 0;
    std::uint64_t weight_gradient = 0;
    std::uint64_t head = 0;
    std::uint64_t recomputed = 0;
    std::uint64_t update = 0;

    constexpr std::uint64_t total() const {
        return forward + hidden_gradient + weight_gradient + head + recomputed + update;
    }
};

constexpr Operations operations(const Plan& plan) {
    const std::uint64_t gates = 4ull * plan.shape.hidden;
    const std::uint64_t rows = std::uint64_t{plan.shape.hidden} + plan.shape.input + 1;
    const std::uint64_t sequence_steps = std::uint64_t{plan.batch} * plan.steps;
    const std::uint64_t parts = part_count(plan);
    Operations count;
    count.forward = 2 * sequence_steps * gates * rows;
    count.head = 2 * parts * plan.batch * plan.shape.classes * (plan.shape.hidden + 1ull);
    if (plan.tape == Tape::none) {
        return count;
    }
    count.head *= 3;
    // The first step of a part sends no gradient further back.
    count.hidden_gradient = 2 * (plan.steps - parts) * plan.batch * gates * plan.shape.hidden;
    count.weight_gradient = 2 * sequence_steps * gates * rows;
    count.recomputed = plan.tape == Tape::lean ? 2 * count.forward : 0;
    // W - lr (g - a e), W' - W, e + d/2 - D, D - e: eight operations a parameter; three for SGD, five for
    // momentum, twelve for Adam.
    const std::uint64_t rule = plan.rule == Rule::sgd ? 2 : plan.rule == Rule::momentum ? 4 : 12;
    count.update = parts * parameter_count(plan.shape) * (rule + (plan.regulariser ? 6 : 0));
    return count;
}

}  // namespace partita::learn
