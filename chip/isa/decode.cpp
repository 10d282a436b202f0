#include <array>
#include <cstddef>

#include "chip/isa/encoding.hpp"
#include "chip/isa/instruction.hpp"

namespace partita::chip::isa {
namespace {

constexpr auto op_count = static_cast<std::size_t>(Op::count);
constexpr std::uint32_t dynamic_rounding = 7;

// The rows by major opcode (bits 6 to 2), so that decoding looks at a few only.
struct Index {
    static constexpr std::size_t majors = 32;
    std::array<const Encoding*, 256> rows = {};
    std::array<std::size_t, majors + 1> first = {};

    Index() {
        std::size_t next = 0;
        for (std::uint32_t major = 0; major < majors; ++major) {
            first[major] = next;
            for (const Encoding& row : encodings()) {
                if ((row.match >> 2U & 31U) == major) {
                    rows.at(next++) = &row;
                }
            }
        }
        first[majors] = next;
    }
};

const Encoding* find(std::uint32_t bits) {
    static const Index index;
    const std::size_t major = bits >> 2U & 31U;
    for (std::size_t i = index.first[major]; i < index.first[major + 1]; ++i) {
        const Encoding& row = *index.rows[i];
        if ((bits & fixed_bits(row.format)) == row.match) {
            return &row;
        }
    }
    return nullptr;
}

const Encoding* find_bf16(std::uint32_t bits) {
    for (const Encoding& row : bf16_encodings()) {
        if ((bits & fixed_bits(row.format)) == row.match) {
            return &row;
        }
    }
    return nullptr;
}

std::int32_t immediate_of(Format format, std::uint32_t bits) {
    const auto top = static_cast<std::int32_t>(bits);
    switch (format) {
        case Format::upper:
            return static_cast<std::int32_t>(bits & 0xffff'f000U);
        case Format::jump:
            return static_cast<std::int32_t>((top >> 11 & ~0xfffff) | (bits & 0xff000U) |
                                             (bits >> 9U & 0x800U) | (bits >> 20U & 0x7feU));
        case Format::branch:
            return static_cast<std::int32_t>((top >> 19 & ~0xfff) | (bits << 4U & 0x800U) |
                                             (bits >> 20U & 0x7e0U) | (bits >> 7U & 0x1eU));
        case Format::store:
        case Format::fp_store:
            return static_cast<std::int32_t>((top >> 20 & ~0x1f) | (bits >> 7U & 0x1fU));
        case Format::immediate:
        case Format::load:
        case Format::fp_load:
            return top >> 20;
        case Format::shift:
            return static_cast<std::int32_t>(bits >> 20U & 63U);
        case Format::shift_word:
            return static_cast<std::int32_t>(bits >> 20U & 31U);
        case Format::csr:
        case Format::csr_immediate:
            return static_cast<std::int32_t>(bits >> 20U);
        default:
            return 0;
    }
}

// Registers that the command's bits xd, xs1, xs2 do not ask for become x0, which nothing waits for.
void keep_used_registers(Instruction& instruction) {
    const std::uint32_t uses = instruction.bits >> 12U;
    instruction.rd = (uses & 4U) != 0 ? instruction.rd : std::uint8_t{0};
    instruction.rs1 = (uses & 2U) != 0 ? instruction.rs1 : std::uint8_t{0};
    instruction.rs2 = (uses & 1U) != 0 ? instruction.rs2 : std::uint8_t{0};
}

void find_marks(Instruction& instruction) {
    if (instruction.rd != 0 || instruction.rs1 != 0) {
        return;
    }
    if (instruction.op == Op::slti && instruction.immediate >= 0) {
        instruction.op = Op::hint_region;
    } else if (instruction.op == Op::sltiu && (instruction.immediate == 0 || instruction.immediate == 1)) {
        instruction.op = Op::hint_wait;
    }
}

void set_rounding(Instruction& instruction, Format format) {
    const std::uint32_t rounding = instruction.bits >> 12U & 7U;
    switch (format) {
        case Format::fp_two_rounded:
        case Format::fp_three_rounded:
        case Format::fp_one_rounded:
        case Format::fp_to_int_rounded:
        case Format::int_to_fp_rounded:
            instruction.rounding = static_cast<std::uint8_t>(rounding);
            if (rounding == 5 || rounding == 6) {
                instruction.op = Op::illegal;
            }
            break;
        case Format::fp_two:
        case Format::fp_compare:
        case Format::fp_to_int:
        case Format::int_to_fp:
            instruction.rounding = 0;  // nothing to round: frm need not be valid
            break;
        default:
            instruction.rounding = dynamic_rounding;
            break;
    }
}

Properties properties_of(const Encoding& row) {
    Properties of;
    of.pipe = row.pipe;
    of.bytes = row.bytes;
    switch (row.format) {
        case Format::upper:
        case Format::jump:
        case Format::csr_immediate:
            of.writes_rd = true;
            break;
        case Format::immediate:
        case Format::shift:
        case Format::shift_word:
        case Format::load:
        case Format::load_reserved:
        case Format::csr:
            of.reads_rs1 = of.writes_rd = true;
            break;
        case Format::store:
        case Format::branch:
            of.reads_rs1 = of.reads_rs2 = true;
            break;
        case Format::registers:
        case Format::atomic:
        case Format::custom:
            of.reads_rs1 = of.reads_rs2 = of.writes_rd = true;
            break;
        case Format::fp_load:
        case Format::int_to_fp:
        case Format::int_to_fp_rounded:
            of.reads_rs1 = of.writes_fd = true;
            break;
        case Format::fp_store:
            of.reads_rs1 = of.reads_fs2 = true;
            break;
        case Format::fp_three_rounded:
            of.reads_fs1 = of.reads_fs2 = of.reads_fs3 = of.writes_fd = true;
            break;
        case Format::fp_two:
        case Format::fp_two_rounded:
            of.reads_fs1 = of.reads_fs2 = of.writes_fd = true;
            break;
        case Format::fp_one_rounded:
            of.reads_fs1 = of.writes_fd = true;
            break;
        case Format::fp_compare:
            of.reads_fs1 = of.reads_fs2 = of.writes_rd = true;
            break;
        case Format::fp_to_int:
        case Format::fp_to_int_rounded:
            of.reads_fs1 = of.writes_rd = true;
            break;
        case Format::any:
        case Format::exact:
            break;
    }
    const bool floating = of.reads_fs1 || of.reads_fs2 || of.writes_fd;
    const bool moves_memory = row.format == Format::fp_load || row.format == Format::fp_store;
    of.is_double = moves_memory ? row.bytes == 8 : floating && (row.match >> 25U & 3U) == 1;
    return of;
}

std::array<const char*, op_count> all_names() {
    std::array<const char*, op_count> names = {};
    for (const std::span<const Encoding> table : {encodings(), bf16_encodings()}) {
        for (const Encoding& row : table) {
            names[static_cast<std::size_t>(row.op)] = row.name;
        }
    }
    names[static_cast<std::size_t>(Op::illegal)] = "illegal";
    names[static_cast<std::size_t>(Op::hint_region)] = "hint.region";
    names[static_cast<std::size_t>(Op::hint_wait)] = "hint.wait";
    return names;
}

std::array<Properties, op_count> all_properties() {
    std::array<Properties, op_count> all = {};
    for (const std::span<const Encoding> table : {encodings(), bf16_encodings()}) {
        for (const Encoding& row : table) {
            all[static_cast<std::size_t>(row.op)] = properties_of(row);
        }
    }
    all[static_cast<std::size_t>(Op::hint_region)].pipe = Pipe::mark;
    all[static_cast<std::size_t>(Op::hint_wait)].pipe = Pipe::mark;
    return all;
}

}  // namespace

Instruction decode(std::uint32_t bits, Extensions extensions) {
    if ((bits & 3U) != 3) {
        return decode_compressed(static_cast<std::uint16_t>(bits));
    }
    Instruction instruction;
    instruction.bits = bits;
    const Encoding* row = find(bits);
    if (row == nullptr && extensions.bf16) {
        row = find_bf16(bits);
    }
    if (row == nullptr) {
        return instruction;
    }
    instruction.op = row->op;
    instruction.rd = bits >> 7U & 31U;
    instruction.rs1 = bits >> 15U & 31U;
    instruction.rs2 = bits >> 20U & 31U;
    instruction.rs3 = static_cast<std::uint8_t>(bits >> 27U);
    instruction.immediate = immediate_of(row->format, bits);
    set_rounding(instruction, row->format);
    if (row->pipe == Pipe::atomic) {
        instruction.flags = static_cast<std::uint8_t>((bits >> 26U & 1U) | (bits >> 24U & 2U));
    } else if (row->op == Op::custom) {
        keep_used_registers(instruction);
    }
    find_marks(instruction);
    return instruction;
}

const char* name(Op op) {
    static const std::array<const char*, op_count> names = all_names();
    return names[static_cast<std::size_t>(op)];
}

const std::array<Properties, op_count> properties_of_ops = all_properties();

}  // namespace partita::chip::isa
