// The cell kernels of cells.hpp: whole words where rows allow it, else element by element.

#include "gemmini/cells.hpp"

#include "gemmini/backward_words.hpp"
#include "gemmini/cell_elements.hpp"
#include "gemmini/forward_words.hpp"

namespace partita::learn {
namespace words {

// A batch of 4 on an array of 4 x 4, and on one of 8 x 8, where two steps share a row of the tape.
using Side4 = Spacing<4, 4, 4>;
using Side8 = Spacing<8, 4, 8>;

template <bool last, typename Format>
BackwardKernel<Format> backward_spaced(const CellBackward<Format>& work) {
    if (BackwardCursors<Format, Side4>::fit(work)) {
        return &backward_rows<last, Format, Side4>;
    }
    if (BackwardCursors<Format, Side8>::fit(work)) {
        return &backward_rows<last, Format, Side8>;
    }
    return &backward_rows<last, Format, AnySpacing>;
}

inline bool whole_words(std::uint32_t batch) {
    return batch % 4 == 0 && batch <= longest_row;
}

}  // namespace words

namespace {

template <typename Format>
void forward_one_by_one(const CellForward<Format>& work) {
    for (std::uint32_t u = 0; u < work.groups * work.units; ++u) {
        forward_elements(work, {u, 0, work.batch});
    }
}

template <typename Format>
void backward_one_by_one(const CellBackward<Format>& work) {
    for (std::uint32_t u = 0; u < work.groups * work.units; ++u) {
        backward_elements(work, {u, 0, work.batch});
    }
}

}  // namespace

template <typename Format>
ForwardKernel<Format> forward_kernel(const CellForward<Format>& work) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.sums) && in_words(work.gates) &&
            in_words(work.cell) && in_words(work.taped) && in_words(work.hidden)) {
            if (words::ForwardCursors<Format, words::Side4>::fit(work)) {
                return &words::forward_rows<Format, words::Side4>;
            }
            if (words::ForwardCursors<Format, words::Side8>::fit(work)) {
                return &words::forward_rows<Format, words::Side8>;
            }
            return &words::forward_rows<Format, words::AnySpacing>;
        }
    }
    return &forward_one_by_one<Format>;
}

template <typename Format>
void forward_cells(const CellForward<Format>& work) {
    forward_kernel(work)(work);
}

template <typename Format>
BackwardKernel<Format> backward_kernel(const CellBackward<Format>& work) {
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.gates) && in_words(work.cell_before) &&
            in_words(work.cell) && in_words(work.last_cell) && in_words(work.hidden_grad) &&
            in_words(work.cell_grad) && in_words(work.hidden)) {
            return work.cell ? words::backward_spaced<false>(work) : words::backward_spaced<true>(work);
        }
    }
    return &backward_one_by_one<Format>;
}

template <typename Format>
void backward_cells(const CellBackward<Format>& work) {
    backward_kernel(work)(work);
}

template <typename Format>
void repeat_cells(Rows<const typename Format::Operand> gates, std::uint32_t units, std::uint32_t batch,
                  Rows<const typename Format::Operand> before, Rows<typename Format::Operand> cell,
                  std::uint32_t groups) {
    const CellRepeat<Format> work{gates, groups, units, batch, before, cell};
    if constexpr (sizeof(typename Format::Operand) == 2) {
        if (words::whole_words(work.batch) && in_words(work.gates) && in_words(work.before) &&
            in_words(work.cell)) {
            words::repeat_rows(work);
            return;
        }
    }
    for (std::uint32_t u = 0; u < work.groups * work.units; ++u) {
        repeat_elements(work, {u, 0, work.batch});
    }
}

template void forward_cells(const CellForward<PortableFp32>&);
template ForwardKernel<PortableFp32> forward_kernel(const CellForward<PortableFp32>&);
template void forward_cells(const CellForward<PortableBf16>&);
template ForwardKernel<PortableBf16> forward_kernel(const CellForward<PortableBf16>&);
template void forward_cells(const CellForward<PortableMixed>&);
template ForwardKernel<PortableMixed> forward_kernel(const CellForward<PortableMixed>&);
template void backward_cells(const CellBackward<PortableFp32>&);
template BackwardKernel<PortableFp32> backward_kernel(const CellBackward<PortableFp32>&);
template void backward_cells(const CellBackward<PortableBf16>&);
template BackwardKernel<PortableBf16> backward_kernel(const CellBackward<PortableBf16>&);
template void backward_cells(const CellBackward<PortableMixed>&);
template BackwardKernel<PortableMixed> backward_kernel(const CellBackward<PortableMixed>&);
template void repeat_cells<PortableFp32>(Rows<const float>, std::uint32_t, std::uint32_t, Rows<const float>,
                                         Rows<float>, std::uint32_t);
template void repeat_cells<PortableBf16>(Rows<const Bf16>, std::uint32_t, std::uint32_t, Rows<const Bf16>,
                                         Rows<Bf16>, std::uint32_t);
template void repeat_cells<PortableMixed>(Rows<const Bf16>, std::uint32_t, std::uint32_t, Rows<const Bf16>,
                                          Rows<Bf16>, std::uint32_t);

}  // namespace partita::learn
