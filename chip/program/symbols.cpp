#include "chip/program/symbols.hpp"

#include <algorithm>
#include <tuple>

#include "chip/program/cursor.hpp"

namespace partita::chip::program {
namespace {

constexpr std::size_t symbol_bytes = 24;
constexpr unsigned type_none = 0;
constexpr unsigned type_function = 2;
constexpr unsigned type_section = 3;
constexpr unsigned type_file = 4;

// Marks between code and data, and labels of the compiler's own.
bool is_internal(std::string_view name) {
    return name.empty() || name.front() == '$' || name.starts_with(".L");
}

}  // namespace

Symbols::Symbols(const Elf& elf) {
    const auto table = std::find_if(elf.sections.begin(), elf.sections.end(), [](const Section& section) {
        return section.type == section_symbols && section.readable;
    });
    if (table == elf.sections.end() || table->link >= elf.sections.size()) {
        return;
    }
    const auto strings = elf.sections[table->link].content;
    std::vector<Function> functions;
    Cursor at(table->content);
    for (std::size_t left = table->content.size() / symbol_bytes; left > 0; --left) {
        const auto name = string_at(strings, at.number<std::uint32_t>()).value_or(std::string_view{});
        const auto info = at.number<std::uint8_t>();
        at.take(1);  // visibility
        const auto section = at.number<std::uint16_t>();
        const auto address = at.number<std::uint64_t>();
        const auto bytes = at.number<std::uint64_t>();
        const unsigned type = info & 15U;
        const bool local = info >> 4 == 0;
        const bool defined = section != 0;
        if (!defined || is_internal(name) || type == type_section || type == type_file) {
            continue;
        }
        const auto [named, added] = by_name_.try_emplace(name, address);
        if (!added && !local) {
            named->second = address;
        }
        const bool in_code = section < elf.sections.size() && elf.sections[section].executable;
        if (!in_code || (type != type_function && type != type_none)) {
            continue;
        }
        const Section& code = elf.sections[section];
        const Address code_end = code.address + code.bytes;
        const Address end = bytes != 0 ? address + bytes : code_end;
        if (end > address) {
            functions.push_back({address, end, type == type_none, local, name});
        }
    }
    keep_one_name_each(functions);
}

// Of several names for one address the function's goes before the label's, the global before the local; a
// label within a function is no place of its own.
void Symbols::keep_one_name_each(std::vector<Function>& functions) {
    std::sort(functions.begin(), functions.end(), [](const Function& a, const Function& b) {
        return std::tie(a.begin, a.label, a.local, a.name) < std::tie(b.begin, b.label, b.local, b.name);
    });
    Address function_end = 0;
    for (const Function& function : functions) {
        const bool again = !functions_.empty() && functions_.back().begin == function.begin;
        if (again || (function.label && function.begin < function_end)) {
            continue;
        }
        if (!function.label) {
            function_end = function.end;
        }
        functions_.push_back(function);
    }
}

std::optional<Address> Symbols::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Symbols::Location> Symbols::at(Address address) const {
    auto after =
        std::upper_bound(functions_.begin(), functions_.end(), address,
                         [](Address sought, const Function& function) { return sought < function.begin; });
    if (after == functions_.begin()) {
        return std::nullopt;
    }
    const Function& function = *--after;
    if (address >= function.end) {
        return std::nullopt;
    }
    return Location{function.name, address - function.begin};
}

}  // namespace partita::chip::program
