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

// What Gemmini keeps of loops from one to the next, as far as commands depend on it.
struct LoopUnit {
    // Two loops at most are in Gemmini, and each has a set of registers that keeps its values: the sets take
    // turns.
    struct Registers {
        std::uint32_t shape = 0;  // a LoopShape's number; 0: not written yet
        std::size_t inner = 0;
        std::uintptr_t start = ~std::uintptr_t{0};
        std::uintptr_t result = ~std::uintptr_t{0};
    };
    Registers registers[2];
    std::uint32_t shapes = 0;   // that there have been since reset
    std::uint32_t loops = 0;    // issued
    std::uint32_t results = 0;  // loops with a result: they take the halves of the accumulator by turns
};
extern LoopUnit loop_unit;

// The halves of the scratchpad that a loop's operands lie in, the left one at its start, the right one at its
// end.
enum class Half : std::uint32_t { by_turns, first, second };

// Many loops of the same shape, each a few tiles deep: all but the addresses is worked out once. Commands for
// what a loop has in common with the last but one are left out: so more loops have room in the queues before
// Gemmini, and the core that issues them need not wait.
class LoopShape {
  public:
    LoopShape(const Array& array, const Arrangement& way, std::size_t rows, std::size_t columns,
              Half left = Half::by_turns, Half right = Half::by_turns);
    // `inner` must fit (see Loop). No `left` or `right`: it is in the scratchpad from a loop before.
    void issue(std::size_t inner, const void* left, const void* right, const void* start, bool first,
               void* result) const {
        LoopUnit::Registers& registers = loop_unit.registers[loop_unit.loops++ % 2];
        if (registers.shape != number_ || registers.inner != inner) {
            registers.shape = number_;
            registers.inner = inner;
            const std::size_t depth = (inner + (std::size_t{1} << side_bits_) - 1) >> side_bits_;
            gemmini::issue<loop_bounds>(((depth << side_bits_) - inner) << 32 | padding_,
                                        depth << 32 | tiles_);
            gemmini::issue<loop_operand_strides>(left_stride_, right_stride_);
            gemmini::issue<loop_result_strides>(start_stride_, result_stride_);
        }
        gemmini::issue<loop_operand_addresses>(reinterpret_cast<std::uintptr_t>(left),
                                               reinterpret_cast<std::uintptr_t>(right));
        const auto start_at = reinterpret_cast<std::uintptr_t>(start);
        const auto result_at = reinterpret_cast<std::uintptr_t>(result);
        if (registers.start != start_at || registers.result != result_at) {
            registers.start = start_at;
            registers.result = result_at;
            gemmini::issue<loop_result_addresses>(start_at, result_at);
        }
        gemmini::issue<run_loop>(run_ | std::uint64_t{!first || start != nullptr}, transposed_);
        loop_unit.results += result != nullptr ? 1 : 0;
    }

  private:
    std::uint32_t number_;
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

// The first row of the half of the accumulator that the next loops use, up to one with a result.
std::uint32_t next_result_row(const Array& array);

// 1 in the type that moves scale by.
std::uint32_t one_of(const Array& array);

constexpr std::size_t quotient_up(std::size_t a, std::size_t b) {
    return (a + b - 1) / b;
}

}  // namespace partita::gemmini
