#pragma once

// The cell kernels element by element: any batch, any precision, any value.

#include "gemmini/cells.hpp"
#include "portable/cell.hpp"

namespace partita::learn {

// A share of a kernel's work: one unit, some of its sequences.
struct CellShare {
    std::uint32_t unit = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

template <typename Format>
[[gnu::noinline]] void forward_elements(const CellForward<Format>& work, CellShare share) {
    const std::size_t u = share.unit;
    const std::size_t n = work.units;
    for (std::uint32_t b = share.first; b < share.last; ++b) {
        const Gates now = activate<Format>({value(work.sums[u][b]), value(work.sums[n + u][b]),
                                            value(work.sums[2 * n + u][b]), value(work.sums[3 * n + u][b])});
        if (work.gates) {
            put(now.i, work.gates[u][b]);
            put(now.f, work.gates[n + u][b]);
            put(now.g, work.gates[2 * n + u][b]);
            put(now.o, work.gates[3 * n + u][b]);
        }
        auto& cell = work.cell[u][b];
        const float before = value(cell);
        if (work.taped) {
            put(before, work.taped[u][b]);
        }
        put(next_cell(now, before), cell);
        put(hidden_state<Format>(now.o, value(cell)), work.hidden[u][b]);
    }
}

template <typename Format>
[[gnu::noinline]] void backward_elements(const CellBackward<Format>& work, CellShare share) {
    using Operand = typename Format::Operand;
    const std::size_t u = share.unit;
    const std::size_t n = work.units;
    for (std::uint32_t b = share.first; b < share.last; ++b) {
        const Gates now = {value(work.gates[u][b]), value(work.gates[n + u][b]),
                           value(work.gates[2 * n + u][b]), value(work.gates[3 * n + u][b])};
        const float c = work.cell ? value(work.cell[u][b]) : as_stored<Operand>(value(work.last_cell[u][b]));
        auto& cell_grad = work.cell_grad[u][b];
        if (work.first) {
            put(0.0f, cell_grad);
        }
        const Gates gradient = unit_gradient<Format>(now, value(work.cell_before[u][b]), c,
                                                     value(work.hidden_grad[u][b]), cell_grad);
        put(gradient.i, work.gates[u][b]);
        put(gradient.f, work.gates[n + u][b]);
        put(gradient.g, work.gates[2 * n + u][b]);
        put(gradient.o, work.gates[3 * n + u][b]);
        if (work.hidden) {
            put(hidden_state<Format>(now.o, c), work.hidden[u][b]);
        }
    }
}

template <typename Format>
[[gnu::noinline]] void repeat_elements(Rows<const typename Format::Operand> gates, std::uint32_t units,
                                       Rows<const typename Format::Operand> before,
                                       Rows<typename Format::Operand> cell, CellShare share) {
    const std::size_t u = share.unit;
    const std::size_t n = units;
    for (std::uint32_t b = share.first; b < share.last; ++b) {
        const Gates now = {value(gates[u][b]), value(gates[n + u][b]), value(gates[2 * n + u][b]), 0.0f};
        put(next_cell(now, value(before[u][b])), cell[u][b]);
    }
}

}  // namespace partita::learn
