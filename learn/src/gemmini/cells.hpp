#pragma once

// What harts do between the array's products, element by element: LSTM cells forward and backward, and the
// update of parameters. The arithmetic is the portable backend's (portable/cell.hpp, portable.cpp), bit for
// bit, on matrices as the array reads and writes them: a row has the sequences of one gate of one unit.

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "portable/arithmetic.hpp"

namespace partita::learn {

// A matrix: row r begins r * stride elements behind `start`.
template <typename T>
struct Rows {
    T* start = nullptr;
    std::size_t stride = 0;

    T* operator[](std::size_t row) const { return start + row * stride; }
    explicit operator bool() const { return start != nullptr; }
};

// What a product of the array comes as: BF16 where it accumulates in BF16, else FP32.
template <typename Format>
using Sum = typename Format::State;

// One step of some groups of units: `batch` elements a row; rows of gates are [group][gate][unit of the
// group], all others [group][unit of the group].
template <typename Format>
struct CellForward {
    using Operand = typename Format::Operand;
    using State = typename Format::State;

    Rows<const Sum<Format>> sums;  // pre-activations; may be the memory of `gates` where the types agree
    Rows<Operand> gates;           // out; null: not kept
    std::uint32_t groups = 1;
    std::uint32_t units = 0;  // of a group
    std::uint32_t batch = 0;
    Rows<State> cell;      // in: c_{t-1}; out: c_t
    Rows<Operand> taped;   // out: c_{t-1}, rounded; null: not kept
    Rows<Operand> hidden;  // out: h_t
};

template <typename Format>
struct CellBackward {
    using Operand = typename Format::Operand;
    using State = typename Format::State;

    Rows<Operand> gates;  // in: gates; out: gradients of their pre-activations
    std::uint32_t groups = 1;
    std::uint32_t units = 0;  // of a group
    std::uint32_t batch = 0;
    Rows<const Operand> cell_before;  // c_{t-1}
    Rows<const Operand> cell;         // c_t; null: `last_cell`, rounded
    Rows<const State> last_cell;
    Rows<const State> hidden_grad;  // dh_t
    Rows<State> cell_grad;          // in: dc_t from later steps; out: dc_{t-1}
    bool first = false;             // dc_t is zero and not read
    Rows<Operand> hidden;           // out: h_t; may be the memory of `cell`; null: not wanted
};

// FP32 parameters of a tile, by SGD with FPTT's regulariser (update.hpp). Rows of W, e and d are `stride`
// elements apart.
template <typename Regulariser>
struct UpdateTile {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    Rows<const float> gradient;
    float* weights = nullptr;
    Regulariser* e = nullptr;
    Regulariser* d = nullptr;
    std::size_t stride = 0;
    float learning_rate = 0.0f;
    float alpha = 0.0f;
};

// The same in the 16-bit formats, but for e and d, which the accelerator moves on (weights.hpp): W alone, and
// the distance D by which it has moved.
template <typename Format>
struct MoveTile {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    Rows<const Sum<Format>> gradient;
    Rows<Bf16> moved;  // out; may be the memory of `gradient`, with rows that begin at the same places
    Bf16* weights = nullptr;
    std::uint16_t* low = nullptr;  // mixed
    const Bf16* e = nullptr;
    std::size_t stride = 0;
    float learning_rate = 0.0f;
    float alpha = 0.0f;
};

// Pointers of one call do not overlap but where it is said above. Rows of whole words (a batch of 4, 8, 12 or
// 16, everything at multiples of 8 bytes) are fast in the 16-bit formats; any others work as well. A NaN in
// BF16 is 0x7FC0, and on RISC-V one in FP32 is 0x7FC00000, as arithmetic there makes it.

// Compiled for FP32, BF16 and mixed.
template <typename Format>
void forward_cells(const CellForward<Format>& work);

template <typename Format>
void backward_cells(const CellBackward<Format>& work);

// What these call for a work and for all that differ from it only in where rows begin, by multiples of 8
// bytes. To choose takes as long as a unit's work.
template <typename Format>
using ForwardKernel = void (*)(const CellForward<Format>&);
template <typename Format>
ForwardKernel<Format> forward_kernel(const CellForward<Format>& work);
template <typename Format>
using BackwardKernel = void (*)(const CellBackward<Format>&);
template <typename Format>
BackwardKernel<Format> backward_kernel(const CellBackward<Format>& work);

// Cell states again from a tape, rows as in CellBackward: c_t = round(f c_{t-1} + i g).
template <typename Format>
void repeat_cells(Rows<const typename Format::Operand> gates, std::uint32_t units, std::uint32_t batch,
                  Rows<const typename Format::Operand> before, Rows<typename Format::Operand> cell,
                  std::uint32_t groups = 1);

template <typename Regulariser>
void update_tile(const UpdateTile<Regulariser>& tile);

template <typename Format>
void move_tile(const MoveTile<Format>& tile);

}  // namespace partita::learn
