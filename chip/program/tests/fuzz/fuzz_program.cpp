// Whatever the bytes: a program whose every question is answered within bounds, or a ChipError.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "chip/base/error.hpp"
#include "chip/program/program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace partita::chip;
    const auto bytes = std::as_bytes(std::span(data, size));
    try {
        const program::Program program({bytes.begin(), bytes.end()}, "fuzzed");
        for (const program::Segment& segment : program.segments()) {
            if (segment.content.size() > segment.bytes || segment.address + segment.bytes < segment.address) {
                std::abort();
            }
            program.describe(segment.address);
            program.describe(segment.address + segment.bytes - 1);
        }
        for (std::uint64_t offset = 0; offset < 64; ++offset) {
            const Address address = program.entry() + offset;
            if (const auto symbol = program.symbol_at(address);
                symbol && symbol->function.data() != nullptr && symbol->offset > address) {
                std::abort();
            }
            program.describe(address);
        }
        program.address_of("tohost");
        program.section_text(".partita.chip");
        program.section_text(".partita.regions");
        memory::FlatMemory memory(0x8000'0000, 1 << 16);
        program.load(memory);
    } catch (const ChipError&) {
        // The one exception that may escape.
    }
    return 0;
}
