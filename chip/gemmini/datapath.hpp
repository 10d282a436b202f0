#pragma once

// The local memories and the arithmetic around them, for one set of element types.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "chip/gemmini/command.hpp"
#include "chip/gemmini/config.hpp"

namespace partita::chip::gemmini {

// An operand of the mesh: element (r, c) for r < rows, c < columns, zero outside.
struct Operand {
    Tile tile;
    unsigned stride = 1;      // local rows between rows in local memory
    bool transposed = false;  // local rows hold the operand's columns
};

// How an accumulator element becomes one of the input type.
struct Narrowing {
    Activation activation = Activation::none;
    std::uint32_t scale = 0;  // bits
};

class Datapath {
  public:
    explicit Datapath(const Config& config);
    virtual ~Datapath() = default;
    Datapath(const Datapath&) = delete;
    Datapath& operator=(const Datapath&) = delete;

    std::byte* scratchpad_row(std::uint32_t row) {
        return &scratchpad_[std::size_t{row} * geometry_.scratchpad_row_bytes];
    }
    std::byte* accumulator_row(std::uint32_t row) {
        return &accumulator_[std::size_t{row} * geometry_.accumulator_row_bytes];
    }

    const std::byte* accumulator_row(std::uint32_t row) const {
        return &accumulator_[std::size_t{row} * geometry_.accumulator_row_bytes];
    }

    // One row of a move-in: `columns` elements at `source` (null: zeros) go to `local`, each further block of
    // `side` columns `block_stride` rows on. With `narrow`, what goes to the accumulator is in the input
    // type.
    virtual void load(const LocalAddress& local, const std::byte* source, unsigned columns,
                      unsigned block_stride, std::uint32_t scale, bool narrow) = 0;
    // Up to `side` elements of an accumulator row as elements of the input type.
    virtual void narrow(std::uint32_t row, std::byte* target, unsigned columns,
                        const Narrowing& narrowing) const = 0;

    // Puts B into the idle weight registers; zeros if it is garbage.
    virtual void preload(const Operand& b, const Narrowing& narrowing) = 0;
    // Multiplies A with the weights in use, after changing to the idle ones if `flip`, adds D and writes C,
    // whose rows are `stride` local rows apart.
    virtual void compute(const Operand& a, const Operand& d, const Operand& c, bool flip,
                         const Narrowing& narrowing) = 0;

  protected:
    Config config_;
    Geometry geometry_;

  private:
    std::vector<std::byte> scratchpad_;
    std::vector<std::byte> accumulator_;
};

std::unique_ptr<Datapath> make_datapath(const Config& config);

}  // namespace partita::chip::gemmini
