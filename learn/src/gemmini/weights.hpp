#pragma once

// Gradients of the weights of a part, and what is done with them. The array forms the gradient of W tile by
// tile, [state rows][gate rows] = states . gates^T over all steps, into two halves of a buffer in turn; while
// it fills one, the members consume the other. The owner of the array issues a loop and consumes a little of
// its share by turns.

#include "gemmini/places.hpp"
#include "gemmini/signals.hpp"
#include "partita/learn/backend.hpp"
#include "partita/learn/marks.hpp"
#include "partita/learn/trainer.hpp"

namespace partita::learn::gemmini_routine {

template <typename Format>
class Weights {
  public:
    using Operand = typename Format::Operand;
    using Sum = learn::Sum<Format>;
    static constexpr bool narrow = sizeof(Operand) == 2;

    Weights(const Workspace& ws, const Member& member, const gemmini::Array& array, const Kernels& kernels,
            std::uint32_t steps, const UpdateStep& step, bool collecting)
        : at_(ws),
          member_(member),
          array_(array),
          kernels_(kernels),
          steps_(steps),
          step_(step),
          collecting_(collecting) {
        const std::size_t side = at_.a.side;
        const std::size_t state_tiles = gemmini::quotient_up(at_.a.state_rows, side);
        const std::size_t gate_tiles = at_.a.gate_rows / side;
        const std::size_t room = at_.tile_elements() / (side * side);
        const std::size_t most = room < array_.accumulator_half_tiles ? room : array_.accumulator_half_tiles;
        // A tile as tall as W if it is still a little wide then, else one for which the transposed gates stay
        // in the array for some tiles of states, and whose rows are whole lines of the caches: none of W is
        // fetched for two tiles then, and moves take few requests.
        constexpr std::size_t few_tiles = 4;
        constexpr std::size_t line_bytes = 64;
        const std::size_t line_tiles = gemmini::quotient_up(line_bytes / sizeof(Operand), side);
        const std::size_t lines = most / (few_tiles * line_tiles);
        const std::size_t narrowest = lines > 1 ? lines * line_tiles : line_tiles;
        const bool whole = most >= 4 * state_tiles;
        const std::size_t tallest = whole ? state_tiles : most < narrowest ? 1 : most / narrowest;
        const std::size_t tall =
            gemmini::quotient_up(state_tiles, gemmini::quotient_up(state_tiles, tallest));
        const std::size_t depth = at_.a.row / side;
        const std::size_t loadable = array_.scratchpad_half_tiles / depth - tall;
        std::size_t wide = most / tall;
        wide = wide < gate_tiles ? wide : gate_tiles;
        wide = wide < loadable ? wide : loadable;
        // Or at least whole pairs of words in each row.
        const std::size_t unit = !whole && wide >= line_tiles ? line_tiles : wide > 1 ? 2 : 1;
        const std::size_t tiles_across = gemmini::quotient_up(gate_tiles, wide / unit * unit);
        wide = gemmini::quotient_up(gemmini::quotient_up(gate_tiles, tiles_across), unit) * unit;
        tile_rows_ = static_cast<std::uint32_t>(tall * side);
        tile_columns_ = static_cast<std::uint32_t>(wide * side);
        const Plan& plan = at_.ws.plan();
        advances_ =
            narrow && !collecting_ && plan.rule == Rule::sgd && plan.regulariser && advance_slots() > 0;
        // In a larger team the owner of the array has enough to do with its commands.
        const bool apart = advances_ && member_.size >= 4;
        const Member mover = apart ? Member{member_.index - 1, member_.size - 1} : member_;
        const Range share = apart && member_.index == 0 ? Range{} : mover.share(tile_rows_);
        first_ = share.first;
        last_ = share.last;
    }

    // Makes ready; then all members meet.
    void begin() const {
        counts[member_.index].value.store(0, std::memory_order_relaxed);
        if (member_.index == 0) {
            announced.value.store(0, std::memory_order_relaxed);
        }
    }

    // While members consume the gradient of a tile, the array forms that of the next. Its owner knows by a
    // fence that a gradient is in memory and says so to the others. In the 16-bit formats they put D, by
    // which each weight has moved, in the gradient's place, from which the array moves e and d of the tile
    // before.
    void run() const {
        const bool owner = member_.index == 0;
        const std::uint32_t loops = ((steps_ - 1) >> at_.step_bits) + 1;
        if (owner) {
            gemmini::arrange(array_, way());
            Gradient gradient(*this, first_piece());
            for (std::uint32_t loop = 0; loop < loops; ++loop) {
                gradient.issue_next();
            }
        }
        Piece before{};
        Piece piece = first_piece();
        std::uint32_t tile = 0;
        for (; piece.rows != 0; ++tile) {
            const Piece next = next_piece(piece);
            const std::uint32_t last = last_ < piece.rows ? last_ : piece.rows;
            std::uint32_t row = first_;
            if (!owner) {
                wait_for(member_, announced, tile + 1);
            } else {
                gemmini::fence();
                count(announced, tile + 1);
                if (tile != 0) {
                    wait_for_all(member_, tile);
                    advance(before);
                }
                if (next.rows != 0) {
                    // Loops and rows by turns, so that the array has all its loops before the last rows.
                    const std::uint32_t elements = (last_ - first_) * piece.columns;
                    const std::uint32_t turns =
                        elements / least_turn < loops ? elements / least_turn + 1 : loops;
                    const std::uint32_t loops_a_turn = (loops + turns - 1) / turns;
                    const std::uint32_t rows_a_turn = (last_ - first_ + turns - 1) / turns;
                    Gradient of_next(*this, next);
                    for (std::uint32_t loop = 0; loop < loops;) {
                        const std::uint32_t end = loops - loop < loops_a_turn ? loops : loop + loops_a_turn;
                        for (; loop < end; ++loop) {
                            of_next.issue_next();
                        }
                        if (row < last) {
                            const std::uint32_t until = last - row < rows_a_turn ? last : row + rows_a_turn;
                            consume(piece, row, until);
                            row = until;
                        }
                    }
                }
            }
            if (row < last) {
                consume(piece, row, last);
            }
            count(member_, tile + 1);
            before = piece;
            piece = next;
        }
        if (owner) {
            wait_for_all(member_, tile);
            advance(before);
            gemmini::fence();
        }
    }
    // Of the head, from the logits' gradients; by all members. `form`, of labels [first, last), is the first
    // member's: their gradient into the tile buffer, waited for.
    template <typename Form>
    void head(const Form& form) const {
        const std::size_t units = at_.a.units;
        const std::uint32_t classes = at_.ws.plan().shape.classes;
        const auto most = static_cast<std::uint32_t>(at_.tile_elements() * 2 / units);
        for (std::uint32_t first = 0; first < classes; first += most) {
            const std::uint32_t last = classes - first < most ? classes : first + most;
            if (member_.index == 0) {
                form(first, last);
            }
            member_.meet();
            const Range share = member_.share(last - first);
            const Rows<Sum> gradient{at_.gradient_tile(0), units};
            begin_region<region(Function::update)>();
            if constexpr (narrow) {
                if (advances_) {
                    move(gradient, share.first, share.last, units, at_.head_weight(first), units);
                }
            }
            if (!advances_) {
                apply({gradient[share.first], units}, share.last - share.first, units,
                      at_.head_weight(first + share.first), units);
            }
            end_region();
            member_.meet();
            if constexpr (narrow) {
                if (advances_ && member_.index == 0) {
                    advance(gradient, last - first, static_cast<std::uint32_t>(units), at_.head_weight(first),
                            units);
                    gemmini::fence();
                }
            }
        }
        if (member_.index != 0) {
            return;
        }
        const float* rows = at_.ws.template array<float>(BufferId::head);
        const std::uint32_t padded = at_.ws.extents().padded_classes;
        for (std::uint32_t label = 0; label < classes; ++label) {
            float sum = 0.0f;
            for (std::uint32_t b = 0; b < at_.batch; ++b) {
                sum += rows[std::size_t{b} * padded + label];
            }
            general({at_.head_bias() + label, 1}, &sum);
        }
    }

  private:
    // Elements that are worth a turn between two loops.
    static constexpr std::uint32_t least_turn = 512;

    // A tile's place in W; `rows` 0: there are no more.
    struct Piece {
        std::uint32_t first_row, first_column;
        std::uint32_t rows, columns;
        unsigned half;
    };

    Piece piece_at(std::uint32_t row, std::uint32_t column, unsigned half) const {
        const std::uint32_t rows = at_.a.state_rows - row;
        const std::uint32_t columns = at_.a.gate_rows - column;
        return {row, column,
                columns == 0        ? 0
                : rows < tile_rows_ ? rows
                                    : tile_rows_,
                columns < tile_columns_ ? columns : tile_columns_, half};
    }
    Piece first_piece() const { return piece_at(0, 0, 0); }
    // Down, then across.
    Piece next_piece(const Piece& piece) const {
        const std::uint32_t row = piece.first_row + piece.rows;
        return row < at_.a.state_rows ? piece_at(row, piece.first_column, piece.half ^ 1U)
                                      : piece_at(0, piece.first_column + piece.columns, piece.half ^ 1U);
    }

    gemmini::Arrangement way() const {
        gemmini::Arrangement way;
        way.right_transposed = true;
        way.left_stride = at_.a.row;
        way.right_stride = at_.a.row;
        way.result_stride = tile_columns_;
        return way;
    }

    // The gradient of a tile, a loop a row of the tape.
    class Gradient {
      public:
        Gradient(const Weights& weights, const Piece& piece)
            : shape_(weights.array_, weights.way(), piece.rows, piece.columns),
              left_(weights.at_.states(0, piece.first_row).start),
              right_(weights.at_.gates(1, piece.first_column).start),
              left_step_(std::size_t{weights.at_.a.state_rows} * weights.at_.a.row),
              right_step_(std::size_t{weights.at_.a.gate_rows} * weights.at_.a.row),
              result_(weights.at_.gradient_tile(piece.half)),
              row_(weights.at_.a.row),
              columns_left_(weights.steps_ * weights.at_.a.columns) {}
        void issue_next() {
            const std::uint32_t inner = columns_left_ < row_ ? columns_left_ : row_;
            columns_left_ -= inner;
            if (issued_ >= 2 && columns_left_ != 0) {
                shape_.issue_like_the_two_before(left_, right_);
            } else {
                shape_.issue(inner, left_, right_, nullptr, issued_ == 0,
                             columns_left_ == 0 ? result_ : nullptr);
            }
            ++issued_;
            left_ += left_step_;
            right_ += right_step_;
        }

      private:
        const gemmini::LoopShape shape_;
        const Operand* left_;
        const Operand* right_;
        const std::size_t left_step_;
        const std::size_t right_step_;
        Sum* const result_;
        const std::uint32_t row_;
        std::uint32_t columns_left_;
        std::uint32_t issued_ = 0;
    };

    // ---- 16-bit formats: members move W, the array moves e and d ----

    void consume(const Piece& piece, std::uint32_t first, std::uint32_t last) const {
        const Rows<Sum> gradient = gradient_of(piece);
        const std::size_t at = at_.weight(piece.first_row, piece.first_column);
        begin_region<region(Function::update)>();
        if constexpr (narrow) {
            if (advances_) {
                move(gradient, first, last, piece.columns, at, at_.a.gate_rows);
                end_region();
                return;
            }
        }
        apply({gradient[first], gradient.stride}, last - first, piece.columns,
              at + first * std::size_t{at_.a.gate_rows}, at_.a.gate_rows);
        end_region();
    }
    void advance(const Piece& piece) const {
        if constexpr (narrow) {
            if (advances_) {
                advance(gradient_of(piece), piece.rows, piece.columns,
                        at_.weight(piece.first_row, piece.first_column), at_.a.gate_rows);
                gemmini::arrange_moves(array_, way());
            }
        }
    }
    Rows<Sum> gradient_of(const Piece& piece) const { return {at_.gradient_tile(piece.half), tile_columns_}; }

    // D of a tile in its gradient's place, row by row.
    static Rows<Bf16> moved(Rows<Sum> gradient) {
        return {reinterpret_cast<Bf16*>(gradient.start), gradient.stride * sizeof(Sum) / sizeof(Bf16)};
    }

    void move(Rows<Sum> gradient, std::uint32_t first, std::uint32_t last, std::size_t columns,
              std::size_t at, std::size_t stride) const {
        const std::size_t from = at + first * stride;
        MoveTile<Format> tile;
        tile.rows = last - first;
        tile.columns = static_cast<std::uint32_t>(columns);
        tile.gradient = {gradient[first], gradient.stride};
        tile.moved = {moved(gradient)[first], moved(gradient).stride};
        tile.weights = at_.weights() + from;
        if constexpr (std::is_same_v<Format, PortableMixed>) {
            tile.low = at_.ws.template array<std::uint16_t>(BufferId::weights_low) + from;
        }
        tile.e = at_.ws.template array<Bf16>(BufferId::regulariser_e) + from;
        tile.stride = stride;
        tile.learning_rate = step_.learning_rate;
        tile.alpha = step_.alpha;
        move_tile(tile);
    }

    // Elements of a row that one command moves, and rows of the accumulator that they take.
    static constexpr std::uint32_t columns_a_move = 32;
    std::uint32_t rows_a_move() const { return at_.a.side < columns_a_move ? columns_a_move : at_.a.side; }
    // Chunks whose two sums have room in half of the accumulator.
    std::uint32_t advance_slots() const { return array_.memory.accumulator_rows / 2 / (2 * rows_a_move()); }

    // All loops have ended. e' and d' of a tile by the accumulator: d' = D - e in one sum, -e' = D - e - d/2
    // in another, chunk by chunk. A store goes out when its own sum is complete; that of -e' comes last of
    // what reads e and d, and stores go out in order, so nothing is stored before it has been read.
    void advance(Rows<Sum> gradient, std::uint32_t rows, std::uint32_t columns, std::size_t at,
                 std::size_t stride) const {
        using gemmini::Into;
        const Rows<Bf16> distance = moved(gradient);
        Bf16* const e = at_.ws.template array<Bf16>(BufferId::regulariser_e) + at;
        Bf16* const d = at_.ws.template array<Bf16>(BufferId::regulariser_d) + at;
        constexpr std::uint32_t one = 0x3F80, minus_one = 0xBF80, minus_half = 0xBF00;
        const std::uint32_t side = at_.a.side;
        const std::uint64_t bytes = stride * sizeof(Bf16);
        gemmini::configure_load(0, distance.stride * sizeof(Bf16), one, true, side);
        gemmini::configure_load(1, bytes, minus_one, true, side);
        gemmini::configure_load(2, bytes, minus_half, true, side);
        const std::uint32_t start = gemmini::last_result_row(array_);
        const std::uint32_t end = start + advance_slots() * 2 * rows_a_move();
        std::uint32_t slot = start;
        const auto store = [&](const Chunk& chunk) {
            const std::size_t place = chunk.row * stride + chunk.column;
            gemmini::configure_store(bytes, minus_one, 0);
            gemmini::move<gemmini::move_out>(e + place, chunk.slot + rows_a_move(), Into::overwrite,
                                             chunk.rows, chunk.columns);
            gemmini::configure_store(bytes, one, 0);
            gemmini::move<gemmini::move_out>(d + place, chunk.slot, Into::overwrite, chunk.rows,
                                             chunk.columns);
        };
        Chunk before{};
        for (std::uint32_t row = 0; row < rows; row += side) {
            for (std::uint32_t column = 0; column < columns; column += columns_a_move) {
                const Chunk chunk{row, column, rows - row < side ? rows - row : side,
                                  columns - column < columns_a_move ? columns - column : columns_a_move,
                                  slot};
                const Bf16* const moved_by = distance[row] + column;
                const std::size_t place = row * stride + column;
                const std::uint32_t of_e = slot + rows_a_move();
                gemmini::move<gemmini::move_in_0>(moved_by, slot, Into::overwrite, chunk.rows, chunk.columns);
                gemmini::move<gemmini::move_in_1>(e + place, slot, Into::add, chunk.rows, chunk.columns);
                gemmini::move<gemmini::move_in_0>(moved_by, of_e, Into::overwrite, chunk.rows, chunk.columns);
                gemmini::move<gemmini::move_in_1>(e + place, of_e, Into::add, chunk.rows, chunk.columns);
                gemmini::move<gemmini::move_in_2>(d + place, of_e, Into::add, chunk.rows, chunk.columns);
                // Stored while the next one is loaded.
                if (before.rows != 0) {
                    store(before);
                }
                before = chunk;
                slot = slot + 2 * rows_a_move() == end ? start : slot + 2 * rows_a_move();
            }
        }
        store(before);
    }

    struct Chunk {
        std::uint32_t row, column, rows, columns;
        std::uint32_t slot;  // rows of the accumulator
    };

    // ---- Other formats and rules: members alone ----

    void apply(Rows<const Sum> gradient, std::uint32_t rows, std::size_t columns, std::size_t at,
               std::size_t stride) const {
        if constexpr (std::is_same_v<Format, PortableFp32>) {
            const Plan& plan = at_.ws.plan();
            if (!collecting_ && plan.rule == Rule::sgd && plan.regulariser) {
                if (narrow_state(plan)) {
                    update<Bf16>(gradient, rows, columns, at, stride);
                } else {
                    update<float>(gradient, rows, columns, at, stride);
                }
                return;
            }
        }
        for (std::uint32_t row = 0; row < rows; ++row) {
            constexpr std::uint32_t most = 64;
            for (std::size_t column = 0; column < columns; column += most) {
                const auto n = static_cast<std::uint32_t>(columns - column < most ? columns - column : most);
                float values[most];
                for (std::uint32_t i = 0; i < n; ++i) {
                    values[i] = value(gradient.start[row * gradient.stride + column + i]);
                }
                general({at + row * stride + column, n}, values);
            }
        }
    }
    template <typename Regulariser>
    void update(Rows<const Sum> gradient, std::uint32_t rows, std::size_t columns, std::size_t at,
                std::size_t stride) const {
        UpdateTile<Regulariser> tile;
        tile.rows = rows;
        tile.columns = static_cast<std::uint32_t>(columns);
        tile.gradient = gradient;
        tile.weights = at_.weights() + at;
        tile.e = at_.ws.template array<Regulariser>(BufferId::regulariser_e) + at;
        tile.d = at_.ws.template array<Regulariser>(BufferId::regulariser_d) + at;
        tile.stride = stride;
        tile.learning_rate = step_.learning_rate;
        tile.alpha = step_.alpha;
        update_tile(tile);
    }
    // Any rule.
    void general(Elements elements, const float* gradient) const {
        if (collecting_) {
            kernels_.collect(at_.ws, step_.alpha, elements, gradient);
        } else {
            kernels_.update(at_.ws, step_, elements, gradient, false);
        }
    }

    const Places<Format> at_;
    const Member member_;
    const gemmini::Array array_;
    const Kernels& kernels_;
    const std::uint32_t steps_;
    const UpdateStep step_;
    const bool collecting_;
    bool advances_;  // the array moves e and d
    std::uint32_t tile_rows_;
    std::uint32_t tile_columns_;
    std::uint32_t first_;
    std::uint32_t last_;
};

}  // namespace partita::learn::gemmini_routine
