// The loop unroller against the model's own list of a loop's commands (chip/gemmini/loop.hpp): the same
// commands, each unit's in the same order, whatever the room in the queues; multiplications behind the
// move-ins of what they read, move-outs behind the multiplications that they wait for. The seed is printed,
// and PARTITA_RTL_SEED repeats it.

#include <gtest/gtest.h>

#include <deque>
#include <iostream>
#include <random>

#include "Vloop_unroller_test.h"
#include "chip/gemmini/command.hpp"
#include "chip/gemmini/loop.hpp"
#include "rtl/instance.hpp"
#include "settings.hpp"

namespace partita::rtl::test {
namespace {

using chip::gemmini::Command;
using chip::gemmini::Config;
using chip::gemmini::Geometry;
using chip::gemmini::Kind;
using chip::gemmini::LoopSlots;
using chip::gemmini::RoccCommand;
using chip::gemmini::Tile;

// Which unit of the unroller makes a command: the channels of move-ins are A, B and D.
unsigned unit_of(const Command& command) {
    switch (command.kind) {
        case Kind::move_in:
            return command.move().channel;
        case Kind::move_out:
            return 4;
        default:
            return 3;
    }
}

class UnrollerBench {
  public:
    explicit UnrollerBench(std::uint64_t seed) : engine_(seed), geometry_(config_), slots_(geometry_) {
        top_.loop_valid = 0;
        top_.reset = 1;
        tick();
        top_.reset = 0;
    }

    // A loop of random size, its commands expected behind those of the loops before.
    void loop() {
        const auto random = [this](std::uint64_t most) { return engine_() % (most + 1); };
        const std::uint64_t side = geometry_.side;
        const std::uint64_t bounds[] = {1 + random(3), 1 + random(9), 1 + random(9)};
        std::uint64_t tiles = 0;
        std::uint64_t padding = 0;
        for (unsigned each = 0; each < 3; ++each) {
            tiles |= bounds[each] << (16 * each);
            padding |= random(side - 1) << (16 * each);
        }
        const auto address = [&] { return random(4) == 0 ? 0 : 0x8000'0000 + random(1 << 24); };
        issue({9, false, padding, tiles});
        issue({10, false, address(), address()});
        issue({11, false, address(), address()});
        issue({12, false, random(1 << 16), random(1 << 16)});
        issue({13, false, random(1 << 16), random(1 << 16)});
        issue({8, false, random(2) << 18 | random(2) << 16 | random(7), random(2)});
    }

    void finish() {
        for (unsigned cycle = 0; cycle < 100'000 && (!waiting_.empty() || active_); ++cycle) {
            step();
        }
        EXPECT_TRUE(waiting_.empty() && !active_) << "the unroller does not end";
        for (const std::deque<Expected>& unit : expected_) {
            EXPECT_TRUE(unit.empty()) << "not made: " << describe(unit.front().command);
        }
    }

  private:
    struct Expected {
        Command command;
        unsigned loop;  // that it is of
    };

    void issue(const RoccCommand& raw) {
        waiting_.push_back(raw);
        const Command command = decode(raw, config_, geometry_);
        if (command.kind == Kind::loop) {
            expand(slots_.start(command), geometry_, [this](const Command& made) {
                expected_[unit_of(made)].push_back({made, loops_});
            });
            ++loops_;
        } else {
            slots_.configure(command);
        }
    }

    void tick() {
        top_.clock = 1;
        top_.eval();
        top_.clock = 0;
        top_.eval();
    }

    void step() {
        top_.loop_valid = !waiting_.empty() && engine_() % 4 != 0 ? 1 : 0;
        if (top_.loop_valid != 0) {
            top_.loop_funct = waiting_.front().funct;
            top_.loop_rs1 = waiting_.front().rs1;
            top_.loop_rs2 = waiting_.front().rs2;
        }
        top_.room_load = engine_() % 3 != 0 ? 1 : 0;
        top_.room_store = engine_() % 3 != 0 ? 1 : 0;
        top_.room_execute = engine_() % 3 != 0 ? 1 : 0;
        top_.eval();
        if (top_.command_valid != 0) {
            take(decode({top_.command_funct, false, top_.command_rs1, top_.command_rs2}, config_, geometry_));
        }
        if (top_.loop_valid != 0 && top_.loop_ready != 0) {
            waiting_.pop_front();
        }
        tick();
        active_ = top_.active != 0;
    }

    void take(const Command& command) {
        const unsigned unit = unit_of(command);
        const bool room = unit == 4   ? top_.room_store != 0
                          : unit == 3 ? top_.room_execute != 0
                                      : top_.room_load != 0;
        EXPECT_TRUE(room) << describe(command);
        std::deque<Expected>& list = expected_[unit];
        ASSERT_FALSE(list.empty()) << describe(command);
        EXPECT_EQ(describe(command), describe(list.front().command));
        const unsigned loop = list.front().loop;
        list.pop_front();
        // What a multiplication reads has been asked for, if it ever is; a move-out's results have been
        // multiplied.
        if (unit == 3 && command.kind != Kind::preload) {
            expect_moved(command.compute().input, 0, loop);
        } else if (unit == 3) {
            expect_moved(command.preload().weights, 1, loop);
        } else if (unit == 4) {
            expect_multiplied(command.move().tile, loop);
        }
    }

    void expect_moved(const Tile& tile, unsigned unit, unsigned loop) {
        if (tile.local.garbage || expected_[unit].empty() || expected_[unit].front().loop != loop) {
            return;
        }
        const Command& next = expected_[unit].front().command;
        const std::uint32_t first = next.move().tile.local.row;
        const unsigned blocks = (next.move().tile.columns + geometry_.side - 1) / geometry_.side;
        EXPECT_FALSE(tile.local.row >= first && tile.local.row < first + blocks * geometry_.side)
            << "before " << describe(next);
    }

    void expect_multiplied(const Tile& tile, unsigned loop) {
        for (const Expected& next : expected_[3]) {
            if (next.loop == loop && next.command.kind == Kind::preload) {
                EXPECT_NE(next.command.preload().result.local.row, tile.local.row);
            }
        }
    }

    Config config_;
    std::mt19937_64 engine_;
    Geometry geometry_;
    LoopSlots slots_;
    Instance<Vloop_unroller_test> instance_;
    Vloop_unroller_test& top_ = *instance_;
    std::deque<RoccCommand> waiting_;
    std::deque<Expected> expected_[5];  // by unit
    unsigned loops_ = 0;
    bool active_ = false;
};

TEST(Unroller, MakesTheModelsCommands) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "seed " << seed << '\n';
    for (unsigned round = 0; round < chosen_count("PARTITA_RTL_ROUNDS", 30); ++round) {
        UnrollerBench bench(seed + round);
        const unsigned loops = 1 + round % 4;
        for (unsigned loop = 0; loop < loops; ++loop) {
            bench.loop();
        }
        bench.finish();
    }
}

}  // namespace
}  // namespace partita::rtl::test
