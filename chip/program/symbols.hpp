#pragma once

// Names of addresses, from an ELF's symbol table.

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/program/elf.hpp"

namespace partita::chip::program {

class Symbols {
  public:
    // Of an ELF without symbols, or with symbols that make no sense: none. Views point into the file's bytes.
    explicit Symbols(const Elf& elf);

    // Where the symbol of that name lies; a global one goes before local ones.
    std::optional<Address> find(std::string_view name) const;

    struct Location {
        std::string_view function;  // as the linker knows it: mangled
        std::uint64_t offset = 0;   // from its start
    };
    // The function, or label of assembler code, that an instruction belongs to.
    std::optional<Location> at(Address address) const;

  private:
    struct Function {
        Address begin = 0;
        Address end = 0;
        bool label = false;  // without type, as assembler code has
        bool local = false;
        std::string_view name;
    };
    void keep_one_name_each(std::vector<Function>& functions);

    std::unordered_map<std::string_view, Address> by_name_;
    std::vector<Function> functions_;  // by address
};

}  // namespace partita::chip::program
