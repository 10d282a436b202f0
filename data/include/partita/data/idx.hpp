#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "partita/data/digits.hpp"

namespace partita::data {

/// IDX files as MNIST is published in (http://yann.lecun.com/exdb/mnist, "file formats"): big-endian magic
/// (0x803 images, 0x801 labels), one 32-bit size a dimension, then bytes. Plain or gzip, told apart by
/// content (1f 8b), not by name.

inline constexpr std::uint32_t idx_images_magic = 0x803;
inline constexpr std::uint32_t idx_labels_magic = 0x801;

/// The most bytes an IDX file may hold once decompressed, unless the caller says otherwise: 1 GiB.
inline constexpr std::uint64_t default_idx_limit = std::uint64_t{1} << 30;

struct IdxImages {
    std::size_t count = 0;
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<std::uint8_t> pixels;  ///< [count][rows][cols]
};

/// Reads images or labels held in memory. `name` stands for the file in messages. A compressed file is
/// decompressed only as far as its own header promises and `limit` allows. Throws DataError for a wrong
/// magic, a size that is zero or too large, more or fewer bytes than promised, and gzip data that are cut
/// short or damaged.
IdxImages parse_idx_images(std::span<const std::byte> content, std::string_view name,
                           std::uint64_t limit = default_idx_limit);
std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> content, std::string_view name,
                                           std::uint64_t limit = default_idx_limit);

/// Images with their labels. Throws DataError as the parsers do, and if the two counts differ.
Digits load_idx(const std::filesystem::path& images, const std::filesystem::path& labels);

/// The MNIST files of one `prefix` ("train", "t10k") in `directory`: <prefix>-images-idx3-ubyte or
/// <prefix>-images.idx3-ubyte, with or without .gz, and the labels (idx1) alike.
/// Throws DataError naming every name tried if there is none.
Digits load_mnist(const std::filesystem::path& directory, std::string_view prefix);

}  // namespace partita::data
