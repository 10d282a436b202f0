#pragma once

// The cell kernels of cells.hpp: whole words where rows allow it, else element by element.

#include <type_traits>

#include "gemmini/cell_elements.hpp"
#include "gemmini/cell_words.hpp"
#include "gemmini/cells.hpp"

namespace partita::learn {
namespace words {

// The longest row that has a stand-in where the caller has none.
inline constexpr std::uint32_t longest_row = 16;

inline bool whole_words(std::uint32_t batch) {
    return batch % 4 == 0 && batch <= longest_row;
}

// One row in place of all those that nobody wants.
template <typename T>
struct Unwanted {
    alignas(8) T row[longest_row];

    Rows<T> in_place_of(Rows<T> rows) { return rows ? rows : Rows<T>{row, 0}; }
};

template <typename Work>
[[gnu::always_inline]] inline void for_words(std::uint32_t units, std::uint32_t batch, const Work& work) {
    if (batch == 4) {
        for (std::uint32_t u = 0; u < units; ++u) {
            work(u, 0);
        }
        return;
    }
    for (std::uint32_t u = 0; u < units; ++u) {
        for (std::uint32_t first = 0; first < batch; first += 4) {
            work(u, first);
        }
    }
}

}  // namespace words

template <typename Format>
void forward_cells(const CellForward<Format>& work) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.sums) && in_words(work.gates) &&
            in_words(work.cell) && in_words(work.taped) && in_words(work.hidden)) {
            words::Unwanted<Bf16> unwanted;
            CellForward<Format> all = work;
            all.gates = unwanted.in_place_of(work.gates);
            all.taped = unwanted.in_place_of(work.taped);
            const words::Constants of;
            words::ForwardBuffers<Format> buffers;
            words::for_words(
                work.units,
                work.batch, [&](std::uint32_t u, std::uint32_t first) __attribute__((always_inline)) {
                    words::forward_word(of, all, buffers, u, first);
                });
            return;
        }
    }
    for (std::uint32_t u = 0; u < work.units; ++u) {
        forward_elements(work, {u, 0, work.batch});
    }
}

template <typename Format>
void backward_cells(const CellBackward<Format>& work) {
    using State = typename Format::State;
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.gates) && in_words(work.cell_before) &&
            in_words(work.cell) && in_words(work.last_cell) && in_words(work.hidden_grad) &&
            in_words(work.cell_grad) && in_words(work.hidden)) {
            static constexpr State zeros[words::longest_row] = {};
            words::Unwanted<Bf16> unwanted;
            CellBackward<Format> all = work;
            all.hidden = unwanted.in_place_of(work.hidden);
            const Rows<const State> incoming =
                work.first ? Rows<const State>{zeros, 0}
                           : Rows<const State>{work.cell_grad.start, work.cell_grad.stride};
            const words::Constants of;
            words::BackwardBuffers<Format> buffers;
            if (work.cell) {
                words::for_words(
                    work.units,
                    work.batch, [&](std::uint32_t u, std::uint32_t first) __attribute__((always_inline)) {
                        words::backward_word<false>(of, all, incoming, buffers, u, first);
                    });
            } else {
                words::for_words(
                    work.units,
                    work.batch, [&](std::uint32_t u, std::uint32_t first) __attribute__((always_inline)) {
                        words::backward_word<true>(of, all, incoming, buffers, u, first);
                    });
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
            const words::Constants of;
            words::RepeatBuffers buffers;
            words::for_words(
                units, batch, [&](std::uint32_t u, std::uint32_t first) __attribute__((always_inline)) {
                    words::repeat_word<Format>(of, gates, units, before, cell, buffers, u, first);
                });
            return;
        }
    }
    for (std::uint32_t u = 0; u < units; ++u) {
        repeat_elements<Format>(gates, units, before, cell, {u, 0, batch});
    }
}

}  // namespace partita::learn
