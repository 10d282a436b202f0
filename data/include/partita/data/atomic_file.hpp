#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace partita::data {

/// Writes `content` to `path` so that a reader sees the old file or the whole new one, never a part: a
/// temporary in the same directory is written, flushed to the disk and renamed over `path` (POSIX rename(2)
/// replaces atomically). An existing file keeps its permissions; a symbolic link is followed and stays one.
/// Throws DataError naming `path` and the system's reason; the temporary is then removed and `path` is
/// untouched.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> content);

/// The same for text; nothing is added, not even a final newline.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace partita::data
