#pragma once

// Gemmini's commands, decoded (GemminiISA.scala; software's side is gemmini.h of gemmini-rocc-tests).
// Decoding checks all that can be seen in the command itself, so what executes it need not.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "chip/base/units.hpp"
#include "chip/gemmini/config.hpp"
#include "chip/gemmini/local_address.hpp"
#include "chip/gemmini/port.hpp"

namespace partita::chip::gemmini {

enum class Kind : std::uint8_t {
    config_execute,
    config_load,
    config_store,
    move_in,
    move_out,
    preload,
    compute_preloaded,    // with the weights of the preload before it
    compute_accumulated,  // with the weights of the compute before it
    flush,
    loop,
    loop_bounds,
    loop_addresses_ab,
    loop_addresses_dc,
    loop_strides_ab,
    loop_strides_dc,
    counter,
};

// Gemmini's own word, e.g. "MVIN"; a move-in's channel is not part of it.
std::string_view name(Kind kind);

// What works on the command behind the unroller: the three controllers, or the front end itself.
enum class Queue : std::uint8_t { load, store, execute, front_end };
constexpr Queue queue_of(Kind kind) {
    switch (kind) {
        case Kind::config_load:
        case Kind::move_in:
            return Queue::load;
        case Kind::config_store:
        case Kind::move_out:
            return Queue::store;
        case Kind::config_execute:
        case Kind::preload:
        case Kind::compute_preloaded:
        case Kind::compute_accumulated:
            return Queue::execute;
        default:
            return Queue::front_end;
    }
}
constexpr bool is_compute(Kind kind) {
    return kind == Kind::compute_preloaded || kind == Kind::compute_accumulated;
}
// The six that the loop unroller takes.
constexpr bool is_loop(Kind kind) {
    return kind >= Kind::loop && kind <= Kind::loop_strides_dc;
}

enum class Activation : std::uint8_t { none, relu };

struct ConfigExecute {
    bool set_only_strides;   // the fields after the strides keep their values
    std::uint16_t a_stride;  // local rows between rows of A
    std::uint16_t c_stride;
    Activation activation;  // of results for the scratchpad and of operands out of the accumulator
    bool transpose_a;
    bool transpose_b;
    std::uint32_t scale;  // bits, for operands out of the accumulator
};

struct ConfigLoad {
    std::uint8_t channel;        // 0, 1, 2
    bool shrink;                 // what goes to the accumulator is in memory in the input type
    std::uint16_t block_stride;  // local rows between blocks of `side` columns
    std::uint32_t scale;         // bits
    std::uint64_t stride;        // bytes between rows in memory; 0: one row for all
};

struct ConfigStore {
    Activation activation;
    bool keep_scale;
    std::uint32_t scale;   // bits
    std::uint32_t stride;  // bytes between rows in memory
};

// A matrix in local memory.
struct Tile {
    LocalAddress local;
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
};

struct Move {
    Address memory;        // move-in: 0 gives zeros
    Tile tile;             // more than `side` columns: blocks side by side in memory, apart in local memory
    std::uint8_t channel;  // move-in: whose configuration
};

struct Preload {
    Tile weights;
    Tile result;  // of the compute that follows
};

struct Compute {
    Tile input;  // A
    Tile bias;   // D, added to the first partial sum
};

// In tiles of `side`; the paddings are the elements that the last tile has less.
struct LoopBounds {
    std::uint16_t i, j, k;
    std::uint16_t pad_i, pad_j, pad_k;
};

// Addresses in memory (0: no transfer), or strides in elements.
struct LoopPair {
    std::uint64_t first;
    std::uint64_t second;
};

struct LoopRun {
    bool accumulate;        // the first tile along k adds to what the accumulator holds
    bool full_c;            // C leaves in the accumulator's type
    bool low_d;             // D is in the input type; else in the accumulator's
    Activation activation;  // of the loop; no effect without normalisation
    bool transpose_a;
    bool transpose_b;
    std::uint8_t a_half;  // of the scratchpad: 1 first, 2 second, 0 the loop slot's own
    std::uint8_t b_half;
};

struct CounterOperation {
    bool reset;
    bool snapshot_reset;
    bool snapshot;
    bool configure;
    bool external;
    std::uint8_t index;
    std::uint8_t event;
};

struct Command {
    Kind kind = Kind::flush;
    std::variant<std::monostate, ConfigExecute, ConfigLoad, ConfigStore, Move, Preload, Compute, LoopBounds,
                 LoopPair, LoopRun, CounterOperation>
        operands;

    const Move& move() const { return std::get<Move>(operands); }
    const Preload& preload() const { return std::get<Preload>(operands); }
    const Compute& compute() const { return std::get<Compute>(operands); }
};

// Throws ProgramError that names the command and the field if Gemmini does not have the command, this chip or
// this simulator does not (output-stationary dataflow, convolution loops, pooling, normalisation), or a field
// is out of range.
Command decode(const RoccCommand& raw, const Config& config, const Geometry& geometry);

// One line for reports, e.g. "MVIN2 4 x 32 from 0x80001000 to scratchpad row 3968".
std::string describe(const Command& command);

}  // namespace partita::chip::gemmini
