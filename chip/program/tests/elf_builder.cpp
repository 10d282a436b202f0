#include "elf_builder.hpp"

#include <algorithm>
#include <utility>

namespace partita::chip::program::test {
namespace {

struct Table {
    std::uint64_t at, bytes;
};

void append_string(Bytes& bytes, std::string_view text) {
    append(bytes, text);
    bytes.push_back(std::byte{0});
}

void append_section_header(Bytes& file, std::uint32_t name, const BuiltSection& section, Table content) {
    append_number(file, name);
    append_number(file, section.type);
    append_number(file, section.flags);
    append_number(file, section.address);
    append_number(file, content.at);
    append_number(file, content.bytes);
    append_number(file, section.link);
    append_number(file, std::uint32_t{0});
    append_number(file, std::uint64_t{1});
    append_number(file, std::uint64_t{section.type == 2 ? 24U : 0U});
}

// `.symtab` and its strings.
void append_symbols(const std::vector<BuiltSymbol>& symbols, std::vector<BuiltSection>& sections) {
    Bytes table(24);
    Bytes strings(1);
    for (const BuiltSymbol& symbol : symbols) {
        append_number(table, static_cast<std::uint32_t>(strings.size()));
        append_number(table, static_cast<std::uint8_t>(symbol.binding << 4 | symbol.type));
        append_number(table, std::uint8_t{0});
        append_number(table, symbol.section);
        append_number(table, symbol.address);
        append_number(table, symbol.bytes);
        append_string(strings, symbol.name);
    }
    const auto strings_number = static_cast<std::uint32_t>(sections.size() + 1);
    sections.push_back({".symtab", table, 0, 2, 0, strings_number});
    sections.push_back({".strtab", strings, 0, 3, 0, 0});
}

// The unit in which programs of line tables count: a different one in old versions, so that both are tried.
unsigned instruction_bytes(unsigned version) {
    return version == 5 ? 1 : 2;
}

// What follows the length of a table's header: bytes of an instruction, lines' base and range, operands.
void append_line_header(Bytes& header, unsigned version) {
    header.push_back(static_cast<std::byte>(instruction_bytes(version)));
    if (version >= 4) {
        header.push_back(std::byte{1});
    }
    for (const int value : {1, -5, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1}) {
        append_number(header, static_cast<std::int8_t>(value));
    }
}

void append_files(Bytes& header, unsigned version) {
    if (version == 5) {
        // Directories: one field, a path (1) as line_strp (0x1f).
        for (const int value : {1, 1, 0x1f, 2}) {
            append_number(header, static_cast<std::uint8_t>(value));
        }
        append_number(header, std::uint32_t{0});
        append_number(header, std::uint32_t{5});
        // Files: path and directory (2) as udata (0x0f).
        for (const int value : {2, 1, 0x1f, 2, 0x0f, 3}) {
            append_number(header, static_cast<std::uint8_t>(value));
        }
        for (const auto& [name, directory] : {std::pair{9U, 0U}, {9U, 0U}, {18U, 1U}}) {
            append_number(header, name);
            append_number(header, static_cast<std::uint8_t>(directory));
        }
        return;
    }
    append_string(header, "/src");
    append_string(header, "inc");
    header.push_back(std::byte{0});
    for (const auto& [name, directory] : {std::pair{"main.cpp", 1}, {"common.hpp", 2}}) {
        append_string(header, name);
        append_number(header, static_cast<std::uint8_t>(directory));
        append_number(header, std::uint16_t{0});  // time and bytes
    }
    header.push_back(std::byte{0});
}

}  // namespace

void append(Bytes& bytes, std::string_view text) {
    for (const char letter : text) {
        bytes.push_back(static_cast<std::byte>(letter));
    }
}

Bytes ElfBuilder::build() const {
    std::vector<BuiltSection> all{{"", {}, 0, 0, 0, 0}};
    all.insert(all.end(), sections.begin(), sections.end());
    append_symbols(symbols, all);
    all.push_back({".shstrtab", {}, 0, 3, 0, 0});
    Bytes& names = all.back().content;
    std::vector<std::uint32_t> name_at;
    for (const BuiltSection& section : all) {
        name_at.push_back(static_cast<std::uint32_t>(names.size()));
        append_string(names, section.name);
    }

    Bytes file(segment_headers_at + segment_header_bytes * segments.size());
    for (std::size_t index = 0; index < segments.size(); ++index) {
        const BuiltSegment& segment = segments[index];
        const std::size_t at = segment_headers_at + segment_header_bytes * index;
        put_number(file, at, segment.type);
        put_number(file, at + 4, segment.flags);
        put_number(file, at + 8, file.size());
        put_number(file, at + 16, segment.address);
        put_number(file, at + 24, segment.address);
        put_number(file, at + 32, segment.content.size());
        put_number(file, at + 40, segment.memory_bytes);
        put_number(file, at + 48, std::uint64_t{1});
        file.insert(file.end(), segment.content.begin(), segment.content.end());
    }
    std::vector<Table> contents;
    for (const BuiltSection& section : all) {
        contents.push_back({file.size(), section.content.size()});
        file.insert(file.end(), section.content.begin(), section.content.end());
    }
    const std::size_t sections_at = file.size();
    for (std::size_t index = 0; index < all.size(); ++index) {
        append_section_header(file, name_at[index], all[index], contents[index]);
    }

    Bytes header;
    append(header,
           "\x7f"
           "ELF");
    for (const int value : {2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}) {
        append_number(header, static_cast<std::uint8_t>(value));
    }
    append_number(header, std::uint16_t{2});
    append_number(header, std::uint16_t{243});
    append_number(header, std::uint32_t{1});
    append_number(header, entry);
    append_number(header, std::uint64_t{segment_headers_at});
    append_number(header, std::uint64_t{sections_at});
    append_number(header, std::uint32_t{5});
    for (const std::size_t value : {std::size_t{64}, segment_header_bytes, segments.size(),
                                    section_header_bytes, all.size(), all.size() - 1}) {
        append_number(header, static_cast<std::uint16_t>(value));
    }
    std::copy(header.begin(), header.end(), file.begin());
    return file;
}

Bytes line_strings() {
    Bytes strings;  // at 0, 5, 9 and 18
    for (const char* text : {"/src", "inc", "main.cpp", "common.hpp"}) {
        append_string(strings, text);
    }
    return strings;
}

Bytes line_table(unsigned version) {
    Bytes header;
    append_line_header(header, version);
    append_files(header, version);

    Bytes program;
    for (const int value : {0, 9, 2}) {  // set_address
        append_number(program, static_cast<std::uint8_t>(value));
    }
    append_number(program, std::uint64_t{0x8000'0000});
    // Special opcode: + 4 bytes, + 2 lines. const_add_pc: + (255 - 13) / 14 = 17 units.
    const unsigned unit_bytes = instruction_bytes(version);
    const auto special = static_cast<int>((2 + 5) + 14 * (4 / unit_bytes) + 13);
    const auto rest = static_cast<int>((42 - 8) / unit_bytes - 17);
    // advance_line 9, copy; special; set_file 2, advance_line -9, fixed_advance_pc 4, copy; const_add_pc,
    // advance_pc, end_sequence
    for (const int value : {3, 9, 1, special, 4, 2, 3, 0x77, 9, 4, 0, 1, 8, 2, rest, 0, 1, 1}) {
        append_number(program, static_cast<std::uint8_t>(value));
    }

    Bytes unit;
    append_number(unit, static_cast<std::uint16_t>(version));
    if (version == 5) {
        append_number(unit, std::uint16_t{8});  // bytes of an address; no segments
    }
    append_number(unit, static_cast<std::uint32_t>(header.size()));
    unit.insert(unit.end(), header.begin(), header.end());
    unit.insert(unit.end(), program.begin(), program.end());
    Bytes section(sizeof(std::uint32_t) + unit.size());
    put_number(section, 0, static_cast<std::uint32_t>(unit.size()));
    std::copy(unit.begin(), unit.end(), section.begin() + sizeof(std::uint32_t));
    return section;
}

ElfBuilder small_program() {
    ElfBuilder elf;
    Bytes code;
    for (const std::uint32_t word : {0x00000013U, 0x00000013U, 0x00000013U, 0x0000006fU}) {  // nop; spin
        append_number(code, word);
    }
    elf.segments = {{0x8000'0000, code, 20, 5, 1}};
    Bytes chip;
    append(chip, "soc.cores = 1\n");
    chip.push_back(std::byte{0});
    elf.sections = {{".text", code, 0x8000'0000, 1, 6, 0},
                    {".partita.chip", chip, 0, 1, 0, 0},
                    {".debug_line", line_table(5), 0, 1, 0, 0},
                    {".debug_line_str", line_strings(), 0, 1, 0, 0}};
    elf.symbols = {{"_start", 0x8000'0000, 0, 0, 1, 1},
                   {"_Z5trainv", 0x8000'0004, 8, 2, 1, 1},
                   {"tohost", 0x8000'0040, 8, 1, 1, 1},
                   {"fromhost", 0x8000'0048, 8, 1, 1, 1}};
    return elf;
}

}  // namespace partita::chip::program::test
