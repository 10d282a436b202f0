#include "byte_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "text.hpp"

namespace partita::data {

struct ByteSource::Inflater {
    Inflater() {
        constexpr int gzip_only = 16 + MAX_WBITS;
        if (inflateInit2(&stream, gzip_only) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    z_stream stream{};
};

ByteSource::ByteSource(std::span<const std::byte> content, std::string_view name)
    : rest_(content), name_(name) {
    if (content.size() >= 2 && content[0] == std::byte{0x1f} && content[1] == std::byte{0x8b}) {
        inflater_ = std::make_unique<Inflater>();
    }
}

ByteSource::~ByteSource() = default;

std::size_t ByteSource::read(std::span<std::uint8_t> out) {
    if (!is_gzip()) {
        return read_plain(out);
    }
    std::size_t filled = 0;
    while (filled < out.size() && !ended_) {
        filled += inflate_into(out.subspan(filled));
    }
    return filled;
}

std::size_t ByteSource::read_plain(std::span<std::uint8_t> out) {
    const std::size_t count = std::min(out.size(), rest_.size());
    if (count != 0) {
        std::memcpy(out.data(), rest_.data(), count);
    }
    rest_ = rest_.subspan(count);
    return count;
}

std::size_t ByteSource::inflate_into(std::span<std::uint8_t> out) {
    // zlib counts in 32 bits.
    constexpr std::size_t most_at_once = std::size_t{1} << 30;
    z_stream& stream = inflater_->stream;
    const std::size_t given = std::min(rest_.size(), most_at_once);
    const std::size_t wanted = std::min(out.size(), most_at_once);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(wanted);
    const int status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t taken = given - stream.avail_in;
    const std::size_t made = wanted - stream.avail_out;
    rest_ = rest_.subspan(taken);
    produced_ += made;

    if (status == Z_STREAM_END) {
        begin_next_member();
        return made;
    }
    if (status == Z_MEM_ERROR) {
        throw std::bad_alloc();
    }
    if (status != Z_OK && status != Z_BUF_ERROR) {
        fail("reading '{}': its gzip data are damaged after {} decompressed bytes: {}", name_, produced_,
             stream.msg != nullptr ? stream.msg : "no reason given");
    }
    if (taken == 0 && made == 0) {
        fail(
            "reading '{}': its gzip data are cut short: they end after {} decompressed bytes, within a "
            "stream",
            name_, produced_);
    }
    return made;
}

void ByteSource::begin_next_member() {
    // RFC 1952, 2.2: a gzip file is a series of members, their contents one after the other.
    if (rest_.empty()) {
        ended_ = true;
        return;
    }
    if (rest_.size() < 2 || rest_[0] != std::byte{0x1f} || rest_[1] != std::byte{0x8b}) {
        fail("reading '{}': {} bytes follow its gzip data, expected nothing", name_, rest_.size());
    }
    inflateReset(&inflater_->stream);
}

}  // namespace partita::data
