#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace partita::data {

/// Bytes from memory, decompressed on the way if they are gzip (recognised by their first two bytes, RFC
/// 1952).
class ByteSource {
  public:
    /// `name` stands for the file in messages; `content` must outlive the source.
    ByteSource(std::span<const std::byte> content, std::string_view name);
    ~ByteSource();
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    /// Fills `out` as far as there are bytes and says how many it filled; fewer than asked for only at the
    /// end. Memory used does not depend on what the data would decompress to. Throws DataError if gzip data
    /// are damaged or cut short.
    std::size_t read(std::span<std::uint8_t> out);

    bool is_gzip() const { return inflater_ != nullptr; }

  private:
    struct Inflater;
    std::size_t read_plain(std::span<std::uint8_t> out);
    std::size_t inflate_into(std::span<std::uint8_t> out);
    void begin_next_member();

    std::span<const std::byte> rest_;
    std::string name_;
    std::unique_ptr<Inflater> inflater_;
    std::uint64_t produced_ = 0;
    bool ended_ = false;
};

}  // namespace partita::data
