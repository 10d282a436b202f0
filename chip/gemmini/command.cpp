#include "chip/gemmini/command.hpp"

#include <array>
#include <optional>

#include "chip/base/error.hpp"
#include "fmt/format.h"

namespace partita::chip::gemmini {

namespace {

constexpr std::uint64_t field(std::uint64_t word, unsigned low, unsigned bits) {
    return word >> low & ((std::uint64_t{1} << bits) - 1);
}

constexpr std::uint16_t field16(std::uint64_t word, unsigned low) {
    return static_cast<std::uint16_t>(field(word, low, 16));
}

[[noreturn]] void refuse(std::string_view command, const std::string& reason) {
    throw ProgramError(fmt::format("{}: {}", command, reason));
}

// The word of a command that is Gemmini's, but of no use here; null if Gemmini has none.
const char* unsupported(unsigned funct) {
    switch (funct) {
        case 15:
            return "LOOP_CONV_WS";
        case 16:
        case 17:
        case 18:
        case 19:
        case 20:
        case 21:
            return "LOOP_CONV_WS_CONFIG";
        case 22:
            return "CLKGATE_EN";
        case 23:
            return "MVOUT_SPAD";
        case 24:
            return "LOOP_WS_CONFIG_SPAD_AB";
        case 25:
            return "LOOP_WS_CONFIG_SPAD_C";
        default:
            return nullptr;
    }
}

Activation decode_activation(std::uint64_t code, std::string_view command) {
    constexpr std::array<const char*, 8> activations = {"none",    "ReLU",    "LayerNorm", "iGELU",
                                                        "softmax", "unknown", "unknown",   "unknown"};
    if (code > 1) {
        refuse(command, fmt::format("activation {} ({}) is not supported; expected 0 (none) or 1 (ReLU)",
                                    code, activations[code]));
    }
    return static_cast<Activation>(code);
}

std::uint32_t decode_scale(std::uint64_t bits, Number type) {
    return static_cast<std::uint32_t>(field(bits, 0, bits_of(type)));
}

class Decoder {
  public:
    Decoder(const RoccCommand& raw, const Config& config, const Geometry& geometry)
        : raw_(raw), config_(config), geometry_(geometry) {}

    Command decode() const {
        switch (raw_.funct) {
            case 0:
                return decode_config();
            case 1:
                return {Kind::move_in, decode_move("MVIN2", 1)};
            case 2:
                return {Kind::move_in, decode_move("MVIN", 0)};
            case 3:
                return {Kind::move_out, decode_move_out()};
            case 4:
                return {Kind::compute_preloaded, decode_compute("COMPUTE_PRELOADED")};
            case 5:
                return {Kind::compute_accumulated, decode_compute("COMPUTE_ACCUMULATED")};
            case 6:
                return {Kind::preload, decode_preload()};
            case 7:
                return {Kind::flush, {}};
            case 8:
                return {Kind::loop, decode_loop()};
            case 9:
                return {Kind::loop_bounds, decode_bounds()};
            case 10:
                return {Kind::loop_addresses_ab, LoopPair{raw_.rs1, raw_.rs2}};
            case 11:
                return {Kind::loop_addresses_dc, LoopPair{raw_.rs1, raw_.rs2}};
            case 12:
                return {Kind::loop_strides_ab, LoopPair{raw_.rs1, raw_.rs2}};
            case 13:
                return {Kind::loop_strides_dc, LoopPair{raw_.rs1, raw_.rs2}};
            case 14:
                return {Kind::move_in, decode_move("MVIN3", 2)};
            case 126:
                return {Kind::counter, decode_counter()};
            default:
                break;
        }
        if (const char* const word = unsupported(raw_.funct)) {
            refuse(word, "this command of Gemmini is not supported");
        }
        throw ProgramError(fmt::format("funct {} is no command of Gemmini", raw_.funct));
    }

  private:
    Command decode_config() const {
        switch (field(raw_.rs1, 0, 2)) {
            case 0:
                return {Kind::config_execute, decode_config_execute()};
            case 1:
                return {Kind::config_load, decode_config_load()};
            case 2:
                return {Kind::config_store, decode_config_store()};
            default:
                refuse("CONFIG_NORM", "normalisation is not supported");
        }
    }

    ConfigExecute decode_config_execute() const {
        constexpr std::string_view word = "CONFIG_EX";
        ConfigExecute result{};
        result.set_only_strides = field(raw_.rs1, 7, 1) != 0;
        result.a_stride = field16(raw_.rs1, 16);
        result.c_stride = field16(raw_.rs2, 48);
        if (result.set_only_strides) {
            return result;
        }
        if (field(raw_.rs1, 2, 1) == 0) {
            refuse(
                word,
                "the output-stationary dataflow is not supported; expected weight-stationary, bit 2 of rs1");
        }
        result.activation = decode_activation(field(raw_.rs1, 3, 2), word);
        result.transpose_a = field(raw_.rs1, 8, 1) != 0;
        result.transpose_b = field(raw_.rs1, 9, 1) != 0;
        if (result.transpose_a && result.transpose_b) {
            refuse(word, "both A and B transposed; Gemmini has one transposer");
        }
        result.scale = decode_scale(raw_.rs1 >> 32, config_.store_scale_type);
        return result;
    }

    ConfigLoad decode_config_load() const {
        constexpr std::string_view word = "CONFIG_LD";
        ConfigLoad result{};
        result.channel = static_cast<std::uint8_t>(field(raw_.rs1, 3, 2));
        if (result.channel > 2) {
            refuse(word, "channel 3; expected 0, 1 or 2");
        }
        if (field(raw_.rs1, 8, 8) > 1) {
            refuse(word,
                   fmt::format("pixel repeats {} are not supported; expected 0 or 1", field(raw_.rs1, 8, 8)));
        }
        result.shrink = field(raw_.rs1, 2, 1) != 0;
        result.block_stride = field16(raw_.rs1, 16);
        result.scale = decode_scale(raw_.rs1 >> 32, config_.load_scale_type);
        result.stride = raw_.rs2;
        return result;
    }

    ConfigStore decode_config_store() const {
        constexpr std::string_view word = "CONFIG_ST";
        if (field(raw_.rs1, 4, 2) != 0) {
            refuse(word, "max pooling is not supported; expected a pool stride of 0");
        }
        if (field(raw_.rs1, 6, 2) != 0) {
            refuse(word, "one-dimensional move-out is not supported; expected a pool size of 0");
        }
        ConfigStore result{};
        result.activation = decode_activation(field(raw_.rs1, 2, 2), word);
        result.stride = static_cast<std::uint32_t>(raw_.rs2);
        result.scale = decode_scale(raw_.rs2 >> 32, config_.store_scale_type);
        result.keep_scale = result.scale == decode_scale(~std::uint64_t{0}, config_.store_scale_type);
        return result;
    }

    Tile decode_tile(std::uint64_t word) const {
        Tile tile;
        tile.local = decode_local_address(static_cast<std::uint32_t>(word), geometry_);
        tile.columns = field16(word, 32);
        tile.rows = field16(word, 48);
        return tile;
    }

    Move decode_move(std::string_view word, std::uint8_t channel) const {
        Move move{};
        move.memory = raw_.rs1;
        move.tile = decode_tile(raw_.rs2);
        move.channel = channel;
        if (move.tile.local.garbage) {
            refuse(word, "the local address is garbage");
        }
        if (move.tile.rows == 0 || move.tile.rows > geometry_.side) {
            refuse(word, fmt::format("{} rows; expected 1 to {}", move.tile.rows, geometry_.side));
        }
        if (move.tile.columns == 0 || move.tile.columns > geometry_.most_columns) {
            refuse(word,
                   fmt::format("{} columns; expected 1 to {}", move.tile.columns, geometry_.most_columns));
        }
        return move;
    }

    Move decode_move_out() const {
        constexpr std::string_view word = "MVOUT";
        const Move move = decode_move(word, 0);
        if (move.tile.local.full_width && move.tile.columns > geometry_.side) {
            refuse(word, fmt::format("{} columns at the accumulator's full width; expected at most {}",
                                     move.tile.columns, geometry_.side));
        }
        return move;
    }

    Tile decode_operand(std::string_view word, const char* name, std::uint64_t bits) const {
        const Tile tile = decode_tile(bits);
        if (!tile.local.garbage && (tile.rows > geometry_.side || tile.columns > geometry_.side)) {
            refuse(word, fmt::format("{} is {} x {}; expected at most {} x {}", name, tile.rows, tile.columns,
                                     geometry_.side, geometry_.side));
        }
        return tile;
    }

    Tile decode_source(std::string_view word, const char* name, std::uint64_t bits) const {
        const Tile tile = decode_operand(word, name, bits);
        if (!tile.local.garbage && tile.local.accumulator && !config_.execute_reads_accumulator) {
            refuse(word, fmt::format("{} is in the accumulator, where this chip reads no operand "
                                     "(execute_reads_accumulator is false)",
                                     name));
        }
        return tile;
    }

    Preload decode_preload() const {
        constexpr std::string_view word = "PRELOAD";
        const Preload preload{decode_source(word, "B", raw_.rs1), decode_operand(word, "C", raw_.rs2)};
        if (!preload.result.local.accumulator && !config_.execute_writes_scratchpad) {
            refuse(word,
                   "C is in the scratchpad, where this chip writes no result (execute_writes_scratchpad is "
                   "false)");
        }
        return preload;
    }

    Compute decode_compute(std::string_view word) const {
        return {decode_source(word, "A", raw_.rs1), decode_source(word, "D", raw_.rs2)};
    }

    LoopBounds decode_bounds() const {
        const LoopBounds bounds{field16(raw_.rs2, 0), field16(raw_.rs2, 16), field16(raw_.rs2, 32),
                                field16(raw_.rs1, 0), field16(raw_.rs1, 16), field16(raw_.rs1, 32)};
        if (bounds.pad_i >= geometry_.side || bounds.pad_j >= geometry_.side ||
            bounds.pad_k >= geometry_.side) {
            refuse(name(Kind::loop_bounds),
                   fmt::format("padding {}, {}, {} (I, J, K); expected less than {}", bounds.pad_i,
                               bounds.pad_j, bounds.pad_k, geometry_.side));
        }
        return bounds;
    }

    LoopRun decode_loop() const {
        constexpr std::string_view word = "LOOP_WS";
        if (field(raw_.rs2, 2, 1) != 0) {
            refuse(word, "the loop as addition of two matrices (bit 2 of rs2) is not supported");
        }
        if (raw_.rs2 >> 3 != 0) {
            refuse(word,
                   fmt::format("rs2 {:#x} asks for skipped units or a result in the scratchpad, which is not "
                               "supported; expected bits 0 and 1 only",
                               raw_.rs2));
        }
        LoopRun run{};
        run.accumulate = field(raw_.rs1, 0, 1) != 0;
        run.full_c = field(raw_.rs1, 1, 1) != 0;
        run.low_d = field(raw_.rs1, 2, 1) != 0;
        run.activation = decode_activation(field(raw_.rs1, 8, 3), word);
        run.b_half = static_cast<std::uint8_t>(field(raw_.rs1, 16, 2));
        run.a_half = static_cast<std::uint8_t>(field(raw_.rs1, 18, 2));
        run.transpose_a = field(raw_.rs2, 0, 1) != 0;
        run.transpose_b = field(raw_.rs2, 1, 1) != 0;
        if (run.a_half > 2 || run.b_half > 2) {
            refuse(word, "scratchpad half 3; expected 0 (the loop's own), 1 or 2");
        }
        return run;
    }

    CounterOperation decode_counter() const {
        CounterOperation operation{};
        operation.reset = field(raw_.rs1, 0, 1) != 0;
        operation.snapshot_reset = field(raw_.rs1, 1, 1) != 0;
        operation.snapshot = field(raw_.rs1, 2, 1) != 0;
        operation.configure = field(raw_.rs1, 3, 1) != 0;
        operation.external = field(raw_.rs1, 31, 1) != 0;
        operation.index = static_cast<std::uint8_t>(field(raw_.rs1, 4, 3));
        operation.event = static_cast<std::uint8_t>(field(raw_.rs1, 12, 6));
        constexpr unsigned last_event = 44;
        constexpr unsigned last_external = 7;
        const unsigned last = operation.external ? last_external : last_event;
        if (operation.index >= config_.counters) {
            refuse("COUNTER", fmt::format("counter {}; this chip has {}", operation.index, config_.counters));
        }
        if (operation.configure && operation.event > last) {
            refuse("COUNTER",
                   fmt::format("{} {}; expected at most {}", operation.external ? "external value" : "event",
                               operation.event, last));
        }
        return operation;
    }

    const RoccCommand& raw_;
    const Config& config_;
    const Geometry& geometry_;
};

}  // namespace

std::string_view name(Kind kind) {
    constexpr std::array<std::string_view, 16> words = {"CONFIG_EX",
                                                        "CONFIG_LD",
                                                        "CONFIG_ST",
                                                        "MVIN",
                                                        "MVOUT",
                                                        "PRELOAD",
                                                        "COMPUTE_PRELOADED",
                                                        "COMPUTE_ACCUMULATED",
                                                        "FLUSH",
                                                        "LOOP_WS",
                                                        "LOOP_WS_CONFIG_BOUNDS",
                                                        "LOOP_WS_CONFIG_ADDRS_AB",
                                                        "LOOP_WS_CONFIG_ADDRS_DC",
                                                        "LOOP_WS_CONFIG_STRIDES_AB",
                                                        "LOOP_WS_CONFIG_STRIDES_DC",
                                                        "COUNTER"};
    return words[static_cast<unsigned>(kind)];
}

Command decode(const RoccCommand& raw, const Config& config, const Geometry& geometry) {
    const Command command = Decoder(raw, config, geometry).decode();
    if (raw.returns != (command.kind == Kind::counter)) {
        refuse(name(command.kind), raw.returns ? "a destination register, but the command has no result"
                                               : "no destination register for the counter's value");
    }
    return command;
}

}  // namespace partita::chip::gemmini
