// The updates of cells.hpp: whole words where rows allow it, else element by element.

#include <type_traits>

#include "gemmini/cells.hpp"
#include "gemmini/update_words.hpp"

namespace partita::learn {

template <typename Regulariser>
void update_tile(const UpdateTile<Regulariser>& tile) {
    for (std::uint32_t row = 0; row < tile.rows; ++row) {
        for (std::uint32_t column = 0; column < tile.columns; ++column) {
            const std::size_t at = row * tile.stride + column;
            const float w = tile.weights[at];
            const float e = value(tile.e[at]);
            const float along = fused(-tile.alpha, e, tile.gradient[row][column]);
            tile.weights[at] = fused(-tile.learning_rate, along, w);
            const auto next = regularise<PortableFp32>(tile.weights[at] - w, e, value(tile.d[at]));
            put(next.e, tile.e[at]);
            put(next.d, tile.d[at]);
        }
    }
}

template <typename Format>
void move_tile(const MoveTile<Format>& tile) {
    if (in_words(tile.gradient) && in_words(tile.moved) && in_words(Rows<Bf16>{tile.weights, tile.stride}) &&
        in_words(Rows<const Bf16>{tile.e, tile.stride}) &&
        (std::is_same_v<Format, PortableBf16> || in_words(Rows<std::uint16_t>{tile.low, tile.stride}))) {
        words::move_rows(tile);
        return;
    }
    for (std::uint32_t row = 0; row < tile.rows; ++row) {
        words::move_elements(tile, row, 0, tile.columns);
    }
}

template void update_tile(const UpdateTile<float>&);
template void update_tile(const UpdateTile<Bf16>&);
template void move_tile(const MoveTile<PortableBf16>&);
template void move_tile(const MoveTile<PortableMixed>&);

}  // namespace partita::learn
