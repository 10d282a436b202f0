#include "chip/gemmini/config.hpp"

#include <algorithm>
#include <bit>

#include "chip/base/error.hpp"
#include "fmt/format.h"

namespace partita::chip::gemmini {

namespace {

const char* name(Number number) {
    return names(number)[static_cast<unsigned>(number)];
}

unsigned bytes_of(Number number) {
    return bits_of(number) / 8;
}

void require(bool fulfilled, const std::string& sentence) {
    if (!fulfilled) {
        throw ChipError("gemmini: " + sentence);
    }
}

void validate_types(const Config& config) {
    const bool integers = config.input_type == Number::int8 && config.spatial_array_type == Number::int20 &&
                          config.accumulator_type == Number::int32;
    const bool floats = is_float(config.input_type) && is_float(config.spatial_array_type) &&
                        is_float(config.accumulator_type) &&
                        bits_of(config.spatial_array_type) >= bits_of(config.input_type) &&
                        bits_of(config.accumulator_type) >= bits_of(config.spatial_array_type);
    require(integers || floats,
            fmt::format(
                "input_type {}, spatial_array_type {} and accumulator_type {} do not go together; expected "
                "int8, int20, int32, or three floats of which none is narrower than the one before",
                name(config.input_type), name(config.spatial_array_type), name(config.accumulator_type)));
    require(is_float(config.load_scale_type),
            fmt::format("load_scale_type is {}; expected bf16 or fp32", name(config.load_scale_type)));
    require(is_float(config.store_scale_type),
            fmt::format("store_scale_type is {}; expected bf16 or fp32", name(config.store_scale_type)));
    require(!integers || !config.load_accumulator_scale,
            "load_accumulator_scale is true; expected false, as an int32 accumulator has no scaler in front");
}

void validate_memory(const char* key, std::uint64_t bytes, const char* banks_key, std::uint32_t banks,
                     std::uint64_t row_bytes, std::uint32_t side) {
    require(std::has_single_bit(bytes), fmt::format("{} is {}; expected a power of two", key, bytes));
    require(std::has_single_bit(banks), fmt::format("{} is {}; expected a power of two", banks_key, banks));
    const std::uint64_t rows = bytes / row_bytes;
    require(rows / banks >= side,
            fmt::format("{} {} in {} {} gives {} rows a bank; expected at least mesh_side, {}", key, bytes,
                        banks_key, banks, rows / banks, side));
    // Local addresses have 32 bits, of which three are flags, three a normalisation command and one marks
    // garbage; strides between local rows have 16 bits.
    require(rows <= std::uint64_t{1} << 24, fmt::format("{} {} gives {} rows; expected at most {}", key,
                                                        bytes, rows, std::uint64_t{1} << 24));
}

}  // namespace

void Config::validate() const {
    require(mesh_side >= 2 && mesh_side <= 64 && std::has_single_bit(mesh_side),
            fmt::format("mesh_side is {}; expected a power of two from 2 to 64", mesh_side));
    validate_types(*this);
    validate_memory("scratchpad_bytes", scratchpad_bytes, "scratchpad_banks", scratchpad_banks,
                    std::uint64_t{mesh_side} * bytes_of(input_type), mesh_side);
    validate_memory("accumulator_bytes", accumulator_bytes, "accumulator_banks", accumulator_banks,
                    std::uint64_t{mesh_side} * bytes_of(accumulator_type), mesh_side);
    require(std::has_single_bit(dma_bytes) && dma_bytes >= 16 && dma_bytes <= 64,
            fmt::format("dma_bytes is {}; expected a power of two from 16 to 64", dma_bytes));
    require(std::has_single_bit(dma_bus_bytes) && dma_bus_bytes <= dma_bytes,
            fmt::format("dma_bus_bytes is {}; expected a power of two, at most dma_bytes, {}", dma_bus_bytes,
                        dma_bytes));
    require(counters >= 1 && counters <= 8, fmt::format("counters is {}; expected 1 to 8", counters));
}

Geometry::Geometry(const Config& config)
    : side(config.mesh_side),
      input_bytes(bytes_of(config.input_type)),
      accumulator_bytes(bytes_of(config.accumulator_type)),
      scratchpad_row_bytes(side * input_bytes),
      accumulator_row_bytes(side * accumulator_bytes),
      scratchpad_rows(static_cast<std::uint32_t>(config.scratchpad_bytes / scratchpad_row_bytes)),
      scratchpad_bank_rows(scratchpad_rows / config.scratchpad_banks),
      accumulator_rows(static_cast<std::uint32_t>(config.accumulator_bytes / accumulator_row_bytes)),
      accumulator_bank_rows(accumulator_rows / config.accumulator_banks),
      row_bits(static_cast<unsigned>(std::bit_width(std::max(scratchpad_rows, accumulator_rows) - 1))),
      block_length(std::max(1U, config.dma_bytes / scratchpad_row_bytes)),
      accumulator_block_length(std::max(1U, config.dma_bytes / accumulator_row_bytes)),
      most_columns(std::max(side, config.dma_bytes / input_bytes)),
      commands_in_flight(config.dma_requests / side + 1) {}

}  // namespace partita::chip::gemmini
