// What goes in and out of a trainer: parameters, gradients, and what is left at the end of an epoch.

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

// Calls visit(element in plain order, place in PyTorch's arrays) for every parameter.
template <typename Float, typename Visit>
void Trainer::for_each_parameter(const Parameters<Float>& p, const Visit& visit) const {
    const Shape s = plan().shape;
    for (std::uint32_t u = 0; u < s.hidden; ++u) {
        const std::uint32_t block = u / units_per_block;
        for (std::uint32_t gate = 0; gate < gate_count; ++gate) {
            const std::size_t torch_row = std::size_t{gate} * s.hidden + u;
            const auto element = [&](std::uint32_t row) {
                return workspace_.weight_index(block, row) + plain_place(gate, u % units_per_block);
            };
            for (std::uint32_t k = 0; k < s.hidden; ++k) {
                visit(element(k), p.weight_hh[torch_row * s.hidden + k]);
            }
            for (std::uint32_t i = 0; i < s.input; ++i) {
                visit(element(workspace_.input_row() + i), p.weight_ih[torch_row * s.input + i]);
            }
            visit(element(workspace_.bias_row()), p.bias[torch_row]);
        }
    }
    for (std::uint32_t c = 0; c < s.classes; ++c) {
        for (std::uint32_t u = 0; u < s.hidden; ++u) {
            visit(workspace_.head_index(c) + u, p.head_weight[std::size_t{c} * s.hidden + u]);
        }
        visit(workspace_.head_bias_index() + c, p.head_bias[c]);
    }
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
            for (std::size_t at = 0; at < layout().extents.parameters(); ++at) {
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
