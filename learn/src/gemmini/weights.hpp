#pragma once

// Gradients of the weights of a part, and what is done with them. The array forms the gradient of W strip by
// strip, [state rows][gate rows] = states . gates^T over all steps, each strip in a half of the accumulator.
// From there it goes piece by piece into two halves of a buffer in turn; while one is filled, the members
// consume the other. The owner of the array gives it work and consumes a little of its share by turns.

#include <optional>

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
        const Plan& plan = at_.ws.plan();
        const std::size_t side = at_.a.side;
        const std::size_t accumulator_half = array_.memory.accumulator_rows / 2;
        const std::size_t for_moves = std::size_t{2} * rows_of_slot();
        advances_ = narrow && !collecting_ && plan.rule == Rule::sgd && plan.regulariser &&
                    accumulator_half >= for_moves + side;
        // A strip's rows are lines of the caches: none of W is fetched for two strips then, and moves take
        // few requests. It is as tall as there is room for, as the transposed gates stay in the array for a
        // column of its tiles.
        const std::size_t state_tiles = gemmini::quotient_up(at_.a.state_rows, side);
        const std::size_t gate_tiles = at_.a.gate_rows / side;
        const std::size_t room = at_.tile_elements() / (side * side);
        const std::size_t tiles = (accumulator_half - (advances_ ? for_moves : 0)) / side;
        const std::size_t loadable = array_.scratchpad_half_tiles / (at_.a.row / side);
        std::size_t wide = gemmini::quotient_up(line_bytes / sizeof(Operand), side);
        for (const std::size_t most : {gate_tiles, room, tiles, loadable - 1}) {
            wide = wide < most ? wide : most;
        }
        std::size_t tall = state_tiles;
        for (const std::size_t most : {tiles / wide, loadable - wide}) {
            tall = tall < most ? tall : most;
        }
        tall = gemmini::quotient_up(state_tiles, gemmini::quotient_up(state_tiles, tall));
        // Where a strip is as tall as W nobody reads its gates any more, and each row of the tape gives room
        // for a row of tiles. A small team has no need of larger pieces.
        const std::size_t buffered = room / wide;
        const bool on_tape = Places<Format>::sums_on_tape && tall == state_tiles && member_.size > 2;
        tape_tiles_ = on_tape ? at_.a.tape_rows / 2 : 0;
        std::size_t pieces = gemmini::quotient_up(tall, buffered + tape_tiles_);
        buffered_rows_ = static_cast<std::uint32_t>(buffered * side);
        strip_rows_ = static_cast<std::uint32_t>(tall * side);
        strip_columns_ = static_cast<std::uint32_t>(wide * side);
        piece_rows_ = static_cast<std::uint32_t>(gemmini::quotient_up(tall, pieces) * side);
        pieces = gemmini::quotient_up(strip_rows_, piece_rows_);
        first_slot_ = static_cast<std::uint32_t>(tall * wide * side);
        last_slot_ = static_cast<std::uint32_t>(first_slot_ + (accumulator_half - first_slot_) /
                                                                  rows_of_slot() * rows_of_slot());
        loops_ = ((steps_ - 1) >> at_.step_bits) + 1;
        loops_a_piece_ = static_cast<std::uint32_t>(gemmini::quotient_up(loops_, pieces));
        // In a larger team the owner of the array has enough to do with its commands.
        const bool apart = advances_ && member_.size > 2;
        idle_ = apart && member_.index == 0;
        mover_ = apart && !idle_ ? Member{member_.index - 1, member_.size - 1} : member_;
        share_ = share(piece_rows_);
    }

    // Makes ready; then all members meet.
    void begin() const {
        counts[member_.index].value.store(0, std::memory_order_relaxed);
        if (member_.index == 0) {
            announced.value.store(0, std::memory_order_relaxed);
        }
    }

    // The owner of the array knows by a fence that the gradient of a piece is in memory and says so to the
    // others. In the 16-bit formats they put D, by which each weight has moved, in the gradient's place, from
    // which the array moves e and d of the piece before. Meanwhile it forms the next strip.
    void run() const {
        const bool owner = member_.index == 0;
        Share own(*this);
        Piece before{};
        Piece piece = piece_at(0, 0, 0, 0);
        std::optional<Strip> strip;     // the owner's
        std::uint32_t accumulator = 0;  // of the piece's strip, its first row there
        std::uint32_t next_accumulator = 0;
        if (owner) {
            gemmini::arrange(array_, way());
            strip.emplace(*this, piece);
            accumulator = strip->begin();
            strip->issue_until(loops_);
            Storing storing(*this, piece, accumulator);
            storing.issue(storing.left());
        }
        std::uint32_t done = 0;
        for (; piece.rows != 0; ++done) {
            const Piece next = next_piece(piece);
            if (!owner) {
                wait_for(member_, announced, done + 1);
                own.begin(piece);
            } else {
                gemmini::fence();
                count(announced, done + 1);
                if (done != 0) {
                    wait_for_all(member_, done);
                }
                const Piece strip_after = next_strip(piece);
                if (piece.row == 0 && strip_after.rows != 0) {
                    strip.emplace(*this, strip_after);
                    next_accumulator = strip->begin();
                }
                const bool ends = next.row == 0;
                if (ends) {
                    accumulator = next_accumulator;
                }
                own.begin(piece);
                issue(before, *strip, ends, next, accumulator, own);
            }
            own.finish();
            count(member_, done + 1);
            before = piece;
            piece = next;
        }
        if (owner) {
            wait_for_all(member_, done);
            Advance(*this, before).finish();
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
            const Room room{at_.gradient_tile(0), last - first, nullptr, 0, units, at_.side_bits};
            begin_region<region(Function::update)>();
            consume({room[share.first], units}, share.last - share.first, units,
                    at_.head_weight(first + share.first), units);
            end_region();
            member_.meet();
            if (advances_ && member_.index == 0) {
                Advance(*this, room, last - first, static_cast<std::uint32_t>(units), at_.head_weight(first),
                        units)
                    .finish();
                gemmini::fence();
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
    // Elements that are worth a turn between two loops, for each row of the array: what it does in less is
    // soon done.
    static constexpr std::uint32_t least_turn_a_row = 80;
    static constexpr std::size_t line_bytes = 64;  // of the caches, and of the longest row that a move takes

    // A part of a strip in W; `rows` 0: there are no more.
    struct Piece {
        std::uint32_t strip_row, first_column;
        std::uint32_t row;  // in the strip
        std::uint32_t rows, columns;
        unsigned half;  // of the buffer

        std::uint32_t first_row() const { return strip_row + row; }
    };

    Piece piece_at(std::uint32_t strip_row, std::uint32_t column, std::uint32_t row, unsigned half) const {
        const std::uint32_t columns = at_.a.gate_rows - column;
        const std::uint32_t rows = rows_of_strip(strip_row) - row;
        return {strip_row,
                column,
                row,
                columns == 0         ? 0
                : rows < piece_rows_ ? rows
                                     : piece_rows_,
                columns < strip_columns_ ? columns : strip_columns_,
                half};
    }
    std::uint32_t rows_of_strip(std::uint32_t strip_row) const {
        const std::uint32_t rows = at_.a.state_rows - strip_row;
        return rows < strip_rows_ ? rows : strip_rows_;
    }
    // Strips go down, then across.
    Piece next_strip(const Piece& piece) const {
        const std::uint32_t row = piece.strip_row + rows_of_strip(piece.strip_row);
        return row < at_.a.state_rows ? piece_at(row, piece.first_column, 0, piece.half ^ 1U)
                                      : piece_at(0, piece.first_column + piece.columns, 0, piece.half ^ 1U);
    }
    Piece next_piece(const Piece& piece) const {
        const std::uint32_t row = piece.row + piece.rows;
        return row < rows_of_strip(piece.strip_row)
                   ? piece_at(piece.strip_row, piece.first_column, row, piece.half ^ 1U)
                   : next_strip(piece);
    }

    gemmini::Arrangement way() const {
        gemmini::Arrangement way;
        way.right_transposed = true;
        way.left_stride = at_.a.row;
        way.right_stride = at_.a.row;
        way.result_stride = strip_columns_;
        return way;
    }

    // The gradient of a strip, a loop a row of the tape. No loop stores it: pieces follow one by one.
    class Strip {
      public:
        Strip(const Weights& weights, const Piece& first)
            : weights_(&weights),
              shape_(weights.array_, weights.way(), weights.rows_of_strip(first.strip_row), first.columns),
              left_(weights.at_.states(0, first.strip_row).start),
              right_(weights.at_.gates(1, first.first_column).start),
              columns_left_(weights.steps_ * weights.at_.a.columns) {}
        // Says in which row of the accumulator the sum begins. It takes the other half than the strip before,
        // but it is a result that makes Gemmini change halves: the first product alone, on top of the strip
        // before, whose first piece has been stored.
        std::uint32_t begin() const {
            const gemmini::LoopShape one(weights_->array_, weights_->way(), 1, 1);
            one.issue(1, left_, right_, nullptr, true,
                      weights_->at_.ws.template scratch<Sum>(weights_->at_.ws.layout.scratch.discarded));
            return gemmini::next_result_row(weights_->array_);
        }
        void issue_until(std::uint32_t loops) {
            const Places<Format>& at = weights_->at_;
            for (; issued_ < loops; ++issued_) {
                const std::uint32_t inner = columns_left_ < at.a.row ? columns_left_ : at.a.row;
                columns_left_ -= inner;
                shape_.issue(inner, left_, right_, nullptr, issued_ == 0, nullptr);
                left_ += std::size_t{at.a.state_rows} * at.a.row;
                right_ += std::size_t{at.a.gate_rows} * at.a.row;
            }
        }
        std::uint32_t issued() const { return issued_; }

      private:
        const Weights* weights_;
        gemmini::LoopShape shape_;
        const Operand* left_;
        const Operand* right_;
        std::uint32_t columns_left_;
        std::uint32_t issued_ = 0;
    };

    Range share(std::uint32_t rows) const { return idle_ ? Range{} : mover_.share(rows); }

    // No division where it can be helped: it takes as long as some commands.
    static std::uint32_t share_of(std::uint32_t work, std::uint32_t steps) {
        return steps == 1 ? work : (work + steps - 1) / steps;
    }

    // A member's share of a piece, row by row.
    class Share {
      public:
        explicit Share(const Weights& weights) : weights_(weights) {}
        void begin(const Piece& piece) {
            piece_ = piece;
            const Range rows =
                piece.rows == weights_.piece_rows_ ? weights_.share_ : weights_.share(piece.rows);
            row_ = rows.first;
            last_ = rows.last;
        }
        // About one of `turns` parts of what is left.
        void go_on(std::uint32_t turns) {
            if (row_ >= last_) {
                return;
            }
            const std::uint32_t rows = share_of(last_ - row_, turns);
            weights_.consume(piece_, row_, row_ + rows);
            row_ += rows;
        }
        void finish() { go_on(1); }
        std::uint32_t rows() const { return row_ < last_ ? last_ - row_ : 0; }

      private:
        const Weights& weights_;
        Piece piece_{};
        std::uint32_t row_ = 0;
        std::uint32_t last_ = 0;
    };

    // What the array has to do while the members are at a piece: to move e and d of the piece before, to
    // store the next piece in its place, and to form a part of the next strip, or all that is left of it if
    // the piece `ends` its strip, as it is the next strip that is stored then. The owner gives it a part of
    // all that, and goes on with its own share, by turns. Moves wait in front of Gemmini while a loop goes,
    // and what they store takes longest: an owner without a share gives three loops a turn, so that they hide
    // each other.
    void issue(const Piece& before, Strip& strip, bool ends, const Piece& next, std::uint32_t accumulator,
               Share& own) const {
        Advance advance(*this, before);
        Storing storing(*this, next, accumulator);
        std::uint32_t loops = loops_ - strip.issued();
        loops = ends || loops < loops_a_piece_ ? loops : loops_a_piece_;
        std::uint32_t stores = 2 * advance.chunks() + (ends ? 0 : storing.left());
        std::uint32_t steps = own.rows() == 0
                                  ? (loops + 2) / 3
                                  : own.rows() * strip_columns_ / (least_turn_a_row << at_.side_bits);
        for (steps = steps == 0 ? 1 : steps; steps != 0; --steps) {
            std::uint32_t share = share_of(stores, steps);
            stores -= share;
            for (; share != 0 && advance.more(); share -= share == 1 ? 1 : 2) {
                advance.issue_next();
            }
            if (share != 0 && !advance.more() && !ends) {
                storing.issue(share < storing.left() ? share : storing.left());
            }
            const std::uint32_t now = share_of(loops, steps);
            loops -= now;
            strip.issue_until(strip.issued() + now);
            if (steps != 1) {
                own.go_on(steps);
            }
        }
        storing.issue(storing.left());
    }

    // Where the gradient of a piece is in memory, row by row: the first ones in a half of the buffer, the
    // others, a tile's height each, where the gates of the strip were on the tape.
    struct Room {
        Sum* buffer;
        std::uint32_t buffered;
        Sum* tape;
        std::size_t tape_step;  // elements from a tile's height to the next
        std::size_t stride;
        unsigned side_bits;

        Sum* operator[](std::uint32_t row) const {
            if (row < buffered) {
                return buffer + row * stride;
            }
            const std::uint32_t beyond = row - buffered;
            const std::uint32_t within = beyond & ((1U << side_bits) - 1);
            return tape + (beyond >> side_bits) * tape_step + within * stride;
        }
        // The first row after `row` that is not `stride` elements after the one before.
        std::uint32_t block_end(std::uint32_t row) const {
            return row < buffered ? buffered
                                  : row + (1U << side_bits) - ((row - buffered) & ((1U << side_bits) - 1));
        }
    };
    // From a row of tiles to the next, without a product.
    class Walk {
      public:
        Walk(const Room& room, std::uint32_t side)
            : at_(room.buffer),
              tape_(room.tape),
              step_(side * room.stride),
              tape_step_(room.tape_step),
              buffered_(room.buffered) {
            if (buffered_ == 0) {
                at_ = tape_;
            }
        }
        Sum* at() const { return at_; }
        void next(std::uint32_t side) {
            if (buffered_ > side) {
                buffered_ -= side;
                at_ += step_;
            } else if (buffered_ != 0) {
                buffered_ = 0;
                at_ = tape_;
            } else {
                at_ += tape_step_;
            }
        }

      private:
        Sum* at_;
        Sum* const tape_;
        const std::size_t step_;
        const std::size_t tape_step_;
        std::uint32_t buffered_;
    };
    Room room_of(const Piece& piece) const {
        Room room{at_.gradient_tile(piece.half), buffered_rows_, nullptr, 0, piece.columns, at_.side_bits};
        if (tape_tiles_ != 0) {
            room.tape_step = std::size_t{at_.a.gate_rows} * at_.a.row;
            room.tape = reinterpret_cast<Sum*>(at_.gates(1, piece.first_column).start) +
                        piece.half * tape_tiles_ * room.tape_step;
        }
        return room;
    }

    // The gradient of a piece from the accumulator, where its strip begins in row `accumulator`, to memory.
    class Storing {
      public:
        Storing(const Weights& weights, const Piece& piece, std::uint32_t accumulator)
            : walk_(weights.room_of(piece), weights.at_.a.side),
              side_(weights.at_.a.side),
              columns_(piece.columns),
              columns_a_move_(weights.array_.full_width() ? side_ : weights.columns_a_store()),
              into_(weights.array_.full_width() ? gemmini::Into::whole : gemmini::Into::overwrite),
              one_(gemmini::one_of(weights.array_)),
              tiles_(static_cast<std::uint32_t>(weights.array_.tiles_of(piece.columns)) * side_),
              from_(accumulator + (piece.row >> weights.at_.side_bits) * tiles_),
              rows_(piece.rows),
              left_((piece.rows + side_ - 1) >> weights.at_.side_bits) {}

        std::uint32_t left() const { return left_; }
        // As many rows of tiles.
        void issue(std::uint32_t count) {
            gemmini::configure_store(columns_ * sizeof(Sum), one_, 0);
            for (; count != 0; --count) {
                const std::uint32_t rows = rows_ < side_ ? rows_ : side_;
                Sum* const to = walk_.at();
                for (std::uint32_t column = 0; column < columns_; column += columns_a_move_) {
                    const std::uint32_t left = columns_ - column;
                    gemmini::move<gemmini::move_out>(to + column, from_ + column, into_, rows,
                                                     left < columns_a_move_ ? left : columns_a_move_);
                }
                walk_.next(side_);
                from_ += tiles_;
                rows_ -= rows;
                --left_;
            }
        }

      private:
        Walk walk_;
        const std::uint32_t side_;
        const std::uint32_t columns_;
        const std::uint32_t columns_a_move_;
        const gemmini::Into into_;
        const std::uint32_t one_;
        const std::uint32_t tiles_;  // rows of the accumulator that a row of tiles takes
        std::uint32_t from_;
        std::uint32_t rows_;
        std::uint32_t left_;
    };
    std::uint32_t columns_a_store() const {
        constexpr std::uint32_t columns = line_bytes / sizeof(Operand);
        return columns > at_.a.side ? columns : at_.a.side;
    }

    // ---- 16-bit formats: members move W, the array moves e and d ----

    void consume(const Piece& piece, std::uint32_t first, std::uint32_t last) const {
        const Room room = room_of(piece);
        begin_region<region(Function::update)>();
        for (std::uint32_t row = first; row < last;) {
            const std::uint32_t end = room.block_end(row) < last ? room.block_end(row) : last;
            const std::size_t at = at_.weight(piece.first_row() + row, piece.first_column);
            consume({room[row], room.stride}, end - row, piece.columns, at, at_.a.gate_rows);
            row = end;
        }
        end_region();
    }
    // `rows` rows of the gradient; the weights from element `at` on, rows `stride` elements apart.
    void consume(Rows<Sum> gradient, std::uint32_t rows, std::size_t columns, std::size_t at,
                 std::size_t stride) const {
        if constexpr (narrow) {
            if (advances_) {
                move(gradient, rows, columns, at, stride);
                return;
            }
        }
        apply({gradient.start, gradient.stride}, rows, columns, at, stride);
    }

    // D of a tile in its gradient's place, row by row.
    static Rows<Bf16> moved(Rows<Sum> gradient) {
        return {reinterpret_cast<Bf16*>(gradient.start), gradient.stride * sizeof(Sum) / sizeof(Bf16)};
    }

    void move(Rows<Sum> gradient, std::uint32_t rows, std::size_t columns, std::size_t at,
              std::size_t stride) const {
        MoveTile<Format> tile;
        tile.rows = rows;
        tile.columns = static_cast<std::uint32_t>(columns);
        tile.gradient = {gradient.start, gradient.stride};
        tile.moved = moved(gradient);
        tile.weights = at_.weights() + at;
        if constexpr (std::is_same_v<Format, PortableMixed>) {
            tile.low = at_.ws.template array<std::uint16_t>(BufferId::weights_low) + at;
        }
        tile.e = at_.ws.template array<Bf16>(BufferId::regulariser_e) + at;
        tile.stride = stride;
        tile.learning_rate = step_.learning_rate;
        tile.alpha = step_.alpha;
        move_tile(tile);
    }

    // Elements of a row that one command moves, and rows of the accumulator that the two sums of a chunk
    // take.
    static constexpr std::uint32_t columns_a_move = 32;
    std::uint32_t rows_a_move() const { return at_.a.side < columns_a_move ? columns_a_move : at_.a.side; }
    std::uint32_t rows_of_slot() const { return 2 * rows_a_move(); }

    // e' and d' of a piece by the accumulator, behind what a strip takes: d' = D - e in one sum, -e' =
    // D - e - d/2 in another, chunk by chunk. A store goes out when its own sum is complete; that of -e'
    // comes last of what reads e and d, and stores go out in order, so nothing is stored before it has been
    // read. Loops keep the first two load channels.
    class Advance {
      public:
        Advance(const Weights& weights, const Piece& piece)
            : Advance(weights, weights.room_of(piece), weights.advances_ ? piece.rows : 0, piece.columns,
                      weights.at_.weight(piece.first_row(), piece.first_column), weights.at_.a.gate_rows) {}
        // `rows` rows from element `at` of e and d on, `stride` elements apart.
        Advance(const Weights& weights, const Room& distances, std::uint32_t rows, std::uint32_t columns,
                std::size_t at, std::size_t stride)
            : walk_(distances, weights.at_.a.side),
              e_(weights.at_.ws.template array<Bf16>(BufferId::regulariser_e) + at),
              d_(weights.at_.ws.template array<Bf16>(BufferId::regulariser_d) + at),
              side_(weights.at_.a.side),
              columns_(columns),
              step_(stride * side_),
              bytes_(stride * sizeof(Bf16)),
              distance_bytes_(distances.stride * sizeof(Sum)),
              rows_a_move_(weights.rows_a_move()),
              start_(weights.first_slot_),
              end_(weights.last_slot_),
              rows_(rows),
              slot_(start_) {}

        std::uint32_t chunks() const {
            return (rows_ + side_ - 1) / side_ * ((columns_ + columns_a_move - 1) / columns_a_move);
        }
        bool more() const { return rows_ != 0; }
        // The chunk before is stored while this one is loaded, the last one at once.
        [[gnu::always_inline]] void issue_next() {
            const std::uint32_t rows = rows_ < side_ ? rows_ : side_;
            const std::uint32_t left = columns_ - column_;
            const std::uint32_t columns = left < columns_a_move ? left : columns_a_move;
            const std::uint32_t of_e = slot_ + rows_a_move_;
            const Chunk chunk{e_ + column_, d_ + column_,
                              std::uint64_t{rows} << 48 | std::uint64_t{columns} << 32 | slot_};
            const auto load = [&](const Bf16* from, std::uint32_t to, gemmini::Into into)
                __attribute__((always_inline)) {
                gemmini::move<gemmini::move_in_2>(from, to, into, rows, columns);
            };
            const Bf16* const moved_by = reinterpret_cast<const Bf16*>(walk_.at()) + column_;
            gemmini::configure_load(2, distance_bytes_, one, true, side_);
            load(moved_by, slot_, gemmini::Into::overwrite);
            load(moved_by, of_e, gemmini::Into::overwrite);
            gemmini::configure_load(2, bytes_, minus_one, true, side_);
            load(chunk.e, slot_, gemmini::Into::add);
            load(chunk.e, of_e, gemmini::Into::add);
            gemmini::configure_load(2, bytes_, minus_half, true, side_);
            load(chunk.d, of_e, gemmini::Into::add);
            store(before_);
            before_ = chunk;
            slot_ = of_e + rows_a_move_ == end_ ? start_ : of_e + rows_a_move_;
            column_ += columns;
            if (column_ == columns_) {
                column_ = 0;
                rows_ -= rows;
                e_ += step_;
                d_ += step_;
                walk_.next(side_);
                if (rows_ == 0) {
                    store(before_);
                }
            }
        }
        void finish() {
            while (more()) {
                issue_next();
            }
        }

      private:
        static constexpr std::uint32_t one = 0x3F80, minus_one = 0xBF80, minus_half = 0xBF00;

        struct Chunk {
            Bf16* e;
            Bf16* d;
            std::uint64_t shape;  // rows, columns and where the sum of d' is
        };

        [[gnu::always_inline]] void store(const Chunk& chunk) const {
            constexpr auto from = static_cast<std::uint64_t>(gemmini::Into::overwrite);
            if (chunk.shape == 0) {
                return;
            }
            gemmini::configure_store(bytes_, minus_one, 0);
            gemmini::issue<gemmini::move_out>(reinterpret_cast<std::uintptr_t>(chunk.e),
                                              (chunk.shape + rows_a_move_) | from);
            gemmini::configure_store(bytes_, one, 0);
            gemmini::issue<gemmini::move_out>(reinterpret_cast<std::uintptr_t>(chunk.d), chunk.shape | from);
        }

        Walk walk_;
        Bf16* e_;
        Bf16* d_;
        const std::uint32_t side_;
        const std::uint32_t columns_;
        const std::size_t step_;  // elements from a row of tiles to the next
        const std::uint64_t bytes_;
        const std::uint64_t distance_bytes_;
        const std::uint32_t rows_a_move_;
        const std::uint32_t start_, end_;  // rows of the accumulator
        std::uint32_t rows_;
        std::uint32_t slot_;
        std::uint32_t column_ = 0;
        Chunk before_{};
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
    std::uint32_t strip_rows_;
    std::uint32_t strip_columns_;
    std::uint32_t piece_rows_;
    std::uint32_t buffered_rows_;  // of them, in a half of the buffer
    std::uint32_t tape_tiles_;     // rows of tiles in the tape, of a piece
    // Rows of the accumulator in which e and d move: the first, and one behind the last.
    std::uint32_t first_slot_;
    std::uint32_t last_slot_;
    std::uint32_t loops_;  // of a strip
    std::uint32_t loops_a_piece_;
    bool idle_;  // has no share of pieces
    Member mover_;
    Range share_;  // of a piece of `piece_rows_`
};

}  // namespace partita::learn::gemmini_routine
