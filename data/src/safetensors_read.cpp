#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

#include "partita/data/safetensors.hpp"
#include "safetensors_header.hpp"
#include "text.hpp"

// Both the format and this machine are little-endian; elements are copied as they are.
static_assert(std::endian::native == std::endian::little);

namespace partita::data {
namespace {

std::string tensor_text(std::string_view file, const HeaderEntry& entry) {
    return fmt::format("reading safetensors file '{}': tensor {}", file, in_quotes(entry.name));
}

/// Throws unless the entry's bytes lie in the data and are as many as its type and shape say.
void check_entry(const HeaderEntry& entry, std::uint64_t data_size, std::string_view file) {
    std::uint64_t needed = bytes_of(entry.dtype);
    for (const std::uint64_t size : entry.shape) {
        if (size != 0 && needed > std::numeric_limits<std::uint64_t>::max() / size) {
            fail("{}: the size of {} {} overflows 64 bits", tensor_text(file, entry), name_of(entry.dtype),
                 shape_text(entry.shape));
        }
        needed *= size;
    }
    if (entry.begin > entry.end) {
        fail("{}: data_offsets [{}, {}] are reversed", tensor_text(file, entry), entry.begin, entry.end);
    }
    if (entry.end > data_size) {
        fail("{}: data_offsets [{}, {}] lie outside of the file's {} bytes of data", tensor_text(file, entry),
             entry.begin, entry.end, data_size);
    }
    if (entry.end - entry.begin != needed) {
        fail("{}: data_offsets [{}, {}] hold {} bytes, but {} {} needs {}", tensor_text(file, entry),
             entry.begin, entry.end, entry.end - entry.begin, name_of(entry.dtype), shape_text(entry.shape),
             needed);
    }
}

/// Throws unless the entries tile the data: no overlap, no hole, nothing after the last.
void check_tiling(const std::vector<HeaderEntry>& entries, std::uint64_t data_size, std::string_view file) {
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return std::pair(entries[left].begin, entries[left].end) <
               std::pair(entries[right].begin, entries[right].end);
    });
    std::uint64_t covered = 0;
    const HeaderEntry* before = nullptr;
    for (const std::size_t index : order) {
        const HeaderEntry& entry = entries[index];
        if (entry.begin < covered) {
            fail("{}: data_offsets [{}, {}] overlap those of tensor {}, [{}, {}]", tensor_text(file, entry),
                 entry.begin, entry.end, in_quotes(before->name), before->begin, before->end);
        }
        if (entry.begin > covered) {
            fail("{}: data_offsets [{}, {}] leave a hole of {} bytes that belong to no tensor",
                 tensor_text(file, entry), entry.begin, entry.end, entry.begin - covered);
        }
        covered = entry.end;
        before = &entry;
    }
    if (covered != data_size) {
        fail("reading safetensors file '{}': {} bytes after the last tensor belong to none", file,
             data_size - covered);
    }
}

}  // namespace

File parse_safetensors(std::span<const std::byte> content, std::string_view name) {
    constexpr std::uint64_t length_bytes = 8;
    if (content.size() < length_bytes) {
        fail("reading safetensors file '{}': it has {} bytes, expected at least 8 for the header's length",
             name, content.size());
    }
    std::uint64_t header_length = 0;
    std::memcpy(&header_length, content.data(), length_bytes);
    if (header_length > safetensors_header_limit) {
        fail("reading safetensors file '{}': its header claims {} bytes, more than the {} allowed", name,
             header_length, safetensors_header_limit);
    }
    if (header_length > content.size() - length_bytes) {
        fail("reading safetensors file '{}': its header claims {} bytes, but only {} follow its length", name,
             header_length, content.size() - length_bytes);
    }
    const std::string_view json(reinterpret_cast<const char*>(content.data()) + length_bytes, header_length);
    if (!is_utf8(json)) {
        fail("reading safetensors file '{}': the header is not valid UTF-8", name);
    }

    Header header = parse_safetensors_header(json, name);
    const auto data = content.subspan(length_bytes + header_length);
    for (const HeaderEntry& entry : header.entries) {
        check_entry(entry, data.size(), name);
    }
    check_tiling(header.entries, data.size(), name);

    File file{.name = std::string(name), .tensors = {}, .metadata = std::move(header.metadata)};
    file.tensors.reserve(header.entries.size());
    for (HeaderEntry& entry : header.entries) {
        const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
        file.tensors.push_back({.name = std::move(entry.name),
                                .dtype = entry.dtype,
                                .shape = std::move(entry.shape),
                                .bytes = {bytes.begin(), bytes.end()}});
    }
    return file;
}

File load_safetensors(const std::filesystem::path& path, std::uint64_t limit) {
    return parse_safetensors(read_file(path, "reading safetensors file", limit), path.string());
}

}  // namespace partita::data
