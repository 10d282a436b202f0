// What goes in and out of a trainer: parameters, gradients, and what is left at the end of an epoch.

#include <bit>

#include "partita/learn/trainer.hpp"
#include "portable/arithmetic.hpp"
#include "trainer_bytes.hpp"

namespace partita::learn {
namespace {

float get_weight(const Workspace& ws, std::size_t at) {
    switch (ws.plan().precision) {
        case Precision::fp32:
            return PortableFp32::get_weight(ws, at);
        case Precision::bf16:
            return PortableBf16::get_weight(ws, at);
        case Precision::mixed:
            return PortableMixed::get_weight(ws, at);
    }
    return 0.0f;
}

void put_weight(const Workspace& ws, std::size_t at, float w) {
    switch (ws.plan().precision) {
        case Precision::fp32:
            PortableFp32::put_weight(ws, at, w);
            return;
        case Precision::bf16:
            PortableBf16::put_weight(ws, at, w);
            return;
        case Precision::mixed:
            PortableMixed::put_weight(ws, at, w);
            return;
    }
}

}  // namespace

template <typename Float>
Error Trainer::check_lengths(const Parameters<Float>& p) const {
    const Shape s = plan().shape;
    const std::size_t gates = 4ull * s.hidden;
    const bool fits = p.weight_ih.size() == gates * s.input && p.weight_hh.size() == gates * s.hidden &&
                      p.bias.size() == gates && p.head_weight.size() == std::size_t{s.classes} * s.hidden &&
                      p.head_bias.size() == s.classes;
    return fits ? Error::none : Error::wrong_length;
}

// Places of the parameters in the order that elements are counted in.
std::size_t Trainer::element(std::uint32_t row, std::uint32_t gate, std::uint32_t unit) const {
    if (const ArrayExtents& a = layout().array; a.side != 0) {
        const std::size_t state_row = row < plan().shape.hidden ? row : a.units + row - plan().shape.hidden;
        const std::size_t group = unit / a.side;
        return state_row * a.gate_rows + (group * gate_count + gate) * a.side + unit % a.side;
    }
    return workspace_.weight_index(unit / units_per_block, row) + plain_place(gate, unit % units_per_block);
}

std::size_t Trainer::head_element(std::uint32_t label, std::uint32_t unit) const {
    if (const ArrayExtents& a = layout().array; a.side != 0) {
        return std::size_t{a.state_rows} * a.gate_rows + std::size_t{label} * a.units + unit;
    }
    return workspace_.head_index(label) + unit;
}

std::size_t Trainer::head_bias_element(std::uint32_t label) const {
    return layout().array.side != 0 ? head_element(plan().shape.classes, 0) + label
                                    : workspace_.head_bias_index() + label;
}

// Calls visit(element, place in PyTorch's arrays) for every parameter.
template <typename Float, typename Visit>
void Trainer::for_each_parameter(const Parameters<Float>& p, const Visit& visit) const {
    Float* const tensors[] = {p.weight_hh.data(), p.weight_ih.data(), p.bias.data(), p.head_weight.data(),
                              p.head_bias.data()};
    for_each_element(
        [&](std::size_t at, unsigned tensor, std::size_t index) { visit(at, tensors[tensor][index]); });
}

// Calls visit(element, tensor, index in PyTorch's tensor) for every parameter, in an order that does not
// depend on the layout. Tensors: recurrent weights, input weights, bias, head, its bias.
template <typename Visit>
void Trainer::for_each_element(const Visit& visit) const {
    const Shape s = plan().shape;
    for (std::uint32_t u = 0; u < s.hidden; ++u) {
        for (std::uint32_t gate = 0; gate < gate_count; ++gate) {
            const std::size_t torch_row = std::size_t{gate} * s.hidden + u;
            for (std::uint32_t k = 0; k < s.hidden; ++k) {
                visit(element(k, gate, u), 0, torch_row * s.hidden + k);
            }
            for (std::uint32_t i = 0; i < s.input; ++i) {
                visit(element(workspace_.input_row() + i, gate, u), 1, torch_row * s.input + i);
            }
            visit(element(workspace_.bias_row(), gate, u), 2, torch_row);
        }
    }
    for (std::uint32_t c = 0; c < s.classes; ++c) {
        for (std::uint32_t u = 0; u < s.hidden; ++u) {
            visit(head_element(c, u), 3, std::size_t{c} * s.hidden + u);
        }
        visit(head_bias_element(c), 4, c);
    }
}

std::uint32_t Trainer::digest(BufferId id) const {
    // FNV-1a over 32-bit words.
    std::uint32_t hash = 2166136261u;
    for_each_element([&](std::size_t at, unsigned, std::size_t) {
        const float x = id == BufferId::weights ? get_weight(workspace_, at) : get_state(workspace_, id, at);
        hash = (hash ^ std::bit_cast<std::uint32_t>(x)) * 16777619u;
    });
    return hash;
}

Error Trainer::load(const Parameters<const float>& parameters) {
    if (const Error error = check_lengths(parameters); error != Error::none) {
        return error;
    }
    for (const BufferId id : {BufferId::weights, BufferId::weights_low, BufferId::regulariser_e,
                              BufferId::regulariser_d, BufferId::first_moment, BufferId::second_moment}) {
        clear(bytes(id));
    }
    updates_ = 0;
    for_each_parameter(parameters, [&](std::size_t at, float w) { put_weight(workspace_, at, w); });
    return Error::none;
}

Error Trainer::store(const Parameters<float>& parameters) const {
    if (const Error error = check_lengths(parameters); error != Error::none) {
        return error;
    }
    for_each_parameter(parameters, [&](std::size_t at, float& w) { w = get_weight(workspace_, at); });
    return Error::none;
}

Error Trainer::store_gradient(const Parameters<float>& gradient) const {
    if (plan().tape == Tape::none || !plan().clipping) {
        return Error::bad_option;
    }
    if (const Error error = check_lengths(gradient); error != Error::none) {
        return error;
    }
    const float* kept = workspace_.array<float>(BufferId::gradient);
    for_each_parameter(gradient, [&](std::size_t at, float& g) { g = kept[at]; });
    return Error::none;
}

// Clipping where the gradient lies as the array formed it. Squares are added in the order in which other
// plans add them, so that the norm has the same bits.
void Trainer::clip_on_array(const Member& member, UpdateStep step, float clip_norm) {
    const Extents& e = layout().extents;
    const Shape s = plan().shape;
    const float* gradient = workspace_.array<float>(BufferId::gradient);
    double* sums = workspace_.array<double>(BufferId::partial_sums);
    const auto square = [&](std::size_t at) {
        return static_cast<double>(gradient[at]) * static_cast<double>(gradient[at]);
    };
    const Range blocks = member.share(e.blocks);
    for (std::uint32_t block = blocks.first; block < blocks.last; ++block) {
        sums[block] = 0.0;
        for (std::uint32_t first = 0; first < e.rows; first += rows_per_tile) {
            double sum = 0.0;
            for (std::uint32_t row = first; row < e.rows && row < first + rows_per_tile; ++row) {
                for (std::uint32_t i = 0; i < gates_per_block; ++i) {
                    const std::uint32_t unit = block * units_per_block + i % units_per_block;
                    sum += unit < s.hidden ? square(element(row, i / units_per_block, unit)) : 0.0;
                }
            }
            sums[block] += sum;
        }
    }
    const Range labels = member.share(s.classes);
    for (std::uint32_t label = labels.first; label < labels.last; ++label) {
        constexpr std::uint32_t tile_size = rows_per_tile * gates_per_block;
        sums[e.blocks + label] = 0.0;
        for (std::uint32_t first = 0; first < s.hidden; first += tile_size) {
            double sum = 0.0;
            for (std::uint32_t unit = first; unit < s.hidden && unit < first + tile_size; ++unit) {
                sum += square(head_element(label, unit));
            }
            sums[e.blocks + label] += sum;
        }
    }
    if (member.index == 0) {
        double& total = sums[e.blocks + s.classes];
        total = 0.0;
        for (std::uint32_t first = 0; first < s.classes; first += units_per_block) {
            double sum = 0.0;
            for (std::uint32_t label = first; label < s.classes && label < first + units_per_block; ++label) {
                sum += square(head_bias_element(label));
            }
            total += sum;
        }
    }
    meet(member);
    step.scale = clip_scale(clip_norm);
    constexpr std::uint32_t run = 64;
    const auto parameters = static_cast<std::uint32_t>(layout().array.parameters / run);
    const Range share = member.share(parameters + 1);
    for (std::uint32_t i = share.first; i < share.last; ++i) {
        const std::size_t first = std::size_t{i} * run;
        const std::size_t left = layout().array.parameters - first;
        kernels_->update(workspace_, step, {first, left < run ? static_cast<std::uint32_t>(left) : run},
                         gradient + first, true);
    }
}

std::span<std::byte> Trainer::bytes(BufferId id) const {
    const Buffer& buffer = layout()[id];
    return {workspace_.memory + buffer.offset, buffer.size};
}

std::span<const float> Trainer::losses() const {
    return {workspace_.array<float>(BufferId::outcome), plan().batch};
}

std::span<const std::uint32_t> Trainer::predictions() const {
    return {workspace_.array<std::uint32_t>(BufferId::outcome) + plan().batch, plan().batch};
}

void Trainer::end_epoch(const Member& member, bool adopt_mean) {
    meet(member);
    if (member.index == 0) {
        const Plan& p = plan();
        const std::uint32_t classes = p.shape.classes;
        if (p.auxiliary && p.tape != Tape::none) {
            float* estimate = workspace_.array<float>(BufferId::estimate);
            float* next = workspace_.array<float>(BufferId::estimate_next);
            const std::size_t rows = std::size_t{part_count(p)} * classes;
            for (std::size_t row = 0; row < rows; ++row, estimate += classes + 1, next += classes + 1) {
                const float count = next[classes];
                for (std::uint32_t c = 0; c < classes && count > 0.0f; ++c) {
                    estimate[c] = next[c] / count;
                }
                for (std::uint32_t c = 0; c <= classes; ++c) {
                    next[c] = 0.0f;
                }
            }
        }
        if (adopt_mean && p.regulariser && p.tape != Tape::none) {
            const std::size_t parameters =
                p.array_side != 0 ? layout().array.parameters : layout().extents.parameters();
            for (std::size_t at = 0; at < parameters; ++at) {
                // mean = u + d = W + e + d
                put_weight(workspace_, at,
                           get_weight(workspace_, at) + get_state(workspace_, BufferId::regulariser_e, at) +
                               get_state(workspace_, BufferId::regulariser_d, at));
            }
            clear(bytes(BufferId::regulariser_e));
            clear(bytes(BufferId::regulariser_d));
        }
    }
    meet(member);
}

}  // namespace partita::learn
