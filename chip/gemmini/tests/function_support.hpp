#pragma once

// What the tests of Gemmini's function share: commands as software's macros build them (gemmini.h of
// gemmini-rocc-tests), chips of the three kinds, and arithmetic written from the definition.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "chip/base/error.hpp"
#include "chip/gemmini/machine.hpp"
#include "chip/gemmini/number.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::gemmini::test {

inline constexpr Address memory_base = 0x8000'0000;
inline constexpr std::size_t memory_size = std::size_t{1} << 20;
inline constexpr std::uint32_t garbage = 0xFFFF'FFFF;
inline constexpr std::uint32_t accumulator = 0x8000'0000;
inline constexpr std::uint32_t accumulate = 0x4000'0000;
inline constexpr std::uint32_t full_width = 0x2000'0000;
inline constexpr std::uint16_t one_bf16 = 0x3F80;
inline constexpr std::uint32_t one_fp32 = 0x3F80'0000;

inline Config bf16_chip(std::uint32_t side = 4) {
    Config config;
    config.mesh_side = side;
    return config;
}

// Gemmini's FP32 default (ConfigsFP.scala).
inline Config fp32_chip() {
    Config config;
    config.input_type = config.spatial_array_type = config.accumulator_type = Number::fp32;
    config.load_scale_type = config.store_scale_type = Number::fp32;
    config.scratchpad_bytes = 256 << 10;
    config.accumulator_bytes = 64 << 10;
    config.execute_reads_accumulator = config.execute_writes_scratchpad = true;
    return config;
}

// BF16 with an FP32 accumulator (ConfigsFP.scala, weight-stationary).
inline Config wide_bf16_chip() {
    Config config = fp32_chip();
    config.input_type = config.spatial_array_type = Number::bf16;
    return config;
}

// The published chip with partial sums and accumulator in FP32.
inline Config mixed_chip(std::uint32_t side = 4) {
    Config config = bf16_chip(side);
    config.spatial_array_type = config.accumulator_type = Number::fp32;
    return config;
}

// Gemmini's INT8 default (Configs.scala).
inline Config int8_chip() {
    Config config = fp32_chip();
    config.mesh_side = 16;
    config.input_type = Number::int8;
    config.spatial_array_type = Number::int20;
    config.accumulator_type = Number::int32;
    config.accumulator_banks = 2;
    config.load_accumulator_scale = false;
    config.load_scale_units = 4;
    return config;
}

inline std::uint64_t tile(std::uint32_t local, unsigned rows, unsigned columns) {
    return std::uint64_t{rows} << 48 | std::uint64_t{columns} << 32 | local;
}

inline RoccCommand command(unsigned funct, std::uint64_t rs1, std::uint64_t rs2, bool returns = false) {
    return {static_cast<std::uint8_t>(funct), returns, rs1, rs2};
}

struct ExecuteOptions {
    bool transpose_a = false;
    bool transpose_b = false;
    unsigned a_stride = 1;
    unsigned c_stride = 1;
    unsigned activation = 0;
    std::uint32_t scale = one_bf16;
};

inline RoccCommand config_execute(const ExecuteOptions& options = {}) {
    const std::uint64_t rs1 = std::uint64_t{options.scale} << 32 | std::uint64_t{options.a_stride} << 16 |
                              std::uint64_t{options.transpose_b} << 9 |
                              std::uint64_t{options.transpose_a} << 8 | options.activation << 3 | 1 << 2;
    return command(0, rs1, std::uint64_t{options.c_stride} << 48);
}

inline RoccCommand config_load(unsigned channel, std::uint64_t stride, std::uint32_t scale,
                               unsigned block_stride, bool shrink = false) {
    return command(0,
                   std::uint64_t{scale} << 32 | std::uint64_t{block_stride} << 16 | 1 << 8 | channel << 3 |
                       std::uint64_t{shrink} << 2 | 1,
                   stride);
}

inline RoccCommand config_store(std::uint32_t stride, std::uint32_t scale, unsigned activation = 0) {
    return command(0, activation << 2 | 2, std::uint64_t{scale} << 32 | stride);
}

inline RoccCommand move_in(Address memory, std::uint32_t local, unsigned rows, unsigned columns,
                           unsigned channel = 0) {
    constexpr unsigned functs[] = {2, 1, 14};
    return command(functs[channel], memory, tile(local, rows, columns));
}

inline RoccCommand move_out(Address memory, std::uint32_t local, unsigned rows, unsigned columns) {
    return command(3, memory, tile(local, rows, columns));
}

inline RoccCommand preload(std::uint64_t b, std::uint64_t c) {
    return command(6, b, c);
}

inline RoccCommand compute(std::uint64_t a, std::uint64_t d, bool preloaded = true) {
    return command(preloaded ? 4 : 5, a, d);
}

// 32 random bits a call, the same on every host.
class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

  private:
    std::mt19937 engine_;
};

// A machine on a chip, with memory that tests fill.
class Rig {
  public:
    explicit Rig(const Config& chip)
        : config(chip), geometry(chip), memory(memory_base, memory_size), machine(chip, memory) {}

    std::uint64_t issue(const RoccCommand& raw) { return machine.issue(raw); }

    // The sentence of the error that the command gives, empty if none.
    std::string error(const RoccCommand& raw) {
        try {
            machine.issue(raw);
        } catch (const ProgramError& thrown) {
            return thrown.what();
        }
        return "";
    }

    template <typename T>
    void put(Address address, const std::vector<T>& values) {
        std::memcpy(memory.at(address), values.data(), values.size() * sizeof(T));
    }
    template <typename T>
    std::vector<T> get(Address address, std::size_t count) const {
        std::vector<T> values(count);
        std::memcpy(values.data(), memory.at(address), count * sizeof(T));
        return values;
    }
    template <typename T>
    std::vector<T> scratchpad(std::uint32_t row) {
        return as<T>(machine.function().scratchpad_row(row));
    }
    template <typename T>
    std::vector<T> accumulator_row(std::uint32_t row) {
        return as<T>(machine.function().accumulator_row(row));
    }
    template <typename T>
    void set_scratchpad(std::uint32_t row, const std::vector<T>& values) {
        std::memcpy(machine.function().scratchpad_row(row).data(), values.data(), values.size() * sizeof(T));
    }
    template <typename T>
    void set_accumulator(std::uint32_t row, const std::vector<T>& values) {
        std::memcpy(machine.function().accumulator_row(row).data(), values.data(), values.size() * sizeof(T));
    }

    Config config;
    Geometry geometry;
    memory::FlatMemory memory;
    Machine machine;

  private:
    template <typename T>
    static std::vector<T> as(std::span<std::byte> row) {
        std::vector<T> values(row.size() / sizeof(T));
        std::memcpy(values.data(), row.data(), row.size());
        return values;
    }
};

__extension__ using Wide = __int128;

struct Parts {
    bool negative;
    int exponent;  // of the significand's last bit
    Wide significand;
};

inline Parts parts_of(std::uint16_t bits) {
    const int field = bits >> 7 & 0xFF;
    const int fraction = bits & 0x7F;
    return {(bits & 0x8000) != 0, (field == 0 ? 1 : field) - 134, field == 0 ? fraction : fraction | 0x80};
}

inline bool is_nan(std::uint16_t bits) {
    return (bits & 0x7FFF) > 0x7F80;
}
inline bool is_infinite(std::uint16_t bits) {
    return (bits & 0x7FFF) == 0x7F80;
}

// value * 2^exponent as the nearest BF16 number, ties to even. `value` is not 0.
inline std::uint16_t nearest_bf16(Wide value, int exponent) {
    const bool negative = value < 0;
    Wide magnitude = negative ? -value : value;
    int top = 0;
    while (magnitude >> top > 1) {
        ++top;
    }
    const int last = std::max(top + exponent - 7, -133);
    const int dropped = last - exponent;
    Wide kept = 0;
    if (dropped <= 0) {
        kept = magnitude << -dropped;
    } else if (dropped <= 120) {
        kept = magnitude >> dropped;
        const Wide rest = magnitude - (kept << dropped);
        const Wide half = Wide{1} << (dropped - 1);
        if (rest > half || (rest == half && (kept & 1) != 0)) {
            ++kept;
        }
    }
    // A significand that rounded up to 2^8 carries into the exponent by itself.
    const int biased = kept >= 0x80 ? last + 134 : 0;
    std::uint32_t bits = static_cast<std::uint32_t>(kept);
    if (biased > 0) {
        bits += static_cast<std::uint32_t>(biased - 1) << 7;
    }
    bits = std::min(bits, 0x7F80U);
    return static_cast<std::uint16_t>(bits | (negative ? 0x8000U : 0U));
}

// a b + c in BF16 with one rounding, from the definition, in integers.
inline std::uint16_t exact_multiply_add(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
    const Parts x = parts_of(a);
    const Parts y = parts_of(b);
    const Parts z = parts_of(c);
    const bool negative = x.negative != y.negative;
    const bool infinite = is_infinite(a) || is_infinite(b);
    const bool invalid = (is_infinite(a) && y.significand == 0) || (is_infinite(b) && x.significand == 0) ||
                         (infinite && is_infinite(c) && negative != z.negative);
    if (is_nan(a) || is_nan(b) || is_nan(c) || invalid) {
        return 0x7FC0;
    }
    if (infinite) {
        return negative ? 0xFF80 : 0x7F80;
    }
    if (is_infinite(c)) {
        return c;
    }
    Wide product = x.significand * y.significand;
    Wide addend = z.significand;
    int exponent = x.exponent + y.exponent;
    if (product == 0 && addend == 0) {
        return negative && z.negative ? 0x8000 : 0;
    }
    // The larger exponent comes down to the smaller one; a number more than 90 bits below only says on which
    // side of the other the sum is.
    constexpr int most = 90;
    const int gap = z.exponent - exponent;
    if (product == 0) {
        exponent = z.exponent;
    } else if (addend == 0) {
    } else if (gap > most) {
        addend <<= most;
        product = 1;
        exponent = z.exponent - most;
    } else if (gap >= 0) {
        addend <<= gap;
    } else if (gap >= -most) {
        product <<= -gap;
        exponent = z.exponent;
    } else {
        product <<= most;
        addend = 1;
        exponent -= most;
    }
    const Wide sum = (negative ? -product : product) + (z.negative ? -addend : addend);
    return sum == 0 ? std::uint16_t{0} : nearest_bf16(sum, exponent);
}

inline std::uint16_t exact_add(std::uint16_t x, std::uint16_t y) {
    return exact_multiply_add(y, one_bf16, x);
}

inline std::uint16_t bf16(float value) {
    return round_to_bf16(value);
}
inline float to_float(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

}  // namespace partita::chip::gemmini::test
