#pragma once

// How the work of a step with an array (array_layout.hpp) is cut: which part of W stays in the array's
// scratchpad, in which order groups of units are worked on, and by whom.

#include <bit>
#include <cstdint>

#include "partita/learn/array_layout.hpp"
#include "partita/learn/backend.hpp"

namespace partita::learn {

// The groups of a step are worked on in up to four runs, finished one after the other: the array multiplies
// with what is there while the members are at the next.
inline constexpr std::uint32_t most_runs = 4;
constexpr std::uint32_t runs_of(std::uint32_t groups) {
    constexpr std::uint32_t least_groups = 8;
    const std::uint32_t runs = groups / least_groups;
    return runs < 1 ? 1 : runs > most_runs ? most_runs : runs;
}

// How many of W's rows of tiles are where. Forward the loops' come first, since the inputs are what a sum
// ends with; backward they come last, since the owner can do something else while loops go.
struct Residence {
    // `operand_bytes`: of an element in the scratchpad.
    constexpr Residence(const ArrayExtents& extents, const ArrayMemory& memory, std::uint32_t operand_bytes,
                        std::uint32_t batch, bool forward)
        : width(extents.gate_rows / extents.side) {
        const std::uint32_t side = extents.side;
        const std::uint32_t move_tiles = most_move_bytes / operand_bytes / side;
        const std::uint32_t half = memory.scratchpad_rows / 2 / side;
        if (side < least_side || move_tiles == 0 || batch > side ||
            width > memory.accumulator_rows / 2 / side || half < 3 * width) {
            return;
        }
        const auto smaller = [](std::uint32_t a, std::uint32_t b) { return a < b ? a : b; };
        block_bits = smaller(static_cast<unsigned>(std::bit_width(move_tiles)) - 1, most_block_bits);
        // About a row's room is left in either half; backward the loops' operand takes another.
        const std::uint32_t most = half / width - 1;
        // Where there are several runs, the first loop forward does not wait for the last; and backward a few
        // rows that loops leave give the members something to do while those go.
        const bool several = runs_of(extents.groups) > 1;
        const std::uint32_t looped = several && !forward ? extents.groups - least_others : extents.groups;
        first = smaller(most, several ? (looped + 1) / 2 : looped);
        second = smaller(forward ? most : most - 1, looped - first);
        others = extents.groups - first - second;
        std::uint32_t left[2] = {width, width};
        if (forward) {
            const std::uint32_t rows = extents.state_rows - extents.units;
            const std::uint32_t tiles = (rows + side - 1) / side;
            others += tiles;
            last_inner = rows - (tiles - 1) * side;
            const std::uint32_t last_room = (blocks() + side_by_side(side) - 1) / side_by_side(side)
                                            << block_bits;
            const std::uint32_t taken[2] = {second + others, first + others + last_room};
            for (std::uint32_t i = 0; i < 2; ++i) {
                left[i] -= smaller(left[i], taken[i]);
            }
        }
        const std::uint32_t block = (forward ? others - 1 : others) << block_bits;
        possible = others <= most_rows && blocks() <= most_blocks && block <= left[0] && block <= left[1];
    }

    constexpr std::uint32_t blocks() const { return width >> block_bits; }
    // Blocks of the last row forward that have room in one.
    constexpr std::uint32_t side_by_side(std::uint32_t side) const { return side / last_inner; }

    // An array with fewer rows is done with a tile before a core has given the commands for the next.
    static constexpr std::uint32_t least_side = 8;
    static constexpr std::uint32_t most_move_bytes = 64;
    static constexpr unsigned most_block_bits = 2;  // a group's tiles
    static constexpr std::uint32_t least_others = 3;
    static constexpr std::uint32_t most_rows = 4;
    static constexpr std::uint32_t most_blocks = 64;

    std::uint32_t width;      // of W, in tiles
    unsigned block_bits = 0;  // a block: tiles side by side that one command loads
    // Rows of tiles.
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    std::uint32_t others = 0;
    std::uint32_t last_inner = 1;  // rows of W that the last of them has forward
    bool possible = false;
};

// Where runs begin, and whose their groups are.
class Runs {
  public:
    // Of about the same length.
    static constexpr Runs forward(const ArrayExtents& extents, std::uint32_t members) {
        const std::uint32_t count = runs_of(extents.groups);
        Runs runs(members);
        for (std::uint32_t run = 0; run < count; ++run) {
            runs.add(extents.groups * (run + 1) / count);
        }
        return runs;
    }
    // Ditto; where W stays in the scratchpad, gradients come in the order of its residence, a product as a
    // whole.
    static constexpr Runs backward(const ArrayExtents& extents, const Residence& residence,
                                   std::uint32_t members) {
        if (!residence.possible) {
            return forward(extents, members);
        }
        Runs runs(members);
        for (const std::uint32_t groups : {residence.others, residence.first, residence.second}) {
            if (groups != 0) {
                runs.add(runs.first_group(runs.count_) + groups);
            }
        }
        return runs;
    }

    constexpr std::uint32_t count() const { return count_; }
    // Of run count(): one behind the last.
    constexpr std::uint32_t first_group(std::uint32_t run) const { return firsts_[run]; }
    // The groups of a run that are a member's. Where they cannot be shared out evenly, those members have one
    // more whose turn it is, so that all have about the same number of all runs' groups.
    constexpr Range share(std::uint32_t run, std::uint32_t member) const {
        const std::uint32_t groups = firsts_[run + 1] - firsts_[run];
        const std::uint32_t each = groups / members_;
        const std::uint32_t more = groups % members_;
        const std::uint32_t place = (member + members_ - turns_[run]) % members_;
        const std::uint32_t first = firsts_[run] + place * each + (place < more ? place : more);
        return {first, first + each + (place < more ? 1 : 0)};
    }

  private:
    constexpr explicit Runs(std::uint32_t members) : members_(members) {}
    constexpr void add(std::uint32_t end) {
        const std::uint32_t groups = end - firsts_[count_];
        turns_[count_ + 1] = (turns_[count_] + groups % members_) % members_;
        firsts_[++count_] = end;
    }

    std::uint32_t members_;
    std::uint32_t count_ = 0;
    std::uint32_t firsts_[most_runs + 1] = {};
    std::uint32_t turns_[most_runs + 1] = {};  // the first member that has one more in a run
};

}  // namespace partita::learn
