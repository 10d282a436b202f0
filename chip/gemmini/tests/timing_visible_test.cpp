// When memory is looked at: a move-out's bytes are there once the transaction that carries them is made,
// neither sooner nor later, and nothing else changes; a move-in brings what is there when its transaction is
// made.

#include <random>

#include "timing_support.hpp"

namespace partita::chip::gemmini::test {
namespace {

constexpr Address source = memory_base + 0x1'0000;
constexpr Address target = memory_base + 0x4'0000;
constexpr std::size_t window = 0x8000;

struct Image {
    explicit Image(const memory::FlatMemory& memory) { std::memcpy(bytes.data(), memory.at(target), window); }
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(window);
};

// Random move-outs to rows that do not overlap; the last half have as many rows as there can be.
std::vector<RoccCommand> random_moves(std::mt19937& random, const Geometry& geometry, unsigned count,
                                      std::uint32_t stride) {
    const auto below = [&random](unsigned bound) { return static_cast<unsigned>(random() % bound); };
    std::vector<RoccCommand> list;
    Address next = target;
    const bool wide = geometry.accumulator_bytes != geometry.input_bytes;
    for (unsigned each = 0; each < count; ++each) {
        const unsigned rows = each < count / 2 ? 1 + below(geometry.side) : geometry.side;
        const unsigned kind = below(3);
        const bool full = kind == 2 && wide;
        const std::uint32_t local = kind == 0 ? 0 : accumulator | (full ? full_width : 0);
        const unsigned columns = 1 + below(full ? geometry.side : geometry.most_columns);
        const Address offset = below(64);
        list.push_back(move_out(next + offset, local | below(64), rows, columns));
        next += Address{stride} * rows;
    }
    return list;
}

class Visible : public testing::TestWithParam<Config> {};

TEST_P(Visible, BytesComeWithTheirTransaction) {
    const Config& chip = GetParam();
    const std::uint32_t one = chip.load_scale_type == Number::bf16 ? one_bf16 : one_fp32;
    constexpr std::uint32_t stride = 192;
    std::mt19937 random(7);
    TimedRig rig(chip);
    memory::FlatMemory reference(memory_base, rig.memory.size());
    Machine machine(chip, reference);
    rig.slice = 1;
    std::vector<RoccCommand> commands;
    commands.push_back(config_load(0, 64, one, rig.geometry.side));
    commands.push_back(config_load(2, 64, one, rig.geometry.side, true));
    commands.push_back(config_store(stride, one));
    for (Address offset = 0; offset < 0x4000; offset += 2) {
        // Ordinary numbers: products with one change no bits, so that no two bytes are alike for long.
        const auto half = static_cast<std::uint16_t>(0x3C00 | random() % 0x400);
        rig.memory.store(source + offset, half);
        reference.store(source + offset, half);
    }
    const unsigned columns = 64 / rig.geometry.input_bytes;
    const unsigned blocks = std::max(1U, columns / rig.geometry.side);
    for (unsigned each = 0; each < 64; each += rig.geometry.side * blocks) {
        commands.push_back(move_in(source + Address{each} * 64, each, rig.geometry.side, columns));
        commands.push_back(
            move_in(source + 0x1000 + Address{each} * 64, accumulator | each, rig.geometry.side, columns, 2));
    }
    for (const RoccCommand& command : commands) {
        rig.issue(command);
        machine.issue(command);
    }
    rig.fence();
    rig.system.requests.clear();

    Image expected(rig.memory);
    const std::vector<RoccCommand> moves = random_moves(random, rig.geometry, 20, stride);
    for (const RoccCommand& move : moves) {
        machine.issue(move);
    }
    const Image end(reference);
    ASSERT_NE(expected.bytes, end.bytes);
    std::size_t known = 0;
    const auto compare = [&] {
        for (; known < rig.system.requests.size(); ++known) {
            const FixedMemory::Request& request = rig.system.requests[known];
            ASSERT_TRUE(request.write);
            ASSERT_LT(request.at, rig.accelerator.now());
            const Address first = request.address - target;
            // Of the target's bytes none is written twice, so in a transaction's range what changes is its.
            std::copy_n(end.bytes.begin() + static_cast<std::ptrdiff_t>(first), request.bytes,
                        expected.bytes.begin() + static_cast<std::ptrdiff_t>(first));
        }
        ASSERT_EQ(Image(rig.memory).bytes, expected.bytes) << "at cycle " << rig.accelerator.now();
    };
    for (const RoccCommand& move : moves) {
        rig.advance(rig.time);
        while (!rig.accelerator.ready_since()) {
            rig.advance(++rig.time);
            compare();
        }
        rig.issue(move);
        compare();
    }
    while (!rig.accelerator.idle_since()) {
        rig.accelerator.run(rig.accelerator.now() + 1);
        compare();
    }
    EXPECT_EQ(expected.bytes, end.bytes);
    EXPECT_GT(known, moves.size());
}

// Every line holds 1 until just before its transaction, then 2, and 3 from then on. Rows are taken apart by
// lines, so that one may have two transactions.
TEST_P(Visible, LoadsBringWhatIsThereWhenTheirTransactionIsMade) {
    const Config& chip = GetParam();
    const bool narrow = chip.input_type == Number::bf16;
    const std::uint32_t one = chip.load_scale_type == Number::bf16 ? one_bf16 : one_fp32;
    const auto element = [&](Address address, float value) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        return static_cast<std::uint8_t>(bits >> (address % 4 * 8) >> (narrow && address % 4 < 2 ? 16 : 0));
    };
    TimedRig rig(chip);
    const auto fill_line = [&](Address line, float value) {
        for (Address address = line; address < line + 64; ++address) {
            rig.memory.store(address, element(address, value));
        }
    };
    const unsigned side = rig.geometry.side;
    const unsigned columns = 64 / rig.geometry.input_bytes;
    constexpr unsigned commands = 6;
    constexpr Address stride = 96;
    rig.issue(config_load(0, stride, one, side));
    rig.fence();
    rig.system.requests.clear();
    for (Address line = source; line < source + 0x2000; line += 64) {
        fill_line(line, 1.0F);
    }
    rig.system.before_read = [&](Address address) { fill_line(line_of(address), 2.0F); };
    const unsigned local_rows = side * std::max(1U, columns / side);
    for (unsigned each = 0; each < commands; ++each) {
        rig.issue(move_in(source + Address{each} * side * stride, each * local_rows, side, columns));
    }
    std::size_t known = 0;
    while (!rig.accelerator.idle_since()) {
        rig.accelerator.run(rig.accelerator.now() + 1);
        for (; known < rig.system.requests.size(); ++known) {
            const FixedMemory::Request& request = rig.system.requests[known];
            for (Address address = request.address; address < request.address + request.bytes; ++address) {
                rig.memory.store(address, element(address, 3.0F));
            }
        }
    }
    ASSERT_GT(known, std::size_t{commands} * side);
    for (unsigned row = 0; row < commands * local_rows; ++row) {
        const std::span<std::byte> bytes = rig.accelerator.function().scratchpad_row(row);
        for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
            ASSERT_EQ(static_cast<std::uint8_t>(bytes[byte]), element(byte, 2.0F)) << row;
        }
    }
}

std::string name_of(const testing::TestParamInfo<Config>& info) {
    constexpr const char* names[] = {"bf16_4x4",  "bf16_8x8", "wide_bf16",     "mixed_4x4",
                                     "mixed_8x8", "fp32",     "fp32_slow_port"};
    return names[info.index];
}
// Many transactions are on their way from the writer to the port.
Config slow_port_chip() {
    Config chip = fp32_chip();
    chip.translation_latency = 40;
    return chip;
}
INSTANTIATE_TEST_SUITE_P(Chips, Visible,
                         testing::Values(bf16_chip(4), bf16_chip(8), wide_bf16_chip(), mixed_chip(4),
                                         mixed_chip(8), fp32_chip(), slow_port_chip()),
                         name_of);

}  // namespace
}  // namespace partita::chip::gemmini::test
