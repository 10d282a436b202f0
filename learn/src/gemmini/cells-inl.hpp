#pragma once

// The cell kernels of cells.hpp: whole words where rows allow it, else element by element.

#include <type_traits>

#include "gemmini/cell_elements.hpp"
#include "gemmini/cell_words.hpp"
#include "gemmini/cells.hpp"

namespace partita::learn {
namespace words {

inline bool whole_words(std::uint32_t batch) {
    return batch % 4 == 0 && batch <= longest_row;
}

}  // namespace words

template <typename Format>
void forward_cells(const CellForward<Format>& work) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.sums) && in_words(work.gates) &&
            in_words(work.cell) && in_words(work.taped) && in_words(work.hidden)) {
            words::forward_rows(work);
            return;
        }
    }
    for (std::uint32_t u = 0; u < work.units; ++u) {
        forward_elements(work, {u, 0, work.batch});
    }
}

template <typename Format>
void backward_cells(const CellBackward<Format>& work) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.gates) && in_words(work.cell_before) &&
            in_words(work.cell) && in_words(work.last_cell) && in_words(work.hidden_grad) &&
            in_words(work.cell_grad) && in_words(work.hidden)) {
            if (work.cell) {
                words::backward_rows<false>(work);
            } else {
                words::backward_rows<true>(work);
            }
            return;
        }
    }
    for (std::uint32_t u = 0; u < work.units; ++u) {
        backward_elements(work, {u, 0, work.batch});
    }
}

template <typename Format>
void repeat_cells(Rows<const typename Format::Operand> gates, std::uint32_t units, std::uint32_t batch,
                  Rows<const typename Format::Operand> before, Rows<typename Format::Operand> cell) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(batch) && in_words(gates) && in_words(before) && in_words(cell)) {
            words::repeat_rows(gates, units, batch, before, cell);
            return;
        }
    }
    for (std::uint32_t u = 0; u < units; ++u) {
        repeat_elements<Format>(gates, units, before, cell, {u, 0, batch});
    }
}

}  // namespace partita::learn
