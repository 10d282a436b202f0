#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "partita/data/atomic_file.hpp"
#include "partita/data/safetensors.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

/// Text as a JSON string. Only called on valid UTF-8, for which the library does not throw.
std::string json_string(const std::string& value) {
    return nlohmann::json(value).dump();
}

void check_tensor(const Tensor& tensor) {
    std::uint64_t needed = bytes_of(tensor.dtype);
    for (const std::uint64_t size : tensor.shape) {
        if (size != 0 && needed > std::numeric_limits<std::uint64_t>::max() / size) {
            fail("writing safetensors: tensor {}: the size of {} {} overflows 64 bits",
                 in_quotes(tensor.name), name_of(tensor.dtype), shape_text(tensor.shape));
        }
        needed *= size;
    }
    if (needed != tensor.bytes.size()) {
        fail("writing safetensors: tensor {} has {} bytes, but {} {} needs {}", in_quotes(tensor.name),
             tensor.bytes.size(), name_of(tensor.dtype), shape_text(tensor.shape), needed);
    }
}

void check(const File& file) {
    std::set<std::string_view> names;
    for (const Tensor& tensor : file.tensors) {
        if (tensor.name == "__metadata__") {
            fail(
                "writing safetensors: a tensor cannot be called '__metadata__', the format reserves the "
                "name");
        }
        if (!is_utf8(tensor.name)) {
            fail("writing safetensors: the tensor name {} is not valid UTF-8", in_quotes(tensor.name));
        }
        if (!names.insert(tensor.name).second) {
            fail("writing safetensors: two tensors are called {}", in_quotes(tensor.name));
        }
        check_tensor(tensor);
    }
    for (const auto& [key, value] : file.metadata) {
        if (!is_utf8(key) || !is_utf8(value)) {
            fail("writing safetensors: __metadata__ key {} or its value is not valid UTF-8", in_quotes(key));
        }
    }
}

/// Where each tensor begins in the data.
std::vector<std::uint64_t> offsets_of(const std::vector<Tensor>& tensors) {
    std::vector<std::size_t> order(tensors.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return bytes_of(tensors[left].dtype) > bytes_of(tensors[right].dtype);
    });
    std::vector<std::uint64_t> offsets(tensors.size());
    std::uint64_t offset = 0;
    for (const std::size_t index : order) {
        offsets[index] = offset;
        offset += tensors[index].bytes.size();
    }
    return offsets;
}

std::string header_text(const File& file, const std::vector<std::uint64_t>& offsets) {
    std::string text = "{";
    if (!file.metadata.empty()) {
        text += "\"__metadata__\":{";
        for (const auto& [key, value] : file.metadata) {
            text += (text.back() == '{' ? "" : ",") + json_string(key) + ":" + json_string(value);
        }
        text += "}";
    }
    for (std::size_t index = 0; index < file.tensors.size(); ++index) {
        const Tensor& tensor = file.tensors[index];
        text +=
            fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                        text.back() == '{' ? "" : ",", json_string(tensor.name), name_of(tensor.dtype),
                        fmt::join(tensor.shape, ","), offsets[index], offsets[index] + tensor.bytes.size());
    }
    text += "}";
    constexpr std::size_t alignment = 8;
    text.append((alignment - text.size() % alignment) % alignment, ' ');
    return text;
}

}  // namespace

std::vector<std::byte> serialise_safetensors(const File& file) {
    check(file);
    const std::vector<std::uint64_t> offsets = offsets_of(file.tensors);
    const std::string header = header_text(file, offsets);
    std::uint64_t size = sizeof(std::uint64_t) + header.size();
    for (const Tensor& tensor : file.tensors) {
        size += tensor.bytes.size();
    }
    if (header.size() > safetensors_header_limit) {
        fail("writing safetensors: the header has {} bytes, more than the {} allowed", header.size(),
             safetensors_header_limit);
    }

    std::vector<std::byte> content(size);
    const std::uint64_t header_length = header.size();
    std::memcpy(content.data(), &header_length, sizeof header_length);
    std::byte* const data = std::copy_n(reinterpret_cast<const std::byte*>(header.data()), header.size(),
                                        content.data() + sizeof header_length);
    for (std::size_t index = 0; index < file.tensors.size(); ++index) {
        std::copy(file.tensors[index].bytes.begin(), file.tensors[index].bytes.end(), data + offsets[index]);
    }
    return content;
}

void save_safetensors(const std::filesystem::path& path, const File& file) {
    write_file_atomically(path, serialise_safetensors(file));
}

}  // namespace partita::data
