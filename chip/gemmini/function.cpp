#include "chip/gemmini/function.hpp"

#include <algorithm>
#include <array>

#include "chip/base/error.hpp"
#include "chip/gemmini/datapath.hpp"
#include "fmt/format.h"

namespace partita::chip::gemmini {

namespace {

[[noreturn]] void refuse(const Command& command, const std::string& reason) {
    throw ProgramError(fmt::format("{}: {}", describe(command), reason));
}

void require_memory(const Command& command, const memory::FlatMemory& memory, Address address,
                    std::size_t bytes, unsigned row) {
    if (!memory.contains(address, bytes)) {
        refuse(command, fmt::format("row {}, {} bytes at {:#x}, is outside memory, {:#x} to {:#x}", row,
                                    bytes, address, memory.base(), memory.base() + memory.size()));
    }
}

}  // namespace

Function::Function(const Config& config, memory::FlatMemory& memory)
    : config_(config), geometry_(config), memory_(&memory), datapath_(make_datapath(config)) {}

Function::~Function() = default;

std::span<std::byte> Function::scratchpad_row(std::uint32_t row) {
    return {datapath_->scratchpad_row(row), geometry_.scratchpad_row_bytes};
}

std::span<std::byte> Function::accumulator_row(std::uint32_t row) {
    return {datapath_->accumulator_row(row), geometry_.accumulator_row_bytes};
}

void Function::execute(const Command& command) {
    switch (command.kind) {
        case Kind::config_execute:
            configure(std::get<ConfigExecute>(command.operands));
            break;
        case Kind::config_load: {
            const auto& update = std::get<ConfigLoad>(command.operands);
            config_load_[update.channel] = update;
            break;
        }
        case Kind::config_store:
            configure(std::get<ConfigStore>(command.operands));
            break;
        case Kind::move_in:
            move_in(command);
            break;
        case Kind::move_out:
            move_out(command);
            break;
        case Kind::preload:
            preload(command);
            break;
        case Kind::compute_preloaded:
        case Kind::compute_accumulated:
            compute(command);
            break;
        default:
            break;
    }
}

void Function::configure(const ConfigExecute& update) {
    if (!update.set_only_strides || !config_execute_) {
        config_execute_ = update;
        return;
    }
    config_execute_->a_stride = update.a_stride;
    config_execute_->c_stride = update.c_stride;
}

void Function::configure(const ConfigStore& update) {
    ConfigStore next = update;
    if (next.keep_scale && config_store_) {
        next.scale = config_store_->scale;
    }
    config_store_ = next;
}

void Function::move_in(const Command& command) {
    const Move& move = command.move();
    const auto& config = config_load_[move.channel];
    if (!config) {
        refuse(command, fmt::format("no CONFIG_LD for channel {} before it", move.channel));
    }
    if (config->block_stride < move.tile.rows) {
        refuse(command,
               fmt::format("the block stride, {}, is less than the number of rows", config->block_stride));
    }
    const bool narrow = !move.tile.local.accumulator || config->shrink;
    const unsigned bytes = move.tile.columns * (narrow ? geometry_.input_bytes : geometry_.accumulator_bytes);
    const unsigned most = std::max(config_.dma_bytes,
                                   narrow ? geometry_.scratchpad_row_bytes : geometry_.accumulator_row_bytes);
    if (bytes > most) {
        refuse(command, fmt::format("{} bytes in a row; expected at most {}", bytes, most));
    }
    RowLoad load{move.memory,   bytes, move.tile.columns, move.tile.local, 1, config->block_stride,
                 config->scale, narrow};
    if (move.memory == 0 || config->stride == 0) {
        // The DMA is asked for one row at most.
        load.copies = move.tile.rows;
    }
    if (move.memory == 0) {
        load_row(load, nullptr);
        return;
    }
    const unsigned rows = move.tile.rows / load.copies;
    for (unsigned row = 0; row < rows; ++row) {
        load.address = move.memory + row * config->stride;
        require_memory(command, *memory_, load.address, bytes, row);
        load.local.row = row_after(move.tile.local, row, geometry_);
        if (sink_ == nullptr) {
            load_row(load, memory_->at(load.address));
        } else {
            sink_->load(load);
        }
    }
}

void Function::load_row(const RowLoad& row, const std::byte* bytes) {
    LocalAddress local = row.local;
    for (unsigned copy = 0; copy < row.copies; ++copy) {
        datapath_->load(local, bytes, row.columns, row.block_stride, row.scale, row.narrow);
        local.row = row_after(local, 1, geometry_);
    }
}

void Function::move_out(const Command& command) {
    const Move& move = command.move();
    if (!config_store_) {
        refuse(command, "no CONFIG_ST before it");
    }
    const LocalAddress& local = move.tile.local;
    const unsigned element =
        local.accumulator && local.full_width ? geometry_.accumulator_bytes : geometry_.input_bytes;
    const std::size_t bytes = std::size_t{move.tile.columns} * element;
    std::array<std::byte, most_row_bytes> row_bytes;
    for (unsigned row = 0; row < move.tile.rows; ++row) {
        const Address address = move.memory + row * Address{config_store_->stride};
        require_memory(command, *memory_, address, bytes, row);
        LocalAddress first = local;
        first.row = row_after(local, row, geometry_);
        if (sink_ == nullptr) {
            take_row(first, move.tile.columns, element, memory_->at(address));
        } else {
            take_row(first, move.tile.columns, element, row_bytes.data());
            sink_->store(address, {row_bytes.data(), bytes});
        }
    }
}

// One row of a move-out, block by block, as it goes to memory, in elements of `element` bytes.
void Function::take_row(const LocalAddress& first, unsigned columns, unsigned element,
                        std::byte* target) const {
    const bool narrow = first.accumulator && !first.full_width;
    const unsigned side = geometry_.side;
    const Narrowing narrowing{config_store_->activation, config_store_->scale};
    for (unsigned column = 0; column < columns; column += side) {
        const unsigned count = std::min(side, columns - column);
        const std::uint32_t index = row_after(first, column, geometry_);
        if (narrow) {
            datapath_->narrow(index, target, count, narrowing);
        } else {
            const std::byte* const source =
                first.accumulator ? datapath_->accumulator_row(index) : datapath_->scratchpad_row(index);
            std::copy_n(source, count * element, target);
        }
        target += std::size_t{count} * element;
    }
}

void Function::preload(const Command& command) {
    if (!config_execute_) {
        refuse(command, "no CONFIG_EX before it");
    }
    const Preload& preload = command.preload();
    datapath_->preload({preload.weights, 1, config_execute_->transpose_b},
                       {config_execute_->activation, config_execute_->scale});
    result_ = preload.result;
}

void Function::compute(const Command& command) {
    if (!config_execute_ || !result_) {
        refuse(command, "no PRELOAD before it");
    }
    const Compute& compute = command.compute();
    datapath_->compute({compute.input, config_execute_->a_stride, config_execute_->transpose_a},
                       {compute.bias, 1, false}, {*result_, config_execute_->c_stride, false},
                       command.kind == Kind::compute_preloaded,
                       {config_execute_->activation, config_execute_->scale});
    result_.reset();
}

}  // namespace partita::chip::gemmini
