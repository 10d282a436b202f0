#pragma once

// The update of cells.hpp: the portable backend's for SGD.

#include "gemmini/cells.hpp"

namespace partita::learn {

template <typename Format, typename Regulariser>
void update_element(const UpdateTile<Format, Regulariser>& tile, std::size_t row, std::size_t column) {
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

template <typename Format, typename Regulariser>
void update_tile(const UpdateTile<Format, Regulariser>& tile) {
    for (std::uint32_t row = 0; row < tile.rows; ++row) {
        for (std::uint32_t column = 0; column < tile.columns; ++column) {
            update_element(tile, row, column);
        }
    }
}

}  // namespace partita::learn
