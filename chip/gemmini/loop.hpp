#pragma once

// How a LOOP_WS becomes primitive commands (LoopMatmul.scala): five units each walk over their tiles of
// C = A B + D in an order of their own. A unit is a small resumable iterator; who interleaves them
// (hardware's arbiter, or one after the other) is not decided here.

#include <cstdint>

#include "chip/gemmini/command.hpp"

namespace partita::chip::gemmini {

// Bytes and strides that one loop slot holds; a value that is not written keeps that of two loops before.
struct LoopRegisters {
    LoopBounds bounds{};
    LoopPair addresses_ab{};
    LoopPair addresses_dc{};
    LoopPair strides_ab{};
    LoopPair strides_dc{};
};

// A loop ready to run, with the places of its operands.
struct Loop {
    LoopRegisters registers;
    LoopRun run{};
    unsigned slot = 0;
    std::uint32_t a_start = 0;  // scratchpad rows
    std::uint32_t b_start = 0;
    std::uint32_t c_start = 0;  // accumulator row, of D and C
};

// The configuration side: two slots taken in turn, each with its half of the scratchpad; the accumulator's
// halves alternate with each loop that stores C.
class LoopSlots {
  public:
    explicit LoopSlots(const Geometry& geometry) : geometry_(&geometry) {}

    // A command of is_loop other than Kind::loop: goes to the slot that the next loop takes.
    void configure(const Command& command);
    // Kind::loop: the loop with the registers of its slot; the next configuration goes to the other slot.
    // Throws ProgramError if a bound is 0, both operands are transposed, or A and B or C do not fit.
    Loop start(const Command& command);

    // The slot that the next configuration goes to.
    unsigned next_slot() const { return next_; }

  private:
    const Geometry* geometry_;
    LoopRegisters slots_[2];
    unsigned next_ = 0;
    std::uint32_t c_start_ = 0;
};

// Iterator of a unit that moves tiles. Where a move takes several tiles they are neighbours in a row of the
// matrix as it lies in memory. A walk whose address is 0 is done from the start.
class MoveWalk {
  public:
    MoveWalk() = default;

    // MVIN; outer is k, inner is i.
    static MoveWalk load_a(const Loop& loop, const Geometry& geometry);
    // MVIN2; outer is k, inner is j. Rows of the last tile are not cut off, as in Gemmini.
    static MoveWalk load_b(const Loop& loop, const Geometry& geometry);
    // MVIN3; outer is j, inner is i.
    static MoveWalk load_d(const Loop& loop, const Geometry& geometry);
    // MVOUT; outer is j, inner is i.
    static MoveWalk store_c(const Loop& loop, const Geometry& geometry);

    bool done() const { return done_; }
    // The next command, and the one after it.
    Command command() const;
    void advance();

    // Tile where the next command starts. Zero, as Gemmini's own registers, when done.
    unsigned outer() const { return outer_; }
    unsigned inner() const { return inner_; }
    // Tiles that the next command moves.
    unsigned tiles() const;

  private:
    unsigned row() const { return column_is_inner_ ? outer_ : inner_; }
    unsigned column() const { return column_is_inner_ ? inner_ : outer_; }

    Address memory_ = 0;
    std::uint64_t stride_ = 0;  // elements
    LocalAddress start_;
    Kind kind_ = Kind::move_in;
    std::uint8_t channel_ = 0;
    bool column_is_inner_ = false;
    bool done_ = true;
    unsigned element_bytes_ = 0;
    unsigned side_ = 0;
    unsigned rows_ = 0;  // tiles
    unsigned columns_ = 0;
    unsigned row_padding_ = 0;
    unsigned column_padding_ = 0;
    unsigned most_tiles_ = 0;
    unsigned outer_ = 0;
    unsigned inner_ = 0;
};

// Iterator of the unit that computes: k outermost, then j, then i; for each tile a preload, then a compute.
class ExecuteWalk {
  public:
    ExecuteWalk() = default;
    ExecuteWalk(const Loop& loop, const Geometry& geometry);

    bool done() const { return done_; }
    // The next command, and the one after it.
    Command command() const;
    void advance();

    // Whether the next command is the tile's preload.
    bool at_preload() const { return at_preload_; }
    unsigned k() const { return k_; }
    unsigned j() const { return j_; }
    unsigned i() const { return i_; }

  private:
    Command preload() const;
    Command compute() const;

    Loop loop_;
    unsigned side_ = 0;
    bool done_ = true;
    bool at_preload_ = true;
    unsigned k_ = 0;
    unsigned j_ = 0;
    unsigned i_ = 0;
};

// All commands of the loop in an order that keeps its data dependences: D, A, B, execute, C.
template <typename Sink>
void expand(const Loop& loop, const Geometry& geometry, Sink&& sink) {
    const auto drain = [&](auto walk) {
        for (; !walk.done(); walk.advance()) {
            sink(walk.command());
        }
    };
    drain(MoveWalk::load_d(loop, geometry));
    drain(MoveWalk::load_a(loop, geometry));
    drain(MoveWalk::load_b(loop, geometry));
    drain(ExecuteWalk(loop, geometry));
    drain(MoveWalk::store_c(loop, geometry));
}

}  // namespace partita::chip::gemmini
