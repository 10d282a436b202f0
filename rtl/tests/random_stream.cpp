#include "random_stream.hpp"

#include <algorithm>

namespace partita::rtl::test {

using chip::gemmini::RoccCommand;

namespace {

constexpr std::uint32_t in_accumulator = 0x8000'0000;
constexpr std::uint32_t adds = 0x4000'0000;
constexpr std::uint32_t full_width = 0x2000'0000;
constexpr std::uint32_t garbage = 0xFFFF'FFFF;

std::uint64_t tile(std::uint32_t local, unsigned rows, unsigned columns) {
    return std::uint64_t{rows} << 48 | std::uint64_t{columns} << 32 | local;
}

RoccCommand command(unsigned funct, std::uint64_t rs1, std::uint64_t rs2) {
    return {static_cast<std::uint8_t>(funct), false, rs1, rs2};
}

constexpr unsigned move_in_functs[] = {2, 1, 14};

}  // namespace

// Mostly one; else any bits, NaN and infinities among them.
std::uint32_t RandomStream::scale() {
    const bool wide = config_.input_type == chip::gemmini::Number::fp32;
    if (!one_in(4)) {
        return wide ? 0x3F80'0000 : 0x3F80;
    }
    return static_cast<std::uint32_t>(random(wide ? 0xFFFF'FFFF : 0xFFFF));
}

// Where so many bytes fit in the half of memory from `from` on, at a multiple of an element.
chip::Address RandomStream::place(std::uint64_t bytes, chip::Address from) {
    const std::uint64_t element = geometry_.input_bytes;
    const std::uint64_t offset = random((half_ - 64 - bytes) / element) * element;
    return from + (one_in(3) ? offset & ~std::uint64_t{63} : offset);
}

// Most rows are of a small window, the others anywhere, near the memory's end now and then.
std::uint32_t RandomStream::scratchpad_row() {
    const std::uint32_t rows = geometry_.scratchpad_rows;
    if (one_in(8)) {
        return static_cast<std::uint32_t>(one_in(2) ? rows - 1 - random(7) : random(rows - 1));
    }
    return static_cast<std::uint32_t>(random(10)) * geometry_.side +
           (one_in(4) ? static_cast<std::uint32_t>(random(geometry_.side - 1)) : 0);
}

std::uint32_t RandomStream::accumulator_row() {
    const std::uint32_t rows = geometry_.accumulator_rows;
    if (one_in(8)) {
        return static_cast<std::uint32_t>(one_in(2) ? rows - 1 - random(7) : random(rows - 1));
    }
    return static_cast<std::uint32_t>(random(5)) * geometry_.side +
           (one_in(4) ? static_cast<std::uint32_t>(random(geometry_.side - 1)) : 0);
}

unsigned RandomStream::columns(unsigned most) {
    return one_in(3) ? most : 1 + static_cast<unsigned>(random(most - 1));
}

// `straight`: rows of a tile follow each other in local memory, as loops want it.
void RandomStream::configure_execute(Commands& list, bool straight) {
    const unsigned transposes = static_cast<unsigned>(random(2));
    const bool only_strides = !straight && one_in(5);
    const std::uint64_t a_stride = !straight && one_in(4) ? random(3) : 1;
    const std::uint64_t c_stride = !straight && one_in(4) ? 1 + random(2) : 1;
    const bool reads = config_.execute_reads_accumulator;
    const bool activates = (reads || config_.execute_writes_scratchpad) && one_in(3);
    list.push_back(command(0,
                           std::uint64_t{reads ? scale() : 0} << 32 | a_stride << 16 |
                               std::uint64_t{transposes == 2} << 9 | std::uint64_t{transposes == 1} << 8 |
                               std::uint64_t{only_strides} << 7 | std::uint64_t{activates} << 3 | 1 << 2,
                           c_stride << 48));
}

void RandomStream::configure_load(Commands& list, unsigned channel, bool straight) {
    const std::uint64_t element = geometry_.input_bytes;
    load_stride_[channel] = one_in(5) ? 0 : random(100) * element;
    block_stride_[channel] = geometry_.side + (!straight && one_in(4) ? static_cast<unsigned>(random(5)) : 0);
    list.push_back(command(0,
                           std::uint64_t{scale()} << 32 | std::uint64_t{block_stride_[channel]} << 16 |
                               1 << 8 | channel << 3 | random(1) << 2 | 1,
                           load_stride_[channel]));
}

void RandomStream::configure_store(Commands& list) {
    const std::uint64_t element = geometry_.input_bytes;
    store_stride_ = random(100) * element;
    const std::uint64_t keeps = one_in(5) ? 0xFFFF'FFFF : scale();
    list.push_back(command(0, random(1) << 2 | 2, keeps << 32 | store_stride_));
}

void RandomStream::move_in(Commands& list) {
    const auto channel = static_cast<unsigned>(random(2));
    const unsigned rows = size();
    const bool accumulator = one_in(3);
    const unsigned count = columns(geometry_.most_columns);
    std::uint32_t local = accumulator ? accumulator_row() | in_accumulator : scratchpad_row();
    local |= accumulator && one_in(2) ? adds : 0;
    const std::uint64_t bytes = load_stride_[channel] * rows + std::uint64_t{count} * geometry_.input_bytes;
    list.push_back(
        command(move_in_functs[channel], one_in(10) ? 0 : place(bytes, memory_), tile(local, rows, count)));
}

void RandomStream::move_out(Commands& list) {
    const unsigned rows = size();
    const bool accumulator = one_in(2);
    std::uint32_t local = accumulator ? accumulator_row() | in_accumulator : scratchpad_row();
    unsigned most = geometry_.most_columns;
    if (one_in(4)) {
        local |= full_width;
        most = geometry_.side;
    }
    const unsigned count = columns(most);
    const std::uint64_t bytes = store_stride_ * rows + std::uint64_t{count} * geometry_.input_bytes;
    list.push_back(command(3, place(bytes, memory_ + half_), tile(local, rows, count)));
}

// Where a multiplication can read: now and then what one of the last has written. Flags of reads mean nothing
// there.
std::uint32_t RandomStream::operand() {
    if (config_.execute_reads_accumulator && one_in(3)) {
        const std::uint32_t row = one_in(2) ? accumulator_result_ : accumulator_row();
        return row | in_accumulator | (one_in(4) ? adds : 0) | (one_in(4) ? full_width : 0);
    }
    return config_.execute_writes_scratchpad && one_in(3) ? scratchpad_result_ : scratchpad_row();
}

std::uint32_t RandomStream::result() {
    if (config_.execute_writes_scratchpad && one_in(3)) {
        scratchpad_result_ = scratchpad_row();
        return scratchpad_result_ | (one_in(4) ? adds : 0);
    }
    accumulator_result_ = accumulator_row();
    return accumulator_result_ | in_accumulator | (one_in(2) ? adds : 0);
}

void RandomStream::multiply(Commands& list) {
    const std::uint32_t b = one_in(4) ? garbage : operand();
    const std::uint32_t a = one_in(12) ? garbage : operand();
    const std::uint32_t d = one_in(4) ? operand() : garbage;
    std::uint32_t c = result();
    c = one_in(12) ? garbage : c;
    list.push_back(command(6, tile(b, size(), size()), tile(c, size(), size())));
    list.push_back(command(one_in(3) ? 5 : 4, tile(a, size(), size()), tile(d, size(), size())));
}

// A multiplication that writes rows of its own A, while move-ins of zeros keep the memory busy in which these
// lie: some rows of A may be read before, the others after them. Tiles that are four apart are in the same
// memory.
void RandomStream::overwrite(Commands& list) {
    const unsigned side = geometry_.side;
    const bool accumulator =
        config_.execute_reads_accumulator && (!config_.execute_writes_scratchpad || one_in(2));
    const std::uint32_t memory = accumulator ? in_accumulator : 0;
    const std::uint32_t first = static_cast<std::uint32_t>(random(4)) * side;
    const std::uint32_t c = (first + static_cast<std::uint32_t>(random(side - 1))) | memory;
    const unsigned before = static_cast<unsigned>(random(2));
    for (unsigned move = 0; move < 8; ++move) {
        if (move == before) {
            list.push_back(command(6, tile(garbage, side, side), tile(c, side, side)));
            list.push_back(command(5, tile(first | memory, side, side), tile(garbage, side, side)));
        }
        const std::uint32_t row = first + 4 * side * (move + 1);
        list.push_back(command(2, 0, tile(row | memory | (accumulator ? adds : 0), side, side)));
    }
}

// One loop anywhere, or two in flight at the same time: these lie in different halves, and where the first
// leaves its results in the accumulator, the second adds to them.
void RandomStream::loops(Commands& list) {
    configure_execute(list, true);
    for (unsigned channel = 0; channel < 3; ++channel) {
        configure_load(list, channel, true);
    }
    if (one_in(2)) {
        loop(list, false, one_in(2), !one_in(6));
        return;
    }
    const bool stores = one_in(2);
    loop(list, true, one_in(2), stores);
    loop(list, true, stores && one_in(2), !one_in(6));
}

void RandomStream::loop(Commands& list, bool own_halves, bool bias, bool result) {
    const std::uint64_t side = geometry_.side;
    const std::uint64_t element = geometry_.input_bytes;
    const std::uint64_t bounds[] = {1 + random(3), 1 + random(4), 1 + random(9)};
    std::uint64_t tiles = 0;
    std::uint64_t padding = 0;
    for (unsigned each = 0; each < 3; ++each) {
        tiles |= bounds[each] << (16 * each);
        padding |= (one_in(2) ? random(side - 1) : 0) << (16 * each);
    }
    const std::uint64_t stride = random(80);
    const std::uint64_t bytes = 40 * side * (std::max<std::uint64_t>(stride, 100) + 1) * element;
    const auto operand = [&] { return one_in(6) ? 0 : place(bytes, memory_); };
    list.push_back(command(9, padding, tiles));
    list.push_back(command(10, operand(), operand()));
    list.push_back(command(11, bias ? place(bytes, memory_) : 0, result ? place(bytes, memory_ + half_) : 0));
    list.push_back(command(12, stride, random(stride)));
    list.push_back(command(13, random(stride), random(stride)));
    const std::uint64_t halves = own_halves ? 0 : random(2) << 2 | random(2);
    list.push_back(command(8, halves << 16 | random(7), random(2)));
}

RandomStream::Commands RandomStream::fill() {
    Commands list;
    for (unsigned channel = 0; channel < 3; ++channel) {
        const std::uint64_t stride = geometry_.most_columns * geometry_.input_bytes;
        load_stride_[channel] = stride;
        block_stride_[channel] = geometry_.side;
        list.push_back(command(0,
                               (config_.input_type == chip::gemmini::Number::fp32 ? std::uint64_t{0x3F80'0000}
                                                                                  : std::uint64_t{0x3F80})
                                       << 32 |
                                   std::uint64_t{geometry_.side} << 16 | 1 << 8 | channel << 3 | 1,
                               stride));
    }
    const unsigned side = geometry_.side;
    const unsigned rows = geometry_.most_columns;  // of a move, all its blocks
    const std::uint64_t bytes = std::uint64_t{side} * geometry_.most_columns * geometry_.input_bytes;
    for (std::uint32_t row = 0; row < geometry_.scratchpad_rows; row += rows) {
        list.push_back(command(2, place(bytes, memory_), tile(row, side, geometry_.most_columns)));
    }
    for (std::uint32_t row = 0; row < geometry_.accumulator_rows; row += rows) {
        list.push_back(
            command(2, place(bytes, memory_), tile(row | in_accumulator, side, geometry_.most_columns)));
    }
    configure_execute(list);
    list.back().rs1 &= ~(std::uint64_t{1} << 7);
    configure_store(list);
    // The weights are undefined until the first have been loaded.
    list.push_back(command(6, tile(0, side, side), tile(garbage, side, side)));
    list.push_back(command(4, tile(garbage, side, side), tile(garbage, side, side)));
    return list;
}

RandomStream::Commands RandomStream::some(unsigned count) {
    Commands list;
    while (list.size() < count) {
        switch (random(24)) {
            case 0:
                configure_execute(list);
                break;
            case 1:
                configure_load(list, static_cast<unsigned>(random(2)));
                break;
            case 2:
                configure_store(list);
                break;
            case 3:
            case 4:
                loops(list);
                break;
            case 5:
                list.push_back(command(7, random(1), 0));  // FLUSH
                break;
            case 6:
            case 7:
            case 8:
            case 9:
                move_out(list);
                break;
            case 10:
            case 11:
            case 12:
            case 13:
            case 14:
            case 15:
                move_in(list);
                break;
            default:
                if ((config_.execute_reads_accumulator || config_.execute_writes_scratchpad) && one_in(8)) {
                    overwrite(list);
                } else {
                    multiply(list);
                }
                break;
        }
    }
    return list;
}

RandomStream::Commands RandomStream::empty(chip::Address to) const {
    const unsigned side = geometry_.side;
    const std::uint64_t row_bytes = std::uint64_t{side} * geometry_.input_bytes;
    Commands list;
    list.push_back(command(0, 2, row_bytes));
    for (std::uint32_t row = 0; row < geometry_.scratchpad_rows; row += side) {
        list.push_back(command(3, to + row * row_bytes, tile(row, side, side)));
    }
    to += geometry_.scratchpad_rows * row_bytes;
    for (std::uint32_t row = 0; row < geometry_.accumulator_rows; row += side) {
        list.push_back(command(3, to + row * row_bytes, tile(row | in_accumulator | full_width, side, side)));
    }
    return list;
}

}  // namespace partita::rtl::test
