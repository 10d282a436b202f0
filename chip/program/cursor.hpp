#pragma once

// Reads little-endian numbers and strings one after the other from bytes that nobody has checked.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace partita::chip::program {

// The longest name of a symbol, section or source file that is taken seriously. Without a limit a hostile
// file could have one endless string looked through once per name.
inline constexpr std::size_t longest_name = 4096;

// The string that ends with a zero byte, from `offset` on; nothing if there is no such string in `bytes`.
inline std::optional<std::string_view> string_at(std::span<const std::byte> bytes, std::uint64_t offset) {
    if (offset >= bytes.size()) {
        return std::nullopt;
    }
    const auto rest = bytes.subspan(offset, std::min(bytes.size() - offset, longest_name));
    const char* first = reinterpret_cast<const char*>(rest.data());
    const void* end = std::memchr(first, 0, rest.size());
    if (end == nullptr) {
        return std::nullopt;
    }
    return std::string_view(first, static_cast<std::size_t>(static_cast<const char*>(end) - first));
}

// Reading beyond the end gives zeros and makes `failed` true for good, so that a parser may ask later.
class Cursor {
  public:
    explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

    bool failed() const { return failed_; }
    bool at_end() const { return failed_ || offset_ == bytes_.size(); }
    std::size_t offset() const { return offset_; }

    std::span<const std::byte> take(std::uint64_t count) {
        if (failed_ || count > bytes_.size() - offset_) {
            failed_ = true;
            return {};
        }
        const auto taken = bytes_.subspan(offset_, count);
        offset_ += count;
        return taken;
    }

    template <typename T>
    T number() {
        T value{};
        if (const auto taken = take(sizeof(T)); !taken.empty()) {
            std::memcpy(&value, taken.data(), sizeof(T));
        }
        return value;
    }

    // LEB128; bits above the 64th are dropped.
    std::uint64_t unsigned_leb() { return leb(false); }
    std::int64_t signed_leb() { return static_cast<std::int64_t>(leb(true)); }

    std::string_view string() {
        const auto text = failed_ ? std::nullopt : string_at(bytes_, offset_);
        if (!text) {
            failed_ = true;
            return {};
        }
        offset_ += text->size() + 1;
        return *text;
    }

  private:
    std::uint64_t leb(bool is_signed) {
        std::uint64_t value = 0;
        unsigned shift = 0;
        std::uint8_t byte = 0;
        do {
            byte = number<std::uint8_t>();
            if (shift < 64) {
                value |= std::uint64_t{byte & 0x7fU} << shift;
                shift += 7;
            }
        } while ((byte & 0x80) != 0 && !failed_);
        if (is_signed && shift < 64 && (byte & 0x40) != 0) {
            value |= ~std::uint64_t{0} << shift;
        }
        return value;
    }

    std::span<const std::byte> bytes_;
    std::size_t offset_ = 0;
    bool failed_ = false;
};

}  // namespace partita::chip::program
