#pragma once

#include <cstdint>
#include <span>

#include "chip/base/field.hpp"

namespace partita::chip::gemmini {

// What an element of the scratchpad, a partial sum of the mesh or an element of the accumulator is. Integers
// are two's complement, floats IEEE 754 (bf16: 8 bits of exponent, 8 of significand).
enum class Number : std::uint8_t { int8, int20, int32, bf16, fp32 };

inline constexpr const char* number_names[] = {"int8", "int20", "int32", "bf16", "fp32"};
constexpr std::span<const char* const> names(Number) {
    return number_names;
}

constexpr unsigned bits_of(Number number) {
    constexpr unsigned list[] = {8, 20, 32, 16, 32};
    return list[static_cast<unsigned>(number)];
}
constexpr bool is_float(Number number) {
    return number == Number::bf16 || number == Number::fp32;
}

// Gemmini's parameters, under the names that Gemmini's GemminiConfigs.scala spells shorter. Latencies are
// cycles; depths are entries. Sources of the values are named in chips/*.toml.
struct Config {
    // Array and element types.
    std::uint32_t mesh_side = 4;  // rows and columns of the mesh, of 1x1 tiles
    Number input_type = Number::bf16;
    Number spatial_array_type = Number::bf16;
    Number accumulator_type = Number::bf16;

    // Local memories.
    std::uint64_t scratchpad_bytes = std::uint64_t{128} << 10;
    std::uint32_t scratchpad_banks = 4;
    std::uint64_t accumulator_bytes = std::uint64_t{32} << 10;
    std::uint32_t accumulator_banks = 1;
    bool execute_reads_accumulator = false;  // operands of preload and compute may be in the accumulator
    bool execute_writes_scratchpad = false;  // results of compute may go to the scratchpad

    // Scaling. `units` = 0: one for each column, pipelined; these multiply by one, too.
    Number load_scale_type = Number::bf16;
    std::uint32_t load_scale_latency = 6;
    std::uint32_t load_scale_units = 0;
    bool load_accumulator_scale = true;  // moves into the accumulator at its own width are scaled
    std::uint32_t load_accumulator_scale_latency = 6;
    Number store_scale_type = Number::bf16;
    std::uint32_t store_scale_latency = 6;
    std::uint32_t store_scale_units = 0;
    bool scale_adds_zero =
        true;  // x * scale is fma(x, scale, +0), so that -0 becomes +0 (Gemmini before #260)

    // Latencies inside the array and the memories.
    std::uint32_t tile_latency = 4;
    std::uint32_t mesh_output_delay = 2;
    std::uint32_t scratchpad_read_delay = 1;  // beyond the SRAM's own cycle
    std::uint32_t accumulator_latency = 2;

    // Queues a command passes.
    std::uint32_t router_queue = 2;
    std::uint32_t raw_queue = 2;
    std::uint32_t convolution_queue = 2;  // of the unroller of convolutions, which passes all else on
    std::uint32_t loop_queue = 2;
    std::uint32_t unrolled_queue = 2;
    std::uint32_t load_queue = 8;
    std::uint32_t store_queue = 2;
    std::uint32_t transpose_queue = 2;  // in front of the execute queue
    std::uint32_t execute_queue = 8;
    std::uint32_t store_dispatch_queue = 2;
    std::uint32_t store_issue_queue = 2;  // rows from the accumulator's scaler to the writer
    std::uint32_t normalizer_queue = 2;
    std::uint32_t reservation_load = 8;
    std::uint32_t reservation_store = 4;
    std::uint32_t reservation_execute = 16;

    // DMA.
    std::uint32_t dma_bytes = 64;            // of the largest transaction
    std::uint32_t dma_bus_bytes = 16;        // a beat
    std::uint32_t dma_requests = 16;         // outstanding, of the reader and of the writer each
    std::uint32_t translation_latency = 2;   // a request leaves reader or writer until it is translated
    std::uint32_t dma_request_buffers = 2;   // cycles from there to the tile's port
    std::uint32_t dma_response_buffers = 2;  // and back

    std::uint32_t least_phase_rows = 4;  // fed to the mesh for the shortest matrix

    std::uint32_t counters = 8;

    template <typename Self, typename Visitor>
    static void fields(Self& self, Visitor&& visit) {
        visit("mesh_side", self.mesh_side, Bounds{2, 64, true});
        visit("input_type", self.input_type, Bounds{});
        visit("spatial_array_type", self.spatial_array_type, Bounds{});
        visit("accumulator_type", self.accumulator_type, Bounds{});
        visit("scratchpad_bytes", self.scratchpad_bytes, Bounds{1024, std::uint64_t{1} << 24, true});
        visit("scratchpad_banks", self.scratchpad_banks, Bounds{1, 64, true});
        visit("accumulator_bytes", self.accumulator_bytes, Bounds{256, std::uint64_t{1} << 24, true});
        visit("accumulator_banks", self.accumulator_banks, Bounds{1, 64, true});
        visit("execute_reads_accumulator", self.execute_reads_accumulator, Bounds{});
        visit("execute_writes_scratchpad", self.execute_writes_scratchpad, Bounds{});
        visit("load_scale_type", self.load_scale_type, Bounds{});
        visit("load_scale_latency", self.load_scale_latency, Bounds{1, 100});
        visit("load_scale_units", self.load_scale_units, Bounds{0, 64});
        visit("load_accumulator_scale", self.load_accumulator_scale, Bounds{});
        visit("load_accumulator_scale_latency", self.load_accumulator_scale_latency, Bounds{0, 100});
        visit("store_scale_type", self.store_scale_type, Bounds{});
        visit("store_scale_latency", self.store_scale_latency, Bounds{1, 100});
        visit("store_scale_units", self.store_scale_units, Bounds{0, 64});
        visit("scale_adds_zero", self.scale_adds_zero, Bounds{});
        visit("tile_latency", self.tile_latency, Bounds{0, 100});
        visit("mesh_output_delay", self.mesh_output_delay, Bounds{0, 100});
        visit("scratchpad_read_delay", self.scratchpad_read_delay, Bounds{0, 100});
        visit("accumulator_latency", self.accumulator_latency, Bounds{2, 100});
        visit("router_queue", self.router_queue, Bounds{1, 64});
        visit("raw_queue", self.raw_queue, Bounds{1, 64});
        visit("convolution_queue", self.convolution_queue, Bounds{1, 64});
        visit("loop_queue", self.loop_queue, Bounds{1, 64});
        visit("unrolled_queue", self.unrolled_queue, Bounds{1, 64});
        visit("load_queue", self.load_queue, Bounds{1, 64});
        visit("store_queue", self.store_queue, Bounds{1, 64});
        visit("transpose_queue", self.transpose_queue, Bounds{2, 64});
        visit("execute_queue", self.execute_queue, Bounds{3, 64});
        visit("store_dispatch_queue", self.store_dispatch_queue, Bounds{1, 64});
        visit("store_issue_queue", self.store_issue_queue, Bounds{1, 64});
        visit("normalizer_queue", self.normalizer_queue, Bounds{1, 64});
        visit("reservation_load", self.reservation_load, Bounds{1, 64});
        visit("reservation_store", self.reservation_store, Bounds{1, 64});
        visit("reservation_execute", self.reservation_execute, Bounds{2, 64});
        visit("dma_bytes", self.dma_bytes, Bounds{16, 64, true});
        visit("dma_bus_bytes", self.dma_bus_bytes, Bounds{8, 64, true});
        visit("dma_requests", self.dma_requests, Bounds{1, 64});
        visit("translation_latency", self.translation_latency, Bounds{1, 100});
        visit("dma_request_buffers", self.dma_request_buffers, Bounds{0, 100});
        visit("dma_response_buffers", self.dma_response_buffers, Bounds{0, 100});
        visit("least_phase_rows", self.least_phase_rows, Bounds{1, 64});
        visit("counters", self.counters, Bounds{1, 8});
    }

    // What the bounds of single fields cannot say. Throws ChipError with a sentence that names the fields.
    void validate() const;
};

// Sizes that follow from a configuration, computed once.
struct Geometry {
    explicit Geometry(const Config& config);

    unsigned side;
    unsigned input_bytes;        // of an element in the scratchpad
    unsigned accumulator_bytes;  // of an element in the accumulator
    unsigned scratchpad_row_bytes;
    unsigned accumulator_row_bytes;
    std::uint32_t scratchpad_rows;
    std::uint32_t scratchpad_bank_rows;
    std::uint32_t accumulator_rows;
    std::uint32_t accumulator_bank_rows;
    unsigned row_bits;                  // of the data field of a local address
    unsigned block_length;              // tiles side by side that one move-in or move-out takes
    unsigned accumulator_block_length;  // the same at the accumulator's width
    unsigned most_columns;              // of one move, in elements of the input type
    unsigned commands_in_flight;        // moves that one DMA controller tracks

    unsigned scratchpad_bank(std::uint32_t row) const { return row / scratchpad_bank_rows; }
    unsigned accumulator_bank(std::uint32_t row) const { return row / accumulator_bank_rows; }
};

}  // namespace partita::chip::gemmini
