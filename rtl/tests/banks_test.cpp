// The scratchpad and the accumulator against arrays: reads and writes at random, several a cycle, and what
// each has to grant or to refuse. The seed is printed, and PARTITA_RTL_SEED repeats it.

#include <gtest/gtest.h>

#include <deque>
#include <iostream>
#include <optional>
#include <random>
#include <vector>

#include "Vaccumulator_test.h"
#include "Vscratchpad_test.h"
#include "chip/gemmini/number.hpp"
#include "rtl/instance.hpp"
#include "settings.hpp"

namespace partita::rtl::test {
namespace {

constexpr unsigned side = 4;
constexpr unsigned rows = 256;

using Row = std::uint64_t;

std::uint64_t bits_of_mask(unsigned mask) {
    std::uint64_t bits = 0;
    for (unsigned lane = 0; lane < side; ++lane) {
        bits |= (mask >> lane & 1) != 0 ? std::uint64_t{0xFFFF} << (16 * lane) : 0;
    }
    return bits;
}

void merge(Row& row, Row data, unsigned mask) {
    row = (row & ~bits_of_mask(mask)) | (data & bits_of_mask(mask));
}

// Which memory: the bank, then tiles in turn (bank_address.sv); two banks of two memories.
unsigned memory_of(unsigned row) {
    return row / (rows / 2) * 2 + row / side % 2;
}

TEST(Scratchpad, KeepsRowsAndGrantsOnePortAMemory) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "seed " << seed << '\n';
    std::mt19937_64 engine(seed);
    Instance<Vscratchpad_test> instance;
    Vscratchpad_test& top = *instance;
    std::vector<std::optional<Row>> contents(rows);
    std::deque<std::optional<Row>> due[2];
    for (auto& port : due) {
        port.assign(2, std::nullopt);
    }
    unsigned compared = 0;
    for (unsigned cycle = 0; cycle < 20'000; ++cycle) {
        top.write_valid = engine() % 2;
        top.write_row = engine() % rows;
        // A row's first write is whole.
        top.write_mask = contents[top.write_row] ? engine() % 16 : 15;
        top.write_data = engine();
        top.read_valid_0 = engine() % 2;
        top.read_row_0 = engine() % rows;
        top.read_valid_1 = engine() % 2;
        top.read_row_1 = engine() % rows;
        top.clock = 0;
        top.eval();
        for (unsigned port = 0; port < 2; ++port) {
            if (due[port].front()) {
                EXPECT_EQ(port == 0 ? top.read_data_0 : top.read_data_1, *due[port].front());
                ++compared;
            }
            due[port].pop_front();
        }
        const auto blocked = [&](unsigned row) {
            return top.write_valid != 0 && memory_of(top.write_row) == memory_of(row);
        };
        const bool ready_0 = !blocked(top.read_row_0);
        const bool ready_1 =
            !blocked(top.read_row_1) &&
            !(top.read_valid_0 != 0 && memory_of(top.read_row_0) == memory_of(top.read_row_1));
        EXPECT_EQ(top.read_ready_0 != 0, ready_0);
        EXPECT_EQ(top.read_ready_1 != 0, ready_1);
        due[0].push_back(top.read_valid_0 != 0 && ready_0 ? contents[top.read_row_0] : std::nullopt);
        due[1].push_back(top.read_valid_1 != 0 && ready_1 ? contents[top.read_row_1] : std::nullopt);
        if (top.write_valid != 0) {
            Row row = contents[top.write_row].value_or(0);
            merge(row, top.write_data, top.write_mask);
            contents[top.write_row] = row;
        }
        top.clock = 1;
        top.eval();
    }
    EXPECT_GT(compared, 1000U);
}

Row sum(Row left, Row right) {
    Row result = 0;
    for (unsigned lane = 0; lane < side; ++lane) {
        const auto element = [lane](Row row) { return static_cast<std::uint16_t>(row >> (16 * lane)); };
        const float total =
            chip::gemmini::widen_bf16(element(left)) + chip::gemmini::widen_bf16(element(right));
        result |= Row{chip::gemmini::round_to_bf16(total)} << (16 * lane);
    }
    return result;
}

TEST(Accumulator, AddsResultsAndMovesInTheirOrder) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "seed " << seed << '\n';
    std::mt19937_64 engine(seed);
    Instance<Vaccumulator_test> instance;
    Vaccumulator_test& top = *instance;
    std::vector<std::optional<Row>> contents(rows);
    std::vector<unsigned> written_at(rows, 0);  // cycle in which the last write entered
    std::deque<std::optional<Row>> due(2, std::nullopt);
    top.reset = 1;
    top.clock = 0;
    top.eval();
    top.clock = 1;
    top.eval();
    top.reset = 0;
    unsigned compared = 0;
    unsigned moves = 0;
    bool move_waits = false;
    for (unsigned cycle = 10; cycle < 40'000; ++cycle) {
        // Few rows, so that they meet in the pipeline.
        const auto row = [&] { return static_cast<std::uint8_t>(engine() % 24 * (rows / 24)); };
        top.result_row = row();
        top.result_valid = engine() % 2;
        top.result_adds = contents[top.result_row].has_value() && engine() % 2 != 0;
        // The mesh keeps results that add apart from those before them.
        if (top.result_adds != 0 && cycle - written_at[top.result_row] < 4) {
            top.result_valid = 0;
        }
        top.result_mask = contents[top.result_row] ? engine() % 16 : 15;
        top.result_data = engine();
        if (!move_waits) {
            top.move_valid = engine() % 2;
            top.move_row = row();
            top.move_adds = contents[top.move_row].has_value() && engine() % 2 != 0;
            top.move_mask = contents[top.move_row] ? engine() % 16 : 15;
            top.move_data = engine();
        }
        top.read_valid = engine() % 2;
        top.read_row = row();
        top.clock = 0;
        top.eval();
        if (due.front()) {
            EXPECT_EQ(top.read_data, *due.front());
            ++compared;
        }
        due.pop_front();
        const auto in_pipeline = [&](unsigned which) { return cycle - written_at[which] <= 3; };
        const bool takes = top.result_valid == 0 && !in_pipeline(top.move_row);
        EXPECT_EQ(top.move_ready != 0, takes);
        const bool moved = top.move_valid != 0 && takes;
        const bool reads_old = top.result_valid != 0 ? top.result_adds != 0 : moved && top.move_adds != 0;
        const unsigned entering = top.result_valid != 0 ? top.result_row : top.move_row;
        const bool gives =
            !(reads_old && memory_of(entering) == memory_of(top.read_row)) && !in_pipeline(top.read_row);
        EXPECT_EQ(top.read_ready != 0, gives);
        due.push_back(top.read_valid != 0 && gives ? contents[top.read_row] : std::nullopt);
        const auto write = [&](unsigned which, Row data, unsigned mask, bool adds) {
            Row next = contents[which].value_or(0);
            merge(next, adds ? sum(next, data) : data, mask);
            contents[which] = next;
            written_at[which] = cycle;
        };
        if (top.result_valid != 0) {
            write(top.result_row, top.result_data, top.result_mask, top.result_adds != 0);
        }
        if (moved) {
            write(top.move_row, top.move_data, top.move_mask, top.move_adds != 0);
            ++moves;
        }
        move_waits = top.move_valid != 0 && !moved;
        top.clock = 1;
        top.eval();
    }
    EXPECT_GT(compared, 1000U);
    EXPECT_GT(moves, 1000U);
}

}  // namespace
}  // namespace partita::rtl::test
