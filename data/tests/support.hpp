#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace partita::data::test {

using Bytes = std::vector<std::byte>;

/// The sentence of the DataError that `action` throws; fails the test if it throws nothing or something else.
std::string sentence_of(const std::function<void()>& action);

/// Whether `sentence` contains each of `parts`; the failure shows the sentence.
testing::AssertionResult says(const std::string& sentence, const std::vector<std::string>& parts);

/// A safetensors file from its JSON header and the number of data bytes (0, 1, 2, ...).
Bytes safetensors_bytes(std::string_view header, std::size_t data_size);

/// Big-endian 32-bit numbers, then `payload` bytes 0, 1, 2, ...
Bytes idx_bytes(const std::vector<std::uint32_t>& header, std::size_t payload);

Bytes gzip(std::span<const std::byte> content);

Bytes bytes_of_file(const std::filesystem::path& path);
std::string text_of_file(const std::filesystem::path& path);

/// FNV-1a, 64 bits: for values that must never change.
std::uint64_t checksum(std::span<const std::byte> content);

/// A fresh directory, removed with everything in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }
    std::size_t entries() const;

  private:
    std::filesystem::path path_;
};

}  // namespace partita::data::test
