#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace partita::chip {

// FNV-1a, 64 bits: tells contents apart that nobody forges.
class Fnv1a {
  public:
    void add(std::byte byte) { value_ = (value_ ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3; }
    void add(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            add(byte);
        }
    }
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
    std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace partita::chip
