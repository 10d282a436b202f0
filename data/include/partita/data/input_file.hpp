#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace partita::data {

/// The largest file read unless the caller says otherwise: 4 GiB.
inline constexpr std::uint64_t default_file_limit = std::uint64_t{4} << 30;

/// Reads a regular file whole. `purpose` begins the error's sentence ("reading the model").
/// Throws DataError if the file is missing, unreadable, not a regular file, or larger than `limit` bytes
/// (found out before anything is allocated).
std::vector<std::byte> read_file(const std::filesystem::path& path, std::string_view purpose,
                                 std::uint64_t limit = default_file_limit);

}  // namespace partita::data
