// The LSTM cell of the host backend: forward, gradient of the gates, and a lean block built again. A group of
// sequences keeps its four pre-activations in registers from the matrix product through the activations.

#include "partita/learn/backend.hpp"

HWY_BEFORE_NAMESPACE();
PARTITA_HOST_EXTRA_TARGET
namespace partita::learn {
namespace HWY_NAMESPACE {
namespace PARTITA_HOST_VARIANT {

// How one precision stores things. Operand: weights read by products, hidden state, gates. Cell: cell state
// and the gradients that run along it.
struct Fp32Format {
    using Operand = float;
    using Cell = float;
    static constexpr bool narrow = false;
};
struct Bf16Format {
    using Operand = Bf16;
    using Cell = Bf16;
    static constexpr bool narrow = true;
};
struct MixedFormat {
    using Operand = Bf16;
    using Cell = float;
    static constexpr bool narrow = true;
};

// Sequences handled together: as many as leave registers for their four gates.
inline constexpr std::uint32_t group_size = lanes >= 16 || HWY_ARCH_ARM_A64 ? 4 : 2;

template <typename Format>
struct Cell {
    using Operand = typename Format::Operand;
    using State = typename Format::Cell;

    // Where one block's values of one step are.
    struct Step {
        const Operand* weights;    // of the block
        const Operand* hidden;     // before the step: [sequence][unit]
        const float* inputs;       // of the step: [sequence][input]
        Operand* gates;            // of the step, or null
        const State* cell_before;  // [sequence][16]
        State* cell;               // [sequence][16]
    };

    template <std::uint32_t rows>
    struct Group {
        Floats gate[rows][gate_count];
    };

    // Four weight vectors of one row: the gates of a strip.
    HWY_INLINE static void load_gates(const Operand* row, std::uint32_t strip, Floats (&gate)[gate_count]) {
        if constexpr (Format::narrow) {
            const Words first = load_words(row + strip * lanes * 2);
            const Words second = load_words(row + units_per_block * 2 + strip * lanes * 2);
            gate[0] = even(first);
            gate[1] = odd(first);
            gate[2] = even(second);
            gate[3] = odd(second);
        } else {
            for (std::uint32_t g = 0; g < gate_count; ++g) {
                gate[g] = load(row + g * units_per_block + strip * lanes);
            }
        }
    }

    // bias + W_input x + W_hidden h for `rows` sequences from `first` on.
    template <std::uint32_t rows>
    HWY_INLINE static Group<rows> preactivation(const Workspace& ws, const Step& step, std::uint32_t strip,
                                                std::uint32_t first) {
        const std::uint32_t hidden = ws.plan().shape.hidden;
        const std::uint32_t input = ws.plan().shape.input;
        const std::size_t stride = ws.extents().padded_hidden;
        Group<rows> acc;
        Floats w[gate_count];
        load_gates(step.weights + std::size_t{ws.bias_row()} * gates_per_block, strip, w);
        for (std::uint32_t b = 0; b < rows; ++b) {
            for (std::uint32_t g = 0; g < gate_count; ++g) {
                acc.gate[b][g] = w[g];
            }
        }
        for (std::uint32_t i = 0; i < input; ++i) {
            load_gates(step.weights + std::size_t{ws.input_row() + i} * gates_per_block, strip, w);
            for (std::uint32_t b = 0; b < rows; ++b) {
                const Floats x = broadcast(step.inputs[(first + b) * input + i]);
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    acc.gate[b][g] = hn::MulAdd(x, w[g], acc.gate[b][g]);
                }
            }
        }
        const Operand* h = step.hidden + first * stride;
        if constexpr (Format::narrow) {
            // Two rows at a time. With an odd number of units the last pair reads the row after, times the
            // padding's zero.
            const Operand* row = step.weights + strip * lanes * 2;
            for (std::uint32_t k = 0; k < hidden; k += 2, row += 2 * gates_per_block) {
                const Words first_low = load_words(row);
                const Words first_high = load_words(row + gates_per_block);
                const Words second_low = load_words(row + units_per_block * 2);
                const Words second_high = load_words(row + units_per_block * 2 + gates_per_block);
                const Words pairs[gate_count] = {
                    pack_lower(first_low, first_high), pack_upper(first_low, first_high),
                    pack_lower(second_low, second_high), pack_upper(second_low, second_high)};
                for (std::uint32_t b = 0; b < rows; ++b) {
                    const Words x = in_register(
                        hn::Set(word_tag, *reinterpret_cast<const std::uint32_t*>(h + b * stride + k)));
                    for (std::uint32_t g = 0; g < gate_count; ++g) {
                        acc.gate[b][g] = add_products(acc.gate[b][g], pairs[g], x);
                    }
                }
            }
        } else {
            const Operand* row = step.weights + strip * lanes;
            for (std::uint32_t k = 0; k < hidden; ++k, row += gates_per_block) {
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    w[g] = load(row + g * units_per_block);
                }
                for (std::uint32_t b = 0; b < rows; ++b) {
                    const Floats x = in_register(broadcast(h[b * stride + k]));
                    for (std::uint32_t g = 0; g < gate_count; ++g) {
                        acc.gate[b][g] = hn::MulAdd(x, w[g], acc.gate[b][g]);
                    }
                }
            }
        }
        return acc;
    }

    template <std::uint32_t rows>
    HWY_INLINE static void activate(Group<rows>& group) {
        // Two sequences at a time: their eight vectors and what is computed of them fill the registers.
        for (std::uint32_t b = 0; b + 2 <= rows; b += 2) {
            activate_rows<2>(&group.gate[b]);
        }
        if constexpr (rows % 2 == 1) {
            activate_rows<1>(&group.gate[rows - 1]);
        }
    }

    template <std::uint32_t rows>
    HWY_INLINE static void activate_rows(Floats (*gate)[gate_count]) {
        Abreast<rows * gate_count> x;
        constexpr std::uint32_t order[gate_count] = {0, 1, 3, 2};
        for (std::uint32_t g = 0; g < gate_count; ++g) {
            for (std::uint32_t b = 0; b < rows; ++b) {
                x.v[g * rows + b] = gate[b][order[g]];
            }
        }
        x = activations<rows * 3>(x);
        for (std::uint32_t g = 0; g < gate_count; ++g) {
            for (std::uint32_t b = 0; b < rows; ++b) {
                gate[b][order[g]] = x.v[g * rows + b];
            }
        }
    }

    // The gates as the tape would give them back.
    template <std::uint32_t rows>
    HWY_INLINE static void round_gates(Group<rows>& group) {
        if constexpr (Format::narrow) {
            for (std::uint32_t b = 0; b < rows; ++b) {
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    group.gate[b][g] = round_to_bf16(group.gate[b][g]);
                }
            }
        }
    }

    // Tape form: [sequence][gate][unit], or in 16 bits [pair][gate][unit][sequence of the pair].
    template <std::uint32_t rows>
    HWY_INLINE static void store_gates(const Group<rows>& group, Operand* gates, std::uint32_t strip,
                                       std::uint32_t first) {
        if constexpr (Format::narrow) {
            for (std::uint32_t b = 0; b < rows; b += 2) {
                Operand* to = gates + (first + b) * gates_per_block + strip * lanes * 2;
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    const Floats partner = b + 1 < rows ? group.gate[b + 1 < rows ? b + 1 : b][g] : zero();
                    store_words(pack_bf16(group.gate[b][g], partner), to + g * units_per_block * 2);
                }
            }
        } else {
            for (std::uint32_t b = 0; b < rows; ++b) {
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    store(group.gate[b][g],
                          gates + (first + b) * gates_per_block + g * units_per_block + strip * lanes);
                }
            }
        }
    }

    template <std::uint32_t rows>
    HWY_INLINE static Group<rows> read_gates(const Operand* gates, std::uint32_t strip, std::uint32_t first) {
        Group<rows> group;
        for (std::uint32_t b = 0; b < rows; ++b) {
            for (std::uint32_t g = 0; g < gate_count; ++g) {
                if constexpr (Format::narrow) {
                    const Words pair = load_words(gates + (first + b) / 2 * 2 * gates_per_block +
                                                  g * units_per_block * 2 + strip * lanes * 2);
                    group.gate[b][g] = (first + b) % 2 == 0 ? even(pair) : odd(pair);
                } else {
                    group.gate[b][g] =
                        load(gates + (first + b) * gates_per_block + g * units_per_block + strip * lanes);
                }
            }
        }
        return group;
    }

    // c = f c_before + i g; h = o tanh(c). `hidden_out` is the tape's slot at the block, or null.
    template <std::uint32_t rows>
    HWY_INLINE static void forward_group(const Workspace& ws, const Step& step, Operand* hidden_out,
                                         std::uint32_t strip, std::uint32_t first) {
        Group<rows> group = preactivation<rows>(ws, step, strip, first);
        activate(group);
        if (step.gates != nullptr) {
            store_gates(group, step.gates, strip, first);
        }
        Abreast<rows> after;
        for (std::uint32_t b = 0; b < rows; ++b) {
            const std::size_t at = (first + b) * units_per_block + strip * lanes;
            const Floats(&gate)[gate_count] = group.gate[b];
            Floats c = hn::MulAdd(gate[1], load(step.cell_before + at), hn::Mul(gate[0], gate[2]));
            if constexpr (sizeof(State) == 2) {
                c = round_to_bf16(c);
            }
            store(c, step.cell + at);
            after.v[b] = c;
        }
        after = tanh(after);
        Floats hidden[rows];
        for (std::uint32_t b = 0; b < rows; ++b) {
            hidden[b] = hn::Mul(group.gate[b][3], after.v[b]);
        }
        if (hidden_out == nullptr) {
            return;
        }
        const std::size_t stride = ws.extents().padded_hidden;
        if constexpr (Format::narrow) {
            for (std::uint32_t b = 0; b < rows; b += 2) {
                const Floats partner = b + 1 < rows ? hidden[b + 1 < rows ? b + 1 : b] : zero();
                store_words(pack_bf16(hidden[b], partner),
                            hidden_out + (first + b) * stride + strip * lanes * 2);
            }
        } else {
            for (std::uint32_t b = 0; b < rows; ++b) {
                store(hidden[b], hidden_out + (first + b) * stride + strip * lanes);
            }
        }
    }

    // Where the gradient of one block's gates goes.
    struct GradientStep {
        const State* hidden_grad;  // [sequence] of the block's first unit, `hidden_grad_stride` apart
        std::size_t hidden_grad_stride;
        State* cell_grad;  // [sequence][16]
        Operand* tape;     // tape form, or null
        Operand* step;     // [sequence] in the order of the weights' gates, or null
    };

    template <std::uint32_t rows>
    HWY_INLINE static void gradient_group(const Step& step, const GradientStep& out, Group<rows>& group,
                                          std::uint32_t strip, std::uint32_t first) {
        const Floats one = broadcast(1.0f);
        Abreast<rows> after;
        for (std::uint32_t b = 0; b < rows; ++b) {
            after.v[b] = load(step.cell + (first + b) * units_per_block + strip * lanes);
        }
        after = tanh(after);
        for (std::uint32_t b = 0; b < rows; ++b) {
            const std::size_t at = (first + b) * units_per_block + strip * lanes;
            Floats(&gate)[gate_count] = group.gate[b];
            const Floats i = gate[0], f = gate[1], g = gate[2], o = gate[3];
            const Floats dh = load(out.hidden_grad + (first + b) * out.hidden_grad_stride + strip * lanes);
            const Floats t = after.v[b];
            const Floats dho = hn::Mul(dh, o);
            const Floats dc = hn::MulAdd(dho, hn::NegMulAdd(t, t, one), load(out.cell_grad + at));
            gate[3] = hn::Mul(hn::Mul(dho, t), hn::Sub(one, o));
            gate[0] = hn::Mul(hn::Mul(dc, g), hn::Mul(i, hn::Sub(one, i)));
            gate[1] = hn::Mul(hn::Mul(dc, load(step.cell_before + at)), hn::Mul(f, hn::Sub(one, f)));
            gate[2] = hn::Mul(hn::Mul(dc, i), hn::NegMulAdd(g, g, one));
            store(hn::Mul(dc, f), out.cell_grad + at);
        }
        if (out.tape != nullptr) {
            store_gates(group, out.tape, strip, first);
        }
        if (out.step == nullptr) {
            return;
        }
        for (std::uint32_t b = 0; b < rows; ++b) {
            Operand* to = out.step + (first + b) * gates_per_block;
            if constexpr (Format::narrow) {
                store_words(pack_bf16(group.gate[b][0], group.gate[b][1]), to + strip * lanes * 2);
                store_words(pack_bf16(group.gate[b][2], group.gate[b][3]),
                            to + units_per_block * 2 + strip * lanes * 2);
            } else {
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    store(group.gate[b][g], to + g * units_per_block + strip * lanes);
                }
            }
        }
    }

    // Calls `work.template operator()<rows>(strip, first)` for every strip of a block and every group of
    // sequences.
    template <typename Work>
    HWY_INLINE static void for_groups(std::uint32_t batch, const Work& work) {
        for (std::uint32_t strip = 0; strip < strips; ++strip) {
            std::uint32_t first = 0;
            for (; first + group_size <= batch; first += group_size) {
                work.template operator()<group_size>(strip, first);
            }
            if constexpr (group_size > 2) {
                if (batch - first == 3) {
                    work.template operator()<3>(strip, first);
                }
                if (batch - first == 2) {
                    work.template operator()<2>(strip, first);
                }
            }
            if (batch - first == 1) {
                work.template operator()<1>(strip, first);
            }
        }
    }

    static void forward_block(const Workspace& ws, const Step& step, Operand* hidden_out) {
        for_groups(ws.plan().batch,
                   [&]<std::uint32_t rows>(std::uint32_t strip, std::uint32_t first)
                       HWY_ATTR { forward_group<rows>(ws, step, hidden_out, strip, first); });
    }

    // From the gates that `step.gates` holds, or from gates computed again where it holds none.
    static void gradient_block(const Workspace& ws, const Step& step, const GradientStep& out) {
        for_groups(ws.plan().batch,
                   [&]<std::uint32_t rows>(std::uint32_t strip, std::uint32_t first) HWY_ATTR {
                       Group<rows> group;
                       if (step.gates != nullptr) {
                           group = read_gates<rows>(step.gates, strip, first);
                       } else {
                           group = preactivation<rows>(ws, step, strip, first);
                           activate(group);
                           round_gates(group);
                       }
                       gradient_group<rows>(step, out, group, strip, first);
                   });
    }

    // The hidden state of a slot as [sequence][unit]. In 16 bits the tape holds sequences in pairs: `room`
    // takes the rows.
    static const Operand* hidden_rows(const Workspace& ws, std::uint32_t slot, std::size_t room) {
        const Operand* tape = ws.array<Operand>(BufferId::hidden) + ws.hidden_index(slot);
        if (ws.plan().members > 1) {
            fetch_early(tape, ws.hidden_index(1));
        }
        if constexpr (!Format::narrow) {
            (void)room;
            return tape;
        } else {
            const std::size_t stride = ws.extents().padded_hidden;
            const std::uint32_t batch = ws.plan().batch;
            Operand* rows = ws.scratch<Operand>(room);
            for (std::uint32_t b = 0; b < batch; b += 2) {
                for (std::size_t u = 0; u < stride; u += lanes) {
                    const Words pair = load_words(tape + b * stride + u * 2);
                    store_upper(hn::ShiftLeft<16>(pair), rows + b * stride + u);
                    if (b + 1 < batch) {
                        store_upper(pair, rows + (b + 1) * stride + u);
                    }
                }
            }
            return rows;
        }
    }

    static Step step_of(const Workspace& ws, std::uint32_t step, std::uint32_t block, const Operand* hidden) {
        State* cell = ws.array<State>(BufferId::cell);
        const bool full = ws.plan().tape == Tape::full;
        return {ws.array<Operand>(BufferId::weights) + ws.weight_index(block, 0),
                hidden,
                ws.array<float>(BufferId::inputs) +
                    std::size_t{step - 1} * ws.plan().batch * ws.plan().shape.input,
                full ? ws.array<Operand>(BufferId::gates) + ws.gates_index(block, step) : nullptr,
                cell + ws.cell_index(block, ws.slot(step - 1)),
                cell + ws.cell_index(block, ws.slot(step))};
    }

    static void forward(const Workspace& ws, std::uint32_t step, Range blocks, std::uint32_t member) {
        if (blocks.first == blocks.last) {
            return;
        }
        const Operand* hidden = hidden_rows(ws, ws.slot(step - 1), ws.step_scratch(member));
        Operand* out = ws.array<Operand>(BufferId::hidden) + ws.hidden_index(ws.slot(step));
        const std::uint32_t width = Format::narrow ? 2 * units_per_block : units_per_block;
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            forward_block(ws, step_of(ws, step, block, hidden), out + std::size_t{block} * width);
        }
    }

    static void gate_gradient(const Workspace& ws, std::uint32_t step, Range blocks, std::uint32_t member) {
        const Plan& plan = ws.plan();
        const bool lean = plan.tape == Tape::lean;
        if (blocks.first == blocks.last) {
            return;
        }
        const Operand* hidden = lean ? hidden_rows(ws, step - 1, ws.step_scratch(member)) : nullptr;
        const std::size_t stride = ws.extents().padded_hidden;
        State* hidden_grad = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        State* cell_grad = ws.scratch<State>(ws.layout.scratch.cell_grad);
        Operand* step_gates = ws.scratch<Operand>(ws.step_gates_scratch(step));
        for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
            const Step at = step_of(ws, step, block, hidden);
            const std::size_t per_block = std::size_t{plan.batch} * units_per_block;
            gradient_block(
                ws, at,
                {hidden_grad + std::size_t{block} * units_per_block, stride, cell_grad + block * per_block,
                 at.gates, ws.has_step_gates() ? step_gates + block * per_block * gate_count : nullptr});
            if (lean) {
                for (std::uint32_t b = 0; b < plan.batch; ++b) {
                    for (std::uint32_t u = 0; u < units_per_block; u += lanes) {
                        store(load(hidden_grad + b * stride + std::size_t{block} * units_per_block + u),
                              at.cell + b * units_per_block + u);
                    }
                }
            }
        }
    }

    static void rebuild_block(const Workspace& ws, std::uint32_t block, std::uint32_t steps,
                              std::uint32_t member) {
        const ScratchMap& map = ws.layout.scratch;
        const std::size_t base = ws.tile_scratch(member);
        const std::size_t per_step = std::size_t{ws.plan().batch} * units_per_block;
        Operand* gates = ws.scratch<Operand>(base + map.tile_gates);
        State* cell = ws.scratch<State>(base + map.tile_cell);
        State* cell_grad = ws.scratch<State>(base + map.tile_cell_grad);
        const State* taped = ws.array<State>(BufferId::cell);
        for (std::size_t i = 0; i < per_step; ++i) {
            cell[i] = taped[ws.cell_index(block, 0) + i];
            cell_grad[i] = State{};
        }
        const auto at = [&](std::uint32_t step, const Operand* hidden) {
            Step result = step_of(ws, step, block, hidden);
            result.gates = gates + (step - 1) * ws.step_gates();
            result.cell_before = cell + (step - 1) * per_step;
            result.cell = cell + step * per_step;
            return result;
        };
        for (std::uint32_t step = 1; step <= steps; ++step) {
            forward_block(ws, at(step, hidden_rows(ws, step - 1, base + map.tile_hidden)), nullptr);
        }
        for (std::uint32_t step = steps; step >= 1; --step) {
            const Step now = at(step, nullptr);
            gradient_block(
                ws, now,
                {taped + ws.cell_index(block, step), units_per_block, cell_grad, now.gates, nullptr});
        }
    }
};

}  // namespace PARTITA_HOST_VARIANT
}  // namespace HWY_NAMESPACE
}  // namespace partita::learn
HWY_AFTER_NAMESPACE();
