#include "chip/config/lines.hpp"

#include "chip/base/fnv1a.hpp"

namespace partita::chip::config {

std::string text_of(std::span<const Line> lines) {
    std::string text;
    for (const Line& line : lines) {
        text += line.key + " = " + line.value + '\n';
    }
    return text;
}

std::uint64_t fingerprint_of(std::span<const Line> lines) {
    Fnv1a hash;
    hash.add(text_of(lines));
    return hash.value();
}

}  // namespace partita::chip::config
