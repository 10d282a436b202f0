#pragma once

// A matrix product on Gemmini that is waited for, of any size: for what is done once a part.

#include "gemmini/loops.hpp"

namespace partita::gemmini {

// result [rows][columns] = start + left [rows][inner] . right [inner][columns], arranged as said; each
// element is the start (+0 without), then the chains of `side` multiply-adds in ascending order, as the
// portable backend's chained_product has them.
struct Product {
    Arrangement arrangement;
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t inner = 0;
    const void* left = nullptr;
    const void* right = nullptr;
    const void* start = nullptr;
    void* result = nullptr;
};

// Does it and waits until the result is in memory.
void multiply(const Array& array, const Product& product);

}  // namespace partita::gemmini
