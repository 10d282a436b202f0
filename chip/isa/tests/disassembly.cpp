#include "disassembly.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "chip/isa/encoding.hpp"
#include "chip/isa/instruction.hpp"

namespace partita::chip::isa::test {
namespace {

constexpr int mismatches_shown = 20;
constexpr std::uint32_t compressed_nop = 0x0001;

bool is_compressed(std::uint32_t bits) {
    return (bits & 3U) != 3;
}

// Longer than 32 bits: objdump would take the following words as its rest.
bool is_longer(std::uint32_t bits) {
    return (bits & 0x1fU) == 0x1f;
}

// What objdump calls compressed instructions that are more than "c." before the name of what they expand to.
std::string expanded_name(const std::string& name) {
    static const std::map<std::string, std::string> expansions = {
        {"c.addi4spn", "addi"}, {"c.addi16sp", "addi"}, {"c.li", "addi"},     {"c.mv", "add"},
        {"c.j", "jal"},         {"c.jr", "jalr"},       {"c.beqz", "beq"},    {"c.bnez", "bne"},
        {"c.lwsp", "lw"},       {"c.ldsp", "ld"},       {"c.fldsp", "fld"},   {"c.swsp", "sw"},
        {"c.sdsp", "sd"},       {"c.fsdsp", "fsd"},     {"c.slli64", "slli"}, {"c.srli64", "srli"},
        {"c.srai64", "srai"},   {"c.unimp", "illegal"}};
    if (const auto found = expansions.find(name); found != expansions.end()) {
        return found->second;
    }
    return name.starts_with("c.") ? name.substr(2) : name;
}

std::string our_name(const Instruction& instruction) {
    switch (instruction.op) {
        case Op::hint_region:
            return "slti";
        case Op::hint_wait:
            return "sltiu";
        case Op::custom:
            return "illegal";  // objdump knows no accelerator
        default:
            break;
    }
    static const char* const orders[] = {"", ".aq", ".rl", ".aqrl"};
    return std::string(name(instruction.op)) + orders[instruction.flags];
}

// Legal according to the privileged architecture, but not in machine mode alone, or written in another way.
std::string their_name(const std::string& name) {
    static const std::set<std::string> other_modes = {"sret", "uret",       "dret",     "mnret",
                                                      "hret", "sfence.vma", "sfence.vm"};
    if (name.starts_with(".") || other_modes.contains(name)) {
        return "illegal";
    }
    return name == "fence.tso" ? "fence" : expanded_name(name);
}

// Register names and numbers, these as unsigned.
using Numbers = std::set<std::string>;

std::string number(std::int64_t value) {
    return fmt::format("{:#x}", static_cast<std::uint64_t>(value));
}

Numbers our_numbers(const Instruction& instruction, std::uint64_t address) {
    const Properties& uses = properties(instruction.op);
    Numbers numbers;
    const auto add = [&](bool used, char file, unsigned index) {
        if (used) {
            numbers.insert(fmt::format("{}{}", file, index));
        }
    };
    add(uses.writes_rd, 'x', instruction.rd);
    add(uses.reads_rs1, 'x', instruction.rs1);
    add(uses.reads_rs2, 'x', instruction.rs2);
    add(uses.writes_fd, 'f', instruction.rd);
    add(uses.reads_fs1, 'f', instruction.rs1);
    add(uses.reads_fs2, 'f', instruction.rs2);
    add(uses.reads_fs3, 'f', instruction.rs3);
    const bool immediate = uses.pipe == Pipe::alu && !uses.reads_rs2;
    if (instruction.op == Op::lui || instruction.op == Op::auipc) {
        numbers.insert(number(static_cast<std::uint32_t>(instruction.immediate) >> 12U));
    } else if (uses.pipe == Pipe::branch || uses.pipe == Pipe::jump) {
        numbers.insert(number(static_cast<std::int64_t>(address) + instruction.immediate));
    } else if (immediate || uses.pipe == Pipe::jump_register || uses.pipe == Pipe::load ||
               uses.pipe == Pipe::store || uses.pipe == Pipe::fp_load || uses.pipe == Pipe::fp_store) {
        numbers.insert(number(instruction.immediate));
    } else if (uses.pipe == Pipe::csr && !uses.reads_rs1) {
        numbers.insert(number(instruction.rs1));
    }
    return numbers;
}

Numbers their_numbers(const std::string& operands, const Instruction& instruction) {
    Numbers numbers;
    std::string separated = operands;
    for (char& c : separated) {
        c = c == ',' || c == '(' || c == ')' ? ' ' : c;
    }
    std::istringstream words(separated);
    for (std::string word; words >> word;) {
        const bool is_register =
            (word[0] == 'x' || word[0] == 'f') && word.size() > 1 && word[1] >= '0' && word[1] <= '9';
        const bool negative = word[0] == '-';
        const std::string digits = negative ? word.substr(1) : word;
        if (is_register) {
            numbers.insert(word);
        } else if (digits[0] >= '0' && digits[0] <= '9') {
            const std::uint64_t value = std::stoull(digits, nullptr, 0);
            numbers.insert(number(static_cast<std::int64_t>(negative ? 0 - value : value)));
        }  // else the name of a rounding mode or register
    }
    if (properties(instruction.op).pipe == Pipe::csr) {
        numbers.erase(number(instruction.immediate));  // where the register has no name
    }
    return numbers;
}

// objdump leaves out what a compressed instruction implies.
bool same_numbers(const Numbers& ours, const Numbers& theirs, bool compressed) {
    for (const std::string& text : theirs) {
        if (!ours.contains(text)) {
            return false;
        }
    }
    static const Numbers implied = {"x0", "x1", "0x0"};
    for (const std::string& text : ours) {
        if (!theirs.contains(text) && !(compressed && implied.contains(text))) {
            return false;
        }
    }
    return true;
}

// Exact conversions do not round; binutils 2.40 knows them with rm = 0 only, the architecture with any valid
// one.
bool is_exact_conversion(const Instruction& instruction) {
    return instruction.op == Op::fcvt_d_w || instruction.op == Op::fcvt_d_wu ||
           instruction.op == Op::fcvt_d_s;
}

// Reserved fields of fence and fence.i are to be ignored (unprivileged architecture, "Memory ordering
// instructions"); binutils wants zeros.
bool has_reserved_fields(const Instruction& instruction) {
    constexpr std::uint32_t of_fence = 0xf00f'8f80;
    constexpr std::uint32_t of_fence_i = 0xffff'8f80;
    return (instruction.op == Op::fence && (instruction.bits & of_fence) != 0) ||
           (instruction.op == Op::fence_i && (instruction.bits & of_fence_i) != 0);
}

bool agrees(const Instruction& instruction, std::uint64_t address, const std::string& mnemonic,
            const std::string& operands) {
    const std::string theirs = operands.find("unknown") != std::string::npos && mnemonic != "fence"
                                   ? "illegal"  // a rounding mode that does not exist
                                   : their_name(mnemonic);
    if (theirs == "illegal" && is_exact_conversion(instruction)) {
        return instruction.rounding != 0;
    }
    if (our_name(instruction) != theirs) {
        constexpr std::uint32_t no_stack_adjustment = 0x6101;  // c.addi16sp sp,0 is reserved
        return (instruction.bits == no_stack_adjustment && instruction.op == Op::illegal) ||
               (theirs == "illegal" && has_reserved_fields(instruction));
    }
    if (instruction.op == Op::illegal || instruction.op == Op::custom || instruction.op == Op::fence ||
        instruction.op == Op::hint_region || instruction.op == Op::hint_wait) {
        return true;
    }
    return same_numbers(our_numbers(instruction, address), their_numbers(operands, instruction),
                        instruction.length == 2);
}

struct Line {
    std::uint64_t address = 0;
    std::uint32_t bits = 0;
    std::string mnemonic;
    std::string operands;
};

// "  address:<tab>bits   <tab>mnemonic<tab>operands # comment"; titles are no lines.
std::optional<Line> parse(const std::string& text) {
    std::istringstream fields(text);
    std::string address;
    std::string bits;
    Line line;
    if (!std::getline(fields, address, '\t') || !std::getline(fields, bits, '\t') ||
        !std::getline(fields, line.mnemonic, '\t') || !address.ends_with(':')) {
        return std::nullopt;
    }
    std::getline(fields, line.operands);
    line.operands = line.operands.substr(0, line.operands.find_first_of("#<"));
    line.address = std::stoull(address, nullptr, 16);
    line.bits = static_cast<std::uint32_t>(std::stoul(bits, nullptr, 16));
    return line;
}

}  // namespace

std::vector<std::uint32_t> instruction_words() {
    constexpr int random_words = 60000;
    std::vector<std::uint32_t> words;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        if (is_compressed(bits)) {
            words.push_back(bits | compressed_nop << 16U);
        }
    }
    std::mt19937 random(7);
    const auto rows = encodings();
    for (int i = 0; i < random_words; ++i) {
        const Encoding& row = rows[random() % rows.size()];
        std::uint32_t bits = row.match | (static_cast<std::uint32_t>(random()) & ~fixed_bits(row.format));
        if (i % 3 == 0) {
            bits ^= 1U << (random() % 32);
        }
        if (i % 6 == 0) {
            bits ^= 1U << (random() % 32);
        }
        bits = i % 10 == 9 ? static_cast<std::uint32_t>(random()) : bits;
        if (!is_compressed(bits) && !is_longer(bits)) {
            words.push_back(bits);
        }
    }
    return words;
}

bool compare_disassembly(const std::string& listing) {
    std::istringstream lines(listing);
    std::size_t compared = 0;
    int mismatches = 0;
    for (std::string text; std::getline(lines, text);) {
        const std::optional<Line> line = parse(text);
        if (!line) {
            continue;
        }
        const Instruction instruction = decode(line->bits);
        ++compared;
        if (!agrees(instruction, line->address, line->mnemonic, line->operands) &&
            mismatches++ < mismatches_shown) {
            fmt::print("here {}, there {}\n", our_name(instruction), text);
        }
    }
    fmt::print("{} instructions compared, {} differ\n", compared, mismatches);
    return mismatches == 0 && compared >= instruction_words().size();
}

}  // namespace partita::chip::isa::test
