#pragma once

// From a plan to memory: every buffer's name, offset and size, to the byte. What `layout` returns is all that
// training needs.
//
// Hidden units are handled in blocks of 16. The LSTM's weights are stored block by block:
// [block][row][gate][unit in block], rows = hidden, then input, then bias, so that the four gates of a unit
// are computed together and a block is one contiguous stream. In 16-bit formats two gates share a 32-bit
// word: [block][row][gate pair][unit][gate of the pair]. The head is [class][unit], then its biases. e, d and
// the two planes of `mixed` are ordered alike; moments and gradients are FP32. Where an array does the
// products all this is otherwise: array_layout.hpp.

#include <cstddef>
#include <cstdint>

#include "partita/learn/array_layout.hpp"
#include "partita/learn/plan.hpp"

namespace partita::learn {

inline constexpr std::uint32_t units_per_block = 16;
inline constexpr std::uint32_t gate_count = 4;
inline constexpr std::uint32_t gates_per_block =
    gate_count * units_per_block;  // values of one block at one step
inline constexpr std::uint32_t rows_per_tile =
    32;  // weight rows whose gradient is formed, then consumed, at a time
inline constexpr std::size_t buffer_alignment = 64;

enum class BufferId : std::uint8_t {
    weights,        // fp32, or BF16, or the BF16 plane of `mixed`
    weights_low,    // `mixed`: the other 16 bits
    regulariser_e,  // FPTT, delta form: e
    regulariser_d,  // FPTT, delta form: d
    first_moment,   // momentum, Adam
    second_moment,  // Adam
    gradient,       // the whole gradient, where clipping needs its norm first
    hidden,         // tape: hidden state by step, slot 0 carried in from the part before
    cell,           // tape: cell state by block and step, slot 0 carried in
    gates,          // tape: gates by block and step, replaced by their gradients
    inputs,         // the part's inputs [step][sequence][input]
    states,         // array: tape of cell states, then hidden states, with the part's inputs
    head,           // logits, then probabilities, then their gradients [sequence][class]
    outcome,        // loss and predicted class by sequence
    labels,         // label by sequence
    estimate,       // auxiliary loss: label distribution by part and class, in use
    estimate_next,  // auxiliary loss: the same being gathered for the next epoch
    partial_sums,   // squared norms by block, class and head bias, so that their sum does not depend on the
                    // team
    scratch,        // working memory of a step, then of the weight gradient
    count,
};

inline constexpr std::size_t buffer_count = static_cast<std::size_t>(BufferId::count);

constexpr const char* name(BufferId id) {
    constexpr const char* names[buffer_count] = {"weights",        "weights.low",   "fptt.e",   "fptt.d",
                                                 "moment.first",   "moment.second", "gradient", "tape.hidden",
                                                 "tape.cell",      "tape.gates",    "inputs",   "tape.states",
                                                 "head",           "outcome",       "labels",   "auxiliary",
                                                 "auxiliary.next", "partial_sums",  "scratch"};
    return names[static_cast<std::size_t>(id)];
}

struct Buffer {
    std::size_t offset = 0;
    std::size_t size = 0;
};

// The extents that buffers are made of, in elements.
struct Extents {
    std::uint32_t blocks = 0;          // of 16 hidden units
    std::uint32_t padded_hidden = 0;   // blocks * 16
    std::uint32_t padded_classes = 0;  // classes rounded up to 16
    std::uint32_t rows = 0;            // of the LSTM's weights: hidden + input + 1
    std::uint32_t pairs = 0;           // of sequences, which share a word in 16-bit tapes
    std::uint32_t steps = 0;           // of the longest part
    std::uint32_t hidden_slots = 0;
    std::uint32_t cell_slots = 0;
    std::uint32_t gate_slots = 0;
    std::uint32_t gate_padding = 0;   // values between the gates of two blocks
    std::size_t lstm_parameters = 0;  // stored elements, padding included
    std::size_t head_parameters = 0;
    constexpr std::size_t parameters() const { return lstm_parameters + head_parameters; }
};

// Offsets within the scratch buffer, in bytes. The first group is used step by step, the second afterwards;
// they overlap.
struct ScratchMap {
    // Gate gradients of a step in the order of the weights, where the tape does not hold them so. With
    // several members two steps take turns: one is written while another member may still read the other.
    std::size_t step_gates = 0;
    std::size_t step_gates_size = 0;  // bytes of a step, or zero
    std::size_t hidden_grad = 0;      // [sequence][unit]
    std::size_t cell_grad = 0;        // [block][sequence][16]
    std::size_t member_step =
        0;  // first member's part of the step scratch: hidden state of one step, [sequence][unit]
    std::size_t member_step_size = 0;
    std::size_t member_tile = 0;  // first member's part of the tile scratch
    std::size_t member_tile_size = 0;
    // Within a member's tile scratch:
    std::size_t tile_gradient = 0;   // [rows_per_tile][64] FP32
    std::size_t tile_gates = 0;      // lean: one block's gates [step]...
    std::size_t tile_cell = 0;       // lean: one block's cell state [step + 1][sequence][16]
    std::size_t tile_hidden = 0;     // 16-bit: hidden state of one step
    std::size_t tile_cell_grad = 0;  // lean: [sequence][16]
    // Array: hidden_grad and cell_grad are [unit][columns]; with them share memory, in turn:
    std::size_t sums = 0;           // `mixed`: pre-activations of a step [gate row][columns] FP32
    std::size_t other_hidden = 0;   // forward: second buffer of `hidden`
    std::size_t gradient_tile = 0;  // gradients on their way to the update
    std::size_t gradient_tile_size = 0;
    // ... and behind them:
    std::size_t logits = 0;     // logits, then their gradients [class][columns], in the operands' format
    std::size_t discarded = 0;  // room for an element that the array stores and nobody reads
};

struct Layout {
    Plan plan;
    Extents extents;
    ArrayExtents array;
    ScratchMap scratch;
    Buffer buffers[buffer_count];
    std::size_t total = 0;  // bytes

    constexpr const Buffer& operator[](BufferId id) const { return buffers[static_cast<std::size_t>(id)]; }
};

namespace detail {

// Unsigned arithmetic that remembers an overflow.
struct Sizer {
    bool overflow = false;

    constexpr std::size_t mul(std::size_t a, std::size_t b) {
        std::size_t product = 0;
        overflow |= __builtin_mul_overflow(a, b, &product);
        return product;
    }
    constexpr std::size_t add(std::size_t a, std::size_t b) {
        std::size_t sum = 0;
        overflow |= __builtin_add_overflow(a, b, &sum);
        return sum;
    }
    constexpr std::size_t aligned(std::size_t size) {
        return add(size, buffer_alignment - 1) / buffer_alignment * buffer_alignment;
    }
    template <typename... Sizes>
    constexpr std::size_t product(std::size_t first, Sizes... rest) {
        std::size_t result = first;
        ((result = mul(result, static_cast<std::size_t>(rest))), ...);
        return result;
    }
};

constexpr std::size_t operand_bytes(Precision p) {
    return p == Precision::fp32 ? 4 : 2;
}
constexpr std::size_t cell_bytes(Precision p) {
    return p == Precision::bf16 ? 2 : 4;
}

constexpr Extents extents(const Plan& plan, Sizer& size) {
    Extents e;
    e.blocks = (plan.shape.hidden - 1) / units_per_block + 1;
    e.padded_hidden = e.blocks * units_per_block;
    e.padded_classes = ((plan.shape.classes - 1) / units_per_block + 1) * units_per_block;
    e.rows = plan.shape.hidden + plan.shape.input + 1;
    e.pairs = (plan.batch + 1) / 2;
    e.steps = part_steps(plan);
    const bool trains = plan.tape != Tape::none;
    e.hidden_slots = trains ? e.steps + 1 : 2;
    // The lean tape's cell slots take the hidden state's gradient, so the state to carry on needs a slot of
    // its own.
    e.cell_slots = plan.tape == Tape::lean ? e.steps + 2 : trains ? e.steps + 1 : 2;
    e.gate_slots = plan.tape == Tape::full ? e.steps : 0;
    // The hidden state's gradient reads one step of all blocks in turn. Without padding they can lie a
    // multiple of 4 KB apart, all in the same few sets of a first-level cache.
    e.gate_padding = plan.tape == Tape::full && plan.precision == Precision::fp32 ? 2 * gates_per_block : 0;
    e.lstm_parameters = size.product(e.blocks, e.rows, gates_per_block);
    e.head_parameters = size.add(size.mul(plan.shape.classes, e.padded_hidden), e.padded_classes);
    return e;
}

// Bytes of one block's gates over `steps` steps, on the tape or in a tile.
constexpr std::size_t gate_bytes(const Plan& plan, const Extents& e, std::size_t steps, Sizer& size) {
    return plan.precision == Precision::fp32 ? size.product(steps, plan.batch, gates_per_block, 4)
                                             : size.product(steps, e.pairs, gates_per_block, 2, 2);
}

constexpr ScratchMap scratch_map(const Plan& plan, const Extents& e, Sizer& size, std::size_t& total) {
    ScratchMap map;
    const bool lean = plan.tape == Tape::lean;
    const bool narrow = plan.precision != Precision::fp32;
    const std::size_t state = size.product(plan.batch, e.padded_hidden, cell_bytes(plan.precision));
    const std::size_t row = narrow ? size.aligned(size.product(plan.batch, e.padded_hidden, 2)) : 0;
    std::size_t end = 0;
    const auto place = [&](std::size_t bytes) {
        const std::size_t offset = end;
        end = size.aligned(size.add(end, bytes));
        return offset;
    };
    if (plan.tape != Tape::none) {
        if (lean || narrow) {
            map.step_gates_size = size.aligned(
                size.product(e.blocks, plan.batch, gates_per_block, operand_bytes(plan.precision)));
        }
        map.step_gates = place(size.mul(map.step_gates_size, plan.members > 1 ? 2 : 1));
        map.hidden_grad = place(state);
        map.cell_grad = place(state);
    }
    map.member_step_size = row;
    map.member_step = place(size.mul(row, plan.members));
    total = end;
    if (plan.tape == Tape::none) {
        return map;
    }
    end = 0;
    map.tile_gradient = place(std::size_t{rows_per_tile} * gates_per_block * 4);
    if (lean) {
        map.tile_gates = place(gate_bytes(plan, e, e.steps, size));
        map.tile_cell = place(
            size.product(size.add(e.steps, 1), plan.batch, units_per_block, cell_bytes(plan.precision)));
        map.tile_hidden = place(row);
        map.tile_cell_grad = place(size.product(plan.batch, units_per_block, cell_bytes(plan.precision)));
    }
    map.member_tile_size = end;
    const std::size_t tiles = size.add(map.member_tile, size.mul(end, plan.members));
    total = total > tiles ? total : tiles;
    return map;
}

constexpr ArrayExtents array_extents(const Plan& plan, Sizer& size) {
    ArrayExtents a;
    if (plan.array_side == 0) {
        return a;
    }
    const std::uint32_t side = a.side = plan.array_side;
    a.groups = (plan.shape.hidden - 1) / side + 1;
    a.units = a.groups * side;
    a.gate_rows = gate_count * a.units;
    a.state_rows = a.units + plan.shape.input + 1;
    a.columns = side % plan.batch == 0 ? plan.batch : ((plan.batch - 1) / side + 1) * side;
    a.row = a.columns < side ? side : a.columns;
    a.steps_per_row = a.row / a.columns;
    a.tape_rows = plan.tape == Tape::full ? (part_steps(plan) - 1) / a.steps_per_row + 1 : 1;
    a.start_in_second_slot =
        plan.tape == Tape::full && plan.precision == Precision::bf16 && part_steps(plan) > 1;
    if (plan.tape == Tape::full) {
        a.tile_bytes =
            gradient_tile_bytes(size.product(a.tape_rows, a.gate_rows, a.row, operand_bytes(plan.precision)));
    }
    a.parameters = size.add(size.product(a.state_rows, a.gate_rows),
                            size.product(plan.shape.classes, a.units + std::size_t{1}));
    return a;
}

constexpr ScratchMap array_scratch_map(const Plan& plan, const ArrayExtents& a, Sizer& size,
                                       std::size_t& total) {
    ScratchMap map;
    const bool trains = plan.tape != Tape::none;
    const std::size_t state = size.aligned(size.product(a.units, a.columns, cell_bytes(plan.precision)));
    map.cell_grad = trains ? state : 0;
    std::size_t shared = trains ? size.mul(state, 2) : 0;
    if (plan.precision == Precision::mixed) {
        map.other_hidden = size.aligned(size.product(a.gate_rows, a.columns, 4));
    }
    const std::size_t forward =
        size.add(map.other_hidden, size.product(a.state_rows, a.columns, operand_bytes(plan.precision)));
    shared = shared > forward ? shared : forward;
    // Two tiles of the array at least, for the one that is filled and the one that is read.
    const std::size_t least = trains ? size.product(a.side, a.side, 2, cell_bytes(plan.precision)) : 0;
    shared = shared > a.tile_bytes ? shared : a.tile_bytes;
    shared = size.aligned(shared > least ? shared : least);
    map.gradient_tile_size = trains ? shared : 0;
    map.logits = shared;
    const std::size_t logits =
        size.add(shared, size.product(plan.shape.classes, a.columns, cell_bytes(plan.precision)));
    map.discarded = size.add(logits, sizeof(float) - 1) / sizeof(float) * sizeof(float);
    total = size.aligned(size.add(map.discarded, sizeof(float)));
    return map;
}

}  // namespace detail

// Errors: those of `validate`, and size_overflow where the total does not fit in memory addresses.
constexpr Result<Layout> layout(const Plan& plan) {
    if (const Error error = validate(plan); error != Error::none) {
        return error;
    }
    detail::Sizer size;
    Layout result;
    result.plan = plan;
    const bool array = plan.array_side != 0;
    const Extents e = result.extents = detail::extents(plan, size);
    const ArrayExtents a = result.array = detail::array_extents(plan, size);
    const bool trains = plan.tape != Tape::none;
    const std::size_t parameters = array ? a.parameters : size.add(e.lstm_parameters, e.head_parameters);
    const std::size_t operand = detail::operand_bytes(plan.precision);
    const std::size_t cell = detail::cell_bytes(plan.precision);
    const bool narrow_state = plan.narrow_regulariser || plan.precision != Precision::fp32;

    std::size_t bytes[buffer_count] = {};
    const auto set = [&](BufferId id, bool needed, std::size_t value) {
        bytes[static_cast<std::size_t>(id)] = needed ? value : 0;
    };
    set(BufferId::weights, true, size.mul(parameters, operand));
    set(BufferId::weights_low, plan.precision == Precision::mixed, size.mul(parameters, 2));
    set(BufferId::regulariser_e, trains && plan.regulariser, size.mul(parameters, narrow_state ? 2 : 4));
    set(BufferId::regulariser_d, trains && plan.regulariser, size.mul(parameters, narrow_state ? 2 : 4));
    set(BufferId::first_moment, trains && plan.rule != Rule::sgd, size.mul(parameters, 4));
    set(BufferId::second_moment, trains && plan.rule == Rule::adam, size.mul(parameters, 4));
    set(BufferId::gradient, trains && plan.clipping, size.mul(parameters, 4));
    if (array) {
        const std::size_t hidden = size.product(a.state_rows, a.columns, operand);
        set(BufferId::hidden, true,
            trains && !a.start_in_second_slot ? size.add(size.aligned(hidden), hidden) : hidden);
        set(BufferId::cell, true, size.product(a.units, a.columns, cell));
        set(BufferId::gates, trains || plan.precision != Precision::mixed,
            size.product(a.tape_rows, a.gate_rows, a.row, operand));
        set(BufferId::states, trains, size.product(a.tape_rows, a.state_rows, a.row, operand));
    } else {
        set(BufferId::hidden, true,
            plan.precision == Precision::fp32 ? size.product(e.hidden_slots, plan.batch, e.padded_hidden, 4)
                                              : size.product(e.hidden_slots, e.pairs, e.padded_hidden, 2, 2));
        set(BufferId::cell, true, size.product(e.cell_slots, plan.batch, e.padded_hidden, cell));
        set(BufferId::gates, plan.tape == Tape::full,
            size.mul(e.blocks,
                     size.add(detail::gate_bytes(plan, e, e.gate_slots, size), e.gate_padding * operand)));
        set(BufferId::inputs, true, size.product(e.steps, plan.batch, plan.shape.input, 4));
    }
    set(BufferId::head, true, size.product(plan.batch, e.padded_classes, 4));
    set(BufferId::outcome, true, size.mul(plan.batch, 8));
    set(BufferId::labels, true, size.mul(plan.batch, 4));
    const std::size_t distribution =
        size.product(part_count(plan), plan.shape.classes, plan.shape.classes + 1ull, 4);
    set(BufferId::estimate, trains && plan.auxiliary, distribution);
    set(BufferId::estimate_next, trains && plan.auxiliary, distribution);
    set(BufferId::partial_sums, trains && plan.clipping,
        size.mul(size.add(e.blocks, plan.shape.classes + 1ull), 8));
    std::size_t scratch_bytes = 0;
    result.scratch = array ? detail::array_scratch_map(plan, a, size, scratch_bytes)
                           : detail::scratch_map(plan, e, size, scratch_bytes);
    set(BufferId::scratch, true, scratch_bytes);

    for (std::size_t i = 0; i < buffer_count; ++i) {
        result.buffers[i] = {result.total, bytes[i]};
        result.total = size.aligned(size.add(result.total, bytes[i]));
    }
    if (size.overflow || result.total > (std::size_t{1} << 48)) {
        return Error::size_overflow;
    }
    return result;
}

}  // namespace partita::learn
