#include "onednn_lstm.hpp"

namespace partita::bench {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

LstmPrimitives::LstmPrimitives(const Workload& workload, int part_steps, memory::data_type operands,
                               const dnnl::engine& engine) {
    const int batch = workload.batch;
    const int hidden = workload.hidden;
    constexpr int gates = 4;
    const memory::dims input_weight_sizes{1, 1, 1, gates, hidden};
    const memory::dims hidden_weight_sizes{1, 1, hidden, gates, hidden};
    input = memory::desc({part_steps, batch, 1}, operands, Tag::tnc);
    hidden_state = memory::desc({1, 1, batch, hidden}, operands, Tag::ldnc);
    cell_state = memory::desc({1, 1, batch, hidden}, Type::f32, Tag::ldnc);
    bias = memory::desc({1, 1, gates, hidden}, Type::f32, Tag::ldgo);
    hidden_sequence = memory::desc({part_steps, batch, hidden}, operands, Tag::tnc);
    input_gradient = memory::desc({part_steps, batch, 1}, Type::f32, Tag::tnc);
    state_gradient = memory::desc({1, 1, batch, hidden}, Type::f32, Tag::ldnc);
    sequence_gradient = memory::desc({part_steps, batch, hidden}, Type::f32, Tag::tnc);
    const memory::desc any_input_weight(input_weight_sizes, operands, Tag::any);
    const memory::desc any_hidden_weight(hidden_weight_sizes, operands, Tag::any);
    const memory::desc any_input_gradient(input_weight_sizes, Type::f32, Tag::any);
    const memory::desc any_hidden_gradient(hidden_weight_sizes, Type::f32, Tag::any);

    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    constexpr auto direction = dnnl::rnn_direction::unidirectional_left2right;
    forward = {{dnnl::prop_kind::forward_training, direction, input, hidden_state, cell_state,
                any_input_weight, any_hidden_weight, bias, hidden_sequence, hidden_state, cell_state},
               attributes,
               engine};
    backward = {{dnnl::prop_kind::backward,
                 direction,
                 input,
                 hidden_state,
                 cell_state,
                 any_input_weight,
                 any_hidden_weight,
                 bias,
                 hidden_sequence,
                 hidden_state,
                 cell_state,
                 input_gradient,
                 state_gradient,
                 state_gradient,
                 any_input_gradient,
                 any_hidden_gradient,
                 bias,
                 sequence_gradient,
                 state_gradient,
                 state_gradient},
                attributes,
                engine,
                forward};
}

PackedWeight::PackedWeight(const memory::desc& master, const memory::desc& forward,
                           const memory::desc& backward, float* values, const dnnl::engine& engine)
    : master_(master, engine, values), forward_(copy(forward)), backward_(copy(backward)) {}

memory PackedWeight::copy(const memory::desc& layout) {
    if (layout == master_.get_desc()) {
        return master_;
    }
    memory target(layout, master_.get_engine());
    copies_.emplace_back(dnnl::reorder(master_, target), target);
    return target;
}

void PackedWeight::pack(const dnnl::stream& stream) {
    for (auto& [reorder, target] : copies_) {
        reorder.execute(stream, {{DNNL_ARG_FROM, master_}, {DNNL_ARG_TO, target}});
    }
}

std::size_t PackedWeight::offset(int input, int row, int hidden) const {
    const memory::desc layout = master_.get_desc();
    const auto& strides = layout.data.format_desc.blocking.strides;
    return static_cast<std::size_t>(input * strides[2] + row / hidden * strides[3] +
                                    row % hidden * strides[4]);
}

}  // namespace partita::bench
