#pragma once

// A generated RISC-V Linux program that executes every instruction that user mode has on edge operands and
// writes what came out to its standard output. Any two machines must write the same bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace partita::chip::isa::test {

// The operands of one execution: registers a1, a2, a3 (fa1, fa2, fa3 hold the same bits), and fcsr before it.
using Row = std::array<std::uint64_t, 4>;

// What an execution leaves: a0, fa0, a5, fflags.
using Record = std::array<std::uint64_t, 4>;

// Instructions that are executed once for each row of a table.
struct Snippet {
    std::string text;  // assembly, lines separated by ';'
    std::size_t table = 0;
};

struct Program {
    std::vector<std::vector<Row>> tables;
    std::vector<Snippet> snippets;

    std::size_t records() const;
    // Says which execution wrote a record: the snippet and its operands.
    std::string describe(std::size_t record) const;
    // Assembly source for GNU as. The program needs no library.
    std::string assembly() const;
};

Program make_program();

}  // namespace partita::chip::isa::test
