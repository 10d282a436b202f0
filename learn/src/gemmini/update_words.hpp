#pragma once

// The update of the 16-bit formats, two words of four parameters at a time: while one waits for a buffer, the
// other works.

#include "gemmini/cells.hpp"
#include "gemmini/word_rows.hpp"
#include "gemmini/words.hpp"

namespace partita::learn {

// The portable backend's update for SGD.
template <typename Format, typename Regulariser>
[[gnu::always_inline]] inline void update_element(const UpdateTile<Format, Regulariser>& tile,
                                                  std::size_t row, std::size_t column) {
    constexpr bool split_weights = std::is_same_v<Format, PortableMixed>;
    const std::size_t at = row * tile.stride + column;
    float w;
    if constexpr (split_weights) {
        w = join({tile.weights[at], tile.low[at]});
    } else {
        w = value(tile.weights[at]);
    }
    const float e = value(tile.e[at]);
    const float d = value(tile.d[at]);
    const float along = fused(-tile.alpha, e, value(tile.gradient[row][column]));
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
    const float moved = now - w;
    put(fused(0.5f, d, e) - moved, tile.e[at]);
    put(moved - e, tile.d[at]);
}

namespace words {

// What is kept in registers from one stage to the next; buffers in memory are apart, or these would join
// them.
struct UpdateValues {
    float weight[4];
    float now[4];
    float e[4];
    Pairs rounded;
    Word high;
    Word low;
};

// Weights of either format: to FP32 by way of a buffer, and back as they are stored.
template <typename Format>
struct Weights;

template <>
struct Weights<PortableBf16> {
    [[gnu::always_inline]] static void load(const Constants& of, const Bf16* weights,
                                            const std::uint16_t* /*low*/, Halves& buffer) {
        widen(of, words::load(weights), buffer);
    }
    // Whether the word must go element by element.
    [[gnu::always_inline]] static bool round(const Constants& of, const Halves& buffer,
                                             UpdateValues& values) {
        const Pairs pairs = words::round(of, buffer.pairs);
        values.rounded = {pairs.even & of.upper, pairs.odd & of.upper};
        values.high = values.rounded.even >> 16 | values.rounded.odd;
        return false;
    }
    [[gnu::always_inline]] static void store(const UpdateValues& values, Bf16* weights,
                                             std::uint16_t* /*low*/, Halves& buffer) {
        words::store(values.high, weights);
        buffer.pairs = values.rounded;
        in_memory(buffer);
    }
    [[gnu::always_inline]] static void read_stored(UpdateValues& values, const Halves& buffer) {
        read(buffer, values.now);
    }
};

template <>
struct Weights<PortableMixed> {
    // join() of four; the distance is sign-extended as (x + 2^15 mod 2^16) - 2^15.
    [[gnu::always_inline]] static void load(const Constants& of, const Bf16* weights,
                                            const std::uint16_t* low, Halves& buffer) {
        const Word high = words::load(weights);
        const Word distance = words::load(low) ^ of.signs;
        buffer.pairs = {(high << 16 & of.upper) + (distance & ~of.upper) - of.half_units,
                        (high & of.upper) + ((distance & of.upper) >> 16) - of.half_units};
        in_memory(buffer);
    }
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
    Bf16* e;
    Bf16* d;

    [[gnu::always_inline]] TilePointers moved(std::size_t gradient_by, std::size_t by) const {
        return {gradient + gradient_by, weights + by, low + by, e + by, d + by};
    }
    [[gnu::always_inline]] void renew() {
        asm("" : "+r"(gradient), "+r"(weights), "+r"(low), "+r"(e), "+r"(d));
    }
};

template <typename Format>
struct UpdateBuffers {
    StateRow<Sum<Format>> gradient;
    Halves weights;
    Halves e;
    Halves d;
};

template <typename Format>
[[gnu::always_inline]] inline void load_parameters(const Constants& of, const TilePointers<Format>& at,
                                                   UpdateBuffers<Format>& buffer) {
    Weights<Format>::load(of, at.weights, at.low, buffer.weights);
    widen(of, load(at.e), buffer.e);
    buffer.gradient.load(of, at.gradient);
    widen(of, load(at.d), buffer.d);
}

template <typename Format>
[[gnu::always_inline]] inline void step(float learning_rate, float alpha, UpdateBuffers<Format>& buffer,
                                        UpdateValues& values) {
    float g[4];
    read(buffer.e, values.e);
    buffer.gradient.read(g);
    read(buffer.weights, values.weight);
    for_lanes([&](int k) __attribute__((always_inline)) { g[k] = fused(-alpha, values.e[k], g[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) {
        values.now[k] = fused(-learning_rate, g[k], values.weight[k]);
    });
    write(values.now, buffer.weights);
}

template <typename Format>
[[gnu::always_inline]] inline void regularise(UpdateBuffers<Format>& buffer, UpdateValues& values) {
    float moved[4];
    float d[4];
    Weights<Format>::read_stored(values, buffer.weights);
    read(buffer.d, d);
    for_lanes([&](int k) __attribute__((always_inline)) { d[k] = fused(0.5f, d[k], values.e[k]); });
    for_lanes([&](int k) __attribute__((always_inline)) { moved[k] = values.now[k] - values.weight[k]; });
    for_lanes([&](int k) __attribute__((always_inline)) { d[k] = d[k] - moved[k]; });
    write(d, buffer.e);
    for_lanes([&](int k) __attribute__((always_inline)) { moved[k] = moved[k] - values.e[k]; });
    write(moved, buffer.d);
}

template <typename Format>
[[gnu::always_inline]] inline void store_regulariser(const Constants& of, const TilePointers<Format>& at,
                                                     const UpdateBuffers<Format>& buffer) {
    store(packed(of, round(of, buffer.e.pairs)), at.e);
    store(packed(of, round(of, buffer.d.pairs)), at.d);
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

// D = 0: e' = e + d/2, to be rounded.
template <typename Format>
[[gnu::always_inline]] inline void decay(UpdateBuffers<Format>& buffer, const UpdateValues& values) {
    float d[4];
    read(buffer.d, d);
    for_lanes([&](int k) __attribute__((always_inline)) { d[k] = fused(0.5f, d[k], values.e[k]); });
    write(d, buffer.e);
}

// D = 0: d' = 0 - e, whose zeros are positive.
template <typename Format>
[[gnu::always_inline]] inline void store_decayed(const Constants& of, const TilePointers<Format>& at,
                                                 const UpdateBuffers<Format>& buffer) {
    const Word e = load(at.e);
    const Word magnitude = e & ~of.signs;
    const Word not_zero = magnitude + ~of.signs;  // bit 15
    store(magnitude | (~e & not_zero & of.signs), at.d);
    store(packed(of, round(of, buffer.e.pairs)), at.e);
}

// Two words, the other one at a distance from that of the pointers; false if they are left as they are, for
// element-wise code.
template <typename Format>
[[gnu::always_inline]] inline bool update_pair(const Constants& of, float learning_rate, float alpha,
                                               PairOfBuffers<Format>& buffers, TilePointers<Format>& at,
                                               std::size_t gradient_distance, std::size_t distance) {
    UpdateValues a;
    UpdateValues b;
    load_parameters(of, at, buffers.a);
    load_parameters(of, at.moved(gradient_distance, distance), buffers.b);
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
        if (kept(of, load(at.weights), a.high, load(at.weights + distance), b.high)) {
            decay(buffers.a, a);
            decay(buffers.b, b);
            next_stage();
            at.renew();
            store_decayed(of, at, buffers.a);
            store_decayed(of, at.moved(gradient_distance, distance), buffers.b);
            return true;
        }
    }
    Weights<Format>::store(a, at.weights, at.low, buffers.a.weights);
    Weights<Format>::store(b, at.weights + distance, at.low + distance, buffers.b.weights);
    next_stage();
    regularise(buffers.a, a);
    next_stage();
    regularise(buffers.b, b);
    next_stage();
    at.renew();
    store_regulariser(of, at, buffers.a);
    store_regulariser(of, at.moved(gradient_distance, distance), buffers.b);
    return true;
}

template <typename Format>
[[gnu::noinline]] void update_elements(const UpdateTile<Format>& tile, std::size_t row, std::size_t column) {
    for (std::size_t k = 0; k < 4; ++k) {
        update_element(tile, row, column + k);
    }
}

template <typename Format>
void update_rows(const UpdateTile<Format>& tile) {
    Constants of;
    PairOfBuffers<Format> buffers;
    const float learning_rate = tile.learning_rate;
    const float alpha = tile.alpha;
    // A plane that is not there is not read, but its pointer moves.
    std::uint16_t* const low =
        tile.low != nullptr ? tile.low : reinterpret_cast<std::uint16_t*>(tile.weights);
    const std::size_t rows = tile.rows;
    const std::size_t pairs = tile.columns / 8;
    for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t begin = row * tile.stride;
        TilePointers<Format> at{tile.gradient[row], tile.weights + begin, low + begin, tile.e + begin,
                                tile.d + begin};
        for (std::size_t n = 0; n < pairs; ++n) {
            if (!update_pair(of, learning_rate, alpha, buffers, at, 4, 4)) [[unlikely]] {
                update_elements(tile, row, n * 8);
                update_elements(tile, row, n * 8 + 4);
            }
            at = at.moved(8, 8);
        }
    }
    if (tile.columns % 8 == 0) {
        return;
    }
    // Of each row a word is left: two rows at a time.
    const std::size_t column = tile.columns - 4;
    for (std::size_t row = 0; row + 1 < rows; row += 2) {
        const std::size_t begin = row * tile.stride + column;
        TilePointers<Format> at{tile.gradient[row] + column, tile.weights + begin, low + begin,
                                tile.e + begin, tile.d + begin};
        if (!update_pair(of, learning_rate, alpha, buffers, at, tile.gradient.stride, tile.stride))
            [[unlikely]] {
            update_elements(tile, row, column);
            update_elements(tile, row + 1, column);
        }
    }
    if (rows % 2 != 0) {
        update_elements(tile, rows - 1, column);
    }
}

}  // namespace words
}  // namespace partita::learn
