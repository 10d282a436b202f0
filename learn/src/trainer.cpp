#include "partita/learn/trainer.hpp"

#include "partita/learn/activation.hpp"
#include "partita/learn/marks.hpp"
#include "partita/learn/rounding.hpp"
#include "portable/arithmetic.hpp"
#include "trainer_bytes.hpp"

namespace partita::learn {
namespace {

// One 16-wide element of a label distribution table: [part][label][class], and the number of predictions
// gathered last.
std::size_t distribution_index(const Plan& plan, std::uint32_t part, std::uint32_t label) {
    return (std::size_t{part} * plan.shape.classes + label) * (plan.shape.classes + 1ull);
}

double power(double base, std::uint64_t exponent) {
    double result = 1.0;
    for (; exponent != 0; exponent >>= 1) {
        if ((exponent & 1u) != 0) {
            result *= base;
        }
        base *= base;
    }
    return result;
}

}  // namespace

Result<Trainer> Trainer::create(const Plan& plan, std::span<std::byte> memory, const Kernels& kernels,
                                std::uint32_t array_side) {
    const Result<Layout> laid_out = partita::learn::layout(plan);
    if (!laid_out.ok()) {
        return laid_out.error();
    }
    if (array_side == 0 || array_side > 256) {
        return Error::bad_array_side;
    }
    if (plan.rounding == Rounding::stochastic && !kernels.stochastic_rounding) {
        return Error::bad_option;
    }
    if ((plan.array_side != 0) != (kernels.routine != nullptr) ||
        (plan.array_side != 0 && plan.array_side != array_side)) {
        return Error::bad_option;
    }
    if (memory.size() < laid_out.value().total) {
        return Error::memory_too_small;
    }
    if (reinterpret_cast<std::uintptr_t>(memory.data()) % buffer_alignment != 0) {
        return Error::memory_misaligned;
    }
    clear(memory.first(laid_out.value().total));
    Trainer trainer;
    trainer.workspace_ = {laid_out.value(), memory.data(), array_side};
    trainer.kernels_ = &kernels;
    // Until predictions have been gathered, the estimated label distributions are uniform.
    if (plan.auxiliary && plan.tape != Tape::none) {
        float* estimate = trainer.workspace_.array<float>(BufferId::estimate);
        const std::size_t rows = std::size_t{part_count(plan)} * plan.shape.classes;
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::uint32_t c = 0; c < plan.shape.classes; ++c) {
                estimate[row * (plan.shape.classes + 1ull) + c] =
                    1.0f / static_cast<float>(plan.shape.classes);
            }
        }
    }
    return trainer;
}

Error Trainer::check(const Batch& batch) const {
    if (batch.sequences.empty() || batch.sequences.size() > plan().batch) {
        return Error::too_many_sequences;
    }
    if (batch.labels.size() != batch.sequences.size()) {
        return Error::wrong_length;
    }
    for (const std::uint32_t label : batch.labels) {
        if (label >= plan().shape.classes) {
            return Error::label_out_of_range;
        }
    }
    return Error::none;
}

// ---- Time by function ----

template <Function function, typename Work>
void Trainer::timed(const Member& member, const Work& work) {
    begin_region<region(function)>();
    if (member.index != 0 || profile.now == nullptr) {
        work();
        end_region();
        return;
    }
    const std::uint64_t start = profile.now();
    work();
    end_region();
    const auto index = static_cast<std::size_t>(function);
    profile.ticks[index] += profile.now() - start;
    ++profile.calls[index];
}

void Trainer::meet(const Member& member) {
    if (member.size == 1) {
        return;
    }
    timed<Function::waiting>(member, [&] { member.meet(); });
}

// ---- A part ----

std::uint32_t Trainer::steps_of(std::uint32_t part) const {
    const std::uint32_t longest = layout().extents.steps;
    const std::uint32_t before = part * longest;
    return plan().steps - before < longest ? plan().steps - before : longest;
}

void Trainer::train(const Member& member, const Batch& batch, const Hyper& hyper) {
    for (std::uint32_t part = 0; part < part_count(plan()); ++part) {
        train_part(member, batch, part, hyper);
    }
}

void Trainer::train_part(const Member& member, const Batch& batch, std::uint32_t part, const Hyper& hyper) {
    const std::uint32_t steps = steps_of(part);
    begin_part(member, batch, part);
    forward(member, batch, part);
    head(member, batch, part, plan().auxiliary);
    meet(member);
    backward(member, steps);
    update(member, steps, hyper);
    meet(member);
    if (member.index == 0) {
        ++updates_;  // the others read it only after the next part has begun
    }
}

void Trainer::evaluate(const Member& member, const Batch& batch) {
    for (std::uint32_t part = 0; part < part_count(plan()); ++part) {
        begin_part(member, batch, part);
        forward(member, batch, part);
        if (part + 1 == part_count(plan())) {
            head(member, batch, part, false);
        }
        meet(member);
    }
}

// The state that the part before ended with becomes slot 0; the first part starts from zero.
void Trainer::carry(const Member& member, std::uint32_t part) {
    const Extents& e = layout().extents;
    const std::uint32_t last = part == 0 ? 0 : workspace_.slot(steps_of(part - 1));
    const std::uint32_t last_cell = plan().tape == Tape::lean && part != 0 ? e.cell_slots - 1 : last;
    // Everyone moves what he computed himself, so that no line of it changes hands.
    const Range blocks = member.share(e.blocks);
    const std::span<std::byte> hidden = bytes(BufferId::hidden);
    const std::size_t slot_size = hidden.size() / e.hidden_slots;
    const std::size_t rows = plan().precision == Precision::fp32 ? plan().batch : e.pairs;
    const std::size_t block_in_row = slot_size / rows / e.blocks;
    const std::size_t size = (blocks.last - blocks.first) * block_in_row;
    for (std::size_t row = 0; row < rows; ++row) {
        std::byte* start = hidden.data() + (row * e.blocks + blocks.first) * block_in_row;
        if (part == 0) {
            clear({start, size});
        } else if (last != 0) {
            copy_bytes(start + last * slot_size, start, size);
        }
    }
    const std::span<std::byte> cell = bytes(BufferId::cell);
    const std::size_t block_size = cell.size() / e.blocks;
    const std::size_t cell_size = block_size / e.cell_slots;
    for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
        std::byte* start = cell.data() + block * block_size;
        if (part == 0) {
            clear({start, cell_size});
        } else if (last_cell != 0) {
            copy_bytes(start + last_cell * cell_size, start, cell_size);
        }
    }
}

// Inputs of the part in the precision that products read. Members take steps, whose inputs lie together.
void Trainer::gather(const Member& member, const Batch& batch, std::uint32_t part) {
    const std::uint32_t input = plan().shape.input;
    const std::uint32_t count = plan().batch;
    const std::size_t start = std::size_t{part} * layout().extents.steps * input;
    const bool narrow_inputs = plan().precision != Precision::fp32;
    float* inputs = workspace_.array<float>(BufferId::inputs);
    const Range share = member.share(steps_of(part));
    for (std::uint32_t b = 0; b < count; ++b) {
        const float* sequence = b < batch.sequences.size() ? batch.sequences[b] + start : nullptr;
        for (std::uint32_t step = share.first; step < share.last; ++step) {
            for (std::uint32_t i = 0; i < input; ++i) {
                const float x = sequence == nullptr ? 0.0f : sequence[std::size_t{step} * input + i];
                inputs[(std::size_t{step} * count + b) * input + i] = narrow_inputs ? round_to_bf16(x) : x;
            }
        }
    }
}

void Trainer::begin_part(const Member& member, const Batch& batch, std::uint32_t part) {
    timed<Function::inputs>(member, [&] {
        if (kernels_->routine != nullptr) {
            kernels_->routine->begin_part(workspace_, member, part == 0, steps_of(part));
            return;
        }
        carry(member, part);
        gather(member, batch, part);
    });
    meet(member);
}

void Trainer::forward(const Member& member, const Batch& batch, std::uint32_t part) {
    const std::uint32_t steps = steps_of(part);
    if (kernels_->routine != nullptr) {
        const std::size_t first = std::size_t{part} * layout().extents.steps * plan().shape.input;
        timed<Function::forward>(member, [&] {
            kernels_->routine->forward(workspace_, member, {batch.sequences, first}, steps);
        });
        meet(member);
        return;
    }
    const Range blocks = member.share(layout().extents.blocks);
    for (std::uint32_t step = 1; step <= steps; ++step) {
        timed<Function::forward>(member, [&] { kernels_->forward(workspace_, step, blocks, member.index); });
        meet(member);
    }
    if (plan().tape != Tape::lean) {
        return;
    }
    // The backward pass will overwrite the cell state; what the next part starts from is kept aside.
    const std::span<std::byte> cell = bytes(BufferId::cell);
    const std::size_t slots = layout().extents.cell_slots;
    const std::size_t slot_size = cell.size() / layout().extents.blocks / slots;
    for (std::size_t block = blocks.first; block < blocks.last; ++block) {
        std::byte* start = cell.data() + block * slots * slot_size;
        copy_bytes(start + steps * slot_size, start + (slots - 1) * slot_size, slot_size);
    }
}

// Softmax cross-entropy of one sequence: its loss, its likeliest class, and the gradient in place of the
// logits. With the auxiliary loss the target is beta * one-hot + (1 - beta) * estimated distribution, beta =
// (part + 1) / parts (`blend`), and predictions are gathered for the next estimate.
void Trainer::score(const Batch& batch, std::uint32_t sequence, std::uint32_t part, bool blend) {
    const std::uint32_t classes = plan().shape.classes;
    float* row =
        workspace_.array<float>(BufferId::head) + std::size_t{sequence} * layout().extents.padded_classes;
    if (sequence >= batch.sequences.size()) {
        for (std::uint32_t c = 0; c < classes; ++c) {
            row[c] = 0.0f;
        }
        return;
    }
    const std::uint32_t label = batch.labels[sequence];
    std::uint32_t best = 0;
    for (std::uint32_t c = 1; c < classes; ++c) {
        best = row[c] > row[best] ? c : best;
    }
    const float largest = row[best];
    const float of_label = row[label] - largest;
    kernels_->exponentials(row, classes, largest);
    float sum = 0.0f;
    for (std::uint32_t c = 0; c < classes; ++c) {
        sum += row[c];
    }
    // The bias gradient adds whole vectors.
    for (std::uint32_t c = classes; c < layout().extents.padded_classes; ++c) {
        row[c] = 0.0f;
    }
    workspace_.array<float>(BufferId::outcome)[sequence] = log(sum) - of_label;
    workspace_.array<std::uint32_t>(BufferId::outcome)[plan().batch + sequence] = best;

    const float beta = blend ? static_cast<float>(part + 1) / static_cast<float>(part_count(plan())) : 1.0f;
    const std::size_t estimated = distribution_index(plan(), part, label);
    const float per_sequence = 1.0f / static_cast<float>(batch.sequences.size());
    for (std::uint32_t c = 0; c < classes; ++c) {
        const float probability = row[c] / sum;
        float target = c == label ? beta : 0.0f;
        if (blend) {
            target += (1.0f - beta) * workspace_.array<float>(BufferId::estimate)[estimated + c];
            workspace_.array<float>(BufferId::estimate_next)[estimated + c] += probability;
        }
        const float gradient = (probability - target) * per_sequence;
        row[c] = plan().precision == Precision::fp32 ? gradient : round_to_bf16(gradient);
    }
    if (blend) {
        workspace_.array<float>(BufferId::estimate_next)[estimated + classes] += 1.0f;
    }
}

void Trainer::head(const Member& member, const Batch& batch, std::uint32_t part, bool blend) {
    // Sequences of the same label add to the same distribution, so one member gathers them.
    Range share = member.share(plan().batch);
    if (blend) {
        share = member.index == 0 ? Range{0, plan().batch} : Range{};
    }
    if (kernels_->routine != nullptr) {
        if (member.index == 0) {
            timed<Function::head>(member, [&] { kernels_->routine->logits(workspace_); });
        }
        meet(member);
    }
    timed<Function::head>(member, [&] {
        if (kernels_->routine == nullptr) {
            kernels_->head_logits(workspace_, steps_of(part), share);
        }
        for (std::uint32_t b = share.first; b < share.last; ++b) {
            score(batch, b, part, blend);
        }
    });
}

void Trainer::backward(const Member& member, std::uint32_t steps) {
    if (kernels_->routine != nullptr) {
        timed<Function::hidden_gradient>(member,
                                         [&] { kernels_->routine->backward(workspace_, member, steps); });
        meet(member);
        return;
    }
    const Range blocks = member.share(layout().extents.blocks);
    timed<Function::head>(member, [&] {
        kernels_->head_hidden_gradient(workspace_, blocks);
        const std::size_t size =
            std::size_t{plan().batch} * units_per_block * detail::cell_bytes(plan().precision);
        std::byte* cell_grad = workspace_.scratch<std::byte>(layout().scratch.cell_grad);
        clear({cell_grad + blocks.first * size, (blocks.last - blocks.first) * size});
    });
    for (std::uint32_t step = steps; step >= 1; --step) {
        timed<Function::gate_gradient>(
            member, [&] { kernels_->gate_gradient(workspace_, step, blocks, member.index); });
        meet(member);
        if (step == 1) {
            break;
        }
        timed<Function::hidden_gradient>(member,
                                         [&] { kernels_->hidden_gradient(workspace_, step, blocks); });
    }
}

// ---- Gradients and update ----

// Forms this member's share of the gradient tile by tile and calls consume(elements, gradient, index of its
// norm).
template <typename Consume>
void Trainer::for_each_gradient(const Member& member, std::uint32_t steps, const Consume& consume) {
    const Extents& e = layout().extents;
    float* tile = workspace_.tile_gradient(member.index);
    const auto consume_block = [&](std::uint32_t block) {
        if (plan().tape == Tape::lean) {
            timed<Function::rebuild>(
                member, [&] { kernels_->rebuild_block(workspace_, block, steps, member.index); });
        }
        for (std::uint32_t row = 0; row < e.rows; row += rows_per_tile) {
            const Range rows{row, row + rows_per_tile < e.rows ? row + rows_per_tile : e.rows};
            timed<Function::weight_gradient>(
                member, [&] { kernels_->weight_gradient(workspace_, block, rows, steps, member.index); });
            timed<Function::update>(member, [&] {
                consume(
                    Elements{workspace_.weight_index(block, row), (rows.last - rows.first) * gates_per_block},
                    tile, block);
            });
        }
    };
    const Range blocks = member.share(e.blocks);
    for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
        consume_block(block);
    }
    constexpr std::uint32_t tile_size = rows_per_tile * gates_per_block;
    const Range labels = member.share(plan().shape.classes);
    for (std::uint32_t label = labels.first; label < labels.last; ++label) {
        for (std::uint32_t unit = 0; unit < e.padded_hidden; unit += tile_size) {
            const std::uint32_t last =
                e.padded_hidden - unit < tile_size ? e.padded_hidden : unit + tile_size;
            timed<Function::head>(member, [&] {
                kernels_->head_gradient(workspace_, label, {unit, last}, steps, member.index);
            });
            timed<Function::update>(member, [&] {
                consume(Elements{workspace_.head_index(label) + unit, last - unit}, tile, e.blocks + label);
            });
        }
    }
    if (member.index != 0) {
        return;
    }
    const float* head = workspace_.array<float>(BufferId::head);
    for (std::uint32_t label = 0; label < e.padded_classes; label += units_per_block) {
        for (std::uint32_t c = 0; c < units_per_block; ++c) {
            tile[c] = 0.0f;
            for (std::uint32_t b = 0; b < plan().batch; ++b) {
                tile[c] += head[std::size_t{b} * e.padded_classes + label + c];
            }
        }
        consume(Elements{workspace_.head_bias_index() + label, units_per_block}, tile,
                e.blocks + plan().shape.classes);
    }
}

UpdateStep Trainer::next_update(const Hyper& hyper) const {
    UpdateStep step;
    step.learning_rate = hyper.learning_rate;
    step.alpha = hyper.alpha;
    step.momentum = hyper.momentum;
    step.beta1 = hyper.beta1;
    step.beta2 = hyper.beta2;
    step.epsilon = hyper.epsilon;
    step.rounding_key = stochastic_key(hyper.rounding_seed, updates_);
    if (plan().rule == Rule::adam) {
        step.correction1 =
            static_cast<float>(1.0 / (1.0 - power(static_cast<double>(hyper.beta1), updates_ + 1)));
        step.correction2 =
            static_cast<float>(1.0 / (1.0 - power(static_cast<double>(hyper.beta2), updates_ + 1)));
    }
    return step;
}

void Trainer::update(const Member& member, std::uint32_t steps, const Hyper& hyper) {
    const UpdateStep step = next_update(hyper);
    if (kernels_->routine != nullptr) {
        timed<Function::weight_gradient>(
            member, [&] { kernels_->routine->weights(workspace_, member, steps, step, plan().clipping); });
        if (plan().clipping) {
            meet(member);
            timed<Function::update>(member, [&] { clip_on_array(member, step, hyper.clip_norm); });
        }
        return;
    }
    if (!plan().clipping) {
        for_each_gradient(member, steps, [&](Elements elements, const float* gradient, std::uint32_t) {
            kernels_->update(workspace_, step, elements, gradient, false);
        });
        return;
    }
    double* sums = workspace_.array<double>(BufferId::partial_sums);
    const Extents& e = layout().extents;
    const auto forget = [&](Range range, std::uint32_t offset) {
        for (std::uint32_t i = range.first; i < range.last; ++i) {
            sums[offset + i] = 0.0;
        }
    };
    forget(member.share(e.blocks), 0);
    forget(member.share(plan().shape.classes), e.blocks);
    forget(member.index == 0 ? Range{0, 1} : Range{}, e.blocks + plan().shape.classes);
    for_each_gradient(member, steps, [&](Elements elements, const float* gradient, std::uint32_t norm) {
        sums[norm] += kernels_->collect(workspace_, step.alpha, elements, gradient);
    });
    meet(member);
    timed<Function::update>(member, [&] { apply_collected(member, step, hyper.clip_norm); });
}

// What the gradient is scaled by to have the norm allowed.
float Trainer::clip_scale(float clip_norm) const {
    const double* sums = workspace_.array<double>(BufferId::partial_sums);
    double squared = 0.0;
    for (std::uint32_t i = 0; i <= layout().extents.blocks + plan().shape.classes; ++i) {
        squared += sums[i];
    }
    const double norm = __builtin_sqrt(squared);
    return norm > static_cast<double>(clip_norm) ? static_cast<float>(static_cast<double>(clip_norm) / norm)
                                                 : 1.0f;
}

// Scales the gradient to the norm allowed and updates this member's share of the parameters with it.
void Trainer::apply_collected(const Member& member, UpdateStep step, float clip_norm) {
    const Extents& e = layout().extents;
    step.scale = clip_scale(clip_norm);
    const float* gradient = workspace_.array<float>(BufferId::gradient);
    const auto apply = [&](std::size_t first, std::uint32_t count) {
        kernels_->update(workspace_, step, {first, count}, gradient + first, true);
    };
    const Range blocks = member.share(e.blocks);
    for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
        for (std::uint32_t row = 0; row < e.rows; ++row) {
            apply(workspace_.weight_index(block, row), gates_per_block);
        }
    }
    const Range labels = member.share(plan().shape.classes);
    for (std::uint32_t label = labels.first; label < labels.last; ++label) {
        apply(workspace_.head_index(label), e.padded_hidden);
    }
    if (member.index == 0) {
        apply(workspace_.head_bias_index(), e.padded_classes);
    }
}

}  // namespace partita::learn
