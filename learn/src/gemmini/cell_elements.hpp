#pragma once

// The cell kernels element by element: any batch, any precision, any value.

#include "gemmini/cells.hpp"
#include "portable/cell.hpp"

namespace partita::learn {

// The arguments of repeat_cells.
template <typename Format>
struct CellRepeat {
    using Operand = typename Format::Operand;

    Rows<const Operand> gates;
    std::uint32_t groups = 1;
    std::uint32_t units = 0;  // of a group
    std::uint32_t batch = 0;
    Rows<const Operand> before;  // c_{t-1}
    Rows<Operand> cell;          // out: c_t
};

// A share of a kernel's work: one unit, counted through all groups, some of its sequences.
struct CellShare {
    std::uint32_t unit = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

// Rows of the four gates of a unit.
struct GateRows {
    std::size_t i, f, g, o;

    GateRows(std::uint32_t units, std::uint32_t unit)
        : i(std::size_t{unit / units} * gate_count * units + unit % units),
          f(i + units),
          g(f + units),
          o(g + units) {}
};

template <typename Format>
[[gnu::noinline]] void forward_elements(const CellForward<Format>& work, CellShare share) {
    const std::size_t u = share.unit;
    const GateRows row(work.units, share.unit);
    for (std::uint32_t b = share.first; b < share.last; ++b) {
        const Gates now = activate<Format>({value(work.sums[row.i][b]), value(work.sums[row.f][b]),
                                            value(work.sums[row.g][b]), value(work.sums[row.o][b])});
        if (work.gates) {
            put(now.i, work.gates[row.i][b]);
            put(now.f, work.gates[row.f][b]);
            put(now.g, work.gates[row.g][b]);
            put(now.o, work.gates[row.o][b]);
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
    const GateRows row(work.units, share.unit);
    for (std::uint32_t b = share.first; b < share.last; ++b) {
        const Gates now = {value(work.gates[row.i][b]), value(work.gates[row.f][b]),
                           value(work.gates[row.g][b]), value(work.gates[row.o][b])};
        const float c = work.cell ? value(work.cell[u][b]) : as_stored<Operand>(value(work.last_cell[u][b]));
        auto& cell_grad = work.cell_grad[u][b];
        if (work.first) {
            put(0.0f, cell_grad);
        }
        const Gates gradient = unit_gradient<Format>(now, value(work.cell_before[u][b]), c,
                                                     value(work.hidden_grad[u][b]), cell_grad);
        put(gradient.i, work.gates[row.i][b]);
        put(gradient.f, work.gates[row.f][b]);
        put(gradient.g, work.gates[row.g][b]);
        put(gradient.o, work.gates[row.o][b]);
        if (work.hidden) {
            put(hidden_state<Format>(now.o, c), work.hidden[u][b]);
        }
    }
}

template <typename Format>
[[gnu::noinline]] void repeat_elements(const CellRepeat<Format>& work, CellShare share) {
    const std::size_t u = share.unit;
    const GateRows row(work.units, share.unit);
    for (std::uint32_t b = share.first; b < share.last; ++b) {
        const Gates now = {value(work.gates[row.i][b]), value(work.gates[row.f][b]),
                           value(work.gates[row.g][b]), 0.0f};
        put(next_cell(now, value(work.before[u][b])), work.cell[u][b]);
    }
}

}  // namespace partita::learn
