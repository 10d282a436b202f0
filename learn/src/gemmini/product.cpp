#include "gemmini/product.hpp"

#include "gemmini/commands.hpp"

namespace partita::gemmini {
namespace {

std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}

}  // namespace

void multiply(const Array& array, const Product& product) {
    const Arrangement& way = product.arrangement;
    const std::size_t side = array.memory.side;
    const std::size_t bytes = array.element_bytes;
    // Pieces whose sums fit in half of the accumulator and whose operands' tiles in half of the scratchpad.
    const std::size_t columns = smaller(
        product.columns, smaller(array.accumulator_half_tiles, array.scratchpad_half_tiles / 2) * side);
    const std::size_t rows = smaller(
        product.rows,
        smaller(array.accumulator_half_tiles / quotient_up(columns, side), array.scratchpad_half_tiles / 2) *
            side);
    const auto at = [](const void* start, std::size_t elements, std::size_t size) {
        return static_cast<const std::byte*>(start) + elements * size;
    };
    fence();
    arrange(array, way);
    for (std::size_t i = 0; i < product.rows; i += rows) {
        for (std::size_t j = 0; j < product.columns; j += columns) {
            Loop loop;
            loop.rows = smaller(rows, product.rows - i);
            loop.columns = smaller(columns, product.columns - j);
            loop.inner = product.inner;
            loop.left = at(product.left, way.left_transposed ? i : i * way.left_stride, bytes);
            loop.right = at(product.right, way.right_transposed ? j * way.right_stride : j, bytes);
            if (product.start != nullptr) {
                loop.start = at(product.start, i * way.start_stride + j, bytes);
            }
            loop.result =
                static_cast<std::byte*>(product.result) + (i * way.result_stride + j) * array.result_bytes;
            issue_loop(array, way, loop);
        }
    }
    fence();
}

}  // namespace partita::gemmini
