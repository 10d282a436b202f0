#pragma once

// How a plan lies in memory where an accelerator's array does the products (Plan::array_side). With S the
// side of the array, B the batch, X = input + 1 (the inputs, then the 1 that the bias is multiplied with):
//
//   W       [units + X][gate rows]    gate rows = [group][gate][unit in group], a group has S units, so that
//                                     each tile of the array is one gate of one group
//   head    [class][units], then the head's biases [class]
//   gates   [tape row][gate rows][row]            tape; first pre-activations, then gates, then gradients
//   states  [tape row][units + X][row]            tape; c before a step, replaced by h before it in the
//                                                 backward pass; behind it the step's inputs and 1
//   hidden  [units + X][columns]                  h, and the inputs and 1 of the step that reads it
//   cell    [units][columns]                      c
//
// A step has `columns` columns: B where S is a multiple of it, else B rounded up to S. A row of the tape has
// max(S, columns) elements, so that S / B steps share it: they are the inner dimension of the weights'
// gradient. W, e, d and the low plane are ordered alike. Units beyond `hidden` fill up the last group; their
// weights are zero.

#include <cstddef>
#include <cstdint>

#include "partita/learn/plan.hpp"

namespace partita::learn {

struct ArrayExtents {
    std::uint32_t side = 0;
    std::uint32_t groups = 0;
    std::uint32_t units = 0;       // groups * side
    std::uint32_t gate_rows = 0;   // 4 * units
    std::uint32_t state_rows = 0;  // units + input + 1
    std::uint32_t columns = 0;     // of one step
    std::uint32_t row = 0;         // elements of a row of the tapes
    std::uint32_t steps_per_row = 0;
    std::uint32_t tape_rows = 0;  // of the longest part
    bool start_in_second_slot =
        false;                   // the second slot of `states` keeps h of the part's start (see routine)
    std::size_t tile_bytes = 0;  // of the gradient on its way from the array to the update
    std::size_t parameters = 0;  // stored elements, padding included
};

// W is formed and updated tile by tile. The tile takes what a quarter of a long tape would, but no more than
// 32 KiB, which holds half of the accumulator twice; a short one stays within the working memory of a step.
inline constexpr std::size_t most_tile_bytes = std::size_t{32} << 10;
constexpr std::size_t gradient_tile_bytes(std::size_t tape_bytes) {
    constexpr std::size_t free_of_charge = std::size_t{64} << 10;
    if (tape_bytes <= free_of_charge) {
        return 0;
    }
    const std::size_t quarter = (tape_bytes - free_of_charge) / 4 / 1024 * 1024;
    return quarter < most_tile_bytes ? quarter : most_tile_bytes;
}

}  // namespace partita::learn
