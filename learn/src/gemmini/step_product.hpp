#pragma once

// The product of a step, result = W . operand, as loops of LOOP_WS, where the operand comes into being run by
// run: a first piece of the result's rows goes along with the runs, the others follow when the operand is
// complete (pass.hpp).
//
// A loop's part of W is loaded while the loop before computes, and a scratchpad's bank gives nothing to the
// array in a cycle in which it is written. So a loop whose load begins with nothing to compute, or that is
// longer than the one before, lets the array wait: a product is cut into loops of about the same length. But
// a core that gives more loops than Gemmini (two) and the queues before it (two that differ little from the
// last but one) have room for waits.

#include <cstddef>
#include <cstdint>

#include "gemmini/loops.hpp"
#include "partita/learn/array_runs.hpp"

namespace partita::learn::gemmini_routine {

// Elements; `inner` is the dimension that is summed over.
struct StepShape {
    std::size_t rows = 0;
    std::size_t first_rows = 0;  // of the first piece
    std::size_t other_rows = 0;  // of all others, but that the last may have fewer
    std::size_t columns = 0;
    std::size_t run_loops = 0;    // of the first piece in a run
    std::size_t other_loops = 0;  // of another piece
    std::size_t left_row = 0;     // from a row of W to the next in memory
    std::size_t left_inner = 0;   // from an element of a row of W to the next
    std::uint32_t runs = 0;
    std::size_t run_ends[most_runs] = {};  // along the inner dimension; all but the last whole tiles
};

template <typename Operand, typename Sum>
class StepProduct {
  public:
    StepProduct(const gemmini::Array& array, const gemmini::Arrangement& way, const StepShape& shape,
                const Operand* weights)
        : array_(array),
          way_(way),
          shape_(shape),
          weights_(weights),
          first_(array, way, shape.first_rows, shape.columns),
          other_(array, way, shape.other_rows, shape.columns),
          rest_(array, way, rest_of(shape), shape.columns) {
        std::size_t from = 0;
        for (std::uint32_t run = 0; run < shape.runs; ++run) {
            const std::size_t inner = shape.run_ends[run] - from;
            from = shape.run_ends[run];
            const bool last = run + 1 == shape.runs;
            const std::size_t rows = shape.first_rows;
            run_steps_[run] = cut(rows, inner, shape.run_loops);
            if (last && cut_by_length(rows, inner) < run_steps_[run]) {
                run_steps_[run] = cut_by_length(rows, inner);
            }
        }
        other_step_ = cut(shape.other_rows, from, shape.other_loops);
    }

    // Run `run` of `operand` is there: issues the loops that wait for it.
    void issue(std::uint32_t run, const Operand* operand, Sum* result) const {
        const std::size_t from = run == 0 ? 0 : shape_.run_ends[run - 1];
        const std::size_t end = shape_.run_ends[run];
        const bool last = run + 1 == shape_.runs;
        issue_piece(first_, 0, {from, end, run_steps_[run]}, operand, last ? result : nullptr);
        if (!last) {
            return;
        }
        for (std::size_t row = shape_.first_rows; row < shape_.rows; row += shape_.other_rows) {
            issue_piece(shape_.rows - row >= shape_.other_rows ? other_ : rest_, row, {0, end, other_step_},
                        operand, result);
        }
    }

  private:
    // Rows of operands in a loop that may find nothing to compute while it is loaded.
    static constexpr std::size_t few_rows = 1024;

    struct Inner {
        std::size_t from, end, step;
    };

    static std::size_t rest_of(const StepShape& shape) {
        const std::size_t rest = (shape.rows - shape.first_rows) % shape.other_rows;
        return rest == 0 ? shape.other_rows : rest;
    }
    // The inner dimension of each of at least `loops` loops of the same length.
    std::size_t cut(std::size_t rows, std::size_t inner, std::size_t loops) const {
        const std::size_t tiles = array_.tiles_of(rows) + array_.tiles_of(shape_.columns);
        const std::size_t most = array_.scratchpad_half_tiles / tiles;
        const std::size_t depth = array_.tiles_of(inner);
        const std::size_t wanted = gemmini::quotient_up(depth, loops);
        const std::size_t each =
            wanted <= most ? wanted : gemmini::quotient_up(depth, gemmini::quotient_up(depth, most));
        return each << array_.side_bits;
    }
    std::size_t cut_by_length(std::size_t rows, std::size_t inner) const {
        const std::size_t tiles = array_.tiles_of(rows) + array_.tiles_of(shape_.columns);
        const std::size_t most = (few_rows >> array_.side_bits) / tiles;
        const std::size_t depth = array_.tiles_of(inner);
        return cut(rows, inner, most == 0 ? depth : gemmini::quotient_up(depth, most));
    }

    void issue_piece(const gemmini::LoopShape& loop, std::size_t row, Inner part, const Operand* operand,
                     Sum* result) const {
        const Operand* left = weights_ + row * shape_.left_row + part.from * shape_.left_inner;
        const Operand* right = operand + part.from * way_.right_stride;
        for (std::size_t k = part.from; k < part.end; k += part.step) {
            const bool ends = part.end - k <= part.step;
            loop.issue(ends ? part.end - k : part.step, left, right, nullptr, k == 0,
                       ends && result != nullptr ? result + row * way_.result_stride : nullptr);
            left += part.step * shape_.left_inner;
            right += part.step * way_.right_stride;
        }
    }

    const gemmini::Array array_;
    const gemmini::Arrangement way_;
    const StepShape shape_;
    const Operand* const weights_;
    const gemmini::LoopShape first_;
    const gemmini::LoopShape other_;
    const gemmini::LoopShape rest_;
    std::size_t run_steps_[most_runs] = {};
    std::size_t other_step_ = 0;
};

}  // namespace partita::learn::gemmini_routine
