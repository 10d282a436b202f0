#pragma once

#include <dnnl.hpp>
#include <utility>
#include <vector>

#include "workload.hpp"

namespace partita::bench {

/// The primitives for one part and the layouts they chose.
struct LstmPrimitives {
    LstmPrimitives(const Workload& workload, int part_steps, dnnl::memory::data_type operands,
                   const dnnl::engine& engine);

    dnnl::memory::desc input;
    dnnl::memory::desc hidden_state;
    dnnl::memory::desc cell_state;
    dnnl::memory::desc bias;
    dnnl::memory::desc hidden_sequence;
    dnnl::memory::desc input_gradient;
    dnnl::memory::desc state_gradient;
    dnnl::memory::desc sequence_gradient;
    dnnl::lstm_forward::primitive_desc forward;
    dnnl::lstm_backward::primitive_desc backward;
};

/// A weight matrix of the recurrent layer: its FP32 master inside the flat parameters, and the copies that
/// the primitives read, made anew in each part. A primitive that reads the master's own layout needs no copy.
class PackedWeight {
  public:
    /// `values` holds the master and stays where it is.
    PackedWeight(const dnnl::memory::desc& master, const dnnl::memory::desc& forward,
                 const dnnl::memory::desc& backward, float* values, const dnnl::engine& engine);

    const dnnl::memory& forward() const { return forward_; }
    const dnnl::memory& backward() const { return backward_; }

    /// Brings the copies up to date with the master.
    void pack(const dnnl::stream& stream);

    /// Where the weight from `input` to PyTorch's row `row` (gate by gate) stands in the master.
    std::size_t offset(int input, int row, int hidden) const;

  private:
    dnnl::memory copy(const dnnl::memory::desc& layout);

    dnnl::memory master_;
    std::vector<std::pair<dnnl::reorder, dnnl::memory>>
        copies_;  // filled while the members below are constructed
    dnnl::memory forward_;
    dnnl::memory backward_;
};

}  // namespace partita::bench
