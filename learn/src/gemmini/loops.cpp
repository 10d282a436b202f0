#include "gemmini/loops.hpp"

#include <bit>

namespace partita::gemmini {

#ifndef __riscv
void (*issue_to_model)(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) = nullptr;
#endif

LoopUnit loop_unit;

std::uint32_t next_result_row(const Array& array) {
    return loop_unit.results % 2 == 0 ? 0 : array.memory.accumulator_rows / 2;
}

std::uint32_t one_of(const Array& array) {
    return array.element_bytes == 2 ? 0x3F80u : 0x3F800000u;
}

void arrange(const Array& array, const Arrangement& arrangement) {
    const std::uint32_t one = one_of(array);
    const std::size_t side = array.memory.side;
    configure_execution(arrangement.left_transposed, arrangement.right_transposed, one);
    configure_store(arrangement.result_stride * array.result_bytes, one, 0);
    configure_load(0, arrangement.left_stride * array.element_bytes, one, true, side);
    configure_load(1, arrangement.right_stride * array.element_bytes, one, true, side);
    configure_load(2, arrangement.start_stride * array.element_bytes, one, true, side);
}

LoopShape::LoopShape(const Array& array, const Arrangement& way, std::size_t rows, std::size_t columns,
                     Half left, Half right)
    : number_(++loop_unit.shapes),
      side_bits_(array.side_bits),
      left_stride_(way.left_stride),
      right_stride_(way.right_stride),
      start_stride_(way.start_stride),
      result_stride_(way.result_stride) {
    const std::size_t row_tiles = array.tiles_of(rows);
    const std::size_t column_tiles = array.tiles_of(columns);
    padding_ = ((column_tiles << side_bits_) - columns) << 16 | ((row_tiles << side_bits_) - rows);
    tiles_ = column_tiles << 16 | row_tiles;
    constexpr std::uint64_t narrow_start = 1u << 2;
    run_ = static_cast<std::uint64_t>(left) << 18 | static_cast<std::uint64_t>(right) << 16 | narrow_start |
           std::uint64_t{array.full_width()} << 1;
    transposed_ = std::uint64_t{way.right_transposed} << 1 | std::uint64_t{way.left_transposed};
}

void issue_loop(const Array& array, const Arrangement& way, const Loop& loop, std::size_t most_rows) {
    const LoopShape shape(array, way, loop.rows, loop.columns);
    const std::size_t tiles = array.tiles_of(loop.rows) + array.tiles_of(loop.columns);
    const std::size_t half = most_rows >> array.side_bits;
    const std::size_t most_tiles = half < array.scratchpad_half_tiles ? half : array.scratchpad_half_tiles;
    // No division where it can be helped: it takes as long as a tile in the array.
    std::size_t most_inner = loop.inner;
    if (array.tiles_of(loop.inner) * tiles > most_tiles) {
        const std::size_t depth = most_tiles / tiles;
        most_inner = (depth == 0 ? 1 : depth) << array.side_bits;
    }
    const std::size_t left_step = way.left_transposed ? way.left_stride : 1;
    const std::size_t right_step = way.right_transposed ? 1 : way.right_stride;
    const std::byte* left = static_cast<const std::byte*>(loop.left);
    const std::byte* right = static_cast<const std::byte*>(loop.right);
    for (std::size_t rest = loop.inner; rest != 0;) {
        const std::size_t inner = rest < most_inner ? rest : most_inner;
        const bool first = rest == loop.inner;
        shape.issue(inner, left, right, first ? loop.start : nullptr, loop.first && first,
                    inner == rest ? loop.result : nullptr);
        left += inner * left_step * array.element_bytes;
        right += inner * right_step * array.element_bytes;
        rest -= inner;
    }
}

}  // namespace partita::gemmini
