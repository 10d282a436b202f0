#include "chip/config/lines.hpp"

namespace partita::chip::config {

std::string text_of(std::span<const Line> lines) {
    std::string text;
    for (const Line& line : lines) {
        text += line.key + " = " + line.value + '\n';
    }
    return text;
}

std::uint64_t fingerprint_of(std::span<const Line> lines) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // the algorithm's offset basis and prime
    for (const char letter : text_of(lines)) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x0000'0100'0000'01b3;
    }
    return hash;
}

}  // namespace partita::chip::config
