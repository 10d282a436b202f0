#pragma once

// Steps of weights in the 16-bit formats, two words of four parameters at a time: while one waits for a
// buffer, the other works.

#include "gemmini/cells.hpp"
#include "gemmini/word_rows.hpp"
#include "gemmini/words.hpp"

namespace partita::learn {

// The portable backend's step of a weight by SGD, and how far it has moved, in BF16.
template <typename Format>
[[gnu::always_inline]] inline void move_element(const MoveTile<Format>& tile, std::size_t row,
                                                std::size_t column) {
    constexpr bool split_weights = std::is_same_v<Format, PortableMixed>;
    const std::size_t at = row * tile.stride + column;
    float w;
    if constexpr (split_weights) {
        // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): mixed always has the plane
        w = join({tile.weights[at], tile.low[at]});
    } else {
        w = value(tile.weights[at]);
    }
    const float along = fused(-tile.alpha, value(tile.e[at]), value(tile.gradient[row][column]));
    float now = fused(-tile.learning_rate, along, w);
    if constexpr (split_weights) {
        const SplitFloat planes = split(now);
        tile.weights[at] = planes.high;
        tile.low[at] = planes.low;
        now = join(planes);
    } else {
        put(now, tile.weights[at]);
        now = value(tile.weights[at]);
    }
    put(now - w, tile.moved[row][column]);
}

namespace words {

// What is kept in registers from one stage to the next; buffers in memory are apart, or these would join
// them.
struct UpdateValues {
    float weight[4];
    float now[4];
    float e[4];
    Pairs rounded;  // what RoundingWord keeps
    Word high;
    Word low;
};

// Weights of either format: to FP32 by way of a buffer, and back as they are stored.
template <typename Format>
struct Weights;

template <>
struct Weights<PortableBf16> {
    struct Buffer {
        WideningRow before;
        RoundingWord now;
    };
    [[gnu::always_inline]] static void load(const Constants& of, const Bf16* weights,
                                            const std::uint16_t* /*low*/, Buffer& buffer) {
        buffer.before.load(of, weights);
    }
    [[gnu::always_inline]] static void read(const Buffer& buffer, float (&x)[4]) { buffer.before.read(x); }
    [[gnu::always_inline]] static void write(const float (&x)[4], Buffer& buffer) { buffer.now.write(x); }
    // Whether the word must go element by element.
    [[gnu::always_inline]] static bool round(const Constants& of, const Buffer& buffer,
                                             UpdateValues& values) {
        values.high = buffer.now.word(of, values.rounded);
        return false;
    }
    [[gnu::always_inline]] static void store(const UpdateValues& values, Bf16* weights,
                                             std::uint16_t* /*low*/, Buffer& buffer) {
        words::store(values.high, weights);
        buffer.now.keep(values.rounded);
    }
    [[gnu::always_inline]] static void read_stored(UpdateValues& values, const Buffer& buffer) {
        buffer.now.read(values.now);
    }
};

template <>
struct Weights<PortableMixed> {
    using Buffer = Halves;

    // join() of four; the distance is sign-extended as (x + 2^15 mod 2^16) - 2^15.
    [[gnu::always_inline]] static void load(const Constants& of, const Bf16* weights,
                                            const std::uint16_t* low, Halves& buffer) {
        const Word high = words::load(weights);
        const Word distance = words::load(low) ^ of.signs;
        buffer.pairs = {(high << 16 & of.upper) + (distance & ~of.upper) - of.half_units,
                        (high & of.upper) + ((distance & of.upper) >> 16) - of.half_units};
        in_memory(buffer);
    }
    [[gnu::always_inline]] static void read(const Halves& buffer, float (&x)[4]) { words::read(buffer, x); }
    [[gnu::always_inline]] static void write(const float (&x)[4], Halves& buffer) { words::write(x, buffer); }
    // split() of four, but for numbers half-way between two BF16 numbers and such as are not finite.
    [[gnu::always_inline]] static bool round(const Constants& of, const Halves& buffer,
                                             UpdateValues& values) {
        const Pairs pairs = buffer.pairs;
        values.high = packed(of, {pairs.even + of.half_units, pairs.odd + of.half_units});
        values.low = (pairs.even & ~of.upper) | (pairs.odd << 16 & of.upper);
        const Word half_way = values.low ^ of.signs;  // zero in a lane
        const Word zero = (half_way - of.ones) & ~half_way;
        const Word infinite = (values.high & ~of.signs) + of.exponent_ones;
        return ((zero | infinite) & of.signs) != 0;
    }
    [[gnu::always_inline]] static void store(const UpdateValues& values, Bf16* weights, std::uint16_t* low,
                                             Halves& /*buffer*/) {
        words::store(values.high, weights);
        words::store(values.low, low);
    }
    [[gnu::always_inline]] static void read_stored(UpdateValues& /*values*/, const Halves& /*buffer*/) {}
};

// Where a loop over the words of a tile is; `renew` as in cursors.hpp.
template <typename Format>
struct TilePointers {
    const Sum<Format>* gradient;
    Bf16* weights;
    std::uint16_t* low;
    const Bf16* e;
    Bf16* moved;

    [[gnu::always_inline]] TilePointers next_word() const {
        return {gradient + 4, weights + 4, low + 4, e + 4, moved + 4};
    }
    [[gnu::always_inline]] void renew() {
        asm("" : "+r"(gradient), "+r"(weights), "+r"(low), "+r"(e), "+r"(moved));
    }
};

template <typename Format>
struct UpdateBuffers {
    StateRow<Sum<Format>> gradient;
    typename Weights<Format>::Buffer weights;
    WideningRow e;
    NarrowingRow moved;
};

template <typename Format>
[[gnu::always_inline]] inline void load_parameters(const Constants& of, const TilePointers<Format>& at,
                                                   UpdateBuffers<Format>& buffer) {
    Weights<Format>::load(of, at.weights, at.low, buffer.weights);
    buffer.e.load(of, at.e);
    buffer.gradient.load(of, at.gradient);
}

template <typename Format>
[[gnu::always_inline]] inline void step(float learning_rate, float alpha, UpdateBuffers<Format>& buffer,
                                        UpdateValues& values) {
    float g[4];
    buffer.e.read(values.e);
    buffer.gradient.read(g);
    Weights<Format>::read(buffer.weights, values.weight);
    for_lanes([&](int k) __attribute__((always_inline)) { g[k] = fused(-alpha, values.e[k], g[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) {
        values.now[k] = fused(-learning_rate, g[k], values.weight[k]);
    });
    Weights<Format>::write(values.now, buffer.weights);
}

template <typename Format>
[[gnu::always_inline]] inline void find_moved(const TilePointers<Format>& at, UpdateBuffers<Format>& buffer,
                                              UpdateValues& values) {
    float moved[4];
    Weights<Format>::read_stored(values, buffer.weights);
    for_lanes([&](int k) __attribute__((always_inline)) { moved[k] = values.now[k] - values.weight[k]; });
    buffer.moved.write(moved, at.moved);
}

template <typename Format>
struct PairOfBuffers {
    UpdateBuffers<Format> a;
    UpdateBuffers<Format> b;
};

// In BF16 most weights stay where they are, as a step is smaller than half a unit of their last place: no bit
// differs. (Those that are not finite are never `kept`: infinity less itself is no number.)
[[gnu::always_inline]] inline bool kept(const Constants& of, Word before_a, Word now_a, Word before_b,
                                        Word now_b) {
    const Word finite = ((before_a | before_b) & ~of.signs) + of.exponent_ones;
    return ((before_a ^ now_a) | (before_b ^ now_b) | (finite & of.signs)) == 0;
}

// Two words; false if they are left as they are, for element-wise code.
template <typename Format>
[[gnu::always_inline]] inline bool move_pair(const Constants& of, float learning_rate, float alpha,
                                             PairOfBuffers<Format>& buffers, TilePointers<Format>& at) {
    UpdateValues a;
    UpdateValues b;
    load_parameters(of, at, buffers.a);
    load_parameters(of, at.next_word(), buffers.b);
    next_stage();
    step(learning_rate, alpha, buffers.a, a);
    next_stage();
    step(learning_rate, alpha, buffers.b, b);
    next_stage();
    at.renew();
    const bool rare_a = Weights<Format>::round(of, buffers.a.weights, a);
    const bool rare_b = Weights<Format>::round(of, buffers.b.weights, b);
    if (rare_a || rare_b) [[unlikely]] {
        return false;
    }
    if constexpr (std::is_same_v<Format, PortableBf16>) {
        if (kept(of, load(at.weights), a.high, load(at.weights + 4), b.high)) {
            store(0, at.moved);
            store(0, at.moved + 4);
            return true;
        }
    }
    Weights<Format>::store(a, at.weights, at.low, buffers.a.weights);
    Weights<Format>::store(b, at.weights + 4, at.low + 4, buffers.b.weights);
    next_stage();
    find_moved(at, buffers.a, a);
    find_moved(at.next_word(), buffers.b, b);
    next_stage();
    at.renew();
    buffers.a.moved.finish(of, at.moved);
    buffers.b.moved.finish(of, at.moved + 4);
    return true;
}

template <typename Format>
[[gnu::noinline]] void move_elements(const MoveTile<Format>& tile, std::size_t row, std::size_t first,
                                     std::size_t last) {
    for (std::size_t column = first; column < last; ++column) {
        move_element(tile, row, column);
    }
}

template <typename Format>
void move_rows(const MoveTile<Format>& tile) {
    Constants of;
    PairOfBuffers<Format> buffers;
    const float learning_rate = tile.learning_rate;
    const float alpha = tile.alpha;
    // A plane that is not there is not read, but its pointer moves.
    std::uint16_t* const low =
        tile.low != nullptr ? tile.low : reinterpret_cast<std::uint16_t*>(tile.weights);
    const std::size_t rows = tile.rows;
    const std::size_t pairs = tile.columns / 8;
    // From row to row by addition: products take as long as a pair of words.
    TilePointers<Format> begin{tile.gradient.start, tile.weights, low, tile.e, tile.moved.start};
    for (std::size_t row = 0; row < rows; ++row) {
        TilePointers<Format> at = begin;
        begin = {begin.gradient + tile.gradient.stride, begin.weights + tile.stride, begin.low + tile.stride,
                 begin.e + tile.stride, begin.moved + tile.moved.stride};
        for (std::size_t n = 0; n < pairs; ++n) {
            if (!move_pair(of, learning_rate, alpha, buffers, at)) [[unlikely]] {
                move_elements(tile, row, n * 8, n * 8 + 8);
            }
            at = at.next_word().next_word();
        }
        if (tile.columns % 8 != 0) {
            move_elements(tile, row, pairs * 8, tile.columns);
        }
    }
}

}  // namespace words
}  // namespace partita::learn
