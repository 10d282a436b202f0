#pragma once

// The cell kernels of the 16-bit formats, four sequences at a time.

#include "gemmini/cell_elements.hpp"
#include "gemmini/word_rows.hpp"
#include "gemmini/words.hpp"

namespace partita::learn {

namespace words {

struct Lookup {
    Lanes offsets;
    Lanes found;

    void start(Word at) {
        offsets.word = at;
        in_memory(offsets);
    }
    void tanh_entries() {
        for_lanes([&](int k) __attribute__((always_inline)) {
            found.lane[k] = entry(activation::tanh_table, offsets.lane[k]);
        });
        in_memory(found);
    }
};

// tanh of four numbers.
[[gnu::always_inline]] inline Word tanh_of(const Constants& of, Word word, Lookup& buffer) {
    const Offsets at = tanh_offsets(of, word);
    if ((at.beyond & of.signs) != 0) [[unlikely]] {
        return tanh_lane_by_lane(word);
    }
    buffer.start(at.offsets);
    buffer.tanh_entries();
    return chosen(word, at.inside, buffer.found.word);
}

// The longest row that has a stand-in where the caller has none.
inline constexpr std::uint32_t longest_row = 16;

// One row in place of all those that nobody wants.
template <typename T>
struct Unwanted {
    alignas(8) T row[longest_row];

    Rows<T> in_place_of(Rows<T> rows) { return rows ? rows : Rows<T>{row, 0}; }
};

// Where the loop over units is in a matrix.
template <typename T>
class Cursor {
  public:
    Cursor(Rows<T> rows, std::size_t row, std::uint32_t first)
        : at_(rows.start + row * rows.stride + first), stride_(rows.stride) {}
    T* operator*() const { return at_; }
    void next() { at_ += stride_; }

  private:
    T* at_;
    std::size_t stride_;
};

// The same in the rows of all gates.
template <typename T>
class GateCursor {
  public:
    GateCursor(Rows<T> rows, std::uint32_t units, std::uint32_t first)
        : i_(rows.start + first), stride_(rows.stride), gate_(units * rows.stride) {}
    T* i() const { return i_; }
    T* f() const { return i_ + gate_; }
    T* g() const { return i_ + 2 * gate_; }
    T* o() const { return i_ + 3 * gate_; }
    void next() { i_ += stride_; }

  private:
    T* i_;
    std::size_t stride_;
    std::size_t gate_;
};

template <typename Format>
struct ForwardBuffers {
    Lookup i, f, g, o, t;
    Halves sigmoid_i = {{}}, sigmoid_f = {{}}, sigmoid_o = {{}};  // lower halves of the halves stay zero
    Halves tanh_g, tanh_c;
    StateRow<typename Format::State> before;
    NarrowRow next, hidden;
};

template <typename Format>
void forward_rows(const CellForward<Format>& work) {
    using Order = SumLanes<Sum<Format>>;
    Constants of;
    ForwardBuffers<Format> buffer;
    Unwanted<Bf16> unwanted;
    const Rows<Bf16> all_gates = unwanted.in_place_of(work.gates);
    const Rows<Bf16> all_taped = unwanted.in_place_of(work.taped);
    const std::uint32_t units = work.units;
    const std::uint32_t batch = work.batch;
    for (std::uint32_t first = 0; first < batch; first += 4) {
        GateCursor sums(work.sums, units, first);
        GateCursor gates(all_gates, units, first);
        Cursor cell(work.cell, 0, first);
        Cursor taped(all_taped, 0, first);
        Cursor hidden(work.hidden, 0, first);
        for (std::uint32_t u = 0; u < units; ++u) {
            const Word sum_i = Order::load(of, sums.i());
            const Word sum_f = Order::load(of, sums.f());
            const Word sum_g = Order::in_order(Order::load(of, sums.g()));
            const Word sum_o = Order::load(of, sums.o());
            const Offsets at_i = sigmoid_offsets(of, sum_i);
            const Offsets at_f = sigmoid_offsets(of, sum_f);
            const Offsets at_g = tanh_offsets(of, sum_g);
            const Offsets at_o = sigmoid_offsets(of, sum_o);
            if (((at_i.beyond | at_f.beyond | at_g.beyond | at_o.beyond) & of.signs) != 0) [[unlikely]] {
                forward_elements(work, {u, first, first + 4});
            } else {
                buffer.g.start(at_g.offsets);
                buffer.i.start(at_i.offsets);
                buffer.f.start(at_f.offsets);
                buffer.o.start(at_o.offsets);
                buffer.before.load(of, *cell);

                buffer.g.tanh_entries();
                const auto look_up = [&](const Lookup& lookup, Bf16* row, Halves& halves)
                    __attribute__((always_inline)) {
                    for_lanes([&](int k) __attribute__((always_inline)) {
                        const std::uint16_t found = entry(activation::sigmoid_table, lookup.offsets.lane[k]);
                        const int element = Order::element_of[k];
                        row[element] = {found};
                        halves.half[2 * Halves::place(element) + 1] = found;
                    });
                    in_memory(halves);
                };
                look_up(buffer.i, gates.i(), buffer.sigmoid_i);
                look_up(buffer.f, gates.f(), buffer.sigmoid_f);
                const Word g = chosen(sum_g, at_g.inside, buffer.g.found.word);
                widen(of, g, buffer.tanh_g);
                store(g, gates.g());
                look_up(buffer.o, gates.o(), buffer.sigmoid_o);

                float before[4], i[4], f[4], wide_g[4], c[4];
                buffer.before.read(before);
                read(buffer.sigmoid_i, i);
                read(buffer.sigmoid_f, f);
                read(buffer.tanh_g, wide_g);
                for_lanes([&](int k) __attribute__((always_inline)) {
                    c[k] = fused(f[k], before[k], i[k] * wide_g[k]);
                });
                buffer.next.write(c);
                const Word next = buffer.next.word(of);
                store(buffer.before.as_operands(of), *taped);
                store_state(c, next, *cell);
                widen(of, tanh_of(of, next, buffer.t), buffer.tanh_c);

                float o[4], t[4];
                read(buffer.sigmoid_o, o);
                read(buffer.tanh_c, t);
                for_lanes([&](int k) __attribute__((always_inline)) { t[k] = o[k] * t[k]; });
                buffer.hidden.write(t);
                store(buffer.hidden.word(of), *hidden);
            }
            sums.next();
            gates.next();
            cell.next();
            taped.next();
            hidden.next();
        }
    }
}

template <typename Format>
struct BackwardBuffers {
    Lookup t;
    StateRow<typename Format::State> hidden_grad, cell_grad, last_cell;
    Halves i, f, g, o, before, tanh_c;
    NarrowRow next, di, df, dg, dout, hidden;
};

// `last`: c_t comes as State.
template <bool last, typename Format>
void backward_rows(const CellBackward<Format>& work) {
    using State = typename Format::State;
    static constexpr State zeros[longest_row] = {};
    Constants of;
    BackwardBuffers<Format> buffer;
    Unwanted<Bf16> unwanted;
    const Rows<Bf16> all_hidden = unwanted.in_place_of(work.hidden);
    const Rows<const State> all_incoming =
        work.first ? Rows<const State>{zeros, 0}
                   : Rows<const State>{work.cell_grad.start, work.cell_grad.stride};
    const std::uint32_t units = work.units;
    const std::uint32_t batch = work.batch;
    for (std::uint32_t first = 0; first < batch; first += 4) {
        GateCursor gates(work.gates, units, first);
        Cursor cell_before(work.cell_before, 0, first);
        Cursor cell_now(work.cell, 0, first);
        Cursor last_cell(work.last_cell, 0, first);
        Cursor hidden_grad(work.hidden_grad, 0, first);
        Cursor incoming(all_incoming, 0, first);
        Cursor cell_grad(work.cell_grad, 0, first);
        Cursor hidden(all_hidden, 0, first);
        for (std::uint32_t u = 0; u < units; ++u) {
            Word cell;
            if constexpr (last) {
                buffer.last_cell.load(of, *last_cell);
                cell = buffer.last_cell.as_operands(of);
            } else {
                cell = load(*cell_now);
            }
            const Word tanh_c = tanh_of(of, cell, buffer.t);
            widen(of, load(gates.o()), buffer.o);
            widen(of, tanh_c, buffer.tanh_c);
            buffer.hidden_grad.load(of, *hidden_grad);
            buffer.cell_grad.load(of, *incoming);
            widen(of, load(gates.f()), buffer.f);
            widen(of, load(gates.i()), buffer.i);
            widen(of, load(gates.g()), buffer.g);
            widen(of, load(*cell_before), buffer.before);

            float t[4], o[4], dh[4], dc[4], x[4], y[4], i[4];
            read(buffer.o, o);
            read(buffer.tanh_c, t);
            for_lanes([&](int k) __attribute__((always_inline)) { x[k] = o[k] * t[k]; });
            buffer.hidden.write(x);
            store(buffer.hidden.word(of), *hidden);
            buffer.hidden_grad.read(dh);
            for_lanes([&](int k) __attribute__((always_inline)) { dh[k] = dh[k] * o[k]; });
            buffer.cell_grad.read(dc);
            for_lanes([&](int k) __attribute__((always_inline)) {
                dc[k] = fused(dh[k], fused(-t[k], t[k], 1.0f), dc[k]);
            });
            for_lanes([&](int k) __attribute__((always_inline)) { x[k] = (dh[k] * t[k]) * (1.0f - o[k]); });
            buffer.dout.write(x);
            store(buffer.dout.word(of), gates.o());
            float f[4], before[4];
            read(buffer.f, f);
            read(buffer.before, before);
            for_lanes([&](int k) __attribute__((always_inline)) { y[k] = dc[k] * f[k]; });
            buffer.next.write(y);
            for_lanes([&](int k) __attribute__((always_inline)) {
                x[k] = (dc[k] * before[k]) * fused(-f[k], f[k], f[k]);
            });
            buffer.df.write(x);
            store_state(y, wide_state<Format> ? 0 : buffer.next.word(of), *cell_grad);
            store(buffer.df.word(of), gates.f());
            float g[4];
            read(buffer.i, i);
            read(buffer.g, g);
            for_lanes([&](int k) __attribute__((always_inline)) {
                x[k] = (dc[k] * g[k]) * fused(-i[k], i[k], i[k]);
            });
            buffer.di.write(x);
            for_lanes([&](int k) __attribute__((always_inline)) {
                y[k] = (dc[k] * i[k]) * fused(-g[k], g[k], 1.0f);
            });
            buffer.dg.write(y);
            store(buffer.di.word(of), gates.i());
            store(buffer.dg.word(of), gates.g());
            gates.next();
            cell_before.next();
            cell_now.next();
            last_cell.next();
            hidden_grad.next();
            incoming.next();
            cell_grad.next();
            hidden.next();
        }
    }
}

struct RepeatBuffers {
    Halves i, f, g, before;
    NarrowRow next;
};

inline void repeat_rows(Rows<const Bf16> all_gates, std::uint32_t units, std::uint32_t batch,
                        Rows<const Bf16> all_before, Rows<Bf16> all_cells) {
    Constants of;
    RepeatBuffers buffer;
    for (std::uint32_t first = 0; first < batch; first += 4) {
        GateCursor gates(all_gates, units, first);
        Cursor before(all_before, 0, first);
        Cursor cell(all_cells, 0, first);
        for (std::uint32_t u = 0; u < units; ++u) {
            widen(of, load(gates.i()), buffer.i);
            widen(of, load(gates.f()), buffer.f);
            widen(of, load(gates.g()), buffer.g);
            widen(of, load(*before), buffer.before);
            float i[4], f[4], g[4], c[4];
            read(buffer.i, i);
            read(buffer.g, g);
            read(buffer.f, f);
            read(buffer.before, c);
            for_lanes([&](int k) __attribute__((always_inline)) { c[k] = fused(f[k], c[k], i[k] * g[k]); });
            buffer.next.write(c);
            store(buffer.next.word(of), *cell);
            gates.next();
            before.next();
            cell.next();
        }
    }
}

}  // namespace words
}  // namespace partita::learn
