// Whatever the text: a chip that passes its own checks and is told to firmware that it accepts, or a
// ChipError. The same text is also a program's section .partita.chip.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "chip/base/error.hpp"
#include "chip/config/firmware.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace partita::chip;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const config::Chip chip = config::parse_chip(text, "fuzzed");
        config::check_chip(chip);
        config::check_fingerprint(chip, config::text_of(config::firmware_constants(chip)), "fuzzed");
        if (config::firmware_header(chip).empty()) {
            std::abort();
        }
    } catch (const ChipError&) {
        // The one exception that may escape.
    }
    try {
        config::check_fingerprint(config::Chip{}, text, "fuzzed");
    } catch (const ChipError&) {
        // The one exception that may escape.
    }
    return 0;
}
