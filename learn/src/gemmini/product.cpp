#include "gemmini/product.hpp"

#include "gemmini/commands.hpp"

namespace partita::gemmini {

#ifndef __riscv
void (*issue_to_model)(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) = nullptr;
#endif

namespace {

constexpr std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}
constexpr std::size_t quotient_up(std::size_t a, std::size_t b) {
    return (a + b - 1) / b;
}

// One dimension, cut in pieces of equally many tiles (the last may have fewer).
struct Cut {
    Cut(std::size_t elements, std::size_t tile_side, std::size_t most_tiles)
        : size(elements),
          side(tile_side),
          pieces(quotient_up(quotient_up(elements, tile_side), most_tiles)),
          tiles(quotient_up(quotient_up(elements, tile_side), pieces)) {}

    std::size_t first(std::size_t piece) const { return piece * tiles * side; }
    std::size_t elements_of(std::size_t piece) const { return smaller(size - first(piece), tiles * side); }
    std::size_t tiles_of(std::size_t piece) const { return quotient_up(elements_of(piece), side); }
    std::size_t padding_of(std::size_t piece) const { return tiles_of(piece) * side - elements_of(piece); }

    std::size_t size;
    std::size_t side;
    std::size_t pieces;
    std::size_t tiles;
};

// Pieces of the result that stay in half of the accumulator while their sums are formed.
struct Piece {
    std::size_t rows;
    std::size_t columns;
};

std::uint64_t address(const void* start, std::size_t elements, std::size_t element_bytes) {
    return reinterpret_cast<std::uintptr_t>(start) + elements * element_bytes;
}

void form_piece(const Array& array, const Product& product, const Cut& rows, const Cut& columns,
                const Cut& inner, Piece piece) {
    const std::size_t bytes = array.element_bytes;
    const std::size_t row = rows.first(piece.rows);
    const std::size_t column = columns.first(piece.columns);
    for (std::size_t segment = 0; segment < product.segments; ++segment) {
        for (std::size_t depth = 0; depth < inner.pieces; ++depth) {
            const std::size_t k = inner.first(depth);
            const bool first = segment == 0 && depth == 0;
            const bool last = segment + 1 == product.segments && depth + 1 == inner.pieces;
            const std::size_t left =
                segment * product.left_segment +
                (product.left_transposed ? k * product.left_stride + row : row * product.left_stride + k);
            const std::size_t right = segment * product.right_segment +
                                      (product.right_transposed ? column * product.right_stride + k
                                                                : k * product.right_stride + column);
            const bool biased = first && product.bias != nullptr;
            issue<loop_bounds>(inner.padding_of(depth) << 32 | columns.padding_of(piece.columns) << 16 |
                                   rows.padding_of(piece.rows),
                               inner.tiles_of(depth) << 32 | columns.tiles_of(piece.columns) << 16 |
                                   rows.tiles_of(piece.rows));
            issue<loop_operand_addresses>(address(product.left, left, bytes),
                                          address(product.right, right, bytes));
            issue<loop_result_addresses>(
                biased ? address(product.bias, column, bytes) : 0,
                last ? address(product.result, row * product.result_stride + column, bytes) : 0);
            issue<loop_operand_strides>(product.left_stride, product.right_stride);
            issue<loop_result_strides>(0, product.result_stride);
            constexpr std::uint64_t narrow_bias = 1u << 2;
            issue<loop>(
                narrow_bias | std::uint64_t{biased || !first},
                std::uint64_t{product.right_transposed} << 1 | std::uint64_t{product.left_transposed});
        }
    }
}

}  // namespace

void multiply(const Array& array, const Product& product) {
    const std::size_t side = array.memory.side;
    const std::uint32_t one = array.element_bytes == 2 ? 0x3F80u : 0x3F800000u;
    // A loop has half of each memory, the loop before it the other half.
    const std::size_t scratchpad_tiles = array.memory.scratchpad_rows / 2 / side;
    const std::size_t accumulator_tiles = array.memory.accumulator_rows / 2 / side;
    const Cut columns(product.columns, side, smaller(accumulator_tiles, scratchpad_tiles / 2));
    const Cut rows(product.rows, side, smaller(accumulator_tiles / columns.tiles, scratchpad_tiles / 2));
    const Cut inner(product.inner, side, scratchpad_tiles / (rows.tiles + columns.tiles));

    fence();
    configure_execution(product.left_transposed, product.right_transposed, one);
    configure_store(product.result_stride * array.element_bytes, one, 0);
    configure_load(0, product.left_stride * array.element_bytes, one, false, side);
    configure_load(1, product.right_stride * array.element_bytes, one, false, side);
    configure_load(2, 0, one, true, side);
    for (std::size_t i = 0; i < rows.pieces; ++i) {
        for (std::size_t j = 0; j < columns.pieces; ++j) {
            form_piece(array, product, rows, columns, inner, {i, j});
        }
    }
    fence();
}

}  // namespace partita::gemmini
