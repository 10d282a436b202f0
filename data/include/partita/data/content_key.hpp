#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace partita::data {

/// Of everything that a result is made of, texts and files in their order: equal keys, equal results. FNV-1a,
/// 64 bits, which tells contents apart that nobody forges.
class ContentKey {
  public:
    void add(std::span<const std::byte> content);
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
    /// A file that cannot be read counts as an empty one.
    void add_file(const std::filesystem::path& path);
    /// 16 hexadecimal digits.
    std::string text() const;

  private:
    std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace partita::data
