// The backend of the chip: matrix products as commands to Gemmini, the rest element by element. Its plans
// have `array`, so that each operand lies in memory as a matrix that the array can read.

#include "gemmini/product.hpp"
#include "partita/learn/backend.hpp"
#include "portable/arithmetic.hpp"
#include "portable/cell.hpp"

namespace partita::learn {
namespace {

ArrayMemory array_memory;

template <typename Format>
struct Gemmini {
    using Operand = typename Format::Operand;
    using State = typename Format::State;
    static constexpr bool narrow_format = sizeof(Operand) == 2;

    // ---- Where things are ----

    static gemmini::Array array() { return {array_memory, sizeof(Operand)}; }
    static constexpr std::uint32_t place(std::uint32_t gate, std::uint32_t unit) {
        return narrow_format ? paired_place(gate, unit) : plain_place(gate, unit);
    }
    static Operand* weights(const Workspace& ws, std::size_t at) {
        return ws.array<Operand>(BufferId::weights) + at;
    }
    // A row of the left operand: the hidden state of a slot, the input that follows, and 1.
    static Operand* joined(const Workspace& ws, std::uint32_t slot, std::uint32_t sequence) {
        return ws.array<Operand>(BufferId::hidden) + ws.hidden_index(slot) +
               std::size_t{sequence} * ws.extents().joined;
    }
    static Operand* pre_activations(const Workspace& ws, std::uint32_t block, std::uint32_t sequence) {
        return ws.scratch<Operand>(ws.layout.scratch.array_gates) +
               (std::size_t{block} * ws.plan().batch + sequence) * gates_per_block;
    }
    static Operand* gates(const Workspace& ws, std::uint32_t block, std::uint32_t step,
                          std::uint32_t sequence) {
        return ws.array<Operand>(BufferId::gates) + ws.gates_index(block, step) +
               std::size_t{sequence} * gates_per_block;
    }
    static State* cell(const Workspace& ws, std::uint32_t block, std::uint32_t slot, std::uint32_t sequence) {
        return ws.array<State>(BufferId::cell) + ws.cell_index(block, slot) +
               std::size_t{sequence} * units_per_block;
    }
    static Operand* product_tile(const Workspace& ws, std::uint32_t member) {
        return ws.scratch<Operand>(ws.tile_scratch(member) + ws.layout.scratch.tile_product);
    }
    static float* head_row(const Workspace& ws, std::uint32_t sequence) {
        return ws.array<float>(BufferId::head) + std::size_t{sequence} * ws.extents().padded_classes;
    }

    // ---- Products: the first member's ----

    // [h | x] . W + b, block by block. What the tape keeps for the weights' gradient is completed here: the
    // input and the 1 of the bias.
    static void multiply_forward(const Workspace& ws, std::uint32_t step) {
        const Plan& plan = ws.plan();
        const std::uint32_t slot = ws.slot(step - 1);
        const float* inputs =
            ws.array<float>(BufferId::inputs) + std::size_t{step - 1} * plan.batch * plan.shape.input;
        for (std::uint32_t b = 0; b < plan.batch; ++b) {
            Operand* row = joined(ws, slot, b);
            for (std::uint32_t i = 0; i < plan.shape.input; ++i) {
                put(inputs[std::size_t{b} * plan.shape.input + i], row[ws.input_row() + i]);
            }
            put(1.0f, row[ws.bias_row()]);
        }
        for (std::uint32_t block = 0; block < ws.extents().blocks; ++block) {
            gemmini::Product product;
            product.rows = plan.batch;
            product.columns = gates_per_block;
            product.inner = ws.bias_row();
            product.left = joined(ws, slot, 0);
            product.left_stride = ws.extents().joined;
            product.right = weights(ws, ws.weight_index(block, 0));
            product.right_stride = gates_per_block;
            product.bias = weights(ws, ws.weight_index(block, ws.bias_row()));
            product.result = pre_activations(ws, block, 0);
            product.result_stride = gates_per_block;
            gemmini::multiply(array(), product);
        }
    }

    // dG . W^T over all gates of all units: a segment a block.
    static void multiply_hidden_gradient(const Workspace& ws, std::uint32_t step) {
        gemmini::Product product;
        product.rows = ws.plan().batch;
        product.columns = ws.plan().shape.hidden;
        product.inner = gates_per_block;
        product.left = gates(ws, 0, step, 0);
        product.left_stride = gates_per_block;
        product.left_segment = ws.gates_stride();
        product.right = weights(ws, 0);
        product.right_stride = gates_per_block;
        product.right_segment = ws.weight_index(1, 0);
        product.right_transposed = true;
        product.segments = ws.extents().blocks;
        product.result = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        product.result_stride = ws.extents().padded_hidden;
        gemmini::multiply(array(), product);
    }

    // [h | x | 1]^T . dG of one block, over all steps and sequences of the part.
    static void multiply_weight_gradient(const Workspace& ws, std::uint32_t block, std::uint32_t steps,
                                         std::uint32_t member) {
        gemmini::Product product;
        product.rows = ws.extents().rows;
        product.columns = gates_per_block;
        product.inner = std::size_t{steps} * ws.plan().batch;
        product.left = joined(ws, 0, 0);
        product.left_stride = ws.extents().joined;
        product.left_transposed = true;
        product.right = gates(ws, block, 1, 0);
        product.right_stride = gates_per_block;
        product.result = product_tile(ws, member);
        product.result_stride = gates_per_block;
        gemmini::multiply(array(), product);
    }

    static void multiply_head_logits(const Workspace& ws, std::uint32_t step) {
        gemmini::Product product;
        product.rows = ws.plan().batch;
        product.columns = ws.plan().shape.classes;
        product.inner = ws.plan().shape.hidden;
        product.left = joined(ws, ws.slot(step), 0);
        product.left_stride = ws.extents().joined;
        product.right = weights(ws, ws.head_index(0));
        product.right_stride = ws.extents().padded_hidden;
        product.right_transposed = true;
        product.bias = weights(ws, ws.head_bias_index());
        product.result = ws.scratch<Operand>(ws.layout.scratch.array_head);
        product.result_stride = ws.extents().padded_classes;
        gemmini::multiply(array(), product);
    }

    // The logits' gradients as an operand of the array.
    static Operand* logit_gradients(const Workspace& ws, std::size_t offset) {
        Operand* out = ws.scratch<Operand>(offset);
        for (std::uint32_t b = 0; b < ws.plan().batch; ++b) {
            for (std::uint32_t c = 0; c < ws.plan().shape.classes; ++c) {
                put(head_row(ws, b)[c], out[std::size_t{b} * ws.extents().padded_classes + c]);
            }
        }
        return out;
    }

    static void multiply_head_hidden_gradient(const Workspace& ws) {
        gemmini::Product product;
        product.rows = ws.plan().batch;
        product.columns = ws.extents().padded_hidden;
        product.inner = ws.plan().shape.classes;
        product.left = logit_gradients(ws, ws.layout.scratch.array_head);
        product.left_stride = ws.extents().padded_classes;
        product.right = weights(ws, ws.head_index(0));
        product.right_stride = ws.extents().padded_hidden;
        product.result = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        product.result_stride = ws.extents().padded_hidden;
        gemmini::multiply(array(), product);
    }

    static void multiply_head_gradient(const Workspace& ws, std::uint32_t step) {
        gemmini::Product product;
        product.rows = ws.plan().shape.classes;
        product.columns = ws.plan().shape.hidden;
        product.inner = ws.plan().batch;
        product.left = logit_gradients(ws, ws.layout.scratch.array_logit_gradients);
        product.left_stride = ws.extents().padded_classes;
        product.left_transposed = true;
        product.right = joined(ws, ws.slot(step), 0);
        product.right_stride = ws.extents().joined;
        product.result = ws.scratch<Operand>(ws.layout.scratch.array_head_gradient);
        product.result_stride = ws.extents().padded_hidden;
        gemmini::multiply(array(), product);
    }

    // ---- Element by element: every member's share ----

    static Gates gates_of(const Operand* row, std::uint32_t u) {
        return {value(row[place(0, u)]), value(row[place(1, u)]), value(row[place(2, u)]),
                value(row[place(3, u)])};
    }
    static void put_gates(Gates gates, Operand* row, std::uint32_t u) {
        put(gates.i, row[place(0, u)]);
        put(gates.f, row[place(1, u)]);
        put(gates.g, row[place(2, u)]);
        put(gates.o, row[place(3, u)]);
    }

    static void forward(const Workspace& ws, std::uint32_t step, Range blocks, std::uint32_t /*member*/) {
        const Plan& plan = ws.plan();
        const bool taped = plan.tape == Tape::full;
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            for (std::uint32_t b = 0; b < plan.batch; ++b) {
                const Operand* sums = pre_activations(ws, block, b);
                const State* before = cell(ws, block, ws.slot(step - 1), b);
                State* c = cell(ws, block, ws.slot(step), b);
                Operand* h = joined(ws, ws.slot(step), b);
                for (std::uint32_t u = 0; u < units_per_block; ++u) {
                    const Gates sum = gates_of(sums, u);
                    const Gates now = activate<Format>({sum.i, sum.f, sum.g, sum.o});
                    if (taped) {
                        put_gates(now, gates(ws, block, step, b), u);
                    }
                    put(next_cell(now, value(before[u])), c[u]);
                    // Beyond the hidden state the row holds the input.
                    if (const std::uint32_t unit = block * units_per_block + u; unit < plan.shape.hidden) {
                        put(hidden_state<Format>(now.o, value(c[u])), h[unit]);
                    }
                }
            }
        }
    }

    static void gate_gradient(const Workspace& ws, std::uint32_t step, Range blocks,
                              std::uint32_t /*member*/) {
        const std::uint32_t batch = ws.plan().batch;
        const State* hidden_grad = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        State* cell_grad = ws.scratch<State>(ws.layout.scratch.cell_grad);
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            for (std::uint32_t b = 0; b < batch; ++b) {
                Operand* row = gates(ws, block, step, b);
                const State* before = cell(ws, block, step - 1, b);
                const State* c = cell(ws, block, step, b);
                const State* dh = hidden_grad + std::size_t{b} * ws.extents().padded_hidden +
                                  std::size_t{block} * units_per_block;
                State* dc = cell_grad + (std::size_t{block} * batch + b) * units_per_block;
                for (std::uint32_t u = 0; u < units_per_block; ++u) {
                    put_gates(unit_gradient<Format>(gates_of(row, u), value(before[u]), value(c[u]),
                                                    value(dh[u]), dc[u]),
                              row, u);
                }
            }
        }
    }

    // What the product leaves out: units that only fill up the last block.
    static void hidden_gradient(const Workspace& ws, std::uint32_t /*step*/, Range blocks) {
        State* out = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        const std::uint32_t hidden = ws.plan().shape.hidden;
        const std::uint32_t first =
            blocks.first * units_per_block > hidden ? blocks.first * units_per_block : hidden;
        for (std::uint32_t b = 0; b < ws.plan().batch; ++b) {
            for (std::uint32_t u = first; u < blocks.last * units_per_block; ++u) {
                out[std::size_t{b} * ws.extents().padded_hidden + u] = State{};
            }
        }
    }

    static void weight_gradient(const Workspace& ws, std::uint32_t /*block*/, Range rows,
                                std::uint32_t /*steps*/, std::uint32_t member) {
        float* tile = ws.tile_gradient(member);
        const Operand* product = product_tile(ws, member);
        for (std::uint32_t row = rows.first; row < rows.last; ++row) {
            for (std::uint32_t q = 0; q < gate_count; ++q) {
                for (std::uint32_t u = 0; u < units_per_block; ++u) {
                    tile[(row - rows.first) * gates_per_block + plain_place(q, u)] =
                        value(product[std::size_t{row} * gates_per_block + place(q, u)]);
                }
            }
        }
    }

    static void head_logits(const Workspace& ws, std::uint32_t /*step*/, Range sequences) {
        const Operand* logits = ws.scratch<Operand>(ws.layout.scratch.array_head);
        for (std::uint32_t b = sequences.first; b < sequences.last; ++b) {
            for (std::uint32_t c = 0; c < ws.plan().shape.classes; ++c) {
                head_row(ws, b)[c] = value(logits[std::size_t{b} * ws.extents().padded_classes + c]);
            }
        }
    }

    static void head_hidden_gradient(const Workspace& /*ws*/, Range /*blocks*/) {}

    static void head_gradient(const Workspace& ws, std::uint32_t label, Range units, std::uint32_t /*step*/,
                              std::uint32_t member) {
        float* tile = ws.tile_gradient(member);
        const Operand* product = ws.scratch<Operand>(ws.layout.scratch.array_head_gradient) +
                                 std::size_t{label} * ws.extents().padded_hidden;
        for (std::uint32_t u = units.first; u < units.last; ++u) {
            tile[u - units.first] = u < ws.plan().shape.hidden ? value(product[u]) : 0.0f;
        }
    }
};

template <typename Format>
constexpr ArrayProducts product_table = {&Gemmini<Format>::multiply_forward,
                                         &Gemmini<Format>::multiply_hidden_gradient,
                                         &Gemmini<Format>::multiply_weight_gradient,
                                         &Gemmini<Format>::multiply_head_logits,
                                         &Gemmini<Format>::multiply_head_hidden_gradient,
                                         &Gemmini<Format>::multiply_head_gradient};

// What is left of the portable backend: exponentials and the update.
template <typename Format>
Kernels table(const Kernels& portable) {
    using G = Gemmini<Format>;
    Kernels kernels = portable;
    kernels.name = "gemmini";
    kernels.forward = &G::forward;
    kernels.gate_gradient = &G::gate_gradient;
    kernels.hidden_gradient = &G::hidden_gradient;
    kernels.rebuild_block = nullptr;
    kernels.weight_gradient = &G::weight_gradient;
    kernels.head_logits = &G::head_logits;
    kernels.head_hidden_gradient = &G::head_hidden_gradient;
    kernels.head_gradient = &G::head_gradient;
    kernels.products = &product_table<Format>;
    return kernels;
}

Kernels fp32_kernels;
Kernels bf16_kernels;

}  // namespace

Result<const Kernels*> gemmini_kernels(Precision precision, ArrayMemory memory) {
    const Result<const Kernels*> portable = portable_kernels(precision);
    // At least two tiles for each operand and one for the result, in half of each memory.
    if (!portable.ok() || precision == Precision::mixed) {
        return Error::bad_option;
    }
    if (memory.side == 0 || memory.side > 64 || memory.scratchpad_rows / 4 < memory.side ||
        memory.accumulator_rows / 2 < memory.side) {
        return Error::bad_array_side;
    }
    array_memory = memory;
    if (precision == Precision::fp32) {
        fp32_kernels = table<PortableFp32>(*portable.value());
        return &fp32_kernels;
    }
    bf16_kernels = table<PortableBf16>(*portable.value());
    return &bf16_kernels;
}

}  // namespace partita::learn
