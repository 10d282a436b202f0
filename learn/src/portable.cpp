// The portable backend: the readable truth. One loop nest a kernel, one function an arithmetic rule.

#include "partita/learn/activation.hpp"
#include "partita/learn/backend.hpp"
#include "partita/learn/bfloat16.hpp"
#include "portable/arithmetic.hpp"
#include "portable/cell.hpp"
#include "portable/products.hpp"

namespace partita::learn {
namespace {

template <typename Format>
struct Portable {
    using Operand = typename Format::Operand;
    using State = typename Format::State;
    static constexpr bool narrow_format = sizeof(Operand) == 2;

    // ---- Where things are ----

    static constexpr std::uint32_t place(std::uint32_t gate, std::uint32_t unit) {
        return narrow_format ? paired_place(gate, unit) : plain_place(gate, unit);
    }
    static float weight(const Workspace& ws, std::uint32_t block, std::uint32_t row, std::uint32_t gate,
                        std::uint32_t unit) {
        return value(ws.array<Operand>(BufferId::weights)[ws.weight_index(block, row) + place(gate, unit)]);
    }
    // Element of a pairwise tape: [sequence][width], or in 16 bits [pair][width][sequence of the pair].
    static std::size_t taped(std::uint32_t sequence, std::size_t at, std::size_t width) {
        return narrow_format ? (sequence / 2 * width + at) * 2 + sequence % 2 : sequence * width + at;
    }
    static float hidden(const Workspace& ws, std::uint32_t slot, std::uint32_t sequence, std::size_t unit) {
        return value(ws.array<Operand>(
            BufferId::hidden)[ws.hidden_index(slot) + taped(sequence, unit, ws.extents().padded_hidden)]);
    }
    static float input(const Workspace& ws, std::uint32_t step, std::uint32_t sequence, std::uint32_t i) {
        const Plan& plan = ws.plan();
        return ws.array<float>(
            BufferId::inputs)[(std::size_t{step - 1} * plan.batch + sequence) * plan.shape.input + i];
    }
    // What a row of the weights is multiplied with at `step`: hidden state before it, input, or 1 for the
    // bias.
    static float operand(const Workspace& ws, std::uint32_t step, std::uint32_t sequence, std::uint32_t row) {
        if (row < ws.input_row()) {
            return hidden(ws, ws.slot(step - 1), sequence, row);
        }
        return row < ws.bias_row() ? input(ws, step, sequence, row - ws.input_row()) : 1.0f;
    }

    // One block over time: the tape's or a tile's gates and cell state.
    struct BlockView {
        Operand* gates = nullptr;  // of step 1, `gate_step` apart; null where they are not kept
        State* cell = nullptr;     // of slot 0, `batch * 16` apart
    };

    static BlockView taped_block(const Workspace& ws, std::uint32_t block) {
        return {ws.plan().tape == Tape::full ? ws.array<Operand>(BufferId::gates) + ws.gates_index(block, 1)
                                             : nullptr,
                ws.array<State>(BufferId::cell) + ws.cell_index(block, 0)};
    }
    static State& cell(const Workspace& ws, BlockView view, std::uint32_t slot, std::uint32_t sequence,
                       std::uint32_t unit) {
        return view.cell[(std::size_t{slot} * ws.plan().batch + sequence) * units_per_block + unit];
    }
    static Operand& gate(const Workspace& ws, BlockView view, std::uint32_t step, std::uint32_t sequence,
                         std::uint32_t gate, std::uint32_t unit) {
        const std::size_t place = taped(sequence, plain_place(gate, unit), gates_per_block);
        // Callers ask only views that keep gates, which the analyser cannot know.
        // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn)
        return view.gates[(step - 1) * ws.step_gates() + place];
    }

    // ---- Cell ----

    using GateProducts = Products<Format, gates_per_block>;

    // Pre-activations of a block for `count` sequences from `sequence` on, in the order of the weights.
    static void preactivate(const Workspace& ws, std::uint32_t step, std::uint32_t block,
                            std::uint32_t sequence, std::uint32_t count, GateProducts& sums) {
        const auto sum_rows = [&](std::uint32_t first, std::uint32_t last, bool fresh) {
            sums.add(
                last - first, ws.array_side, count,
                [&](std::uint32_t k, std::uint32_t b) { return operand(ws, step, sequence + b, first + k); },
                [&](std::uint32_t k, float(&to)[gates_per_block]) {
                    const Operand* row =
                        ws.array<Operand>(BufferId::weights) + ws.weight_index(block, first + k);
                    for (std::uint32_t at = 0; at < gates_per_block; ++at) {
                        to[at] = value(row[at]);
                    }
                },
                fresh);
        };
        // Hidden units, filled up to whole chains, then inputs and bias.
        sum_rows(0, ws.input_row(), true);
        sum_rows(ws.input_row(), ws.bias_row() + 1, false);
    }
    static Gates activated(const GateProducts& sums, std::uint32_t row, std::uint32_t unit) {
        const float of_unit[gate_count] = {sums.total[row][place(0, unit)], sums.total[row][place(1, unit)],
                                           sums.total[row][place(2, unit)], sums.total[row][place(3, unit)]};
        return activate<Format>(of_unit);
    }

    // Calls visit(sequence, unit, gates) for all of a block's, the gates computed.
    template <typename Visit>
    static void for_computed_gates(const Workspace& ws, std::uint32_t step, std::uint32_t block,
                                   const Visit& visit) {
        GateProducts::for_groups(0, ws.plan().batch, [&](std::uint32_t first, std::uint32_t count) {
            GateProducts sums;
            preactivate(ws, step, block, first, count, sums);
            for (std::uint32_t b = 0; b < count; ++b) {
                for (std::uint32_t u = 0; u < units_per_block; ++u) {
                    visit(first + b, u, activated(sums, b, u));
                }
            }
        });
    }
    // The same for gates that a view keeps.
    template <typename Visit>
    static void for_kept_gates(const Workspace& ws, std::uint32_t step, BlockView view, const Visit& visit) {
        for (std::uint32_t b = 0; b < ws.plan().batch; ++b) {
            for (std::uint32_t u = 0; u < units_per_block; ++u) {
                visit(b, u,
                      Gates{value(gate(ws, view, step, b, 0, u)), value(gate(ws, view, step, b, 1, u)),
                            value(gate(ws, view, step, b, 2, u)), value(gate(ws, view, step, b, 3, u))});
            }
        }
    }

    static void forward_block(const Workspace& ws, std::uint32_t step, std::uint32_t block, BlockView view,
                              std::uint32_t slot_before, std::uint32_t slot, Operand* hidden_out) {
        for_computed_gates(ws, step, block, [&](std::uint32_t b, std::uint32_t u, const Gates& now) {
            if (view.gates != nullptr) {
                store_gates(ws, step, view, b, u, now);
            }
            State& c = cell(ws, view, slot, b, u);
            put(next_cell(now, value(cell(ws, view, slot_before, b, u))), c);
            if (hidden_out != nullptr) {
                put(hidden_state<Format>(now.o, value(c)),
                    hidden_out[taped(b, std::size_t{block} * units_per_block + u,
                                     ws.extents().padded_hidden)]);
            }
        });
    }

    static void forward(const Workspace& ws, std::uint32_t step, Range blocks, std::uint32_t /*member*/) {
        Operand* out = ws.array<Operand>(BufferId::hidden) + ws.hidden_index(ws.slot(step));
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            forward_block(ws, step, block, taped_block(ws, block), ws.slot(step - 1), ws.slot(step), out);
        }
    }

    static void store_gates(const Workspace& ws, std::uint32_t step, BlockView view, std::uint32_t b,
                            std::uint32_t u, const Gates& gates) {
        put(gates.i, gate(ws, view, step, b, 0, u));
        put(gates.f, gate(ws, view, step, b, 1, u));
        put(gates.g, gate(ws, view, step, b, 2, u));
        put(gates.o, gate(ws, view, step, b, 3, u));
    }

    // Gate gradients of a step in the order of the weights: [block][sequence][place].
    static Operand& step_gate(const Workspace& ws, std::uint32_t step, std::uint32_t block, std::uint32_t b,
                              std::uint32_t at) {
        return ws.scratch<Operand>(
            ws.step_gates_scratch(step))[(std::size_t{block} * ws.plan().batch + b) * gates_per_block + at];
    }

    static void gate_gradient(const Workspace& ws, std::uint32_t step, Range blocks,
                              std::uint32_t /*member*/) {
        const Plan& plan = ws.plan();
        const bool lean = plan.tape == Tape::lean;
        State* hidden_grad = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        State* cell_grad = ws.scratch<State>(ws.layout.scratch.cell_grad);
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            const BlockView view = taped_block(ws, block);
            const auto form = [&](std::uint32_t b, std::uint32_t u, const Gates& gates) {
                const State dh = hidden_grad[std::size_t{b} * ws.extents().padded_hidden +
                                             std::size_t{block} * units_per_block + u];
                State& dc = cell_grad[(std::size_t{block} * plan.batch + b) * units_per_block + u];
                const Gates gradient =
                    unit_gradient<Format>(gates, value(cell(ws, view, step - 1, b, u)),
                                          value(cell(ws, view, step, b, u)), value(dh), dc);
                if (lean) {
                    cell(ws, view, step, b, u) = dh;
                } else {
                    store_gates(ws, step, view, b, u, gradient);
                }
                if (ws.has_step_gates()) {
                    put(gradient.i, step_gate(ws, step, block, b, place(0, u)));
                    put(gradient.f, step_gate(ws, step, block, b, place(1, u)));
                    put(gradient.g, step_gate(ws, step, block, b, place(2, u)));
                    put(gradient.o, step_gate(ws, step, block, b, place(3, u)));
                }
            };
            if (lean) {
                for_computed_gates(ws, step, block, form);
            } else {
                for_kept_gates(ws, step, view, form);
            }
        }
    }

    static BlockView tile_block(const Workspace& ws, std::uint32_t member) {
        const std::size_t base = ws.tile_scratch(member);
        return {ws.scratch<Operand>(base + ws.layout.scratch.tile_gates),
                ws.scratch<State>(base + ws.layout.scratch.tile_cell)};
    }

    static void rebuild_block(const Workspace& ws, std::uint32_t block, std::uint32_t steps,
                              std::uint32_t member) {
        const BlockView tape = taped_block(ws, block);
        const BlockView tile = tile_block(ws, member);
        State* cell_grad = ws.scratch<State>(ws.tile_scratch(member) + ws.layout.scratch.tile_cell_grad);
        const std::uint32_t batch = ws.plan().batch;
        for (std::uint32_t i = 0; i < batch * units_per_block; ++i) {
            tile.cell[i] = tape.cell[i];
            cell_grad[i] = State{};
        }
        // An odd batch leaves half a word unused, which products read.
        for (std::size_t i = 0; i < steps * ws.step_gates(); ++i) {
            tile.gates[i] = Operand{};
        }
        for (std::uint32_t step = 1; step <= steps; ++step) {
            forward_block(ws, step, block, tile, step - 1, step, nullptr);
        }
        for (std::uint32_t step = steps; step >= 1; --step) {
            for_kept_gates(ws, step, tile, [&](std::uint32_t b, std::uint32_t u, const Gates& gates) {
                const float dh = value(cell(ws, tape, step, b, u));
                store_gates(ws, step, tile, b, u,
                            unit_gradient<Format>(gates, value(cell(ws, tile, step - 1, b, u)),
                                                  value(cell(ws, tile, step, b, u)), dh,
                                                  cell_grad[b * units_per_block + u]));
            });
        }
    }

    // ---- Products of the backward pass ----

    static void hidden_gradient(const Workspace& ws, std::uint32_t step, Range blocks) {
        State* out = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        const std::uint32_t hidden = ws.plan().shape.hidden;
        // Place r of all gates: gate by gate of as many units as the array has rows.
        const std::uint32_t side = ws.array_side;
        const auto unit_of = [&](std::uint32_t r) { return r / (gate_count * side) * side + r % side; };
        const auto gate_of = [&](std::uint32_t r) { return r / side % gate_count; };
        const std::uint32_t places = ((hidden - 1) / side + 1) * side * gate_count;
        const auto gradient = [&](std::uint32_t b, std::uint32_t r) {
            const std::uint32_t unit = unit_of(r);
            if (unit >= hidden) {
                return 0.0f;
            }
            const std::uint32_t block = unit / units_per_block;
            const std::uint32_t u = unit % units_per_block;
            return value(ws.has_step_gates() ? step_gate(ws, step, block, b, place(gate_of(r), u))
                                             : gate(ws, taped_block(ws, block), step, b, gate_of(r), u));
        };
        using UnitProducts = Products<Format, units_per_block>;
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            const std::uint32_t first_unit = block * units_per_block;
            const std::uint32_t units =
                hidden - first_unit < units_per_block ? hidden - first_unit : units_per_block;
            const auto weights_of = [&](std::uint32_t r, float(&to)[units_per_block]) {
                const std::uint32_t unit = unit_of(r);
                for (std::uint32_t u = 0; u < units_per_block; ++u) {
                    to[u] = unit < hidden && u < units ? weight(ws, unit / units_per_block, first_unit + u,
                                                                gate_of(r), unit % units_per_block)
                                                       : 0.0f;
                }
            };
            UnitProducts::for_groups(0, ws.plan().batch, [&](std::uint32_t first, std::uint32_t count) {
                UnitProducts sums;
                sums.add(
                    places, side, count,
                    [&](std::uint32_t r, std::uint32_t b) { return gradient(first + b, r); }, weights_of,
                    true);
                for (std::uint32_t b = 0; b < count; ++b) {
                    State* to = out + std::size_t{first + b} * ws.extents().padded_hidden + first_unit;
                    for (std::uint32_t u = 0; u < units_per_block; ++u) {
                        put(u < units ? sums.total[b][u] : 0.0f, to[u]);
                    }
                }
            });
        }
    }

    static void weight_gradient(const Workspace& ws, std::uint32_t block, Range rows, std::uint32_t steps,
                                std::uint32_t member) {
        const BlockView view = ws.plan().tape == Tape::lean ? tile_block(ws, member) : taped_block(ws, block);
        const std::uint32_t batch = ws.plan().batch;
        // A step fills whole chains, or a chain whole steps.
        const std::uint32_t side = ws.array_side;
        const std::uint32_t columns = side % batch == 0 ? batch : ((batch - 1) / side + 1) * side;
        float* tile = ws.tile_gradient(member);
        const auto gates_of = [&](std::uint32_t n, float(&to)[gates_per_block]) {
            for (std::uint32_t at = 0; at < gates_per_block; ++at) {
                to[at] = n % columns < batch ? value(gate(ws, view, n / columns + 1, n % columns,
                                                          at / units_per_block, at % units_per_block))
                                             : 0.0f;
            }
        };
        GateProducts::for_groups(rows.first, rows.last, [&](std::uint32_t first, std::uint32_t count) {
            GateProducts sums;
            sums.add(
                steps * columns, side, count,
                [&](std::uint32_t n, std::uint32_t row) {
                    return n % columns < batch ? operand(ws, n / columns + 1, n % columns, first + row)
                                               : 0.0f;
                },
                gates_of, true);
            for (std::uint32_t row = 0; row < count; ++row) {
                for (std::uint32_t at = 0; at < gates_per_block; ++at) {
                    tile[(first - rows.first + row) * gates_per_block + at] = sums.total[row][at];
                }
            }
        });
    }

    // ---- Head ----

    static float head_weight(const Workspace& ws, std::uint32_t label, std::size_t unit) {
        return value(ws.array<Operand>(BufferId::weights)[ws.head_index(label) + unit]);
    }
    static float* head_row(const Workspace& ws, std::uint32_t sequence) {
        return ws.array<float>(BufferId::head) + std::size_t{sequence} * ws.extents().padded_classes;
    }

    static void head_logits(const Workspace& ws, std::uint32_t step, Range sequences) {
        const Shape shape = ws.plan().shape;
        for (std::uint32_t b = sequences.first; b < sequences.last; ++b) {
            for (std::uint32_t c = 0; c < shape.classes; ++c) {
                head_row(ws, b)[c] = chained_product<Format>(
                    shape.hidden, ws.array_side,
                    [&](std::uint32_t k) { return hidden(ws, ws.slot(step), b, k); },
                    [&](std::uint32_t k) { return head_weight(ws, c, k); }, true,
                    value(ws.array<Operand>(BufferId::weights)[ws.head_bias_index() + c]));
            }
        }
    }

    static void exponentials(float* values, std::uint32_t count, float largest) {
        for (std::uint32_t i = 0; i < count; ++i) {
            values[i] = exp(values[i] - largest);
        }
    }

    static void head_hidden_gradient(const Workspace& ws, Range blocks) {
        State* out = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        for (std::uint32_t b = 0; b < ws.plan().batch; ++b) {
            for (std::uint32_t u = blocks.first * units_per_block; u < blocks.last * units_per_block; ++u) {
                put(chained_product<Format>(
                        ws.plan().shape.classes, ws.array_side,
                        [&](std::uint32_t c) { return head_row(ws, b)[c]; },
                        [&](std::uint32_t c) { return head_weight(ws, c, u); }, false, 0.0f),
                    out[std::size_t{b} * ws.extents().padded_hidden + u]);
            }
        }
    }

    static void head_gradient(const Workspace& ws, std::uint32_t label, Range units, std::uint32_t step,
                              std::uint32_t member) {
        float* tile = ws.tile_gradient(member);
        for (std::uint32_t u = units.first; u < units.last; ++u) {
            tile[u - units.first] = chained_product<Format>(
                ws.plan().batch, ws.array_side, [&](std::uint32_t b) { return head_row(ws, b)[label]; },
                [&](std::uint32_t b) { return hidden(ws, ws.slot(step), b, u); }, false, 0.0f);
        }
    }

    // ---- Update ----

    static void update(const Workspace& ws, const UpdateStep& step, Elements elements, const float* gradient,
                       bool regularised) {
        const Plan& plan = ws.plan();
        for (std::uint32_t i = 0; i < elements.count; ++i) {
            const std::size_t at = elements.first + i;
            const float w = Format::get_weight(ws, at);
            const float e = plan.regulariser ? get_state(ws, BufferId::regulariser_e, at) : 0.0f;
            float g = gradient[i];
            if (plan.regulariser && !regularised) {
                g = fused(-step.alpha, e, g);
            }
            const float along = direction(ws, step, at, g * step.scale);
            const float now = put_updated<Format>(ws, step, at, fused(-step.learning_rate, along, w));
            if (plan.regulariser) {
                const float d = get_state(ws, BufferId::regulariser_d, at);
                const Regulariser next = regularise<Format>(now - w, e, d);
                put_state(ws, BufferId::regulariser_e, at, next.e);
                put_state(ws, BufferId::regulariser_d, at, next.d);
            }
        }
    }

    static double collect(const Workspace& ws, float alpha, Elements elements, const float* gradient) {
        float* kept = ws.array<float>(BufferId::gradient) + elements.first;
        double sum = 0.0;
        for (std::uint32_t i = 0; i < elements.count; ++i) {
            float g = gradient[i];
            if (ws.plan().regulariser) {
                g = fused(-alpha, get_state(ws, BufferId::regulariser_e, elements.first + i), g);
            }
            kept[i] = g;
            sum += static_cast<double>(g) * static_cast<double>(g);
        }
        return sum;
    }
};

#if defined(__x86_64__)
// The same function for processors with AVX2 and FMA, which the baseline has not: there a fused multiply-add
// is a call of the C library for each element. The same bits.
template <auto kernel>
struct ForFma;
template <typename... Arguments, void (*kernel)(Arguments...)>
struct ForFma<kernel> {
    [[gnu::target("avx2,fma"), gnu::flatten]] static void run(Arguments... arguments) {
        kernel(arguments...);
    }
};
#endif

template <typename Format>
constexpr Kernels portable_table() {
    using P = Portable<Format>;
    return {"portable",
            &P::forward,
            &P::gate_gradient,
            &P::hidden_gradient,
            &P::rebuild_block,
            &P::weight_gradient,
            &P::head_logits,
            &P::exponentials,
            &P::head_hidden_gradient,
            &P::head_gradient,
            &P::update,
            &P::collect,
            true};
}

template <typename Format>
const Kernels* fastest_table() {
    static constexpr Kernels table = portable_table<Format>();
#if defined(__x86_64__)
    static constexpr Kernels with_fma = [] {
        using P = Portable<Format>;
        Kernels result = table;
        result.forward = &ForFma<&P::forward>::run;
        result.gate_gradient = &ForFma<&P::gate_gradient>::run;
        result.hidden_gradient = &ForFma<&P::hidden_gradient>::run;
        result.rebuild_block = &ForFma<&P::rebuild_block>::run;
        result.weight_gradient = &ForFma<&P::weight_gradient>::run;
        return result;
    }();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return &with_fma;
    }
#endif
    return &table;
}

}  // namespace

Result<const Kernels*> portable_kernels(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return fastest_table<PortableFp32>();
        case Precision::bf16:
            return fastest_table<PortableBf16>();
        case Precision::mixed:
            return fastest_table<PortableMixed>();
    }
    return Error::bad_option;
}

}  // namespace partita::learn
