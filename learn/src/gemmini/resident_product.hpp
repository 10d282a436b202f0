#pragma once

// The product of a step, result = W . operand, with a W that stays in the scratchpad from one step to the
// next but for a few tiles, where it fits:
//
//   first half    W, `first` rows of tiles  | spare | operand of a loop
//   second half   W, `second` rows of tiles | spare | operand of a loop
//
// LOOP_WS takes W's part at the start of a half as it is there. So two loops do most of the product and load
// nothing but the operand, and no loop lets the array wait for weights. The other rows of tiles lie in the
// spare rows or, as far as they find no room there, are loaded anew each step; the owner gives their commands
// one by one, as fast as an array of eight rows takes them. Gemmini holds back other commands than loops
// while a loop goes.

#include <cstddef>
#include <cstdint>

#include "gemmini/loops.hpp"
#include "partita/learn/array_runs.hpp"

namespace partita::learn::gemmini_routine {

// Rows of the scratchpad where the blocks of the other rows of tiles are, in either half by turns. As many as
// possible stay there; the others come and go.
class BlockPlaces {
  public:
    BlockPlaces() = default;
    // `blocks` blocks of `size` rows of the scratchpad each; spare ones, for a block at least, from..end in
    // the first and in the second half.
    BlockPlaces(std::uint32_t blocks, std::uint32_t size, const std::uint32_t (&from)[2],
                const std::uint32_t (&end)[2]) {
        for (std::uint32_t half = 0; half < 2; ++half) {
            const std::uint32_t wanted = (blocks + 1 - half) / 2;
            const std::uint32_t room = (end[half] - from[half]) / size;
            const std::uint32_t stay = room >= wanted ? wanted : room - 1;
            std::uint32_t staying = 0;
            for (std::uint32_t i = 0; i < wanted; ++i) {
                const bool stays = (i * stay + wanted - 1) / wanted != ((i + 1) * stay + wanted - 1) / wanted;
                places_[2 * i + half] = from[half] + (stays ? staying++ : stay) * size;
                moves_ |= std::uint64_t{!stays} << (2 * i + half);
            }
        }
    }
    std::uint32_t operator[](std::uint32_t block) const { return places_[block]; }
    bool moves(std::uint32_t block) const { return (moves_ >> block & 1) != 0; }

  private:
    std::uint32_t places_[Residence::most_blocks] = {};
    std::uint64_t moves_ = 0;
};

template <typename Operand, typename Sum>
class ResidentProduct {
  public:
    // Of a residence that is possible.
    ResidentProduct(const gemmini::Array& array, const gemmini::Arrangement& way, const Residence& residence,
                    const ArrayExtents& extents, std::uint32_t batch, const Operand* weights)
        : array_(array),
          way_(way),
          residence_(residence),
          extents_(extents),
          batch_(batch),
          weights_(weights),
          first_(array, way, rows_of(residence_.first), batch, gemmini::Half::first, gemmini::Half::second),
          second_(array, way, rows_of(residence_.second), batch, gemmini::Half::second,
                  way.left_transposed ? gemmini::Half::first : gemmini::Half::second),
          blocks_(residence_.blocks()) {
        if (residence_.others == 0) {
            return;
        }
        const std::uint32_t side = extents.side;
        const std::uint32_t block = side << residence_.block_bits;
        const std::uint32_t half = array.memory.scratchpad_rows / 2;
        std::uint32_t from[2] = {residence_.first * residence_.width * side,
                                 half + residence_.second * residence_.width * side};
        if (!way.left_transposed) {
            operand_at_ = 2 * half - residence_.width * side;
            places_ = BlockPlaces(blocks_, residence_.others * block, from, {half, operand_at_});
            return;
        }
        for (std::uint32_t which = 0; which < 2; ++which) {
            copies_at_[which] = from[which];
            from[which] += residence_.others * side;
        }
        // The tiles of the last row have few rows: they lie between one another.
        std::uint32_t beside = 0;
        for (std::uint32_t i = 0; i < blocks_; ++i) {
            if (beside == residence_.side_by_side(side)) {
                beside = 0;
                from[1] += block;
            }
            last_places_[i] = from[1] + beside * residence_.last_inner;
            ++beside;
        }
        from[1] += block;
        if (residence_.others > 1) {
            places_ = BlockPlaces(blocks_, (residence_.others - 1) * block, from,
                                  {half - residence_.second * side, 2 * half - residence_.first * side});
        }
    }

    // ---- W transposed: gates from [units, inputs, 1] ----

    // The operand's first `first` tiles are there.
    void begin_gates(const Operand* operand) {
        first_.issue(elements(residence_.first), fresh_ ? weights_ : nullptr, operand, nullptr, true,
                     nullptr);
    }
    // All of it is. `meanwhile` is called when the loops are issued: other commands have to wait for them.
    template <typename Meanwhile>
    void finish_gates(const Operand* operand, Sum* result, const Meanwhile& meanwhile) {
        if (residence_.second != 0) {
            second_.issue(elements(residence_.second), fresh_ ? row_of_tiles(residence_.first) : nullptr,
                          operand + elements(residence_.first) * way_.right_stride, nullptr, false, nullptr);
        }
        meanwhile();
        multiply_others(operand + elements(residence_.first + residence_.second) * way_.right_stride, result);
        fresh_ = false;
    }

    // ---- W as it is: the gradient of h from that of the gates ----

    // What the others' sums get from groups first..last of the operand, in ascending order.
    void add_hidden(const Operand* operand, std::uint32_t first, std::uint32_t last) {
        if (residence_.others != 0) {
            add_others(operand, first * gate_count >> residence_.block_bits,
                       last * gate_count >> residence_.block_bits);
        }
    }
    // All has been added.
    void finish_hidden(const Operand* operand, Sum* result) {
        const std::uint32_t others = residence_.others;
        std::uint64_t sum = result_tile(others_row());
        Sum* to = result;
        for (std::uint32_t row = 0; row < others; ++row) {
            gemmini::issue<gemmini::move_out>(reinterpret_cast<std::uintptr_t>(to), sum);
            sum += extents_.side;
            to += extents_.side * way_.result_stride;
        }
        // The others have loaded it, where there are any.
        const Operand* const first_operand = others != 0 ? nullptr : operand;
        first_.issue(extents_.gate_rows, fresh_ ? row_of_tiles(others) : nullptr, first_operand, nullptr,
                     true, result + elements(others) * way_.result_stride);
        const std::uint32_t before = others + residence_.first;
        if (residence_.second != 0) {
            second_.issue(extents_.gate_rows, fresh_ ? row_of_tiles(before) : nullptr, nullptr, nullptr, true,
                          result + elements(before) * way_.result_stride);
        }
        fresh_ = false;
    }

  private:
    // Sums += the other rows' tiles . `operand`, their part; and the sums to memory.
    void multiply_others(const Operand* operand, Sum* result) const {
        // A row of tiles, and the operand's tile for it in either half.
        struct Row {
            const Operand* from;
            std::uint64_t move;
            std::uint64_t weight;
            std::uint64_t operand[2];
        };
        Row rows[Residence::most_rows];
        Row* const last = rows + residence_.others - 1;
        const std::uint64_t side = extents_.side;
        const unsigned block_bits = residence_.block_bits;
        const std::uint64_t block_rows = side << block_bits;
        const Operand* from = row_of_tiles(residence_.first + residence_.second);
        std::uint64_t place = 0;
        for (Row* row = rows; row <= last; ++row) {
            const std::uint64_t inner = row == last ? residence_.last_inner : side;
            row->from = from;
            row->move = gemmini::tile(gemmini::Into::scratchpad, 0, inner, block_rows);
            row->weight = gemmini::tile(gemmini::Into::scratchpad, 0, side, inner);
            for (std::uint32_t half = 0; half < 2; ++half) {
                row->operand[half] =
                    gemmini::tile(gemmini::Into::scratchpad, copies_at_[half], inner, batch_) + place;
                gemmini::issue<gemmini::move_in_1>(reinterpret_cast<std::uintptr_t>(operand),
                                                   row->operand[half]);
            }
            from += side * extents_.gate_rows;
            operand += side * way_.right_stride;
            place += side;
        }
        const auto load_if = [&](std::uint32_t block) {
            if (fresh_) {
                gemmini::issue<gemmini::move_in_0>(
                    reinterpret_cast<std::uintptr_t>(last->from + block * block_rows),
                    last->move + last_places_[block]);
            }
            if (fresh_ || places_.moves(block)) {
                std::uint64_t to = places_[block];
                for (const Row* row = rows; row != last; ++row, to += block_rows) {
                    gemmini::issue<gemmini::move_in_0>(
                        reinterpret_cast<std::uintptr_t>(row->from + block * block_rows), row->move + to);
                }
            }
        };
        const std::uint32_t base = gemmini::next_result_row(array_);
        std::uint64_t sum = gemmini::tile(gemmini::Into::add, base, side, batch_);
        const std::uint64_t kept = gemmini::no_tile(side, batch_);
        const std::uint64_t nothing = gemmini::no_tile(side, side);
        // A block's products; `then` is called after each. Every other tile takes the operand anew, which
        // lies in the same bank as the weights: for these rows the array waits every other cycle, and only
        // then can a row leave the accumulator, as a sum takes the port that it is read by.
        const auto multiply = [&](std::uint64_t right, std::uint64_t weight, auto&& then)
            __attribute__((always_inline)) {
            std::uint64_t to = sum;
            gemmini::issue<gemmini::preload>(right, to);
            gemmini::issue<gemmini::compute_preloaded>(weight, nothing);
            then();
            const auto next = [&](bool anew) __attribute__((always_inline)) {
                weight += side;
                to += side;
                gemmini::issue<gemmini::preload>(anew ? right : kept, to);
                if (anew) {
                    gemmini::issue<gemmini::compute_preloaded>(weight, nothing);
                } else {
                    gemmini::issue<gemmini::compute_accumulated>(weight, nothing);
                }
                then();
            };
            // Written out: a core mispredicts the end of so short a loop.
            if (block_bits != 0) {
                next(false);
                if (block_bits != 1) {
                    next(true);
                    next(false);
                }
            }
        };
        std::uint64_t stored = result_tile(base);
        const std::size_t step = side * way_.result_stride;
        const auto store = [&]() __attribute__((always_inline)) {
            gemmini::issue<gemmini::move_out>(reinterpret_cast<std::uintptr_t>(result), stored);
            stored += side;
            result += step;
        };
        const auto nothing_between = []() __attribute__((always_inline)){};
        load_if(0);
        for (std::uint32_t block = 0; block < blocks_; ++block) {
            if (block + 1 < blocks_) {
                load_if(block + 1);
            }
            std::uint64_t at = places_[block];
            const std::uint32_t half = block % 2;
            for (const Row* row = rows; row != last; ++row, at += block_rows) {
                multiply(row->operand[half], row->weight + at, nothing_between);
            }
            const std::uint64_t weight = last->weight + last_places_[block];
            if (block == 0) {
                multiply(last->operand[1], weight, nothing_between);
            } else {
                multiply(last->operand[1], weight, store);  // of the block before
            }
            sum += block_rows;
        }
        for (std::uint32_t tile = 0; tile < 1U << block_bits; ++tile) {
            store();
        }
    }

    // Sums (+)= the others' tiles in a range of blocks . `operand`, whose part stays for the loops.
    void add_others(const Operand* operand, std::uint32_t from_block, std::uint32_t end_block) const {
        const std::uint32_t rows = residence_.others;
        const std::uint64_t side = extents_.side;
        const std::uint64_t block_rows = side << residence_.block_bits;
        const std::size_t row_step = side * extents_.gate_rows;
        const std::size_t operand_step = side * way_.right_stride;
        const std::uint64_t first_right =
            gemmini::tile(gemmini::Into::scratchpad, operand_at_, side, batch_) + from_block * block_rows;
        std::uint64_t loaded = first_right;
        operand += from_block * block_rows * way_.right_stride;
        const auto load = [&](std::uint32_t block) {
            for (const std::uint64_t end = loaded + block_rows; loaded != end; loaded += side) {
                gemmini::issue<gemmini::move_in_1>(reinterpret_cast<std::uintptr_t>(operand), loaded);
                operand += operand_step;
            }
            if (fresh_ || places_.moves(block)) {
                const Operand* from = weights_ + block * block_rows;
                std::uint64_t to = gemmini::tile(gemmini::Into::scratchpad, places_[block], side, block_rows);
                for (std::uint32_t row = 0; row < rows; ++row) {
                    gemmini::issue<gemmini::move_in_0>(reinterpret_cast<std::uintptr_t>(from), to);
                    from += row_step;
                    to += block_rows;
                }
            }
        };
        const gemmini::Into into = from_block == 0 ? gemmini::Into::overwrite : gemmini::Into::add;
        std::uint64_t sum = gemmini::tile(into, others_row(), side, batch_);
        const std::uint64_t kept = gemmini::no_tile(side, batch_);
        const std::uint64_t nothing = gemmini::no_tile(side, side);
        std::uint64_t right = first_right;
        load(from_block);
        for (std::uint32_t block = from_block; block < end_block; ++block) {
            if (block + 1 < end_block) {
                load(block + 1);
            }
            std::uint64_t first = gemmini::tile(gemmini::Into::scratchpad, places_[block], side, side);
            for (const std::uint64_t end = right + block_rows; right != end; right += side) {
                std::uint64_t weight = first;
                std::uint64_t to = sum;
                gemmini::issue<gemmini::preload>(right, to);
                gemmini::issue<gemmini::compute_preloaded>(weight, nothing);
                const auto next = [&]() __attribute__((always_inline)) {
                    weight += block_rows;
                    to += side;
                    gemmini::issue<gemmini::preload>(kept, to);
                    gemmini::issue<gemmini::compute_accumulated>(weight, nothing);
                };
                // Written out: a core mispredicts the end of so short a loop.
                if (rows > 1) {
                    next();
                    if (rows > 2) {
                        next();
                        if (rows > 3) {
                            next();
                        }
                    }
                }
                first += side;
                sum |= static_cast<std::uint64_t>(gemmini::Into::add);
            }
        }
    }
    // Where the others' sums are backward: behind those of a loop.
    std::uint32_t others_row() const {
        return gemmini::next_result_row(array_) + residence_.first * extents_.side;
    }

    std::size_t elements(std::uint32_t tiles) const { return std::size_t{tiles} << array_.side_bits; }
    std::size_t rows_of(std::uint32_t row_tiles) const {
        return way_.left_transposed ? extents_.gate_rows : elements(row_tiles);
    }
    const Operand* row_of_tiles(std::uint32_t row) const {
        return weights_ + elements(row) * extents_.gate_rows;
    }
    std::uint64_t result_tile(std::uint32_t row) const {
        return gemmini::tile(array_.full_width() ? gemmini::Into::whole : gemmini::Into::overwrite, row,
                             extents_.side, batch_);
    }

    const gemmini::Array array_;
    const gemmini::Arrangement way_;
    const Residence residence_;
    const ArrayExtents& extents_;
    const std::uint32_t batch_;
    const Operand* const weights_;
    const gemmini::LoopShape first_;
    const gemmini::LoopShape second_;
    const std::uint32_t blocks_;
    BlockPlaces places_;
    bool fresh_ = true;  // nothing of W is in the scratchpad yet
    // Rows of the scratchpad, forward: the others' operand in either half, and the last row's blocks.
    std::uint32_t copies_at_[2] = {};
    std::uint32_t last_places_[Residence::most_blocks] = {};
    std::uint32_t operand_at_ = 0;  // backward
};

}  // namespace partita::learn::gemmini_routine
