#include "chip/config/firmware.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "chip/base/error.hpp"

namespace partita::chip::config {
namespace {

// What a program is told of a chip: the key, and the name of its macro after PARTITA_CHIP_.
struct Constant {
    const char* key;
    const char* macro;
};

constexpr std::array<Constant, 17> constants{{
    {"soc.cores", "CORES"},
    {"soc.interruptor_base", "INTERRUPTOR_BASE"},
    {"rocket.bf16_extension", "BF16_EXTENSION"},
    {"memory.base", "MEMORY_BASE"},
    {"memory.bytes", "MEMORY_BYTES"},
    {"gemmini.mesh_side", "MESH_SIDE"},
    {"gemmini.input_type", "ELEMENT"},
    {"gemmini.spatial_array_type", "ARRAY_ELEMENT"},
    {"gemmini.accumulator_type", "ACCUMULATOR_ELEMENT"},
    {"gemmini.scratchpad_bytes", "SCRATCHPAD_BYTES"},
    {"gemmini.scratchpad_banks", "SCRATCHPAD_BANKS"},
    {"gemmini.accumulator_bytes", "ACCUMULATOR_BYTES"},
    {"gemmini.accumulator_banks", "ACCUMULATOR_BANKS"},
    {"gemmini.load_scale_type", "LOAD_SCALE"},
    {"gemmini.load_accumulator_scale", "LOAD_ACCUMULATOR_SCALE"},
    {"gemmini.store_scale_type", "STORE_SCALE"},
    {"gemmini.dma_bytes", "DMA_BYTES"},
}};

bool is_number(std::string_view value) {
    return !value.empty() && std::all_of(value.begin(), value.end(),
                                         [](char letter) { return letter >= '0' && letter <= '9'; });
}

std::string upper_case(std::string text) {
    for (char& letter : text) {
        letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    return text;
}

// A number as itself, without a suffix, so that assembler code may use it; a flag as 1 or 0; a type as a
// macro of its own: PARTITA_CHIP_ELEMENT_BF16.
std::string macro(const Constant& constant, const std::string& value) {
    if (is_number(value)) {
        return fmt::format("#define PARTITA_CHIP_{} {}\n", constant.macro, value);
    }
    if (value == "true" || value == "false") {
        return fmt::format("#define PARTITA_CHIP_{} {}\n", constant.macro, value == "true" ? 1 : 0);
    }
    return fmt::format("#define PARTITA_CHIP_{}_{} 1\n", constant.macro, upper_case(value));
}

// "key = value" lines; throws ChipError for anything else.
std::vector<Line> parse_lines(std::string_view text, std::string_view program) {
    std::vector<Line> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        const std::size_t separator = line.find(" = ");
        if (separator == std::string_view::npos || separator == 0) {
            throw ChipError(
                fmt::format("comparing the program '{}' with the chip: line {} of its section .partita.chip "
                            "is not \"key = "
                            "value\"",
                            program, lines.size() + 1));
        }
        lines.push_back({std::string(line.substr(0, separator)), std::string(line.substr(separator + 3))});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace

std::vector<Line> firmware_constants(const Chip& chip) {
    const std::vector<Line> all = lines_of(chip);
    std::vector<Line> chosen;
    for (const Constant& constant : constants) {
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const Line& line) { return line.key == constant.key; });
        if (found == all.end()) {
            throw std::logic_error(fmt::format("no chip has a key '{}'", constant.key));
        }
        chosen.push_back(*found);
    }
    return chosen;
}

std::uint64_t firmware_fingerprint(const Chip& chip) {
    return fingerprint_of(firmware_constants(chip));
}

std::string firmware_header(const Chip& chip) {
    const std::vector<Line> lines = firmware_constants(chip);
    std::string text = fmt::format(
        "// The chip '{}', as its firmware is compiled for it; made from the chip's file.\n"
        "#ifndef PARTITA_CHIP_H\n"
        "#define PARTITA_CHIP_H\n\n"
        "#define PARTITA_CHIP_NAME \"{}\"\n"
        "#define PARTITA_CHIP_FINGERPRINT {:#018x}\n\n",
        chip.name, chip.name, fingerprint_of(lines));
    for (std::size_t index = 0; index < constants.size(); ++index) {
        text += macro(constants[index], lines[index].value);
    }
    text += "\n#define PARTITA_CHIP_CONSTANTS";
    for (const Line& line : lines) {
        text += fmt::format(" \\\n    \"{} = {}\\n\"", line.key, line.value);
    }
    return text + "\n\n#endif\n";
}

void check_fingerprint(const Chip& chip, std::string_view text, std::string_view program) {
    while (!text.empty() && text.back() == '\0') {
        text.remove_suffix(1);
    }
    const std::vector<Line> built = parse_lines(text, program);
    const std::vector<Line> lines = firmware_constants(chip);
    const auto find = [](const std::vector<Line>& among, const std::string& key) {
        return std::find_if(among.begin(), among.end(), [&](const Line& line) { return line.key == key; });
    };
    for (const Line& line : lines) {
        const auto found = find(built, line.key);
        if (found == built.end()) {
            throw ChipError(fmt::format(
                "the program '{}' was built without {}, which is {} in the chip '{}'; build it again",
                program, line.key, line.value, chip.name));
        }
        if (found->value != line.value) {
            throw ChipError(
                fmt::format("the program '{}' was built for another chip: {} is {} in the program and {} in "
                            "the chip '{}'",
                            program, line.key, found->value, line.value, chip.name));
        }
    }
    for (const Line& line : built) {
        if (find(lines, line.key) == lines.end()) {
            throw ChipError(
                fmt::format("the program '{}' was built for {} = {}, a key that no chip has; build it again",
                            program, line.key, line.value));
        }
    }
}

}  // namespace partita::chip::config
