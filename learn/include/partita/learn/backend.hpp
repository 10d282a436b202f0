#pragma once

// The kernels that a backend provides. A backend is a table of functions on a workspace; the trainer decides
// their order and divides blocks of hidden units among the team. Steps count from 1 within a part; step 0 is
// the state carried in.

#include <cstddef>
#include <cstdint>
#include <span>

#include "partita/learn/team.hpp"
#include "partita/learn/update.hpp"
#include "partita/learn/workspace.hpp"

namespace partita::learn {

// Where a run of gradients belongs: `count` elements from `first` on, in the plain order of a block or of the
// head.
struct Elements {
    std::size_t first = 0;
    std::uint32_t count = 0;  // a multiple of 16
};

// Sequences of a batch, from the first step of a part on: [step][input] each.
struct Inputs {
    std::span<const float* const> sequences;  // at most the plan's batch; the rest are zero
    std::size_t first = 0;                    // values of a sequence before the part
};

// How a backend whose accelerator serves one member runs a part, so that array and members work at the same
// time: every member calls these with the same arguments; all meet before each. For plans with an array.
struct ArrayRoutine {
    // The state to start from: what the part before ended with, or zero.
    void (*begin_part)(const Workspace&, const Member&, bool from_zero, std::uint32_t steps) = nullptr;
    // All steps forward; after it the last hidden state is there.
    void (*forward)(const Workspace&, const Member&, const Inputs&, std::uint32_t steps) = nullptr;
    // The first member alone: logits of all sequences from the last hidden state.
    void (*logits)(const Workspace&) = nullptr;
    // From the logits' gradients to those of all gates, step by step.
    void (*backward)(const Workspace&, const Member&, std::uint32_t steps) = nullptr;
    // Gradients of all weights, and what becomes of them: the update or, where `collecting`, the gradient
    // buffer, regulariser included (clipping).
    void (*weights)(const Workspace&, const Member&, std::uint32_t steps, const UpdateStep&,
                    bool collecting) = nullptr;
};

struct Kernels {
    const char* name = "";

    // Gates, cell and hidden state of `step` for `blocks`, from the inputs of the step and the hidden state
    // before it.
    void (*forward)(const Workspace&, std::uint32_t step, Range blocks, std::uint32_t member) = nullptr;

    // Gradients of the gates' pre-activations at `step` for `blocks`, from those of the hidden and cell
    // state; the cell state's gradient moves one step back. With a lean tape the gates are computed again and
    // the hidden state's gradient replaces the cell state on the tape.
    void (*gate_gradient)(const Workspace&, std::uint32_t step, Range blocks, std::uint32_t member) = nullptr;

    // Gradient of the hidden state before `step` for `blocks`, from all gates' gradients at `step`.
    void (*hidden_gradient)(const Workspace&, std::uint32_t step, Range blocks) = nullptr;

    // Lean tape: gate gradients of one block for steps 1..`steps`, into the member's tile.
    void (*rebuild_block)(const Workspace&, std::uint32_t block, std::uint32_t steps,
                          std::uint32_t member) = nullptr;

    // Gradient of `rows` (at most rows_per_tile) of a block's weights over steps 1..`steps`, into the
    // member's tile [row][gate][unit].
    void (*weight_gradient)(const Workspace&, std::uint32_t block, Range rows, std::uint32_t steps,
                            std::uint32_t member) = nullptr;

    // Logits of `sequences` from the hidden state of `step`.
    void (*head_logits)(const Workspace&, std::uint32_t step, Range sequences) = nullptr;

    // exp(value - largest) in place of `count` values; the array goes on to a multiple of 16, with values
    // that may change.
    void (*exponentials)(float* values, std::uint32_t count, float largest) = nullptr;

    // Gradient of the hidden state from that of the logits, for `blocks`.
    void (*head_hidden_gradient)(const Workspace&, Range blocks) = nullptr;

    // Gradient of the head's weights of one class for `units`, from the hidden state of `step`, into the
    // member's tile.
    void (*head_gradient)(const Workspace&, std::uint32_t label, Range units, std::uint32_t step,
                          std::uint32_t member) = nullptr;

    // Updates parameters. `regularised`: the gradient already includes the regulariser's.
    void (*update)(const Workspace&, const UpdateStep&, Elements, const float* gradient,
                   bool regularised) = nullptr;

    // Adds the regulariser's gradient, keeps the sum in the gradient buffer and returns its squared norm.
    double (*collect)(const Workspace&, float alpha, Elements, const float* gradient) = nullptr;

    // Whether `update` knows the plan's stochastic rounding.
    bool stochastic_rounding = false;

    // For plans with an array, and only for these; of the kernels above it then needs exponentials, update
    // and collect.
    const ArrayRoutine* routine = nullptr;
};

// Scalar code that states the arithmetic: matrix products are chains of `array_side` fused multiply-adds
// whose sums are added to an accumulator, each operation rounded as the plan's precision says, as on a
// weight-stationary array of that side. Side 4 or 8 reproduces the accelerator's bits.
Result<const Kernels*> portable_kernels(Precision precision);

// The size of Gemmini's local memories, in elements' rows: what a product is cut to.
struct ArrayMemory {
    std::uint32_t side = 4;  // of the mesh
    std::uint32_t scratchpad_rows = 0;
    std::uint32_t accumulator_rows = 0;
};

// Matrix products by Gemmini, weight stationary, element-wise work by all members (64 at most), for plans
// whose array_side is memory.side. bf16 and fp32 need an array of that type throughout, mixed one with BF16
// operands and FP32 sums. The same bits as the portable backend with that array_side, but for the sign of
// zeros: the array turns -0 into +0 where it loads and stores. One size of array a program: the last one
// asked for is in force.
Result<const Kernels*> gemmini_kernels(Precision precision, ArrayMemory memory);

// SIMD for the processor at hand (AVX2, AVX-512, AVX-512 with BF16, NEON, ... chosen at run time). Products
// are accumulated in FP32 in an order of its own, so its results differ from the portable backend's by
// rounding.
Result<const Kernels*> host_kernels(Precision precision);

}  // namespace partita::learn
