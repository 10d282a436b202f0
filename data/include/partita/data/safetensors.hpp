#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "partita/data/input_file.hpp"

namespace partita::data {

/// Element types of the safetensors format (https://huggingface.co/docs/safetensors), those of whole bytes.
enum class Dtype { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL };

/// The format's name of a type ("BF16").
std::string_view name_of(Dtype dtype);
/// Bytes of one element.
std::size_t bytes_of(Dtype dtype);
/// The type the format calls `name`, if it is one of ours.
std::optional<Dtype> dtype_named(std::string_view name);

/// Row-major, little-endian values with a name. An empty shape is a scalar (one element).
struct Tensor {
    std::string name;
    Dtype dtype = Dtype::F32;
    std::vector<std::uint64_t> shape;
    std::vector<std::byte> bytes;

    /// Product of the shape. Tensors that were read or made by this room never overflow it.
    std::uint64_t elements() const;
    bool operator==(const Tensor&) const = default;
};

/// An F32 tensor from values; throws DataError if their number is not the shape's product.
Tensor make_tensor(std::string name, std::vector<std::uint64_t> shape, std::span<const float> values);

/// "[4, 784]"
std::string shape_text(std::span<const std::uint64_t> shape);

/// A safetensors file in memory: tensors in the header's order and the `__metadata__` strings.
struct File {
    /// Where it came from, for messages; not part of the content.
    std::string name;
    std::vector<Tensor> tensors;
    std::map<std::string, std::string> metadata;

    /// The tensor of that name, or null.
    const Tensor* find(std::string_view tensor) const;
    /// The tensor of that name; throws DataError listing the names that are there.
    const Tensor& at(std::string_view tensor) const;
};

/// The largest header accepted, the limit of the official implementation (safetensors/src/tensor.rs).
inline constexpr std::uint64_t safetensors_header_limit = 100'000'000;

/// Reads a safetensors file held in memory. Everything is checked before anything is allocated from it:
/// lengths, UTF-8, JSON, duplicate names, every key's type, sizes and offsets; tensors must tile the data
/// exactly. `name` stands for the file in messages. Throws DataError, and nothing else but std::bad_alloc.
File parse_safetensors(std::span<const std::byte> content, std::string_view name);

/// Reads the file at `path`; throws DataError as parse_safetensors and read_file do.
File load_safetensors(const std::filesystem::path& path, std::uint64_t limit = default_file_limit);

/// The bytes of a file: deterministic, header padded with spaces to 8 bytes, wider types first in the data so
/// that every tensor is aligned (as the official implementation does); the header keeps the order of
/// `file.tensors`. Throws DataError for duplicate or reserved names, text that is not UTF-8, or bytes that do
/// not match dtype and shape.
std::vector<std::byte> serialise_safetensors(const File& file);

/// Writes atomically (see atomic_file.hpp).
void save_safetensors(const std::filesystem::path& path, const File& file);

/// The values as float: F32 unchanged, F16 and BF16 exactly, F64 rounded to nearest even. Throws DataError
/// for other types.
std::vector<float> floats(const File& file, const Tensor& tensor);

/// Throws DataError naming the tensor and the index of the first element that is NaN, infinite or beyond
/// float's range.
void require_finite(const File& file, const Tensor& tensor);

/// The values of an integer or BOOL tensor. Throws DataError for other types and for U64 values above 2^63-1.
std::vector<std::int64_t> integers(const File& file, const Tensor& tensor);

}  // namespace partita::data
