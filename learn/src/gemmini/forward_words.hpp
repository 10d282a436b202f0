#pragma once

// The forward cells of the 16-bit formats, two words of four sequences at a time: while one waits for a
// buffer, the other works.

#include "gemmini/cell_elements.hpp"
#include "gemmini/cursors.hpp"
#include "gemmini/word_rows.hpp"
#include "gemmini/words.hpp"

namespace partita::learn::words {

template <typename Format>
struct ForwardBuffers {
    Lanes at_i, at_f, at_g, at_o, at_c;
    WideningLanes i, f, o;
    WideningWord g, t;
    StateRow<typename Format::State> before;
    NarrowingWord next;
    NarrowingRow hidden;
};

struct ForwardValues {
    Word sum_g;
    Word inside_g;
    Word next;
    Word inside_c;
};

template <typename Format, typename Spaced>
struct ForwardCursors {
    // FP32 pre-activations are a single step's.
    static constexpr std::size_t sum_stride = wide_state<Format> ? Spaced::step : Spaced::tape;

    GateCursor<const Sum<Format>, sum_stride, Spaced::units> sums;
    GateCursor<Bf16, Spaced::tape, Spaced::units> gates;
    Cursor<typename Format::State, Spaced::step> cell;
    Cursor<Bf16, Spaced::tape> taped;
    Cursor<Bf16, Spaced::step> hidden;

    static bool fit(const CellForward<Format>& work) {
        return work.units == Spaced::units && work.sums.stride == sum_stride && Spaced::in_tape(work.gates) &&
               Spaced::in_step(work.cell) && Spaced::in_tape(work.taped) && Spaced::in_step(work.hidden);
    }
    [[gnu::always_inline]] void next() {
        sums.next();
        gates.next();
        cell.next();
        taped.next();
        hidden.next();
    }
    [[gnu::always_inline]] void renew() {
        sums.renew();
        gates.renew();
        cell.renew();
        taped.renew();
        hidden.renew();
    }
    [[gnu::always_inline]] ForwardCursors following() const {
        ForwardCursors other = *this;
        other.next();
        return other;
    }
    [[gnu::always_inline]] void next_group() {
        sums.next_group();
        gates.next_group();
    }
};

// Indices of the gates, lanes of `signs` where one is beyond its table.
template <typename Format, typename Spaced>
[[gnu::always_inline]] inline Word find_gates(const Constants& of, const ForwardCursors<Format, Spaced>& at,
                                              ForwardBuffers<Format>& buffer, ForwardValues& values) {
    using Order = SumLanes<Sum<Format>>;
    Word beyond = find_sigmoid(of, Order::load(of, at.sums.i()), buffer.at_i);
    beyond |= find_sigmoid(of, Order::load(of, at.sums.f()), buffer.at_f);
    values.sum_g = Order::in_order(Order::load(of, at.sums.g()));
    beyond |= find_tanh(of, values.sum_g, buffer.at_g, values.inside_g);
    return beyond | find_sigmoid(of, Order::load(of, at.sums.o()), buffer.at_o);
}

template <typename T>
[[gnu::always_inline]] inline void look_up_sigmoids(const Lanes& offsets, Bf16* row, WideningLanes& to) {
    std::uint16_t found[4];
    for_lanes([&](int k) __attribute__((always_inline)) {
        found[k] = entry(activation::sigmoid_table, offsets.lane[k]);
    });
    for_lanes([&](int k) __attribute__((always_inline)) {
        const int element = SumLanes<T>::element_of[k];
        row[element] = {found[k]};
        to.put(element, found[k]);
    });
    to.all_put();
}

template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void look_up_gates(const Constants& of,
                                                 const ForwardCursors<Format, Spaced>& at,
                                                 ForwardBuffers<Format>& buffer,
                                                 const ForwardValues& values) {
    buffer.before.load(of, *at.cell);
    const Word g = chosen(values.sum_g, values.inside_g, tanh_entries(buffer.at_g));
    store(g, at.gates.g());
    buffer.g.put(of, g);
    look_up_sigmoids<Sum<Format>>(buffer.at_i, at.gates.i(), buffer.i);
    look_up_sigmoids<Sum<Format>>(buffer.at_f, at.gates.f(), buffer.f);
    look_up_sigmoids<Sum<Format>>(buffer.at_o, at.gates.o(), buffer.o);
}

template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void move_cell(const Constants& of, const ForwardCursors<Format, Spaced>& at,
                                             ForwardBuffers<Format>& buffer) {
    float before[4], i[4], f[4], g[4];
    buffer.i.read(i);
    buffer.g.read(g);
    buffer.before.read(before);
    buffer.f.read(f);
    store(buffer.before.as_operands(of), *at.taped);
    for_lanes([&](int k) __attribute__((always_inline)) { i[k] = fused(f[k], before[k], i[k] * g[k]); });
    buffer.next.write(i);
    store_wide(i, *at.cell);
}

// The index of tanh(c).
template <typename Format, typename Spaced>
[[gnu::always_inline]] inline Word find_cell(const Constants& of, const ForwardCursors<Format, Spaced>& at,
                                             ForwardBuffers<Format>& buffer, ForwardValues& values) {
    values.next = buffer.next.word(of);
    store_narrow(values.next, *at.cell);
    return find_tanh(of, values.next, buffer.at_c, values.inside_c);
}

template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void output(const ForwardCursors<Format, Spaced>& at,
                                          ForwardBuffers<Format>& buffer) {
    float o[4], t[4];
    buffer.o.read(o);
    buffer.t.read(t);
    for_lanes([&](int k) __attribute__((always_inline)) { t[k] = o[k] * t[k]; });
    buffer.hidden.write(t, *at.hidden);
}

// Two units.
template <typename Format, typename Spaced>
[[gnu::always_inline]] inline void forward_pair(const Constants& of, const CellForward<Format>& work,
                                                std::uint32_t u, std::uint32_t first,
                                                ForwardCursors<Format, Spaced>& at,
                                                ForwardBuffers<Format>& buffer_a,
                                                ForwardBuffers<Format>& buffer_b) {
    ForwardValues values_a;
    ForwardValues values_b;
    const Word beyond =
        find_gates(of, at, buffer_a, values_a) | find_gates(of, at.following(), buffer_b, values_b);
    if ((beyond & of.signs) != 0) [[unlikely]] {
        forward_elements(work, {u, first, first + 4});
        forward_elements(work, {u + 1, first, first + 4});
        return;
    }
    next_stage();
    at.renew();
    look_up_gates(of, at, buffer_a, values_a);
    next_stage();
    at.renew();
    look_up_gates(of, at.following(), buffer_b, values_b);
    next_stage();
    at.renew();
    move_cell(of, at, buffer_a);
    move_cell(of, at.following(), buffer_b);
    next_stage();
    at.renew();
    const Word far_a = find_cell(of, at, buffer_a, values_a);
    const Word far_b = find_cell(of, at.following(), buffer_b, values_b);
    Word t_a;
    Word t_b;
    if (((far_a | far_b) & of.signs) != 0) [[unlikely]] {
        t_a = tanh_lane_by_lane(values_a.next);
        t_b = tanh_lane_by_lane(values_b.next);
    } else {
        t_a = chosen(values_a.next, values_a.inside_c, tanh_entries(buffer_a.at_c));
        t_b = chosen(values_b.next, values_b.inside_c, tanh_entries(buffer_b.at_c));
    }
    buffer_a.t.put(of, t_a);
    buffer_b.t.put(of, t_b);
    next_stage();
    at.renew();
    output(at, buffer_a);
    output(at.following(), buffer_b);
    next_stage();
    at.renew();
    buffer_a.hidden.finish(of, *at.hidden);
    buffer_b.hidden.finish(of, *at.following().hidden);
}

template <typename Format, typename Spaced>
void forward_rows(const CellForward<Format>& work) {
    Constants of;
    ForwardBuffers<Format> buffer_a;
    ForwardBuffers<Format> buffer_b;
    Unwanted<Bf16> unwanted;
    const Rows<Bf16> gates = unwanted.in_place_of(work.gates);
    const Rows<Bf16> taped = unwanted.in_place_of(work.taped);
    const std::uint32_t units = Spaced::units != 0 ? Spaced::units : work.units;
    const std::uint32_t groups = work.groups;
    for (std::uint32_t first = 0; first < work.batch; first += 4) {
        ForwardCursors<Format, Spaced> at{{work.sums, units, first},
                                          {gates, units, first},
                                          {work.cell, first},
                                          {taped, first},
                                          {work.hidden, first}};
        std::uint32_t u = 0;
        for (std::uint32_t group = 0; group < groups; ++group) {
            for (const std::uint32_t last = u + units; u + 1 < last; u += 2) {
                forward_pair(of, work, u, first, at, buffer_a, buffer_b);
                at.next();
                at.next();
            }
            if (units % 2 != 0) {
                forward_elements(work, {u++, first, first + 4});
                at.next();
            }
            at.next_group();
        }
    }
}

}  // namespace partita::learn::words
