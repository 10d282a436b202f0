#pragma once

// Where everything is in a plan with an array (partita/learn/array_layout.hpp), and how its work is divided.

#include <bit>

#include "gemmini/cells.hpp"
#include "gemmini/loops.hpp"
#include "gemmini/signals.hpp"
#include "partita/learn/workspace.hpp"

namespace partita::learn::gemmini_routine {

template <typename Format>
struct Places {
    using Operand = typename Format::Operand;
    using State = typename Format::State;
    using Sum = learn::Sum<Format>;
    // Pre-activations of a type of their own are not stored on the tape.
    static constexpr bool sums_on_tape = sizeof(Sum) == sizeof(Operand);

    explicit Places(const Workspace& workspace)
        : ws(workspace),
          a(workspace.layout.array),
          batch(workspace.plan().batch),
          taped(workspace.plan().tape != Tape::none),
          side_bits(static_cast<std::uint32_t>(std::countr_zero(a.side))),
          step_bits(static_cast<std::uint32_t>(std::countr_zero(a.steps_per_row))) {}

    Operand* weights() const { return ws.array<Operand>(BufferId::weights); }
    // Element of W: a row of [units, inputs, 1], a gate row.
    std::size_t weight(std::size_t row, std::size_t gate_row) const { return row * a.gate_rows + gate_row; }
    std::size_t head_weight(std::size_t label) const {
        return std::size_t{a.state_rows} * a.gate_rows + label * a.units;
    }
    std::size_t head_bias() const { return head_weight(ws.plan().shape.classes); }

    // ---- The tape; steps count from 1, slots of states from 0 ----

    // The side of an array is a power of two, and with it the number of steps that share a row.
    std::size_t tape_row(std::uint32_t slot) const { return taped ? slot >> step_bits : 0; }
    std::size_t tape_column(std::uint32_t slot) const {
        return taped ? (slot & (a.steps_per_row - 1)) * std::size_t{a.columns} : 0;
    }
    Rows<Operand> gates(std::uint32_t step, std::size_t gate_row) const {
        Operand* start = ws.array<Operand>(BufferId::gates) +
                         (tape_row(step - 1) * a.gate_rows + gate_row) * a.row + tape_column(step - 1);
        return {taped || sums_on_tape ? start : nullptr, a.row};
    }
    Rows<Operand> states(std::uint32_t slot, std::size_t row) const {
        return {ws.array<Operand>(BufferId::states) + (tape_row(slot) * a.state_rows + row) * a.row +
                    tape_column(slot),
                a.row};
    }

    // ---- One step ----

    Rows<Operand> hidden(std::size_t row) const {
        return {ws.array<Operand>(BufferId::hidden) + row * a.columns, a.columns};
    }
    // The second buffer of h in the forward pass.
    Rows<Operand> other_hidden(std::size_t row) const {
        return {ws.scratch<Operand>(ws.layout.scratch.other_hidden) + row * a.columns, a.columns};
    }
    // h at the part's start, kept for the weights' gradient.
    Rows<Operand> start_hidden(std::size_t unit) const {
        if (a.start_in_second_slot) {
            return states(1, unit);
        }
        const std::size_t slot =
            (std::size_t{a.state_rows} * a.columns * sizeof(Operand) + buffer_alignment - 1) /
            buffer_alignment * buffer_alignment / sizeof(Operand);
        return {ws.array<Operand>(BufferId::hidden) + slot + unit * a.columns, a.columns};
    }
    Rows<State> cell(std::size_t unit) const {
        return {ws.array<State>(BufferId::cell) + unit * a.columns, a.columns};
    }
    Rows<State> hidden_grad(std::size_t unit) const {
        return {ws.scratch<State>(ws.layout.scratch.hidden_grad) + unit * a.columns, a.columns};
    }
    Rows<State> cell_grad(std::size_t unit) const {
        return {ws.scratch<State>(ws.layout.scratch.cell_grad) + unit * a.columns, a.columns};
    }
    Rows<Sum> sums(std::uint32_t step, std::size_t gate_row) const {
        if constexpr (sums_on_tape) {
            return gates(step, gate_row);
        } else {
            return {ws.scratch<Sum>(ws.layout.scratch.sums) + gate_row * a.columns, a.columns};
        }
    }
    Sum* gradient_tile(unsigned half) const {
        return ws.scratch<Sum>(ws.layout.scratch.gradient_tile + half * (tile_elements() * sizeof(Sum)));
    }
    std::size_t tile_elements() const { return ws.layout.scratch.gradient_tile_size / 2 / sizeof(Sum); }

    template <typename T>
    Stored<T> stored(Rows<T> rows, std::size_t count) const {
        return {rows.start, count, rows.stride, batch, a.side};
    }

    const Workspace& ws;
    const ArrayExtents& a;
    const std::uint32_t batch;
    const bool taped;
    const std::uint32_t side_bits;
    const std::uint32_t step_bits;
};

}  // namespace partita::learn::gemmini_routine
