#pragma once

// Matrix products of any size on Gemmini: cut to what its local memories hold, one LOOP_WS a piece.

#include <cstddef>
#include <cstdint>

#include "partita/learn/backend.hpp"

namespace partita::gemmini {

// result [rows][columns] = bias + the sum over all segments of left [rows][inner] . right [inner][columns].
// Addresses are bytes, strides elements; in a row elements lie side by side. With a transposed operand its
// memory holds [inner][rows], or [columns][inner]. Where there is more than one segment, `inner` is a
// multiple of the side. Each element is the bias (+0 without), then the chains of `side` multiply-adds in
// ascending order, as the portable backend's chained_product has them.
struct Product {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t inner = 0;
    const void* left = nullptr;
    std::size_t left_stride = 0;
    bool left_transposed = false;
    const void* right = nullptr;
    std::size_t right_stride = 0;
    bool right_transposed = false;
    const void* bias = nullptr;  // one row for all, or none
    void* result = nullptr;
    std::size_t result_stride = 0;
    std::size_t segments = 1;
    std::size_t left_segment = 0;  // elements from one segment to the next
    std::size_t right_segment = 0;
};

// The array that products are cut for, and its elements.
struct Array {
    learn::ArrayMemory memory;
    std::size_t element_bytes = 4;  // 2: BF16, 4: FP32
};

// Does it and waits until the result is in memory.
void multiply(const Array& array, const Product& product);

}  // namespace partita::gemmini
