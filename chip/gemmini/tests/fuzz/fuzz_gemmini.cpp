// Whatever the command stream: each command is carried out or gives a ProgramError.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "chip/base/error.hpp"
#include "chip/gemmini/machine.hpp"
#include "chip/memory/flat.hpp"

namespace {

using namespace partita::chip;

constexpr Address base = 0x8000'0000;
constexpr std::size_t size = 1 << 14;

// Small memories, so that loops are short and rows wrap around often.
gemmini::Config chip(unsigned kind) {
    gemmini::Config config;
    config.scratchpad_bytes = 2048;
    config.accumulator_bytes = 2048;
    config.mesh_side = kind / 4 % 2 == 0 ? 4 : 8;
    config.execute_reads_accumulator = config.execute_writes_scratchpad = kind / 8 % 2 == 0;
    config.scale_adds_zero = kind / 16 % 2 == 0;
    using gemmini::Number;
    switch (kind % 4) {
        case 1:
            config.input_type = config.spatial_array_type = config.accumulator_type = Number::fp32;
            break;
        case 2:
            config.accumulator_type = Number::fp32;
            config.load_scale_type = config.store_scale_type = Number::fp32;
            break;
        case 3:
            config.input_type = Number::int8;
            config.spatial_array_type = Number::int20;
            config.accumulator_type = Number::int32;
            config.load_scale_type = config.store_scale_type = Number::fp32;
            config.load_accumulator_scale = false;
            config.load_scale_units = 4;
            break;
        default:
            if (kind / 32 % 2 != 0) {
                config.spatial_array_type = config.accumulator_type = Number::fp32;
            }
            break;
    }
    return config;
}

// Brings the words of a command near what is accepted, or most streams would only be refused.
void tame(gemmini::RoccCommand& command) {
    constexpr std::array<std::uint8_t, 17> functs = {0, 1,  2,  3,  4,  5,  6,   7, 8,
                                                     9, 10, 11, 12, 13, 14, 126, 0};
    command.funct = functs[command.funct % functs.size()];
    command.returns = command.funct == 126;
    constexpr std::uint64_t small_tile = 0x000F'001F'E001'FFFF;
    switch (command.funct) {
        case 0:
            command.rs1 = (command.rs1 & 0x7F80'FFFF'0007'031F) | 4;
            command.rs2 &= 0x0003'0000'0000'00FF;
            break;
        case 1:
        case 2:
        case 3:
        case 14:
            command.rs1 = (command.rs1 & 15) == 0 ? 0 : base + command.rs1 % size;
            command.rs2 &= small_tile;
            break;
        case 4:
        case 5:
        case 6:
            command.rs1 &= small_tile;
            command.rs2 &= small_tile;
            break;
        case 8:
            command.rs1 &= 0xF'0107;
            command.rs2 &= 3;
            break;
        case 9:
            command.rs1 &= 0x3'0003'0003;
            command.rs2 &= 0x7'0007'0007;
            break;
        case 10:
        case 11:
            command.rs1 = command.rs1 % 4 == 0 ? 0 : base + command.rs1 % size;
            command.rs2 = command.rs2 % 4 == 0 ? 0 : base + command.rs2 % size;
            break;
        case 12:
        case 13:
            command.rs1 &= 0x3F;
            command.rs2 &= 0x3F;
            break;
        default:
            break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
    if (count == 0) {
        return 0;
    }
    std::span<const std::uint8_t> rest(data + 1, count - 1);
    const gemmini::Config config = chip(data[0] & 31);
    config.validate();
    const bool wild = data[0] >> 7 != 0;
    memory::FlatMemory memory(base, size);
    for (std::size_t i = 0; i < size; ++i) {
        *memory.at(base + i) = static_cast<std::byte>(i * 37 >> 3);
    }
    gemmini::Machine machine(config, memory);
    constexpr std::size_t bytes = 17;
    for (; rest.size() >= bytes; rest = rest.subspan(bytes)) {
        gemmini::RoccCommand command;
        command.funct = rest[0] & 0x7F;
        command.returns = rest[0] >> 7 != 0;
        std::memcpy(&command.rs1, &rest[1], sizeof command.rs1);
        std::memcpy(&command.rs2, &rest[9], sizeof command.rs2);
        if (!wild) {
            tame(command);
        }
        try {
            static_cast<void>(describe(decode(command, config, machine.function().geometry())));
            machine.issue(command);
        } catch (const ProgramError&) {
            // The one exception that may escape.
        }
    }
    return 0;
}
