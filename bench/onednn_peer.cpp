// The workload on oneDNN's LSTM primitives, in FP32 and with BF16 operands.

#include <omp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <dnnl.hpp>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "classifier_head.hpp"
#include "fptt_sgd.hpp"
#include "onednn_lstm.hpp"
#include "peers.hpp"

namespace partita::bench {
namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;
using Tag = memory::format_tag;
using Type = memory::data_type;

constexpr int gates = 4;

float widen(std::uint16_t bf16) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bf16) << 16U);
}

std::uint16_t round_to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

/// The flat parameter arrays: every tensor starts on a cache line.
struct Offsets {
    Offsets(const LstmPrimitives& primitives, const Workload& workload) {
        input_weight = take(primitives.backward.diff_weights_layer_desc().get_size());
        hidden_weight = take(primitives.backward.diff_weights_iter_desc().get_size());
        bias = take(primitives.bias.get_size());
        head_weight = take(workload.initial.head_weight.size() * sizeof(float));
        head_bias = take(workload.initial.head_bias.size() * sizeof(float));
    }

    std::size_t take(std::size_t bytes) {
        const std::size_t start = total;
        total += (bytes + 63) / 64 * 64 / sizeof(float);
        return start;
    }

    std::size_t total = 0;
    std::size_t input_weight = 0;
    std::size_t hidden_weight = 0;
    std::size_t bias = 0;
    std::size_t head_weight = 0;
    std::size_t head_bias = 0;
};

class OneDnnPeer final : public Peer {
  public:
    OneDnnPeer(const Workload& workload, Setting setting, Type operands);

    std::string details() const override;
    PassResult pass() override;

  private:
    float* weights(std::size_t offset) { return values(weights_) + offset; }
    float* gradients(std::size_t offset) { return values(gradients_) + offset; }
    static float* values(const memory& tensor) { return static_cast<float*>(tensor.get_data_handle()); }
    static void clear(const memory& tensor) {
        std::memset(tensor.get_data_handle(), 0, tensor.get_desc().get_size());
    }

    memory cleared(const memory::desc& layout) const;
    memory flat() const { return cleared({{static_cast<memory::dim>(offsets_.total)}, Type::f32, Tag::a}); }
    void connect();
    void reset();
    double train_part(int part);
    std::span<const float> last_hidden();
    Network network();

    const Workload& workload_;
    Setting setting_;
    int part_steps_;
    Type operands_;
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    LstmPrimitives primitives_;
    Offsets offsets_;
    memory weights_ = flat();
    memory gradients_ = flat();
    memory e_ = flat();
    memory d_ = flat();
    PackedWeight input_weight_;
    PackedWeight hidden_weight_;
    memory inputs_;  ///< of the whole sequence
    memory hidden_sequence_;
    memory sequence_gradient_;  ///< zero but for the last step
    memory input_;              ///< the current part's share of inputs_
    memory scratchpad_;         ///< owned here: the primitives' arguments only point into it
    // A part reads the states of one slot and leaves its own in the other.
    std::array<memory, 2> hidden_states_;
    std::array<memory, 2> cell_states_;
    std::array<Arguments, 2> forward_arguments_;
    std::array<Arguments, 2> backward_arguments_;
    dnnl::lstm_forward forward_;
    dnnl::lstm_backward backward_;
    std::vector<float> widened_hidden_;
    ClassifierHead head_;
};

OneDnnPeer::OneDnnPeer(const Workload& workload, Setting setting, Type operands)
    : workload_(workload),
      setting_(setting),
      part_steps_(workload.steps / setting.parts),
      operands_(operands),
      primitives_(workload, part_steps_, operands, engine_),
      offsets_(primitives_, workload),
      input_weight_(primitives_.backward.diff_weights_layer_desc(), primitives_.forward.weights_layer_desc(),
                    primitives_.backward.weights_layer_desc(), weights(offsets_.input_weight), engine_),
      hidden_weight_(primitives_.backward.diff_weights_iter_desc(), primitives_.forward.weights_iter_desc(),
                     primitives_.backward.weights_iter_desc(), weights(offsets_.hidden_weight), engine_),
      inputs_({{workload.steps, workload.batch, 1}, operands, Tag::tnc}, engine_),
      hidden_sequence_(cleared(primitives_.hidden_sequence)),
      sequence_gradient_(cleared(primitives_.sequence_gradient)),
      input_(primitives_.input, engine_, inputs_.get_data_handle()),
      forward_(primitives_.forward),
      backward_(primitives_.backward),
      widened_hidden_(static_cast<std::size_t>(workload.batch) * workload.hidden),
      head_(workload.batch, workload.hidden, workload.labels, workload.classes) {
    if (operands == Type::bf16) {
        std::ranges::transform(workload.samples, static_cast<std::uint16_t*>(inputs_.get_data_handle()),
                               round_to_bf16);
    } else {
        std::ranges::copy(workload.samples, values(inputs_));
    }
    connect();
}

memory OneDnnPeer::cleared(const memory::desc& layout) const {
    memory tensor(layout, engine_);
    clear(tensor);
    return tensor;
}

void OneDnnPeer::connect() {
    for (int slot = 0; slot < 2; ++slot) {
        hidden_states_[slot] = cleared(primitives_.hidden_state);
        cell_states_[slot] = cleared(primitives_.cell_state);
    }
    const memory bias(primitives_.bias, engine_, weights(offsets_.bias));
    const memory workspace = cleared(primitives_.forward.workspace_desc());
    // Forward and backward never run together, so they share a scratchpad: less cache to fill.
    const memory::desc forward_scratchpad = primitives_.forward.scratchpad_desc();
    const memory::desc backward_scratchpad = primitives_.backward.scratchpad_desc();
    scratchpad_ =
        cleared(forward_scratchpad.get_size() > backward_scratchpad.get_size() ? forward_scratchpad
                                                                               : backward_scratchpad);
    // What leaves a part at its start and what reaches it from behind its end are detached: written and never
    // read, read as zero.
    const memory ignored = cleared(primitives_.state_gradient);
    const memory zero = cleared(primitives_.state_gradient);
    for (int slot = 0; slot < 2; ++slot) {
        Arguments shared{{DNNL_ARG_SRC_LAYER, input_},
                         {DNNL_ARG_SRC_ITER, hidden_states_[slot]},
                         {DNNL_ARG_SRC_ITER_C, cell_states_[slot]},
                         {DNNL_ARG_BIAS, bias},
                         {DNNL_ARG_DST_LAYER, hidden_sequence_},
                         {DNNL_ARG_DST_ITER, hidden_states_[1 - slot]},
                         {DNNL_ARG_DST_ITER_C, cell_states_[1 - slot]},
                         {DNNL_ARG_WORKSPACE, workspace}};
        forward_arguments_[slot] = shared;
        forward_arguments_[slot].insert(
            {{DNNL_ARG_WEIGHTS_LAYER, input_weight_.forward()},
             {DNNL_ARG_WEIGHTS_ITER, hidden_weight_.forward()},
             {DNNL_ARG_SCRATCHPAD, memory(forward_scratchpad, engine_, scratchpad_.get_data_handle())}});
        backward_arguments_[slot] = std::move(shared);
        backward_arguments_[slot].insert(
            {{DNNL_ARG_WEIGHTS_LAYER, input_weight_.backward()},
             {DNNL_ARG_WEIGHTS_ITER, hidden_weight_.backward()},
             {DNNL_ARG_SCRATCHPAD, memory(backward_scratchpad, engine_, scratchpad_.get_data_handle())},
             {DNNL_ARG_DIFF_SRC_LAYER, cleared(primitives_.input_gradient)},
             {DNNL_ARG_DIFF_SRC_ITER, ignored},
             {DNNL_ARG_DIFF_SRC_ITER_C, ignored},
             {DNNL_ARG_DIFF_WEIGHTS_LAYER, memory(primitives_.backward.diff_weights_layer_desc(), engine_,
                                                  gradients(offsets_.input_weight))},
             {DNNL_ARG_DIFF_WEIGHTS_ITER, memory(primitives_.backward.diff_weights_iter_desc(), engine_,
                                                 gradients(offsets_.hidden_weight))},
             {DNNL_ARG_DIFF_BIAS, memory(primitives_.bias, engine_, gradients(offsets_.bias))},
             {DNNL_ARG_DIFF_DST_LAYER, sequence_gradient_},
             {DNNL_ARG_DIFF_DST_ITER, zero},
             {DNNL_ARG_DIFF_DST_ITER_C, zero}});
    }
}

std::string OneDnnPeer::details() const {
    const dnnl_version_t& version = *dnnl_version();
    return "oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch) + ", forward " + primitives_.forward.impl_info_str() +
           ", backward " + primitives_.backward.impl_info_str();
}

void OneDnnPeer::reset() {
    for (const memory& tensor : {weights_, gradients_, e_, d_, hidden_states_[0], cell_states_[0]}) {
        clear(tensor);
    }
    const Network& initial = workload_.initial;
    const int hidden = workload_.hidden;
    for (int row = 0; row < gates * hidden; ++row) {
        weights(offsets_.input_weight)[input_weight_.offset(0, row, hidden)] = initial.weight_ih[row];
        for (int input = 0; input < hidden; ++input) {
            weights(offsets_.hidden_weight)[hidden_weight_.offset(input, row, hidden)] =
                initial.weight_hh[row * hidden + input];
        }
    }
    std::ranges::copy(initial.bias, weights(offsets_.bias));
    std::ranges::copy(initial.head_weight, weights(offsets_.head_weight));
    std::ranges::copy(initial.head_bias, weights(offsets_.head_bias));
}

Network OneDnnPeer::network() {
    Network trained = workload_.initial;
    const int hidden = workload_.hidden;
    for (int row = 0; row < gates * hidden; ++row) {
        trained.weight_ih[row] = weights(offsets_.input_weight)[input_weight_.offset(0, row, hidden)];
        for (int input = 0; input < hidden; ++input) {
            trained.weight_hh[row * hidden + input] =
                weights(offsets_.hidden_weight)[hidden_weight_.offset(input, row, hidden)];
        }
    }
    std::copy_n(weights(offsets_.bias), trained.bias.size(), trained.bias.begin());
    std::copy_n(weights(offsets_.head_weight), trained.head_weight.size(), trained.head_weight.begin());
    std::copy_n(weights(offsets_.head_bias), trained.head_bias.size(), trained.head_bias.begin());
    return trained;
}

std::span<const float> OneDnnPeer::last_hidden() {
    const std::size_t count = widened_hidden_.size();
    const std::size_t start = (part_steps_ - 1) * count;
    if (operands_ == Type::f32) {
        return {values(hidden_sequence_) + start, count};
    }
    const auto* last = static_cast<const std::uint16_t*>(hidden_sequence_.get_data_handle()) + start;
    std::transform(last, last + count, widened_hidden_.begin(), widen);
    return widened_hidden_;
}

double OneDnnPeer::train_part(int part) {
    input_.set_data_handle(static_cast<std::byte*>(inputs_.get_data_handle()) +
                           part * primitives_.input.get_size());
    input_weight_.pack(stream_);
    hidden_weight_.pack(stream_);
    forward_.execute(stream_, forward_arguments_[part % 2]);

    const std::size_t state_size = widened_hidden_.size();
    const std::size_t head_weight_size = workload_.initial.head_weight.size();
    const std::size_t head_bias_size = workload_.initial.head_bias.size();
    const double loss = head_.train(last_hidden(), {weights(offsets_.head_weight), head_weight_size},
                                    {weights(offsets_.head_bias), head_bias_size},
                                    {values(sequence_gradient_) + (part_steps_ - 1) * state_size, state_size},
                                    {gradients(offsets_.head_weight), head_weight_size},
                                    {gradients(offsets_.head_bias), head_bias_size});

    backward_.execute(stream_, backward_arguments_[part % 2]);
    const Parameters parameters{{weights(0), offsets_.total},
                                {gradients(0), offsets_.total},
                                {values(e_), offsets_.total},
                                {values(d_), offsets_.total}};
    fptt_sgd_update(parameters, workload_.learning_rate, workload_.alpha, setting_.threads);
    return loss;
}

PassResult OneDnnPeer::pass() {
    omp_set_num_threads(setting_.threads);
    reset();
    PassResult result;
    const auto start = std::chrono::steady_clock::now();
    for (int part = 0; part < setting_.parts; ++part) {
        result.loss = train_part(part);
    }
    stream_.wait();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.change = change(workload_.initial, network());
    return result;
}

std::unique_ptr<Peer> make(const Workload& workload, Setting setting, Type operands) {
    // oneDNN plans its work for the number of threads that it finds here.
    omp_set_num_threads(setting.threads);
    try {
        return std::make_unique<OneDnnPeer>(workload, setting, operands);
    } catch (const dnnl::error& error) {
        throw PeerUnavailable(std::string("oneDNN cannot do this here: ") + error.what());
    }
}

}  // namespace

std::unique_ptr<Peer> make_onednn_fp32(const Workload& workload, Setting setting) {
    return make(workload, setting, Type::f32);
}

std::unique_ptr<Peer> make_onednn_mixed(const Workload& workload, Setting setting) {
    return make(workload, setting, Type::bf16);
}

}  // namespace partita::bench
