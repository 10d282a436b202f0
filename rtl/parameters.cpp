#include "rtl/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "chip/base/error.hpp"

namespace partita::rtl {

namespace {

using chip::gemmini::Config;
using chip::gemmini::Geometry;
using chip::gemmini::Number;

// Significand bits with the hidden one; both types have 8 bits of exponent.
unsigned significand(Number type) {
    return type == Number::bf16 ? 8 : 24;
}

const char* name(Number type) {
    return names(type)[static_cast<unsigned>(type)];
}

void require(bool fulfilled, const std::string& sentence) {
    if (!fulfilled) {
        throw chip::ChipError("gemmini, as hardware: " + sentence);
    }
}

void require_one_type(const Config& config) {
    require(is_float(config.input_type),
            fmt::format("input_type is {}; expected bf16 or fp32", name(config.input_type)));
    const auto same = [&](const char* key, Number type) {
        require(type == config.input_type,
                fmt::format("{} is {}; expected input_type, {}", key, name(type), name(config.input_type)));
    };
    same("spatial_array_type", config.spatial_array_type);
    same("accumulator_type", config.accumulator_type);
    same("load_scale_type", config.load_scale_type);
    same("store_scale_type", config.store_scale_type);
    require(config.load_scale_units == 0 && config.store_scale_units == 0,
            "load_scale_units or store_scale_units is not 0; expected a multiplier for each column");
    require(config.load_accumulator_scale, "load_accumulator_scale is false; expected true");
}

}  // namespace

std::vector<Parameter> parameters(const Config& config) {
    require_one_type(config);
    require(config.mesh_side <= 16, fmt::format("mesh_side is {}; expected at most 16", config.mesh_side));
    require(config.dma_bus_bytes == 16,
            fmt::format("dma_bus_bytes is {}; expected 16", config.dma_bus_bytes));
    require(std::has_single_bit(config.dma_requests) && config.dma_requests >= 2,
            fmt::format("dma_requests is {}; expected a power of two, at least 2", config.dma_requests));
    for (const auto& [key, depth] : {std::pair{"reservation_load", config.reservation_load},
                                     std::pair{"reservation_store", config.reservation_store},
                                     std::pair{"reservation_execute", config.reservation_execute}}) {
        require(depth >= 2, fmt::format("{} is {}; expected at least 2", key, depth));
    }
    const Geometry geometry(config);
    require(
        geometry.scratchpad_row_bytes <= 64,
        fmt::format("a row of the mesh has {} bytes; expected at most 64", geometry.scratchpad_row_bytes));
    // The latencies of Gemmini's tiles and scalers become stages of a pipeline, as far as there is something
    // to part.
    const auto stages = [](std::uint32_t latency, std::uint32_t most) {
        return std::uint64_t{std::clamp(latency, 1U, most)};
    };
    return {{"SIDE", config.mesh_side},
            {"EXP", 8},
            {"SIG", significand(config.input_type)},
            {"SCRATCHPAD_ROWS", geometry.scratchpad_rows},
            {"SCRATCHPAD_BANKS", config.scratchpad_banks},
            {"ACCUMULATOR_ROWS", geometry.accumulator_rows},
            {"ACCUMULATOR_BANKS", config.accumulator_banks},
            {"SUM_STAGES", stages(config.tile_latency, 4)},
            {"LOAD_SCALE_STAGES", stages(config.load_scale_latency, 3)},
            {"STORE_SCALE_STAGES", stages(config.store_scale_latency, 3)},
            {"SCALE_ADDS_ZERO", config.scale_adds_zero ? 1U : 0U},
            {"EXECUTE_READS_ACCUMULATOR", config.execute_reads_accumulator ? 1U : 0U},
            {"EXECUTE_WRITES_SCRATCHPAD", config.execute_writes_scratchpad ? 1U : 0U},
            {"RAW_QUEUE", config.raw_queue},
            {"RESERVATION_LOAD", config.reservation_load},
            {"RESERVATION_STORE", config.reservation_store},
            {"RESERVATION_EXECUTE", config.reservation_execute},
            {"DMA_BYTES", config.dma_bytes},
            {"DMA_REQUESTS", config.dma_requests},
            {"COUNTERS", config.counters}};
}

std::string describe(const std::vector<Parameter>& parameters) {
    std::string text;
    for (const Parameter& each : parameters) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", each.name, each.value);
    }
    return text;
}

}  // namespace partita::rtl
