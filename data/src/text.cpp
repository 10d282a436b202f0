#include "text.hpp"

#include <algorithm>
#include <cstddef>
#include <system_error>

namespace partita::data {

std::string in_quotes(std::string_view name) {
    constexpr std::size_t longest = 80;
    std::string text = "'";
    for (const char letter : name.substr(0, longest)) {
        const auto code = static_cast<unsigned char>(letter);
        if (code < 0x20 || code == 0x7f) {
            text += fmt::format("\\x{:02x}", code);
        } else {
            text += letter;
        }
    }
    text += name.size() > longest ? "...'" : "'";
    return text;
}

std::string listed(std::span<const std::string> names) {
    constexpr std::size_t most = 20;
    if (names.empty()) {
        return "none";
    }
    std::string text;
    for (std::size_t index = 0; index < std::min(names.size(), most); ++index) {
        text += (index == 0 ? "" : ", ") + in_quotes(names[index]);
    }
    if (names.size() > most) {
        text += fmt::format(" and {} more", names.size() - most);
    }
    return text;
}

bool is_utf8(std::string_view text) {
    // Table 3-7 of the Unicode standard: the second byte's range depends on the first.
    std::size_t at = 0;
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    while (at < text.size()) {
        const unsigned lead = byte(at);
        if (lead < 0x80) {
            ++at;
            continue;
        }
        const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (lead < 0xc2 || lead > 0xf4 || text.size() - at < length) {
            return false;
        }
        const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (byte(at + 1) < low || byte(at + 1) > high) {
            return false;
        }
        for (std::size_t index = 2; index < length; ++index) {
            if ((byte(at + index) & 0xc0) != 0x80) {
                return false;
            }
        }
        at += length;
    }
    return true;
}

std::string reason_of(int error_number) {
    return std::generic_category().message(error_number);
}

}  // namespace partita::data
