#include "chip/gemmini/command.hpp"
#include "fmt/format.h"

namespace partita::chip::gemmini {

namespace {

std::string describe(const LocalAddress& local) {
    if (local.garbage) {
        return "nothing";
    }
    if (!local.accumulator) {
        return fmt::format("scratchpad row {}", local.row);
    }
    return fmt::format("accumulator row {}{}{}", local.row, local.accumulate ? ", adding" : "",
                       local.full_width ? ", full width" : "");
}

std::string describe(const Tile& tile) {
    if (tile.local.garbage) {
        return "nothing";
    }
    return fmt::format("{} x {} at {}", tile.rows, tile.columns, describe(tile.local));
}

struct Describer {
    std::string word;
    Kind kind;

    std::string operator()(std::monostate) const { return word; }
    std::string operator()(const ConfigExecute& config) const {
        if (config.set_only_strides) {
            return fmt::format("{} strides of A {}, of C {}", word, config.a_stride, config.c_stride);
        }
        return fmt::format("{} strides of A {}, of C {}{}{}{}", word, config.a_stride, config.c_stride,
                           config.transpose_a ? ", A transposed" : "",
                           config.transpose_b ? ", B transposed" : "",
                           config.activation == Activation::relu ? ", ReLU" : "");
    }
    std::string operator()(const ConfigLoad& config) const {
        return fmt::format("{} channel {}, stride {}, block stride {}, scale {:#x}{}", word, config.channel,
                           static_cast<std::int64_t>(config.stride), config.block_stride, config.scale,
                           config.shrink ? ", shrunk" : "");
    }
    std::string operator()(const ConfigStore& config) const {
        const std::string scale = config.keep_scale ? "as before" : fmt::format("{:#x}", config.scale);
        return fmt::format("{} stride {}, scale {}{}", word, config.stride, scale,
                           config.activation == Activation::relu ? ", ReLU" : "");
    }
    std::string operator()(const Move& move) const {
        const bool in = kind == Kind::move_in;
        const std::string channel = in && move.channel != 0 ? fmt::format("{}", move.channel + 1) : "";
        return fmt::format("{}{} {} x {} {} {:#x} {} {}", word, channel, move.tile.rows, move.tile.columns,
                           in ? "from" : "to", move.memory, in ? "to" : "from", describe(move.tile.local));
    }
    std::string operator()(const Preload& preload) const {
        return fmt::format("{} B {}, C {}", word, describe(preload.weights), describe(preload.result));
    }
    std::string operator()(const Compute& compute) const {
        return fmt::format("{} A {}, D {}", word, describe(compute.input), describe(compute.bias));
    }
    std::string operator()(const LoopBounds& bounds) const {
        return fmt::format("{} {} x {} x {} tiles (I, J, K), padding {}, {}, {}", word, bounds.i, bounds.j,
                           bounds.k, bounds.pad_i, bounds.pad_j, bounds.pad_k);
    }
    std::string operator()(const LoopPair& pair) const {
        if (kind == Kind::loop_addresses_ab || kind == Kind::loop_addresses_dc) {
            return fmt::format("{} {:#x}, {:#x}", word, pair.first, pair.second);
        }
        return fmt::format("{} {}, {}", word, pair.first, pair.second);
    }
    std::string operator()(const LoopRun& run) const {
        return fmt::format("{}{}{}{}{}{}, A in half {}, B in half {}", word, run.accumulate ? " adding" : "",
                           run.full_c ? ", C full width" : "", run.low_d ? ", D narrow" : "",
                           run.transpose_a ? ", A transposed" : "", run.transpose_b ? ", B transposed" : "",
                           run.a_half, run.b_half);
    }
    std::string operator()(const CounterOperation& operation) const {
        return fmt::format(
            "{} {}{}", word, operation.index,
            operation.configure
                ? fmt::format(" counts {}{}", operation.external ? "external " : "", operation.event)
                : "");
    }
};

}  // namespace

std::string describe(const Command& command) {
    return std::visit(Describer{std::string(name(command.kind)), command.kind}, command.operands);
}

}  // namespace partita::chip::gemmini
