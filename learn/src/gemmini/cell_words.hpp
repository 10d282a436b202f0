#pragma once

// The cell kernels of the 16-bit formats, four sequences at a time.

#include "gemmini/cell_elements.hpp"
#include "gemmini/words.hpp"

namespace partita::learn {

// Where rows begin and how far they are apart allows whole words.
template <typename T>
bool in_words(Rows<T> rows) {
    return (reinterpret_cast<std::uintptr_t>(rows.start) | rows.stride * sizeof(T)) % 8 == 0;
}

namespace words {

template <typename Format>
inline constexpr bool wide_state = sizeof(typename Format::State) == 4;

// A row of states on its way to FP32.
template <typename State>
struct StateRow;
template <>
struct StateRow<Bf16> {
    Word word;
    Halves halves;

    void load(const Constants& of, const Bf16* from) {
        word = words::load(from);
        widen(of, word, halves);
    }
    void read(float (&x)[4]) const { words::read(halves, x); }
    Word as_operands(const Constants& /*of*/) { return word; }
};
template <>
struct StateRow<float> {
    const float* row;
    Halves halves;

    void load(const Constants& /*of*/, const float* from) { row = from; }
    void read(float (&x)[4]) const {
        for_lanes([&](int k) __attribute__((always_inline)) { x[k] = row[k]; });
    }
    Word as_operands(const Constants& of) {
        float x[4];
        read(x);
        write(x, halves);
        return packed(of, round(of, halves));
    }
};

// A row of numbers on its way to BF16.
struct NarrowRow {
    Halves halves;

    void write(const float (&x)[4]) { words::write(x, halves); }
    Word word(const Constants& of) const { return packed(of, round(of, halves)); }
};

[[gnu::always_inline]] inline void store_state(const float (&/*x*/)[4], Word narrowed, Bf16* to) {
    store(narrowed, to);
}
[[gnu::always_inline]] inline void store_state(const float (&x)[4], Word /*narrowed*/, float* to) {
    for_lanes([&](int k) __attribute__((always_inline)) { to[k] = x[k]; });
}

// Pre-activations as BF16: element `element_of[k]` of the row is in lane k.
template <typename T>
struct SumLanes;
template <>
struct SumLanes<Bf16> {
    static constexpr int element_of[4] = {0, 1, 2, 3};
    static Word load(const Constants& /*of*/, const Bf16* from) { return words::load(from); }
    static Word in_order(Word word) { return word; }
};
template <>
struct SumLanes<float> {
    static constexpr int element_of[4] = {0, 2, 1, 3};
    static Word load(const Constants& of, const float* from) {
        return packed(of, round(of, Halves{words::load(from), words::load(from + 2)}));
    }
    static Word in_order(Word word) {
        const Word changed = (word ^ word >> 16) & 0x0000'0000'FFFF'0000;
        return word ^ changed ^ changed << 16;
    }
};

struct Lookup {
    Word offsets;
    Word found;
};

// tanh of four numbers.
[[gnu::always_inline]] inline Word tanh_of(const Constants& of, Word word, Lookup& buffer) {
    const Offsets at = tanh_offsets(of, word);
    if ((at.beyond & of.signs) != 0) [[unlikely]] {
        return tanh_lane_by_lane(word);
    }
    buffer.offsets = at.offsets;
    in_memory(buffer.offsets);
    for_lanes([&](int k) __attribute__((always_inline)) {
        put_lane(entry(activation::tanh_table, buffer.offsets, k), k, buffer.found);
    });
    in_memory(buffer.found);
    return chosen(word, at.inside, buffer.found);
}

template <typename Format>
struct ForwardBuffers {
    Lookup i, f, g, o, t;
    Halves sigmoid_i = {}, sigmoid_f = {}, sigmoid_o = {};  // lower halves of the halves stay zero
    Halves tanh_g, tanh_c;
    StateRow<typename Format::State> before;
    NarrowRow next, hidden;
};

// Four sequences of one unit from column `first` on.
template <typename Format>
[[gnu::always_inline]] inline void forward_word(const Constants& of, const CellForward<Format>& work,
                                                ForwardBuffers<Format>& buffer, std::uint32_t u,
                                                std::uint32_t first) {
    using Lanes = SumLanes<Sum<Format>>;
    const std::size_t n = work.units;
    const Word sum_i = Lanes::load(of, work.sums[u] + first);
    const Word sum_f = Lanes::load(of, work.sums[n + u] + first);
    const Word sum_g = Lanes::in_order(Lanes::load(of, work.sums[2 * n + u] + first));
    const Word sum_o = Lanes::load(of, work.sums[3 * n + u] + first);
    const Offsets at_i = sigmoid_offsets(of, sum_i);
    const Offsets at_f = sigmoid_offsets(of, sum_f);
    const Offsets at_g = tanh_offsets(of, sum_g);
    const Offsets at_o = sigmoid_offsets(of, sum_o);
    if (((at_i.beyond | at_f.beyond | at_g.beyond | at_o.beyond) & of.signs) != 0) [[unlikely]] {
        forward_elements(work, {u, first, first + 4});
        return;
    }
    buffer.g.offsets = at_g.offsets;
    in_memory(buffer.g.offsets);
    buffer.i.offsets = at_i.offsets;
    in_memory(buffer.i.offsets);
    buffer.f.offsets = at_f.offsets;
    in_memory(buffer.f.offsets);
    buffer.o.offsets = at_o.offsets;
    in_memory(buffer.o.offsets);
    typename Format::State* const cell = work.cell[u] + first;
    buffer.before.load(of, cell);

    for_lanes([&](int k) __attribute__((always_inline)) {
        put_lane(entry(activation::tanh_table, buffer.g.offsets, k), k, buffer.g.found);
    });
    in_memory(buffer.g.found);
    const auto look_up = [&](const Lookup& lookup, std::size_t gate, Halves& halves)
        __attribute__((always_inline)) {
        Bf16* const row = work.gates[gate * n + u] + first;
        for_lanes([&](int k) __attribute__((always_inline)) {
            const std::uint16_t found = entry(activation::sigmoid_table, lookup.offsets, k);
            const int element = Lanes::element_of[k];
            row[element] = {found};
            put_lane(found, element / 2 * 2 + 1, element % 2 == 0 ? halves.even : halves.odd);
        });
        in_memory(halves);
    };
    look_up(buffer.i, 0, buffer.sigmoid_i);
    look_up(buffer.f, 1, buffer.sigmoid_f);
    const Word g = chosen(sum_g, at_g.inside, buffer.g.found);
    widen(of, g, buffer.tanh_g);
    store(g, work.gates[2 * n + u] + first);
    look_up(buffer.o, 3, buffer.sigmoid_o);

    float before[4], i[4], f[4], wide_g[4], c[4];
    buffer.before.read(before);
    read(buffer.sigmoid_i, i);
    read(buffer.sigmoid_f, f);
    read(buffer.tanh_g, wide_g);
    for_lanes([&](int k) __attribute__((always_inline)) { c[k] = fused(f[k], before[k], i[k] * wide_g[k]); });
    buffer.next.write(c);
    const Word next = buffer.next.word(of);
    store(buffer.before.as_operands(of), work.taped[u] + first);
    store_state(c, next, cell);
    widen(of, tanh_of(of, next, buffer.t), buffer.tanh_c);

    float o[4], t[4];
    read(buffer.sigmoid_o, o);
    read(buffer.tanh_c, t);
    for_lanes([&](int k) __attribute__((always_inline)) { t[k] = o[k] * t[k]; });
    buffer.hidden.write(t);
    store(buffer.hidden.word(of), work.hidden[u] + first);
}

template <typename Format>
struct BackwardBuffers {
    Lookup t;
    StateRow<typename Format::State> hidden_grad, cell_grad, last_cell;
    Halves i, f, g, o, before, tanh_c;
    NarrowRow next, di, df, dg, dout, hidden;
};

// `incoming`: dc. `last`: c_t comes as State.
template <bool last, typename Format>
[[gnu::always_inline]] inline void backward_word(const Constants& of, const CellBackward<Format>& work,
                                                 Rows<const typename Format::State> incoming,
                                                 BackwardBuffers<Format>& buffer, std::uint32_t u,
                                                 std::uint32_t first) {
    const std::size_t n = work.units;
    Word cell;
    if constexpr (last) {
        buffer.last_cell.load(of, work.last_cell[u] + first);
        cell = buffer.last_cell.as_operands(of);
    } else {
        cell = load(work.cell[u] + first);
    }
    const Word tanh_c = tanh_of(of, cell, buffer.t);
    Bf16* const row_i = work.gates[u] + first;
    Bf16* const row_f = work.gates[n + u] + first;
    Bf16* const row_g = work.gates[2 * n + u] + first;
    Bf16* const row_o = work.gates[3 * n + u] + first;
    widen(of, load(row_o), buffer.o);
    widen(of, tanh_c, buffer.tanh_c);
    buffer.hidden_grad.load(of, work.hidden_grad[u] + first);
    buffer.cell_grad.load(of, incoming[u] + first);
    widen(of, load(row_f), buffer.f);
    widen(of, load(row_i), buffer.i);
    widen(of, load(row_g), buffer.g);
    widen(of, load(work.cell_before[u] + first), buffer.before);

    float t[4], o[4], dh[4], dc[4], x[4], y[4], i[4];
    read(buffer.o, o);
    read(buffer.tanh_c, t);
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = o[k] * t[k]; });
    buffer.hidden.write(x);
    store(buffer.hidden.word(of), work.hidden[u] + first);
    buffer.hidden_grad.read(dh);
    for_lanes([&](int k) __attribute__((always_inline)) { dh[k] = dh[k] * o[k]; });
    buffer.cell_grad.read(dc);
    for_lanes([&](int k)
                  __attribute__((always_inline)) { dc[k] = fused(dh[k], fused(-t[k], t[k], 1.0f), dc[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = (dh[k] * t[k]) * (1.0f - o[k]); });
    buffer.dout.write(x);
    store(buffer.dout.word(of), row_o);
    float f[4], before[4];
    read(buffer.f, f);
    read(buffer.before, before);
    for_lanes([&](int k) __attribute__((always_inline)) { y[k] = dc[k] * f[k]; });
    buffer.next.write(y);
    for_lanes([&](int k)
                  __attribute__((always_inline)) { x[k] = (dc[k] * before[k]) * fused(-f[k], f[k], f[k]); });
    buffer.df.write(x);
    store_state(y, wide_state<Format> ? 0 : buffer.next.word(of), work.cell_grad[u] + first);
    store(buffer.df.word(of), row_f);
    float g[4];
    read(buffer.i, i);
    read(buffer.g, g);
    for_lanes([&](int k)
                  __attribute__((always_inline)) { x[k] = (dc[k] * g[k]) * fused(-i[k], i[k], i[k]); });
    buffer.di.write(x);
    for_lanes([&](int k)
                  __attribute__((always_inline)) { y[k] = (dc[k] * i[k]) * fused(-g[k], g[k], 1.0f); });
    buffer.dg.write(y);
    store(buffer.di.word(of), row_i);
    store(buffer.dg.word(of), row_g);
}

struct RepeatBuffers {
    Halves i, f, g, before;
    NarrowRow next;
};

template <typename Format>
[[gnu::always_inline]] inline void repeat_word(const Constants& of, Rows<const Bf16> gates, std::size_t n,
                                               Rows<const Bf16> before, Rows<Bf16> cell,
                                               RepeatBuffers& buffer, std::uint32_t u, std::uint32_t first) {
    widen(of, load(gates[u] + first), buffer.i);
    widen(of, load(gates[n + u] + first), buffer.f);
    widen(of, load(gates[2 * n + u] + first), buffer.g);
    widen(of, load(before[u] + first), buffer.before);
    float i[4], f[4], g[4], c[4];
    read(buffer.i, i);
    read(buffer.g, g);
    read(buffer.f, f);
    read(buffer.before, c);
    for_lanes([&](int k) __attribute__((always_inline)) { c[k] = fused(f[k], c[k], i[k] * g[k]); });
    buffer.next.write(c);
    store(buffer.next.word(of), cell[u] + first);
}

}  // namespace words
}  // namespace partita::learn
