// The backend of the chip: matrix products as commands to Gemmini, the rest element by element on the harts,
// both at the same time (pass.hpp, weights.hpp).

#include "gemmini/pass.hpp"
#include "gemmini/product.hpp"
#include "gemmini/weights.hpp"
#include "partita/learn/backend.hpp"

namespace partita::learn {

namespace gemmini_routine {
alignas(64) constinit Count counts[most_members];
alignas(64) constinit Count announced;
}  // namespace gemmini_routine

namespace {

using gemmini_routine::Pass;
using gemmini_routine::Places;
using gemmini_routine::Weights;

ArrayMemory array_memory;

template <typename Format>
struct Gemmini {
    using Operand = typename Format::Operand;
    using Sum = learn::Sum<Format>;

    static gemmini::Array array() { return gemmini::Array(array_memory, sizeof(Operand), sizeof(Sum)); }

    static void begin_part(const Workspace& ws, const Member& member, bool from_zero, std::uint32_t steps) {
        Pass<Format>(ws, member, array(), steps).begin(from_zero);
    }
    static void forward(const Workspace& ws, const Member& member, const Inputs& inputs,
                        std::uint32_t steps) {
        Pass<Format>(ws, member, array(), steps).forward(inputs);
    }

    static float* head_row(const Workspace& ws, std::uint32_t sequence) {
        return ws.array<float>(BufferId::head) + std::size_t{sequence} * ws.extents().padded_classes;
    }

    // ---- The head: once a part, by the first member ----

    static void logits(const Workspace& ws) {
        const Places<Format> at(ws);
        const Shape shape = ws.plan().shape;
        // The bias of a class starts its row; the sums take its place.
        Operand* start = ws.scratch<Operand>(ws.layout.scratch.logits);
        for (std::uint32_t c = 0; c < shape.classes; ++c) {
            for (std::uint32_t b = 0; b < at.batch; ++b) {
                start[std::size_t{c} * at.a.columns + b] = at.weights()[at.head_bias() + c];
            }
        }
        gemmini::Product product;
        product.arrangement.left_stride = at.a.units;
        product.arrangement.right_stride = at.a.columns;
        product.arrangement.start_stride = at.a.columns;
        product.arrangement.result_stride = at.a.columns;
        product.rows = shape.classes;
        product.columns = at.batch;
        product.inner = at.a.units;
        product.left = at.weights() + at.head_weight(0);
        product.right = at.hidden(0).start;
        product.start = start;
        product.result = ws.scratch<Sum>(ws.layout.scratch.logits);
        gemmini::multiply(array(), product);
        for (std::uint32_t b = 0; b < at.batch; ++b) {
            for (std::uint32_t c = 0; c < shape.classes; ++c) {
                head_row(ws, b)[c] =
                    value(static_cast<const Sum*>(product.result)[std::size_t{c} * at.a.columns + b]);
            }
        }
    }

    static void backward(const Workspace& ws, const Member& member, std::uint32_t steps) {
        if (member.index == 0) {
            last_hidden_gradient(ws);
        }
        member.meet();
        Pass<Format>(ws, member, array(), steps).backward();
    }

    static Operand* logit_gradients(const Workspace& ws) {
        return ws.scratch<Operand>(ws.layout.scratch.logits);
    }
    static void last_hidden_gradient(const Workspace& ws) {
        const Places<Format> at(ws);
        const std::uint32_t classes = ws.plan().shape.classes;
        for (std::uint32_t b = 0; b < at.batch; ++b) {
            for (std::uint32_t c = 0; c < classes; ++c) {
                put(head_row(ws, b)[c], logit_gradients(ws)[std::size_t{c} * at.a.columns + b]);
            }
        }
        gemmini::Product product;
        product.arrangement.left_transposed = true;
        product.arrangement.left_stride = at.a.units;
        product.arrangement.right_stride = at.a.columns;
        product.arrangement.result_stride = at.a.columns;
        product.rows = at.a.units;
        product.columns = at.batch;
        product.inner = classes;
        product.left = at.weights() + at.head_weight(0);
        product.right = logit_gradients(ws);
        product.result = at.hidden_grad(0).start;
        gemmini::multiply(array(), product);
    }

    static void weights(const Workspace& ws, const Member& member, std::uint32_t steps,
                        const UpdateStep& step, bool collecting);
};

template <typename Format>
constexpr ArrayRoutine routine_table = {&Gemmini<Format>::begin_part, &Gemmini<Format>::forward,
                                        &Gemmini<Format>::logits, &Gemmini<Format>::backward,
                                        &Gemmini<Format>::weights};

// What is left of the portable backend: exponentials, and updates by other rules than SGD.
template <typename Format>
constinit Kernels kernels_table;

template <typename Format>
void Gemmini<Format>::weights(const Workspace& ws, const Member& member, std::uint32_t steps,
                              const UpdateStep& step, bool collecting) {
    const Weights<Format> gradients(ws, member, array(), kernels_table<Format>, steps, step, collecting);
    gradients.begin();
    member.meet();
    gradients.run();
    member.meet();
    const Places<Format> at(ws);
    gradients.head([&](std::uint32_t first, std::uint32_t last) {
        gemmini::Product product;
        product.arrangement.right_transposed = true;
        product.arrangement.left_stride = at.a.columns;
        product.arrangement.right_stride = at.a.columns;
        product.arrangement.result_stride = at.a.units;
        product.rows = last - first;
        product.columns = at.a.units;
        product.inner = at.batch;
        product.left = logit_gradients(ws) + std::size_t{first} * at.a.columns;
        product.right = at.hidden(0).start;
        product.result = at.gradient_tile(0);
        gemmini::multiply(array(), product);
    });
}

template <typename Format>
const Kernels* use(const Kernels& portable) {
    Kernels& kernels = kernels_table<Format>;
    kernels = {};
    kernels.name = "gemmini";
    kernels.exponentials = portable.exponentials;
    kernels.update = portable.update;
    kernels.collect = portable.collect;
    kernels.routine = &routine_table<Format>;
    return &kernels;
}

}  // namespace

Result<const Kernels*> gemmini_kernels(Precision precision, ArrayMemory memory) {
    const Result<const Kernels*> portable = portable_kernels(precision);
    if (!portable.ok()) {
        return portable.error();
    }
    // At least two tiles for each operand and, for the gates of a group, four of the result, in half of each
    // memory.
    if (memory.side == 0 || memory.side > 64 || (memory.side & (memory.side - 1)) != 0 ||
        memory.scratchpad_rows / 2 / memory.side < 8 || memory.accumulator_rows / 2 / memory.side < 4) {
        return Error::bad_array_side;
    }
    array_memory = memory;
    gemmini::loop_unit = {};
    switch (precision) {
        case Precision::fp32:
            return use<PortableFp32>(*portable.value());
        case Precision::bf16:
            return use<PortableBf16>(*portable.value());
        case Precision::mixed:
            return use<PortableMixed>(*portable.value());
    }
    return Error::bad_option;
}

}  // namespace partita::learn
