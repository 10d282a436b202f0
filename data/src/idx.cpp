#include "partita/data/idx.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "byte_source.hpp"
#include "partita/data/input_file.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

/// What the two kinds of file differ in.
struct Kind {
    std::string_view what;
    std::uint32_t magic;
    std::size_t dimensions;
};
constexpr Kind images_kind{"IDX images", idx_images_magic, 3};
constexpr Kind labels_kind{"IDX labels", idx_labels_magic, 1};

struct Content {
    std::array<std::uint32_t, 3> sizes{1, 1, 1};
    std::vector<std::uint8_t> bytes;
};

std::uint32_t big_endian(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
           static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

std::uint32_t read_number(ByteSource& source, const Kind& kind, std::string_view name) {
    std::array<std::uint8_t, 4> bytes{};
    if (source.read(bytes) != bytes.size()) {
        fail("reading {} '{}': it ends within its header, expected {} bytes of header", kind.what, name,
             4 + 4 * kind.dimensions);
    }
    return big_endian(bytes);
}

void check_magic(std::uint32_t magic, const Kind& kind, std::string_view name) {
    if (magic == kind.magic) {
        return;
    }
    std::string_view meaning;
    if (magic == idx_images_magic) {
        meaning = " (that of images)";
    } else if (magic == idx_labels_magic) {
        meaning = " (that of labels)";
    }
    fail("reading {} '{}': its magic number is {:#x}{}, expected {:#x}", kind.what, name, magic, meaning,
         kind.magic);
}

/// The number of bytes the header promises; throws if it is 0 or above the limit.
std::uint64_t promised_bytes(const Content& content, const Kind& kind, std::string_view name,
                             std::uint64_t limit) {
    constexpr std::array<std::string_view, 3> names{"count", "rows", "columns"};
    std::uint64_t promised = 1;
    for (std::size_t index = 0; index < kind.dimensions; ++index) {
        const std::uint64_t size = content.sizes[index];
        if (size == 0) {
            fail("reading {} '{}': its header says {} 0, expected at least 1", kind.what, name, names[index]);
        }
        if (size > limit / promised) {
            fail("reading {} '{}': its header promises {} bytes, more than the {} allowed", kind.what, name,
                 fmt::join(std::span(content.sizes).first(kind.dimensions), " x "), limit);
        }
        promised *= size;
    }
    return promised;
}

Content parse(std::span<const std::byte> raw, const Kind& kind, std::string_view name, std::uint64_t limit) {
    ByteSource source(raw, name);
    check_magic(read_number(source, kind, name), kind, name);
    Content content;
    for (std::size_t index = 0; index < kind.dimensions; ++index) {
        content.sizes[index] = read_number(source, kind, name);
    }
    const std::uint64_t promised = promised_bytes(content, kind, name, limit);

    // Grown as bytes arrive: a header alone makes nothing large.
    constexpr std::size_t chunk = std::size_t{1} << 20;
    while (content.bytes.size() < promised) {
        const std::size_t before = content.bytes.size();
        content.bytes.resize(before + std::min<std::uint64_t>(chunk, promised - before));
        const auto fresh = std::span(content.bytes).subspan(before);
        const std::size_t got = source.read(fresh);
        if (got < fresh.size()) {
            fail(
                "reading {} '{}': it holds {} bytes after its header, fewer than the {} ({}) the header "
                "promises",
                kind.what, name, before + got, promised,
                fmt::join(std::span(content.sizes).first(kind.dimensions), " x "));
        }
    }
    std::array<std::uint8_t, 1> extra{};
    if (source.read(extra) != 0) {
        fail("reading {} '{}': it holds more bytes after its header than the {} ({}) the header promises",
             kind.what, name, promised, fmt::join(std::span(content.sizes).first(kind.dimensions), " x "));
    }
    return content;
}

/// The first of the names that exists, or throws.
std::filesystem::path first_existing(const std::filesystem::path& directory, std::string_view purpose,
                                     const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        std::error_code error;
        if (std::filesystem::exists(directory / name, error)) {
            return directory / name;
        }
    }
    fail("{} in '{}': there is none of {}", purpose, directory.string(), listed(names));
}

std::vector<std::string> mnist_names(std::string_view prefix, std::string_view what, int dimensions) {
    const std::string dashed = fmt::format("{}-{}-idx{}-ubyte", prefix, what, dimensions);
    const std::string dotted = fmt::format("{}-{}.idx{}-ubyte", prefix, what, dimensions);
    return {dashed, dashed + ".gz", dotted, dotted + ".gz"};
}

}  // namespace

IdxImages parse_idx_images(std::span<const std::byte> content, std::string_view name, std::uint64_t limit) {
    Content parsed = parse(content, images_kind, name, limit);
    return {.count = parsed.sizes[0],
            .rows = parsed.sizes[1],
            .cols = parsed.sizes[2],
            .pixels = std::move(parsed.bytes)};
}

std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> content, std::string_view name,
                                           std::uint64_t limit) {
    return parse(content, labels_kind, name, limit).bytes;
}

Digits load_idx(const std::filesystem::path& images_path, const std::filesystem::path& labels_path) {
    IdxImages images = parse_idx_images(read_file(images_path, "reading IDX images"), images_path.string());
    std::vector<std::uint8_t> labels =
        parse_idx_labels(read_file(labels_path, "reading IDX labels"), labels_path.string());
    if (images.count != labels.size()) {
        fail("reading IDX files: '{}' has {} images, but '{}' has {} labels", images_path.string(),
             images.count, labels_path.string(), labels.size());
    }
    return {.rows = images.rows,
            .cols = images.cols,
            .pixels = std::move(images.pixels),
            .labels = std::move(labels)};
}

Digits load_mnist(const std::filesystem::path& directory, std::string_view prefix) {
    const auto images =
        first_existing(directory, "looking for MNIST images", mnist_names(prefix, "images", 3));
    const auto labels =
        first_existing(directory, "looking for MNIST labels", mnist_names(prefix, "labels", 1));
    return load_idx(images, labels);
}

}  // namespace partita::data
