#include "cycles.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "chip/gemmini/tests/timing_support.hpp"
#include "chip/memory/shared_memory.hpp"
#include "rtl/accelerator.hpp"

namespace partita::rtl::test {

using chip::Address;
using chip::Cycle;
using chip::gemmini::RoccCommand;

namespace {

constexpr Address base = 0x8000'0000;
constexpr std::size_t size = std::size_t{1} << 21;

// A core that presents a command in every cycle in which the queue has room, then waits as a fence does.
Cycle run(chip::gemmini::Port& port, const std::vector<RoccCommand>& commands, Cycle begin) {
    Cycle time = begin;
    const auto advance = [&](Cycle until) {
        while (port.now() < until) {
            port.run(until);
        }
    };
    for (const RoccCommand& each : commands) {
        advance(time);
        while (!port.ready_since()) {
            advance(++time);
        }
        Cycle result_at = 0;
        port.issue(each, time++, result_at);
    }
    while (!port.idle_since()) {
        port.run(port.now() + 1'000'000);
    }
    return std::max(time, *port.idle_since()) - begin;
}

chip::gemmini::test::Product product_of(const Shape& shape) {
    chip::gemmini::test::Product product{};
    product.rows = shape.rows;
    product.columns = shape.columns;
    product.inner = shape.inner;
    product.a = base + 0x10000;
    product.b = base + 0x80000;
    product.d = shape.bias ? base + 0x2000 : 0;
    product.c = base + 0x100000;
    product.a_stride = shape.transpose_a ? shape.rows : shape.inner;
    product.b_stride = shape.transpose_b ? shape.inner : shape.columns;
    product.c_stride = shape.columns;
    product.transpose_a = shape.transpose_a;
    product.transpose_b = shape.transpose_b;
    return product;
}

void fill(chip::memory::FlatMemory& memory) {
    std::mt19937 engine(7);
    for (std::size_t offset = 0; offset < size; offset += 2) {
        memory.store(base + offset, static_cast<std::uint16_t>(0x3E00 + (engine() & 0x81FF)));
    }
}

template <typename Accelerator>
Cycle second_run(const chip::config::Chip& chip, const std::vector<RoccCommand>& commands,
                 chip::memory::FlatMemory& memory) {
    fill(memory);
    chip::memory::SharedMemory system(chip.memory, 1, memory);
    Accelerator accelerator(chip.gemmini, memory, system);
    const Cycle first = run(accelerator, commands, 100);
    return run(accelerator, commands, 100 + first + 1000);
}

}  // namespace

std::string Shape::name() const {
    const auto operand = [](int height, int width, bool transposed) {
        return transposed ? fmt::format("({}x{})^T", width, height) : fmt::format("{}x{}", height, width);
    };
    return fmt::format("{} . {}{}", operand(rows, inner, transpose_a), operand(inner, columns, transpose_b),
                       bias ? " + bias" : "");
}

std::vector<Shape> shapes() {
    // Published: an LSTM of 128 units on one input, a batch of four, a matrix for each gate. Ours: all gates
    // in one matrix, batch in columns, the weights' gradient over a part of 14 steps (learn/src/gemmini).
    return {
        {"published", 4, 128, 129, true, false, true, 4},
        {"published", 4, 10, 128, true, false, true, 1},
        {"published", 4, 129, 128, false, false, false, 4},
        {"published", 128, 129, 4, false, true, false, 7},
        {"published", 4, 128, 10, false, false, false, 1},
        {"train", 512, 4, 130, false, true, false, 1},
        {"train", 130, 4, 512, false, false, false, 1},
        {"train", 130, 512, 56, false, false, true, 1},
        {"train", 10, 4, 128, true, false, false, 1},
        {"train", 128, 4, 10, false, true, false, 1},
        {"train", 10, 128, 4, false, false, true, 1},
        {"odd", 1, 1, 1},
        {"odd", 1, 300, 1},
        {"odd", 5, 7, 3, true},
        {"odd", 31, 31, 32},
        {"odd", 33, 65, 47, false, true, false},
        {"odd", 13, 17, 200, true, false, true},
        {"odd", 4, 512, 129},
        {"odd", 512, 129, 4, false, true, false},
        {"odd", 64, 64, 64},
        {"odd", 128, 128, 128},
    };
}

Measured measure(const chip::config::Chip& chip, const Shape& shape) {
    const chip::gemmini::Geometry geometry(chip.gemmini);
    const auto commands = chip::gemmini::test::tiled(product_of(shape), geometry);
    chip::memory::FlatMemory of_model(base, size);
    chip::memory::FlatMemory of_hardware(base, size);
    Measured measured;
    measured.model = second_run<chip::gemmini::Accelerator>(chip, commands, of_model);
    measured.hardware = second_run<Accelerator>(chip, commands, of_hardware);
    EXPECT_EQ(std::memcmp(of_model.at(base), of_hardware.at(base), size), 0) << shape.name();
    return measured;
}

}  // namespace partita::rtl::test
