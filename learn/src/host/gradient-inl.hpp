// Matrix products of the backward pass and the linear head of the host backend.

HWY_BEFORE_NAMESPACE();
PARTITA_HOST_EXTRA_TARGET
namespace partita::learn {
namespace HWY_NAMESPACE {
namespace PARTITA_HOST_VARIANT {

template <typename Format>
struct Gradient {
    using Operand = typename Format::Operand;
    using State = typename Format::Cell;

    // ---- Hidden state: dh[sequence][k] = sum over all gates r of dG[sequence][r] W[k][r] ----

    // Four units from `unit` on, `rows` sequences from `first` on. Padding units get rubbish.
    template <std::uint32_t rows>
    HWY_INLINE static void hidden_gradient_group(const Workspace& ws, const Operand* gates,
                                                 std::size_t block_stride, std::uint32_t unit,
                                                 std::uint32_t first, State* out) {
        const std::uint32_t last_unit = ws.plan().shape.hidden - 1;
        const std::uint32_t blocks = ws.extents().blocks;
        const Operand* weights = ws.array<Operand>(BufferId::weights);
        // Padding units repeat the last row.
        std::size_t row[4];
        for (std::uint32_t k = 0; k < 4; ++k) {
            row[k] = std::size_t{unit + k < last_unit ? unit + k : last_unit} * gates_per_block;
        }
        const std::size_t weight_stride = std::size_t{ws.extents().rows} * gates_per_block;
        Floats acc[rows][4];
        for (std::uint32_t b = 0; b < rows; ++b) {
            for (std::uint32_t k = 0; k < 4; ++k) {
                acc[b][k] = zero();
            }
        }
        constexpr std::uint32_t step = Format::narrow ? lanes * 2 : lanes;
        const Operand* g = gates + std::size_t{first} * gates_per_block;
        for (std::uint32_t block = 0; block < blocks; ++block) {
// Weights come from the second-level cache. The processor fetches them ahead as long as few instructions read
// them, each in regular steps: unrolled, this loop takes a sixth longer.
#pragma GCC unroll 1
            for (std::uint32_t at = 0; at < gates_per_block; at += step) {
                if constexpr (Format::narrow) {
                    Words d[rows];
                    for (std::uint32_t b = 0; b < rows; ++b) {
                        d[b] = load_words(g + b * gates_per_block + at);
                    }
                    for (std::uint32_t k = 0; k < 4; ++k) {
                        const Words w = load_words(weights + row[k] + at);
                        for (std::uint32_t b = 0; b < rows; ++b) {
                            acc[b][k] = add_products(acc[b][k], w, d[b]);
                        }
                    }
                } else {
                    Floats d[rows];
                    for (std::uint32_t b = 0; b < rows; ++b) {
                        d[b] = load(g + b * gates_per_block + at);
                    }
                    for (std::uint32_t k = 0; k < 4; ++k) {
                        const Floats w = in_register(load(weights + row[k] + at));
                        for (std::uint32_t b = 0; b < rows; ++b) {
                            acc[b][k] = hn::MulAdd(w, d[b], acc[b][k]);
                        }
                    }
                }
            }
            g += block_stride;
            weights += weight_stride;
        }
        const std::size_t stride = ws.extents().padded_hidden;
        for (std::uint32_t b = 0; b < rows; ++b) {
            store_quad(sums(acc[b][0], acc[b][1], acc[b][2], acc[b][3]), out + (first + b) * stride + unit);
        }
    }

    static void hidden_gradient(const Workspace& ws, std::uint32_t step, Range blocks) {
        const bool on_tape = !ws.has_step_gates();
        const Operand* gates = on_tape ? ws.array<Operand>(BufferId::gates) + ws.gates_index(0, step)
                                       : ws.scratch<Operand>(ws.step_gates_scratch(step));
        const std::size_t block_stride =
            on_tape ? ws.gates_stride() : std::size_t{ws.plan().batch} * gates_per_block;
        State* out = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        const std::uint32_t batch = ws.plan().batch;
        if (ws.plan().members > 1) {
            for (std::uint32_t block = 0; block < ws.extents().blocks; ++block) {
                if (block < blocks.first || block >= blocks.last) {
                    fetch_early(gates + block * block_stride, std::size_t{batch} * gates_per_block);
                }
            }
        }
        for (std::uint32_t unit = blocks.first * units_per_block; unit < blocks.last * units_per_block;
             unit += 4) {
            std::uint32_t first = 0;
            for (; first + group_size <= batch; first += group_size) {
                hidden_gradient_group<group_size>(ws, gates, block_stride, unit, first, out);
            }
            for (; first < batch; ++first) {
                hidden_gradient_group<1>(ws, gates, block_stride, unit, first, out);
            }
        }
        if (blocks.last == ws.extents().blocks) {
            for (std::uint32_t b = 0; b < batch; ++b) {
                for (std::size_t k = ws.plan().shape.hidden; k < ws.extents().padded_hidden; ++k) {
                    out[b * ws.extents().padded_hidden + k] = State{};
                }
            }
        }
    }

    // ---- Weights: dW[row][r] = sum over steps and sequences n of X[n][row] dG[n][r] ----

    // Sequences (or pairs, in 16 bits) whose gate gradients stay in the first-level cache while all rows of a
    // tile use them.
    static constexpr std::size_t chunk = 128;
    static constexpr std::size_t line = 64 / sizeof(Operand);
    static constexpr std::uint32_t rows_together = lanes >= 16 || HWY_ARCH_ARM_A64 ? 4 : 2;

    // `rows` hidden rows over n items: gates at [n][gate][...], hidden state at [n][unit]. With `fetch`, as
    // many lines from `ahead` on come nearer.
    template <std::uint32_t rows, bool fetch>
    HWY_INLINE static void accumulate_hidden(const Operand* gates, const Operand* hidden,
                                             std::size_t hidden_stride, std::size_t n, bool fresh,
                                             std::uint32_t strip, const Operand* ahead, float* tile) {
        Floats acc[rows][gate_count];
        for (std::uint32_t k = 0; k < rows; ++k) {
            for (std::uint32_t g = 0; g < gate_count; ++g) {
                acc[k][g] =
                    fresh ? zero() : load(tile + k * gates_per_block + g * units_per_block + strip * lanes);
            }
        }
        if constexpr (Format::narrow) {
            const Operand* d = gates + strip * lanes * 2;
            for (std::size_t i = 0; i < n; ++i, d += 2 * gates_per_block, hidden += hidden_stride) {
                if constexpr (fetch) {
                    hwy::Prefetch(ahead + i * line);
                }
                Words gate[gate_count];
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    gate[g] = load_words(d + g * units_per_block * 2);
                }
                for (std::uint32_t k = 0; k < rows; ++k) {
                    const Words x = in_register(
                        hn::Set(word_tag, *reinterpret_cast<const std::uint32_t*>(hidden + k * 2)));
                    for (std::uint32_t g = 0; g < gate_count; ++g) {
                        acc[k][g] = add_products(acc[k][g], gate[g], x);
                    }
                }
            }
        } else {
            const Operand* d = gates + strip * lanes;
            for (std::size_t i = 0; i < n; ++i, d += gates_per_block, hidden += hidden_stride) {
                if constexpr (fetch) {
                    hwy::Prefetch(ahead + i * line);
                }
                Floats gate[gate_count];
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    gate[g] = load(d + g * units_per_block);
                }
                for (std::uint32_t k = 0; k < rows; ++k) {
                    const Floats x = in_register(broadcast(hidden[k]));
                    for (std::uint32_t g = 0; g < gate_count; ++g) {
                        acc[k][g] = hn::MulAdd(x, gate[g], acc[k][g]);
                    }
                }
            }
        }
        for (std::uint32_t k = 0; k < rows; ++k) {
            for (std::uint32_t g = 0; g < gate_count; ++g) {
                store(acc[k][g], tile + k * gates_per_block + g * units_per_block + strip * lanes);
            }
        }
    }

    // All hidden rows of a tile over n items; with `fetch`, the items after them come nearer meanwhile.
    template <bool fetch>
    HWY_INLINE static void accumulate_chunk(const Operand* gates, const Operand* hidden,
                                            std::size_t hidden_stride, std::size_t n, bool fresh, Range rows,
                                            float* tile) {
        constexpr std::size_t width = Format::narrow ? 2 : 1;
        const Operand* ahead = gates + n * width * gates_per_block;
        for (std::uint32_t strip = 0; strip < strips; ++strip) {
            std::uint32_t row = rows.first;
            for (; row + rows_together <= rows.last; row += rows_together) {
                accumulate_hidden<rows_together, fetch>(gates, hidden + row * width, hidden_stride, n, fresh,
                                                        strip, ahead,
                                                        tile + (row - rows.first) * gates_per_block);
                ahead += n * line;
            }
            for (; row < rows.last; ++row) {
                accumulate_hidden<1, fetch>(gates, hidden + row * width, hidden_stride, n, fresh, strip,
                                            ahead, tile + (row - rows.first) * gates_per_block);
                ahead += n * line;
            }
        }
    }

    // What a row that is not hidden is multiplied with: `values` [step][sequence], `stride` apart.
    struct InputRow {
        const float* values;
        std::size_t stride;
    };
    static InputRow input_row(const Workspace& ws, std::uint32_t row) {
        static constexpr float one = 1.0f;
        if (row == ws.bias_row()) {
            return {&one, 0};
        }
        return {ws.array<float>(BufferId::inputs) + (row - ws.input_row()), ws.plan().shape.input};
    }

    // `rows` rows that are not hidden, from `row` on.
    template <std::uint32_t rows>
    static void accumulate_input(const Workspace& ws, const Operand* gates, std::uint32_t row,
                                 std::uint32_t steps, float* tile) {
        const std::uint32_t batch = ws.plan().batch;
        const std::size_t step_gates = ws.step_gates();
        InputRow input[rows];
        for (std::uint32_t k = 0; k < rows; ++k) {
            input[k] = input_row(ws, row + k);
        }
        for (std::uint32_t strip = 0; strip < strips; ++strip) {
            Floats acc[rows][gate_count];
            for (std::uint32_t k = 0; k < rows; ++k) {
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    acc[k][g] = zero();
                }
            }
            std::size_t n = 0;
            for (std::uint32_t step = 0; step < steps; ++step) {
                const Operand* d = gates + step * step_gates;
                for (std::uint32_t b = 0; b < batch; ++b, ++n) {
                    for (std::uint32_t g = 0; g < gate_count; ++g) {
                        Floats gate;
                        if constexpr (Format::narrow) {
                            const Words pair = load_words(d + b / 2 * 2 * gates_per_block +
                                                          g * units_per_block * 2 + strip * lanes * 2);
                            gate = b % 2 == 0 ? even(pair) : odd(pair);
                        } else {
                            gate = load(d + b * gates_per_block + g * units_per_block + strip * lanes);
                        }
                        for (std::uint32_t k = 0; k < rows; ++k) {
                            const Floats x = broadcast(input[k].values[n * input[k].stride]);
                            acc[k][g] = hn::MulAdd(x, gate, acc[k][g]);
                        }
                    }
                }
            }
            for (std::uint32_t k = 0; k < rows; ++k) {
                for (std::uint32_t g = 0; g < gate_count; ++g) {
                    store(acc[k][g], tile + k * gates_per_block + g * units_per_block + strip * lanes);
                }
            }
        }
    }

    static void weight_gradient(const Workspace& ws, std::uint32_t block, Range rows, std::uint32_t steps,
                                std::uint32_t member) {
        const bool lean = ws.plan().tape == Tape::lean;
        const Operand* gates =
            lean ? ws.scratch<Operand>(ws.tile_scratch(member) + ws.layout.scratch.tile_gates)
                 : ws.array<Operand>(BufferId::gates) + ws.gates_index(block, 1);
        float* tile = ws.tile_gradient(member);
        const std::size_t width = Format::narrow ? 2 : 1;  // sequences an item
        const std::size_t per_step = Format::narrow ? ws.extents().pairs : ws.plan().batch;
        const std::size_t items = steps * per_step;
        const std::size_t hidden_stride = width * ws.extents().padded_hidden;
        const Operand* hidden = ws.array<Operand>(BufferId::hidden);
        const std::uint32_t hidden_last = rows.last < ws.input_row() ? rows.last : ws.input_row();
        for (std::size_t from = 0; from < items; from += chunk) {
            const std::size_t n = items - from < chunk ? items - from : chunk;
            const Operand* d = gates + from * width * gates_per_block;
            const Operand* h = hidden + from * hidden_stride;
            // While one chunk is at work the next one comes nearer, some lines with each group of rows.
            if (items - from > chunk) {
                accumulate_chunk<true>(d, h, hidden_stride, n, from == 0, {rows.first, hidden_last}, tile);
            } else {
                accumulate_chunk<false>(d, h, hidden_stride, n, from == 0, {rows.first, hidden_last}, tile);
            }
        }
        std::uint32_t row = rows.first > ws.input_row() ? rows.first : ws.input_row();
        for (; row + 2 <= rows.last; row += 2) {
            accumulate_input<2>(ws, gates, row, steps, tile + (row - rows.first) * gates_per_block);
        }
        if (row < rows.last) {
            accumulate_input<1>(ws, gates, row, steps, tile + (row - rows.first) * gates_per_block);
        }
    }

    // ---- Head ----

    // 16-bit hidden states come in pairs of sequences: the values of one of them.
    HWY_INLINE static Floats load_hidden(const Operand* slot, std::size_t stride, std::uint32_t sequence,
                                         std::size_t unit) {
        if constexpr (Format::narrow) {
            const Words pair = load_words(slot + sequence / 2 * 2 * stride + unit * 2);
            return sequence % 2 == 0 ? even(pair) : odd(pair);
        } else {
            return load(slot + sequence * stride + unit);
        }
    }

    static void head_logits(const Workspace& ws, std::uint32_t step, Range sequences) {
        const std::size_t stride = ws.extents().padded_hidden;
        const Operand* hidden = ws.array<Operand>(BufferId::hidden) + ws.hidden_index(ws.slot(step));
        const Operand* weights = ws.array<Operand>(BufferId::weights);
        const Operand* bias = weights + ws.head_bias_index();
        float* logits = ws.array<float>(BufferId::head);
        const std::uint32_t classes = ws.plan().shape.classes;
        for (std::uint32_t b = sequences.first; b < sequences.last; ++b) {
            float* out = logits + std::size_t{b} * ws.extents().padded_classes;
            for (std::uint32_t label = 0; label < classes; label += 4) {
                // The last group repeats its last class; the repeats are not kept.
                const Operand* row[4];
                for (std::uint32_t c = 0; c < 4; ++c) {
                    row[c] = weights + ws.head_index(label + c < classes ? label + c : classes - 1);
                }
                Floats acc[4] = {zero(), zero(), zero(), zero()};
                for (std::size_t u = 0; u < stride; u += lanes) {
                    const Floats h = load_hidden(hidden, stride, b, u);
                    for (std::uint32_t c = 0; c < 4; ++c) {
                        acc[c] = hn::MulAdd(h, load(row[c] + u), acc[c]);
                    }
                }
                HWY_ALIGN float sum[4];
                store_quad(sums(acc[0], acc[1], acc[2], acc[3]), sum);
                for (std::uint32_t c = 0; c < 4 && label + c < classes; ++c) {
                    if constexpr (Format::narrow) {
                        out[label + c] = sum[c] + widen(bias[label + c]);
                    } else {
                        out[label + c] = sum[c] + bias[label + c];
                    }
                }
            }
        }
    }

    // exp(value - largest) for `count` values, padded to whole vectors.
    static void exponentials(float* values, std::uint32_t count, float largest) {
        for (std::uint32_t i = 0; i < count; i += lanes) {
            store(exp(hn::Sub(load(values + i), broadcast(largest))), values + i);
        }
    }

    static void head_hidden_gradient(const Workspace& ws, Range blocks) {
        const std::size_t stride = ws.extents().padded_hidden;
        const Operand* weights = ws.array<Operand>(BufferId::weights);
        const float* gradient = ws.array<float>(BufferId::head);
        State* out = ws.scratch<State>(ws.layout.scratch.hidden_grad);
        for (std::uint32_t b = 0; b < ws.plan().batch; ++b) {
            const float* row = gradient + std::size_t{b} * ws.extents().padded_classes;
            for (std::size_t u = blocks.first * units_per_block; u < blocks.last * units_per_block;
                 u += lanes) {
                Floats acc = zero();
                for (std::uint32_t c = 0; c < ws.plan().shape.classes; ++c) {
                    acc = hn::MulAdd(broadcast(row[c]), load(weights + ws.head_index(c) + u), acc);
                }
                store(acc, out + b * stride + u);
            }
        }
    }

    static void head_gradient(const Workspace& ws, std::uint32_t label, Range units, std::uint32_t step,
                              std::uint32_t member) {
        const std::size_t stride = ws.extents().padded_hidden;
        const Operand* hidden = ws.array<Operand>(BufferId::hidden) + ws.hidden_index(ws.slot(step));
        const float* gradient = ws.array<float>(BufferId::head) + label;
        float* tile = ws.tile_gradient(member);
        for (std::uint32_t u = units.first; u < units.last; u += lanes) {
            Floats acc = zero();
            for (std::uint32_t b = 0; b < ws.plan().batch; ++b) {
                acc = hn::MulAdd(broadcast(gradient[std::size_t{b} * ws.extents().padded_classes]),
                                 load_hidden(hidden, stride, b, u), acc);
            }
            store(acc, tile + (u - units.first));
        }
    }
};

}  // namespace PARTITA_HOST_VARIANT
}  // namespace HWY_NAMESPACE
}  // namespace partita::learn
HWY_AFTER_NAMESPACE();
