#include "published/gemm.hpp"

#include <cmath>

#include "gemmini/commands.hpp"
#include "published/regions.hpp"

// The tiling rule and the order of commands are those of gemmini-rocc-tests' tiled_matmul_auto
// (include/gemmini.h), as the published program calls it: how many tiles fit is found by enlarging them one
// by one, and what is left over at the edges by division, both anew at every call.

namespace partita::firmware {
namespace {

constexpr std::size_t side = PARTITA_CHIP_MESH_SIDE;
constexpr std::size_t row_bytes = side * sizeof(Element);
constexpr std::size_t scratchpad_rows = PARTITA_CHIP_SCRATCHPAD_BYTES / row_bytes;
constexpr std::size_t accumulator_rows = PARTITA_CHIP_ACCUMULATOR_BYTES / row_bytes;
// Half of each: the other half belongs to the loop before.
constexpr std::size_t usable_scratchpad_rows = scratchpad_rows / 2;
constexpr std::size_t usable_accumulator_rows = accumulator_rows / 2;

struct Product {
    std::size_t rows, columns, inner;
    const Element* left;
    const Element* right;
    const Element* bias;  // null for none
    Element* result;
    std::size_t left_stride, right_stride, bias_stride, result_stride;
    std::uint32_t scale;  // of the result, as the array's bits
    bool repeating_bias, transpose_left, transpose_right;
};

struct Tiles {
    std::size_t i, j, k;
};

std::size_t padded(std::size_t size) {
    return (size / side + (size % side != 0 ? 1 : 0)) * side;
}
std::size_t rows_in_scratchpad(std::size_t i, std::size_t j, std::size_t k) {
    return (i * k + k * j) * side;
}
std::size_t rows_in_accumulator(std::size_t i, std::size_t j) {
    return i * j * side;
}
std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}

// One loop of at most a scratchpad half, done by the accelerator's own unroller. As many arguments as the
// driver passes on, whose time counts. NOLINTNEXTLINE(readability-function-size)
void loop(const Product& product, const Element* left, const Element* right, const Element* bias,
          Element* result, Tiles tiles, std::size_t pad_i, std::size_t pad_j, std::size_t pad_k,
          bool accumulate, unsigned left_place, unsigned right_place) {
    const bool narrow_bias = true;
    gemmini::issue<gemmini::loop_bounds>(
        static_cast<std::uint64_t>(pad_k) << 32 | static_cast<std::uint64_t>(pad_j) << 16 | pad_i,
        static_cast<std::uint64_t>(tiles.k) << 32 | static_cast<std::uint64_t>(tiles.j) << 16 | tiles.i);
    gemmini::issue<gemmini::loop_operand_addresses>(reinterpret_cast<std::uintptr_t>(left),
                                                    reinterpret_cast<std::uintptr_t>(right));
    gemmini::issue<gemmini::loop_result_addresses>(reinterpret_cast<std::uintptr_t>(bias),
                                                   reinterpret_cast<std::uintptr_t>(result));
    gemmini::issue<gemmini::loop_operand_strides>(product.left_stride, product.right_stride);
    gemmini::issue<gemmini::loop_result_strides>(product.repeating_bias ? 0 : product.bias_stride,
                                                 product.result_stride);
    gemmini::issue<gemmini::run_loop>(
        std::uint64_t{left_place} << 18 | std::uint64_t{right_place} << 16 | std::uint64_t{narrow_bias} << 2 |
            std::uint64_t{accumulate},
        std::uint64_t{product.transpose_right} << 1 | std::uint64_t{product.transpose_left});
}

void run_tiles(const Product& product, Tiles tile) {
    const std::size_t rows = padded(product.rows);
    const std::size_t columns = padded(product.columns);
    const std::size_t inner = padded(product.inner);
    const std::size_t count_i = rows / (tile.i * side) + (rows % (tile.i * side) != 0 ? 1 : 0);
    const std::size_t count_j = columns / (tile.j * side) + (columns % (tile.j * side) != 0 ? 1 : 0);
    const std::size_t count_k = inner / (tile.k * side) + (inner % (tile.k * side) != 0 ? 1 : 0);
    const std::size_t last_i = rows % (tile.i * side) == 0 ? tile.i : rows / side % tile.i;
    const std::size_t last_j = columns % (tile.j * side) == 0 ? tile.j : columns / side % tile.j;
    const std::size_t last_k = inner % (tile.k * side) == 0 ? tile.k : inner / side % tile.k;
    const std::size_t pad_i = rows - product.rows;
    const std::size_t pad_j = columns - product.columns;
    const std::size_t pad_k = inner - product.inner;

    gemmini::configure_execution(product.transpose_left, product.transpose_right, element_one);
    gemmini::configure_store(product.result_stride * sizeof(Element), product.scale, 0);
    gemmini::configure_load(0, product.left_stride * sizeof(Element), element_one, false, side);
    gemmini::configure_load(1, product.right_stride * sizeof(Element), element_one, false, side);
    gemmini::configure_load(2, product.repeating_bias ? 0 : product.bias_stride * sizeof(Element),
                            element_one, true, side);

    // An operand that fits in a half as a whole is loaded once and stays where it is.
    const bool reuse_left = count_i * count_k <= 2;
    const bool reuse_right = count_j * count_k <= 2;
    unsigned left_place = 0;  // 0: the halves in turn
    unsigned right_place = 0;
    for (std::size_t i = 0; i < count_i; ++i) {
        for (std::size_t j = 0; j < count_j; ++j) {
            for (std::size_t k = 0; k < count_k; ++k) {
                if (reuse_left) {
                    left_place = i + k == 0 ? 1 : 2;
                }
                if (reuse_right) {
                    right_place = j + k == 0 ? 1 : 2;
                }
                const Element* bias = nullptr;
                if (k == 0 && product.bias != nullptr) {
                    const std::size_t bias_row = product.repeating_bias ? 0 : i * tile.i * side;
                    bias = product.bias + bias_row * product.bias_stride + j * tile.j * side;
                }
                Element* result = nullptr;
                if (k == count_k - 1) {
                    result = product.result + i * tile.i * side * product.result_stride + j * tile.j * side;
                }
                const Element* left =
                    product.transpose_left
                        ? product.left + k * tile.k * side * product.left_stride + i * tile.i * side
                        : product.left + i * tile.i * side * product.left_stride + k * tile.k * side;
                const Element* right =
                    product.transpose_right
                        ? product.right + j * tile.j * side * product.right_stride + k * tile.k * side
                        : product.right + k * tile.k * side * product.right_stride + j * tile.j * side;
                if (reuse_left && j >= 1) {
                    left = nullptr;
                }
                if (reuse_right && i >= 1) {
                    right = nullptr;
                }
                const Tiles tiles{i < count_i - 1 ? tile.i : last_i, j < count_j - 1 ? tile.j : last_j,
                                  k < count_k - 1 ? tile.k : last_k};
                loop(product, left, right, bias, result, tiles, i == count_i - 1 ? pad_i : 0,
                     j == count_j - 1 ? pad_j : 0, k == count_k - 1 ? pad_k : 0,
                     product.bias != nullptr || k != 0, left_place, right_place);
            }
        }
    }
    gemmini::fence();
}

void run(const Product& product) {
    const std::size_t rows = padded(product.rows);
    const std::size_t columns = padded(product.columns);
    const std::size_t inner = padded(product.inner);
    const auto widest =
        // Whole tiles: the driver divides integers. NOLINTNEXTLINE(bugprone-integer-division)
        static_cast<std::size_t>(std::sqrt(static_cast<double>(usable_accumulator_rows / side)));
    const std::size_t deepest = usable_scratchpad_rows / 2 / side / widest;
    Tiles tile{smaller(rows / side, widest), smaller(columns / side, widest), smaller(inner / side, deepest)};
    while (true) {
        bool larger = false;
        if (rows_in_scratchpad(tile.i, tile.j + 1, tile.k) <= usable_scratchpad_rows &&
            rows_in_accumulator(tile.i, tile.j + 1) <= usable_accumulator_rows &&
            (tile.j + 1) * side <= columns) {
            ++tile.j;
            larger = true;
        }
        if (rows_in_scratchpad(tile.i + 1, tile.j, tile.k) <= usable_scratchpad_rows &&
            rows_in_accumulator(tile.i + 1, tile.j) <= usable_accumulator_rows &&
            (tile.i + 1) * side <= rows) {
            ++tile.i;
            larger = true;
        }
        if (rows_in_scratchpad(tile.i, tile.j, tile.k + 1) <= usable_scratchpad_rows &&
            (tile.k + 1) * side <= inner) {
            ++tile.k;
            larger = true;
        }
        if (!larger) {
            break;
        }
    }
    run_tiles(product, tile);
}

}  // namespace

void matmul(std::size_t rows, std::size_t columns, std::size_t inner, Matrix left, Matrix right,
            Element* result) {
    begin_region<region_matmul>();
    run({rows, columns, inner, left.values, right.values, nullptr, result, left.stride, right.stride, 0,
         columns, element_one, false, false, false});
    end_region();
}

void matmul_a_transposed(std::size_t rows, std::size_t columns, std::size_t inner, Matrix left, Matrix right,
                         Element* result) {
    begin_region<region_matmul_a_transposed>();
    run({rows, columns, inner, left.values, right.values, nullptr, result, left.stride, right.stride, 0,
         columns, element_quarter, false, true, false});
    end_region();
}

void matmul_b_transposed(std::size_t rows, std::size_t columns, std::size_t inner, Matrix left, Matrix right,
                         const Element* bias, Element* result) {
    begin_region<region_matmul_b_transposed>();
    run({rows, columns, inner, left.values, right.values, bias, result, left.stride, right.stride, 0, columns,
         element_one, true, false, true});
    end_region();
}

}  // namespace partita::firmware
