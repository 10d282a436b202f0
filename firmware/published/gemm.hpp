#pragma once

// Matrix products on the array by the tiled LOOP_WS driver: any size, operands and results in main memory.

#include <cstddef>

#include "published/element.hpp"

namespace partita::firmware {

struct Matrix {
    const Element* values;
    std::size_t stride;  // elements from row to row
};

// result [rows][columns] = left [rows][inner] . right [inner][columns]
void matmul(std::size_t rows, std::size_t columns, std::size_t inner, Matrix left, Matrix right,
            Element* result);

// result [rows][columns] = left [inner][rows]^T . right [inner][columns], divided by the batch on the way out
void matmul_a_transposed(std::size_t rows, std::size_t columns, std::size_t inner, Matrix left, Matrix right,
                         Element* result);

// result [rows][columns] = left [rows][inner] . right [columns][inner]^T + bias [columns] in every row
void matmul_b_transposed(std::size_t rows, std::size_t columns, std::size_t inner, Matrix left, Matrix right,
                         const Element* bias, Element* result);

}  // namespace partita::firmware
