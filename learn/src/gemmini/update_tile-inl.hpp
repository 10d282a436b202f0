#pragma once

// The update of cells.hpp: whole words where rows allow it, else element by element.

#include <type_traits>

#include "gemmini/cells.hpp"
#include "gemmini/update_words.hpp"

namespace partita::learn {

template <typename Format, typename Regulariser>
void update_tile(const UpdateTile<Format, Regulariser>& whole) {
    UpdateTile<Format, Regulariser> tile = whole;
    // Without gaps it is one long row.
    if (tile.stride == tile.columns && tile.gradient.stride == tile.columns) {
        tile.columns *= tile.rows;
        tile.rows = 1;
        tile.stride = tile.columns;
        tile.gradient.stride = tile.columns;
    }
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (tile.columns % 4 == 0 && in_words(tile.gradient) &&
            in_words(Rows<Bf16>{tile.weights, tile.stride}) && in_words(Rows<Bf16>{tile.e, tile.stride}) &&
            in_words(Rows<Bf16>{tile.d, tile.stride}) &&
            (std::is_same_v<Format, PortableBf16> || in_words(Rows<std::uint16_t>{tile.low, tile.stride}))) {
            words::update_rows(tile);
            return;
        }
    }
    for (std::uint32_t row = 0; row < tile.rows; ++row) {
        for (std::uint32_t column = 0; column < tile.columns; ++column) {
            update_element(tile, row, column);
        }
    }
}

}  // namespace partita::learn
