#pragma once

// LOOP_WS as a function: what a loop computes, cut along the inner dimension to what half of the scratchpad
// holds. Loops alternate between the halves, so the operands of one are loaded while the one before computes.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "gemmini/commands.hpp"
#include "partita/learn/backend.hpp"

namespace partita::gemmini {

// The array that loops are cut for, and its elements.
struct Array {
    Array(learn::ArrayMemory local, std::size_t operand, std::size_t sum)
        : memory(local),
          element_bytes(operand),
          result_bytes(sum),
          side_bits(static_cast<unsigned>(std::countr_zero(local.side))),
          scratchpad_half_tiles(local.scratchpad_rows / 2 / local.side),
          accumulator_half_tiles(local.accumulator_rows / 2 / local.side) {}

    learn::ArrayMemory memory;  // the side is a power of two
    std::size_t element_bytes;  // of operands; 2: BF16, 4: FP32
    std::size_t result_bytes;   // of the accumulator's
    unsigned side_bits;
    std::size_t scratchpad_half_tiles;
    std::size_t accumulator_half_tiles;

    bool full_width() const { return result_bytes != element_bytes; }
    std::size_t tiles_of(std::size_t elements) const {
        return (elements + (std::size_t{1} << side_bits) - 1) >> side_bits;
    }
};

// How the operands of a run of loops lie: rows `..._stride` elements apart. To change it waits for all loops.
struct Arrangement {
    bool left_transposed = false;   // memory holds [inner][rows]
    bool right_transposed = false;  // memory holds [columns][inner]
    std::size_t left_stride = 0;
    std::size_t right_stride = 0;
    std::size_t result_stride = 0;
    std::size_t start_stride = 0;  // 0: one row for all
};
void arrange(const Array& array, const Arrangement& arrangement);
// Only what concerns moves: waits for no product.
void arrange_moves(const Array& array, const Arrangement& arrangement);

// result [rows][columns] += left [rows][inner] . right [inner][columns]. The sum stays in the accumulator
// from the first loop of a result to the last.
struct Loop {
    std::size_t rows = 0;  // elements
    std::size_t columns = 0;
    std::size_t inner = 0;
    const void* left = nullptr;
    const void* right = nullptr;
    const void* start = nullptr;  // in the operands' type; what the sum starts from, in its first loop
    bool first = true;            // of the loops that form this result
    void* result = nullptr;       // in the last of them
};
// At most `most_rows` rows of operands at once (what half of the scratchpad holds, if it is less).
void issue_loop(const Array& array, const Arrangement& arrangement, const Loop& loop,
                std::size_t most_rows = ~std::size_t{0});

// Loops with a result since reset: they take the halves of the accumulator by turns.
extern std::uint32_t results_issued;

// Many loops of the same shape, each a few tiles deep: all but the addresses is worked out once.
class LoopShape {
  public:
    LoopShape(const Array& array, const Arrangement& way, std::size_t rows, std::size_t columns);
    // `inner` must fit (see Loop).
    void issue(std::size_t inner, const void* left, const void* right, const void* start, bool first,
               void* result) const {
        const std::size_t depth = (inner + (std::size_t{1} << side_bits_) - 1) >> side_bits_;
        gemmini::issue<loop_bounds>(((depth << side_bits_) - inner) << 32 | padding_, depth << 32 | tiles_);
        gemmini::issue<loop_operand_addresses>(reinterpret_cast<std::uintptr_t>(left),
                                               reinterpret_cast<std::uintptr_t>(right));
        gemmini::issue<loop_result_addresses>(reinterpret_cast<std::uintptr_t>(start),
                                              reinterpret_cast<std::uintptr_t>(result));
        gemmini::issue<loop_operand_strides>(left_stride_, right_stride_);
        gemmini::issue<loop_result_strides>(start_stride_, result_stride_);
        gemmini::issue<run_loop>(run_ | std::uint64_t{!first || start != nullptr}, transposed_);
        results_issued += result != nullptr ? 1 : 0;
    }

    // A loop that adds to the sum of the one before, where the two before it were of this shape and as deep
    // and had neither start nor result: a loop's registers keep their values, and two sets of them take
    // turns.
    void issue_like_the_two_before(const void* left, const void* right) const {
        gemmini::issue<loop_operand_addresses>(reinterpret_cast<std::uintptr_t>(left),
                                               reinterpret_cast<std::uintptr_t>(right));
        gemmini::issue<run_loop>(run_ | 1u, transposed_);
    }

  private:
    unsigned side_bits_;
    std::uint64_t padding_;
    std::uint64_t tiles_;
    std::uint64_t left_stride_;
    std::uint64_t right_stride_;
    std::uint64_t start_stride_;
    std::uint64_t result_stride_;
    std::uint64_t run_;
    std::uint64_t transposed_;
};

// The first row of the half of the accumulator that had the last result; the next one has the other half.
std::uint32_t last_result_row(const Array& array);

constexpr std::size_t quotient_up(std::size_t a, std::size_t b) {
    return (a + b - 1) / b;
}

}  // namespace partita::gemmini
