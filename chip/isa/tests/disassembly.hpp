#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace partita::chip::isa::test {

// Words to decode: every 16-bit instruction (in the low half, followed by c.nop), and seeded 32-bit ones of
// which many differ from a legal one in few bits.
std::vector<std::uint32_t> instruction_words();

// Whether GNU objdump (-D -b binary -m riscv:rv64 -M numeric,no-aliases) reads these words as the decoder
// does: legal or not, the name, and every number among the operands. Prints what differs.
bool compare_disassembly(const std::string& listing);

}  // namespace partita::chip::isa::test
