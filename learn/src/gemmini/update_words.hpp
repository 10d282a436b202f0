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
        return false;
    }
    [[gnu::always_inline]] static void store(const UpdateValues& values, Bf16* weights,
                                             std::uint16_t* /*low*/, Halves& buffer) {
        words::store(values.rounded.even >> 16 | values.rounded.odd, weights);
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

template <typename Format>
struct UpdateBuffers {
    StateRow<Sum<Format>> gradient;
    Halves weights;
    Halves e;
    Halves d;
};

template <typename Format>
[[gnu::always_inline]] inline void load_parameters(const Constants& of, const UpdateTile<Format>& tile,
                                                   const Sum<Format>* gradient, std::size_t at,
                                                   UpdateBuffers<Format>& buffer) {
    Weights<Format>::load(of, tile.weights + at, tile.low + at, buffer.weights);
    widen(of, load(tile.e + at), buffer.e);
    buffer.gradient.load(of, gradient);
    widen(of, load(tile.d + at), buffer.d);
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
[[gnu::always_inline]] inline void store_regulariser(const Constants& of, const UpdateTile<Format>& tile,
                                                     std::size_t at, const UpdateBuffers<Format>& buffer) {
    store(packed(of, round(of, buffer.e.pairs)), tile.e + at);
    store(packed(of, round(of, buffer.d.pairs)), tile.d + at);
}

// Goes through the words of a tile, row by row.
template <typename Format>
class TileCursor {
  public:
    explicit TileCursor(const UpdateTile<Format>& tile)
        : gradient_(tile.gradient.start),
          columns_(tile.columns),
          gradient_gap_(tile.gradient.stride - tile.columns),
          gap_(tile.stride - tile.columns) {}
    const Sum<Format>* gradient() const { return gradient_; }
    std::size_t at() const { return at_; }
    std::size_t row() const { return row_; }
    std::size_t column() const { return column_; }
    [[gnu::always_inline]] void next() {
        gradient_ += 4;
        at_ += 4;
        column_ += 4;
        if (column_ == columns_) {
            column_ = 0;
            ++row_;
            gradient_ += gradient_gap_;
            at_ += gap_;
        }
    }

  private:
    const Sum<Format>* gradient_;
    std::size_t at_ = 0;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    std::size_t columns_;
    std::size_t gradient_gap_;
    std::size_t gap_;
};

template <typename Format>
[[gnu::noinline]] void update_elements(const UpdateTile<Format>& tile, std::size_t row, std::size_t column) {
    for (std::size_t k = 0; k < 4; ++k) {
        update_element(tile, row, column + k);
    }
}

template <typename Format>
void update_rows(const UpdateTile<Format>& tile) {
    Constants of;
    UpdateBuffers<Format> buffer_a;
    UpdateBuffers<Format> buffer_b;
    UpdateValues a;
    UpdateValues b;
    const UpdateTile<Format> in = tile;
    const std::size_t count = std::size_t{tile.rows} * tile.columns / 4;
    TileCursor<Format> at(tile);
    for (std::size_t n = 0; n + 1 < count; n += 2) {
        const TileCursor<Format> first = at;
        at.next();
        load_parameters(of, in, first.gradient(), first.at(), buffer_a);
        load_parameters(of, in, at.gradient(), at.at(), buffer_b);
        next_stage();
        step(in.learning_rate, in.alpha, buffer_a, a);
        next_stage();
        step(in.learning_rate, in.alpha, buffer_b, b);
        next_stage();
        const bool rare_a = Weights<Format>::round(of, buffer_a.weights, a);
        const bool rare_b = Weights<Format>::round(of, buffer_b.weights, b);
        if (rare_a || rare_b) [[unlikely]] {
            update_elements(tile, first.row(), first.column());
            update_elements(tile, at.row(), at.column());
        } else {
            Weights<Format>::store(a, in.weights + first.at(), in.low + first.at(), buffer_a.weights);
            Weights<Format>::store(b, in.weights + at.at(), in.low + at.at(), buffer_b.weights);
            next_stage();
            regularise(buffer_a, a);
            next_stage();
            regularise(buffer_b, b);
            next_stage();
            store_regulariser(of, in, first.at(), buffer_a);
            store_regulariser(of, in, at.at(), buffer_b);
        }
        at.next();
    }
    if (count % 2 != 0) {
        update_elements(tile, at.row(), at.column());
    }
}

}  // namespace words
}  // namespace partita::learn
