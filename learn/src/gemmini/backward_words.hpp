#pragma once

// The backward cells of the 16-bit formats, two words of four sequences at a time: while one waits for a
// buffer, the other works.

#include "gemmini/cell_elements.hpp"
#include "gemmini/cursors.hpp"
#include "gemmini/word_rows.hpp"
#include "gemmini/words.hpp"

namespace partita::learn::words {

template <typename Format>
struct BackwardBuffers {
    Lanes at_c;
    StateRow<typename Format::State> hidden_grad, cell_grad, last_cell;
    WideningRow i, f, g, o, before;
    WideningWord t;
    NarrowingRow next, di, df, dg, dout, hidden;
};

struct BackwardValues {
    Word cell;
    Word inside;
    float dc[4];
};

template <typename Format, typename Spaced>
struct BackwardCursors {
    using State = typename Format::State;

    GateCursor<Bf16, Spaced::tape, Spaced::units> gates;
    Cursor<const Bf16, Spaced::tape> before;
    Cursor<const Bf16, Spaced::tape> cell;
    Cursor<const State, Spaced::step> last_cell;
    Cursor<const State, Spaced::step> hidden_grad;
    Cursor<const State, Spaced::step> incoming;
    Cursor<State, Spaced::step> cell_grad;
    Cursor<Bf16, Spaced::tape> hidden;

    static bool fit(const CellBackward<Format>& work) {
        return work.units == Spaced::units && Spaced::in_tape(work.gates) &&
               Spaced::in_tape(work.cell_before) &&
               (work.cell ? Spaced::in_tape(work.cell) : Spaced::in_step(work.last_cell)) &&
               Spaced::in_step(work.hidden_grad) && Spaced::in_step(work.cell_grad) && !work.first &&
               Spaced::in_tape(work.hidden);
    }
    [[gnu::always_inline]] void next() {
        gates.next();
        before.next();
        cell.next();
        last_cell.next();
        hidden_grad.next();
        incoming.next();
        cell_grad.next();
        hidden.next();
    }
    [[gnu::always_inline]] void renew() {
        gates.renew();
        before.renew();
        cell.renew();
        last_cell.renew();
        hidden_grad.renew();
        incoming.renew();
        cell_grad.renew();
        hidden.renew();
    }
    [[gnu::always_inline]] BackwardCursors following() const {
        BackwardCursors other = *this;
        other.next();
        return other;
    }
    [[gnu::always_inline]] void next_group() { gates.next_group(); }
};

// The index of tanh(c), and all that is on its way to FP32. `last`: c_t comes as State.
template <bool last, typename Format, typename Spaced>
[[gnu::always_inline]] inline Word find_cell(const Constants& of, const BackwardCursors<Format, Spaced>& at,
                                             BackwardBuffers<Format>& buffer, BackwardValues& values) {
    if constexpr (last) {
        buffer.last_cell.load(of, *at.last_cell);
        values.cell = buffer.last_cell.as_operands(of);
    } else {
        values.cell = load(*at.cell);
    }
    const Word beyond = find_tanh(of, values.cell, buffer.at_c, values.inside);
    buffer.o.load(of, at.gates.o());
    buffer.hidden_grad.load(of, *at.hidden_grad);
    buffer.cell_grad.load(of, *at.incoming);
    buffer.f.load(of, at.gates.f());
    buffer.before.load(of, *at.before);
    buffer.i.load(of, at.gates.i());
    buffer.g.load(of, at.gates.g());
    return beyond;
}

// h, dc of this step, the gradient of gate o.
template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void output_gradient(const BackwardCursors<Format, Spaced>& at,
                                                   BackwardBuffers<Format>& buffer, BackwardValues& values) {
    float o[4], t[4], dh[4], dc[4], x[4];
    buffer.o.read(o);
    buffer.hidden_grad.read(dh);
    buffer.t.read(t);
    for_lanes([&](int k) __attribute__((always_inline)) { dh[k] = dh[k] * o[k]; });
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = o[k] * t[k]; });
    buffer.hidden.write(x, *at.hidden);
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = dh[k] * t[k]; });
    buffer.cell_grad.read(dc);
    for_lanes([&](int k) __attribute__((always_inline)) { t[k] = fused(-x[k], t[k], dh[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = fused(-x[k], o[k], x[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) { values.dc[k] = t[k] + dc[k]; });
    buffer.dout.write(x, at.gates.o());
}

// dc of the step before, the gradients of gates f, i and g.
template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void cell_gradient(const BackwardCursors<Format, Spaced>& at,
                                                 BackwardBuffers<Format>& buffer,
                                                 const BackwardValues& values) {
    const float(&dc)[4] = values.dc;
    float f[4], c[4], i[4], g[4], x[4], y[4];
    buffer.f.read(f);
    buffer.i.read(i);
    buffer.before.read(c);
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = dc[k] * f[k]; });
    if constexpr (wide_state<Format>) {
        store_wide(x, *at.cell_grad);
    } else {
        buffer.next.write(x, *at.cell_grad);
    }
    for_lanes([&](int k) __attribute__((always_inline)) { y[k] = dc[k] * i[k]; });
    buffer.g.read(g);
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = x[k] * c[k]; });
    for_lanes([&](int k) __attribute__((always_inline)) { c[k] = y[k] * g[k]; });
    for_lanes([&](int k) __attribute__((always_inline)) { x[k] = fused(-x[k], f[k], x[k]); });
    buffer.df.write(x, at.gates.f());
    for_lanes([&](int k) __attribute__((always_inline)) { i[k] = fused(-c[k], i[k], c[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) { g[k] = fused(-c[k], g[k], y[k]); });
    buffer.di.write(i, at.gates.i());
    buffer.dg.write(g, at.gates.g());
}

template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void store_output_gradient(const Constants& of,
                                                         const BackwardCursors<Format, Spaced>& at,
                                                         const BackwardBuffers<Format>& buffer) {
    buffer.hidden.finish(of, *at.hidden);
    buffer.dout.finish(of, at.gates.o());
}

template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void store_cell_gradient(const Constants& of,
                                                       const BackwardCursors<Format, Spaced>& at,
                                                       const BackwardBuffers<Format>& buffer) {
    if constexpr (!wide_state<Format>) {
        buffer.next.finish(of, *at.cell_grad);
    }
    buffer.df.finish(of, at.gates.f());
    buffer.di.finish(of, at.gates.i());
    buffer.dg.finish(of, at.gates.g());
}

// Two units.
template <bool last, typename Format, typename Spaced>
[[gnu::always_inline]] inline void backward_pair(const Constants& of, BackwardCursors<Format, Spaced>& at,
                                                 BackwardBuffers<Format>& buffer_a,
                                                 BackwardBuffers<Format>& buffer_b) {
    BackwardValues values_a;
    BackwardValues values_b;
    const Word far_a = find_cell<last>(of, at, buffer_a, values_a);
    const Word far_b = find_cell<last>(of, at.following(), buffer_b, values_b);
    Word t_a;
    Word t_b;
    if (((far_a | far_b) & of.signs) != 0) [[unlikely]] {
        t_a = tanh_lane_by_lane(values_a.cell);
        t_b = tanh_lane_by_lane(values_b.cell);
    } else {
        t_a = chosen(values_a.cell, values_a.inside, tanh_entries(buffer_a.at_c));
        t_b = chosen(values_b.cell, values_b.inside, tanh_entries(buffer_b.at_c));
    }
    buffer_a.t.put(of, t_a);
    buffer_b.t.put(of, t_b);
    next_stage();
    at.renew();
    output_gradient(at, buffer_a, values_a);
    next_stage();
    at.renew();
    output_gradient(at.following(), buffer_b, values_b);
    next_stage();
    at.renew();
    store_output_gradient(of, at, buffer_a);
    cell_gradient(at, buffer_a, values_a);
    next_stage();
    at.renew();
    store_output_gradient(of, at.following(), buffer_b);
    cell_gradient(at.following(), buffer_b, values_b);
    next_stage();
    at.renew();
    store_cell_gradient(of, at, buffer_a);
    store_cell_gradient(of, at.following(), buffer_b);
}

template <bool last, typename Format, typename Spaced>
void backward_rows(const CellBackward<Format>& work) {
    using State = typename Format::State;
    static constexpr State zeros[longest_row] = {};
    Constants of;
    BackwardBuffers<Format> buffer_a;
    BackwardBuffers<Format> buffer_b;
    Unwanted<Bf16> unwanted;
    const Rows<Bf16> hidden = unwanted.in_place_of(work.hidden);
    const Rows<const State> incoming = work.first
                                           ? Rows<const State>{zeros, 0}
                                           : Rows<const State>{work.cell_grad.start, work.cell_grad.stride};
    // The one of the two that is not there is not read, but its cursor moves.
    const Rows<const Bf16> cell = work.cell ? work.cell : work.cell_before;
    const Rows<const State> last_cell = work.last_cell ? work.last_cell : work.hidden_grad;
    const std::uint32_t units = Spaced::units != 0 ? Spaced::units : work.units;
    const std::uint32_t groups = work.groups;
    for (std::uint32_t first = 0; first < work.batch; first += 4) {
        BackwardCursors<Format, Spaced> at{{work.gates, units, first},
                                           {work.cell_before, first},
                                           {cell, first},
                                           {last_cell, first},
                                           {work.hidden_grad, first},
                                           {incoming, first},
                                           {work.cell_grad, first},
                                           {hidden, first}};
        std::uint32_t u = 0;
        for (std::uint32_t group = 0; group < groups; ++group) {
            for (const std::uint32_t end = u + units; u + 1 < end; u += 2) {
                backward_pair<last>(of, at, buffer_a, buffer_b);
                at.next();
                at.next();
            }
            if (units % 2 != 0) {
                backward_elements(work, {u++, first, first + 4});
                at.next();
            }
            at.next_group();
        }
    }
}

struct RepeatBuffers {
    WideningRow i, f, g, before;
    NarrowingWord next;
};

struct RepeatCursors {
    GateCursor<const Bf16, 0, 0> gates;
    Cursor<const Bf16, 0> before;
    Cursor<Bf16, 0> cell;

    [[gnu::always_inline]] void next() {
        gates.next();
        before.next();
        cell.next();
    }
};

[[gnu::always_inline]] inline void load_row(const Constants& of, const RepeatCursors& at,
                                            RepeatBuffers& buffer) {
    buffer.i.load(of, at.gates.i());
    buffer.f.load(of, at.gates.f());
    buffer.g.load(of, at.gates.g());
    buffer.before.load(of, *at.before);
}

[[gnu::always_inline]] inline void repeat_row(RepeatBuffers& buffer) {
    float i[4], f[4], g[4], c[4];
    buffer.i.read(i);
    buffer.g.read(g);
    buffer.f.read(f);
    buffer.before.read(c);
    for_lanes([&](int k) __attribute__((always_inline)) { c[k] = fused(f[k], c[k], i[k] * g[k]); });
    buffer.next.write(c);
}

template <typename Format>
void repeat_rows(const CellRepeat<Format>& work) {
    Constants of;
    RepeatBuffers buffer_a;
    RepeatBuffers buffer_b;
    const std::uint32_t units = work.units;
    const std::uint32_t groups = work.groups;
    for (std::uint32_t first = 0; first < work.batch; first += 4) {
        RepeatCursors at{{work.gates, units, first}, {work.before, first}, {work.cell, first}};
        std::uint32_t u = 0;
        for (std::uint32_t group = 0; group < groups; ++group) {
            for (const std::uint32_t end = u + units; u + 1 < end; u += 2) {
                RepeatCursors b = at;
                b.next();
                load_row(of, at, buffer_a);
                load_row(of, b, buffer_b);
                next_stage();
                repeat_row(buffer_a);
                next_stage();
                repeat_row(buffer_b);
                next_stage();
                store(buffer_a.next.word(of), *at.cell);
                store(buffer_b.next.word(of), *b.cell);
                at = b;
                at.next();
            }
            if (units % 2 != 0) {
                repeat_elements(work, {u++, first, first + 4});
                at.next();
            }
            at.gates.next_group();
        }
    }
}

}  // namespace partita::learn::words
