#pragma once

// A layout laid over memory: where every array of the plan is. Kernels index these arrays; nobody else does.

#include <cstddef>
#include <cstdint>

#include "partita/learn/bfloat16.hpp"
#include "partita/learn/layout.hpp"

namespace partita::learn {

struct Workspace {
    Layout layout;
    std::byte* memory = nullptr;
    std::uint32_t array_side = 4;  // of the accelerator that the portable backend reproduces

    const Plan& plan() const { return layout.plan; }
    const Extents& extents() const { return layout.extents; }

    template <typename T>
    T* array(BufferId id) const {
        return reinterpret_cast<T*>(memory + layout[id].offset);
    }
    template <typename T>
    T* scratch(std::size_t offset) const {
        return reinterpret_cast<T*>(memory + layout[BufferId::scratch].offset + offset);
    }
    // Start of a member's own scratch while stepping through time, and while forming weight gradients.
    std::size_t step_scratch(std::uint32_t member) const {
        return layout.scratch.member_step + member * layout.scratch.member_step_size;
    }
    // Whether the hidden state's gradient reads a step's gates from scratch; else it reads the tape's.
    bool has_step_gates() const { return layout.scratch.step_gates_size != 0; }
    std::size_t step_gates_scratch(std::uint32_t step) const {
        const bool second = plan().members > 1 && step % 2 == 1;
        return layout.scratch.step_gates + (second ? layout.scratch.step_gates_size : 0);
    }
    std::size_t tile_scratch(std::uint32_t member) const {
        return layout.scratch.member_tile + member * layout.scratch.member_tile_size;
    }
    float* tile_gradient(std::uint32_t member) const {
        return scratch<float>(tile_scratch(member) + layout.scratch.tile_gradient);
    }

    // Slots of the tape: step 0 is the state carried in. Without a tape two slots take turns.
    std::uint32_t slot(std::uint32_t step) const { return plan().tape == Tape::none ? step & 1u : step; }

    std::size_t weight_index(std::uint32_t block, std::uint32_t row) const {
        return (std::size_t{block} * extents().rows + row) * gates_per_block;
    }
    std::size_t head_index(std::uint32_t label) const {
        return extents().lstm_parameters + std::size_t{label} * extents().padded_hidden;
    }
    std::size_t head_bias_index() const { return head_index(plan().shape.classes); }
    std::uint32_t input_row() const { return plan().shape.hidden; }
    std::uint32_t bias_row() const { return plan().shape.hidden + plan().shape.input; }

    // Values of one block at one step in the gates' buffer and in a lean tile.
    std::size_t step_gates() const { return taped_sequences() * gates_per_block; }
    // Sequences in a slot of the tapes of hidden state and gates: 16-bit tapes hold pairs.
    std::size_t taped_sequences() const {
        return plan().precision == Precision::fp32 ? plan().batch : extents().pairs * 2;
    }
    std::size_t gates_index(std::uint32_t block, std::uint32_t step) const {
        return block * gates_stride() + (step - 1) * step_gates();
    }
    // Values from one block's gates to the next one's.
    std::size_t gates_stride() const { return extents().gate_slots * step_gates() + extents().gate_padding; }
    // Values of one slot of the hidden state's tape: [sequence][unit], or [pair][unit][sequence of the pair]
    // in 16 bits.
    std::size_t hidden_index(std::uint32_t slot) const {
        return slot * taped_sequences() * extents().padded_hidden;
    }
    std::size_t cell_index(std::uint32_t block, std::uint32_t slot) const {
        return (std::size_t{block} * extents().cell_slots + slot) * plan().batch * units_per_block;
    }
};

// Place of (gate, unit) within a block's 64 values: gate by gate in FP32, two gates interleaved in 16-bit
// formats.
constexpr std::uint32_t plain_place(std::uint32_t gate, std::uint32_t unit) {
    return gate * units_per_block + unit;
}
constexpr std::uint32_t paired_place(std::uint32_t gate, std::uint32_t unit) {
    return gate / 2 * 2 * units_per_block + unit * 2 + gate % 2;
}

}  // namespace partita::learn
