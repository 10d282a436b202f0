#include <functional>

#include "chip/gemmini/tests/function_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

Command decoded(const RoccCommand& raw, const Config& config) {
    return decode(raw, config, Geometry(config));
}

std::string refusal(const RoccCommand& raw, const Config& config = bf16_chip()) {
    try {
        decoded(raw, config);
    } catch (const ProgramError& error) {
        return error.what();
    }
    return "";
}

TEST(FunctionConfig, GeometryOfPublishedChips) {
    const Geometry four{bf16_chip(4)};
    EXPECT_EQ(four.scratchpad_rows, 16384U);  // 128 KB / (4 * 2 B)
    EXPECT_EQ(four.scratchpad_bank_rows, 4096U);
    EXPECT_EQ(four.accumulator_rows, 4096U);  // 32 KB / (4 * 2 B)
    EXPECT_EQ(four.row_bits, 14U);
    EXPECT_EQ(four.block_length, 8U);  // 64 B / 8 B
    EXPECT_EQ(four.most_columns, 32U);
    EXPECT_EQ(four.commands_in_flight, 5U);  // 16 / 4 + 1
    const Geometry eight{bf16_chip(8)};
    EXPECT_EQ(eight.scratchpad_rows, 8192U);
    EXPECT_EQ(eight.accumulator_rows, 2048U);
    EXPECT_EQ(eight.row_bits, 13U);
    EXPECT_EQ(eight.block_length, 4U);
    EXPECT_EQ(eight.commands_in_flight, 3U);
    const Geometry int8{int8_chip()};
    EXPECT_EQ(int8.scratchpad_rows, 16384U);  // 256 KB / 16 B
    EXPECT_EQ(int8.accumulator_rows, 1024U);  // 64 KB / 64 B
    EXPECT_EQ(int8.accumulator_bank_rows, 512U);
    EXPECT_EQ(int8.accumulator_block_length, 1U);
    EXPECT_EQ(int8.scratchpad_bank(4096), 1U);
}

std::string invalid(const std::function<void(Config&)>& change) {
    Config config;
    change(config);
    try {
        config.validate();
    } catch (const ChipError& error) {
        return error.what();
    }
    return "";
}

TEST(FunctionConfig, ImpossibleChipsAreNamed) {
    for (const Config& chip : {bf16_chip(4), bf16_chip(8), fp32_chip(), wide_bf16_chip(), mixed_chip(4),
                               mixed_chip(8), int8_chip()}) {
        EXPECT_NO_THROW(chip.validate());
    }
    EXPECT_EQ(invalid([](Config& c) { c.scratchpad_bytes = 100000; }),
              "gemmini: scratchpad_bytes is 100000; expected a power of two");
    EXPECT_EQ(invalid([](Config& c) { c.accumulator_banks = 3; }),
              "gemmini: accumulator_banks is 3; expected a power of two");
    EXPECT_EQ(invalid([](Config& c) { c.mesh_side = 5; }),
              "gemmini: mesh_side is 5; expected a power of two from 2 to 64");
    EXPECT_EQ(invalid([](Config& c) { c.input_type = Number::int8; }),
              "gemmini: input_type int8, spatial_array_type bf16 and accumulator_type bf16 do not go "
              "together; expected int8, "
              "int20, int32, or three floats of which none is narrower than the one before");
    EXPECT_NE(invalid([](Config& c) {
                  c.spatial_array_type = Number::fp32;
              }).find("spatial_array_type fp32 and accumulator_type bf16 do not go together"),
              std::string::npos);
    EXPECT_NE(invalid([](Config& c) { c.input_type = Number::fp32; }).find("do not go together"),
              std::string::npos);
    EXPECT_EQ(invalid([](Config& c) { c.scratchpad_bytes = 64; }),
              "gemmini: scratchpad_bytes 64 in scratchpad_banks 4 gives 2 rows a bank; expected at least "
              "mesh_side, 4");
    EXPECT_EQ(invalid([](Config& c) { c.load_scale_type = Number::int8; }),
              "gemmini: load_scale_type is int8; expected bf16 or fp32");
    EXPECT_EQ(invalid([](Config& c) { c.dma_bytes = 128; }),
              "gemmini: dma_bytes is 128; expected a power of two from 16 to 64");
}

TEST(FunctionAddress, GarbageNeedsFlagsBitAndRow) {
    const Geometry four{bf16_chip(4)};
    const Geometry eight{bf16_chip(8)};
    EXPECT_TRUE(decode_local_address(0xFFFF'FFFF, four).garbage);
    // The garbage bit is bit 14 for 2^14 rows, bit 13 for 2^13; what is above it does not matter.
    EXPECT_TRUE(decode_local_address(0xE000'7FFF, four).garbage);
    EXPECT_FALSE(decode_local_address(0xE000'3FFF, four).garbage);
    EXPECT_TRUE(decode_local_address(0xE000'3FFF, eight).garbage);
    EXPECT_FALSE(decode_local_address(0xE000'1FFF, eight).garbage);
    EXPECT_FALSE(decode_local_address(0xE000'7FFE, four).garbage);
    for (const std::uint32_t flag : {0x8000'0000U, 0x4000'0000U, 0x2000'0000U}) {
        EXPECT_FALSE(decode_local_address(0xFFFF'FFFF & ~flag, four).garbage);
    }
    EXPECT_EQ(encode_local_address(garbage_address()), 0xFFFF'FFFF);
}

TEST(FunctionAddress, RowsWrapWithinTheirMemory) {
    const Geometry four{bf16_chip(4)};
    const LocalAddress last = decode_local_address(accumulator | accumulate | 4095, four);
    EXPECT_EQ(last.row, 4095U);
    EXPECT_TRUE(last.accumulate);
    EXPECT_EQ(row_after(last, 2, four), 1U);
    EXPECT_EQ(decode_local_address(accumulator | 4096, four).row, 0U);
    EXPECT_EQ(row_after(decode_local_address(16383, four), 1, four), 0U);
    EXPECT_EQ(encode_local_address(last), accumulator | accumulate | 4095);
}

TEST(FunctionCommand, DecodesAllFields) {
    const Config config = bf16_chip();
    const auto execute = std::get<ConfigExecute>(
        decoded(config_execute({.transpose_b = true, .a_stride = 3, .c_stride = 5, .activation = 1}), config)
            .operands);
    EXPECT_EQ(execute.a_stride, 3);
    EXPECT_EQ(execute.c_stride, 5);
    EXPECT_EQ(execute.activation, Activation::relu);
    EXPECT_TRUE(execute.transpose_b);
    EXPECT_FALSE(execute.transpose_a);
    EXPECT_EQ(execute.scale, one_bf16);

    const auto load = std::get<ConfigLoad>(decoded(config_load(2, 258, one_bf16, 4, true), config).operands);
    EXPECT_EQ(load.channel, 2);
    EXPECT_EQ(load.stride, 258U);
    EXPECT_EQ(load.block_stride, 4);
    EXPECT_TRUE(load.shrink);

    const auto store = std::get<ConfigStore>(decoded(config_store(256, 0xFFFF, 1), config).operands);
    EXPECT_EQ(store.stride, 256U);
    EXPECT_TRUE(store.keep_scale);
    EXPECT_EQ(store.activation, Activation::relu);
    EXPECT_FALSE(std::get<ConfigStore>(decoded(config_store(256, 0xFFFF), fp32_chip()).operands).keep_scale);

    const Command move = decoded(move_in(0x8000'1000, accumulator | 17, 3, 29, 1), config);
    EXPECT_EQ(move.kind, Kind::move_in);
    EXPECT_EQ(move.move().channel, 1);
    EXPECT_EQ(move.move().memory, 0x8000'1000U);
    EXPECT_EQ(move.move().tile.rows, 3);
    EXPECT_EQ(move.move().tile.columns, 29);
    EXPECT_TRUE(move.move().tile.local.accumulator);
    EXPECT_EQ(move.move().tile.local.row, 17U);
}

TEST(FunctionCommand, DescribesForReports) {
    const Config config = bf16_chip();
    EXPECT_EQ(describe(decoded(move_in(0x8000'1000, 3968, 4, 32, 1), config)),
              "MVIN2 4 x 32 from 0x80001000 to scratchpad row 3968");
    EXPECT_EQ(describe(decoded(move_out(0x8000'1000, accumulator | full_width | 8, 1, 4), config)),
              "MVOUT 1 x 4 to 0x80001000 from accumulator row 8, full width");
    EXPECT_EQ(
        describe(decoded(preload(tile(garbage, 4, 4), tile(accumulator | accumulate | 8, 4, 3)), config)),
        "PRELOAD B nothing, C 4 x 3 at accumulator row 8, adding");
    EXPECT_EQ(describe(decoded(command(9, 0x3'0000'0000, 0x21'0020'0001), config)),
              "LOOP_WS_CONFIG_BOUNDS 1 x 32 x 33 tiles (I, J, K), padding 0, 0, 3");
    EXPECT_EQ(describe(decoded(command(7, 0, 0), config)), "FLUSH");
}

TEST(FunctionCommand, RefusesByName) {
    EXPECT_EQ(refusal(command(15, 0, 0)), "LOOP_CONV_WS: this command of Gemmini is not supported");
    EXPECT_EQ(refusal(command(18, 0, 0)), "LOOP_CONV_WS_CONFIG: this command of Gemmini is not supported");
    EXPECT_EQ(refusal(command(23, 0, 0)), "MVOUT_SPAD: this command of Gemmini is not supported");
    EXPECT_EQ(refusal(command(99, 0, 0)), "funct 99 is no command of Gemmini");
    EXPECT_EQ(refusal(command(0, 3, 0)), "CONFIG_NORM: normalisation is not supported");
    EXPECT_EQ(refusal(command(0, 0, 0)),
              "CONFIG_EX: the output-stationary dataflow is not supported; expected weight-stationary, bit 2 "
              "of rs1");
    EXPECT_EQ(refusal(config_execute({.transpose_a = true, .transpose_b = true})),
              "CONFIG_EX: both A and B transposed; Gemmini has one transposer");
    EXPECT_EQ(refusal(config_execute({.activation = 2})),
              "CONFIG_EX: activation 2 (LayerNorm) is not supported; expected 0 (none) or 1 (ReLU)");
    EXPECT_EQ(refusal(command(0, 2 | 1 << 4, 0)),
              "CONFIG_ST: max pooling is not supported; expected a pool stride of 0");
    EXPECT_EQ(refusal(command(0, 2 | 1 << 6, 0)),
              "CONFIG_ST: one-dimensional move-out is not supported; expected a pool size of 0");
    EXPECT_EQ(refusal(config_load(3, 0, 0, 4)), "CONFIG_LD: channel 3; expected 0, 1 or 2");
    EXPECT_EQ(refusal(command(0, 1 | 2 << 8, 0)),
              "CONFIG_LD: pixel repeats 2 are not supported; expected 0 or 1");
    EXPECT_EQ(refusal(move_in(memory_base, 0, 5, 4)), "MVIN: 5 rows; expected 1 to 4");
    EXPECT_EQ(refusal(move_in(memory_base, 0, 4, 33, 1)), "MVIN2: 33 columns; expected 1 to 32");
    EXPECT_EQ(refusal(move_in(memory_base, 0, 0, 4, 2)), "MVIN3: 0 rows; expected 1 to 4");
    EXPECT_EQ(refusal(move_out(memory_base, garbage, 4, 4)), "MVOUT: the local address is garbage");
    EXPECT_EQ(refusal(move_out(memory_base, accumulator | full_width, 4, 5)),
              "MVOUT: 5 columns at the accumulator's full width; expected at most 4");
    EXPECT_EQ(refusal(preload(tile(accumulator, 4, 4), tile(accumulator, 4, 4))),
              "PRELOAD: B is in the accumulator, where this chip reads no operand (execute_reads_accumulator "
              "is false)");
    EXPECT_EQ(refusal(preload(tile(0, 4, 4), tile(0, 4, 4))),
              "PRELOAD: C is in the scratchpad, where this chip writes no result (execute_writes_scratchpad "
              "is false)");
    EXPECT_EQ(refusal(preload(tile(0, 4, 4), tile(0, 4, 4)), fp32_chip()), "");
    EXPECT_EQ(refusal(compute(tile(0, 4, 5), tile(garbage, 4, 4), false)),
              "COMPUTE_ACCUMULATED: A is 4 x 5; expected at most 4 x 4");
    EXPECT_EQ(refusal(command(9, 4, 0)),
              "LOOP_WS_CONFIG_BOUNDS: padding 4, 0, 0 (I, J, K); expected less than 4");
    EXPECT_EQ(refusal(command(8, 0, 4)),
              "LOOP_WS: the loop as addition of two matrices (bit 2 of rs2) is not supported");
    EXPECT_EQ(refusal(command(8, 0, 8)),
              "LOOP_WS: rs2 0x8 asks for skipped units or a result in the scratchpad, which is not "
              "supported; expected bits 0 "
              "and 1 only");
    EXPECT_EQ(refusal(command(8, 3 << 18, 0)),
              "LOOP_WS: scratchpad half 3; expected 0 (the loop's own), 1 or 2");
    EXPECT_EQ(refusal(command(8, 4 << 8, 0)),
              "LOOP_WS: activation 4 (softmax) is not supported; expected 0 (none) or 1 (ReLU)");
    EXPECT_EQ(refusal(command(7, 0, 0, true)),
              "FLUSH: a destination register, but the command has no result");
    EXPECT_EQ(refusal(command(126, 0, 0)), "COUNTER: no destination register for the counter's value");
    EXPECT_EQ(refusal(command(126, 8 | 45 << 12, 0, true)), "COUNTER: event 45; expected at most 44");
}

}  // namespace
}  // namespace partita::chip::gemmini::test
