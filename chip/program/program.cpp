#include "chip/program/program.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "chip/base/error.hpp"

namespace partita::chip::program {
namespace {

const Section* find_section(const Elf& elf, std::string_view name) {
    const auto found = std::find_if(elf.sections.begin(), elf.sections.end(),
                                    [&](const Section& section) { return section.name == name; });
    return found == elf.sections.end() ? nullptr : &*found;
}

std::span<const std::byte> content_of(const Elf& elf, std::string_view name) {
    const Section* section = find_section(elf, name);
    return section == nullptr ? std::span<const std::byte>{} : section->content;
}

std::string demangled(std::string_view symbol) {
    // The demangler recurses; what no compiler writes is shown as it is.
    constexpr std::size_t longest_demangled = 1024;
    std::string mangled(symbol);
    if (!symbol.starts_with("_Z") || symbol.size() > longest_demangled) {
        return mangled;
    }
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
    return status == 0 && text ? text.get() : mangled;
}

}  // namespace

Program::Program(std::vector<std::byte> file, std::string name)
    : file_(std::move(file)),
      name_(std::move(name)),
      elf_(parse_elf(file_, name_)),
      symbols_(elf_),
      lines_({content_of(elf_, ".debug_line"), content_of(elf_, ".debug_line_str"),
              content_of(elf_, ".debug_str")}) {}

void Program::load(memory::FlatMemory& memory) const {
    for (const Segment& segment : elf_.segments) {
        if (!memory.contains(segment.address, segment.bytes)) {
            throw ChipError(fmt::format(
                "loading the program '{}': its segment of {} bytes at {:#x} lies outside the chip's memory, "
                "{:#x} to "
                "{:#x}",
                name_, segment.bytes, segment.address, memory.base(), memory.base() + memory.size() - 1));
        }
    }
    for (const Segment& segment : elf_.segments) {
        std::byte* to = memory.at(segment.address);
        std::copy(segment.content.begin(), segment.content.end(), to);
        std::memset(to + segment.content.size(), 0, segment.bytes - segment.content.size());
    }
}

std::optional<std::span<const std::byte>> Program::section(std::string_view name) const {
    const Section* section = find_section(elf_, name);
    if (section == nullptr) {
        return std::nullopt;
    }
    if (!section->readable) {
        throw ChipError(fmt::format(
            "reading the program '{}': the {} bytes of its section '{}' are compressed or not in the file",
            name_, section->bytes, name));
    }
    return section->content;
}

std::optional<std::string> Program::section_text(std::string_view name) const {
    const auto content = section(name);
    if (!content) {
        return std::nullopt;
    }
    std::string text(reinterpret_cast<const char*>(content->data()), content->size());
    text.erase(text.find_last_not_of('\0') + 1);
    return text;
}

std::string Program::describe(Address address) const {
    std::string text;
    if (const auto symbol = symbol_at(address)) {
        text = demangled(symbol->function);
        if (symbol->offset != 0) {
            text += fmt::format("+{:#x}", symbol->offset);
        }
    }
    if (const auto line = line_at(address)) {
        text += fmt::format("{}({}:{})", text.empty() ? "" : " ", line->file, line->line);
    }
    return text;
}

Program read_program(const std::filesystem::path& path) {
    const auto fail = [&](const std::string& what) {
        throw ChipError(fmt::format("loading the program '{}': {}", path.string(), what));
    };
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
        fail(std::filesystem::exists(path, error) ? "it is not a regular file" : "there is no such file");
    }
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (error) {
        fail(error.message());
    }
    if (bytes > largest_program) {
        fail(fmt::format("it has {} bytes, expected at most {}", bytes, largest_program));
    }
    std::vector<std::byte> file(bytes);
    std::ifstream stream(path, std::ios::binary);
    if (!stream.read(reinterpret_cast<char*>(file.data()), static_cast<std::streamsize>(bytes))) {
        fail("it cannot be read");
    }
    return {std::move(file), path.string()};
}

}  // namespace partita::chip::program
