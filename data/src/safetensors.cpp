#include "partita/data/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "text.hpp"

namespace partita::data {
namespace {

struct DtypeFacts {
    Dtype dtype;
    std::string_view name;
    std::size_t bytes;
};

constexpr std::array<DtypeFacts, 13> dtype_table{{
    {Dtype::F64, "F64", 8},
    {Dtype::F32, "F32", 4},
    {Dtype::F16, "F16", 2},
    {Dtype::BF16, "BF16", 2},
    {Dtype::I64, "I64", 8},
    {Dtype::I32, "I32", 4},
    {Dtype::I16, "I16", 2},
    {Dtype::I8, "I8", 1},
    {Dtype::U64, "U64", 8},
    {Dtype::U32, "U32", 4},
    {Dtype::U16, "U16", 2},
    {Dtype::U8, "U8", 1},
    {Dtype::BOOL, "BOOL", 1},
}};

/// IEEE 754 binary16 to binary32, exact. NaN keeps its payload's leading bits.
float float_of_half(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1fU;
    const std::uint32_t fraction = half & 0x3ffU;
    if (exponent == 0) {
        const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
    }
    const std::uint32_t widened = exponent == 0x1f ? 0xffU : exponent + (127 - 15);
    return std::bit_cast<float>(sign | (widened << 23) | (fraction << 13));
}

float float_of_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// Every element of a tensor stored as `Stored`, converted.
template <typename Stored, typename Value, typename Convert>
std::vector<Value> converted(const Tensor& tensor, Convert convert) {
    std::vector<Value> values(tensor.bytes.size() / sizeof(Stored));
    for (std::size_t index = 0; index < values.size(); ++index) {
        Stored stored;
        std::memcpy(&stored, tensor.bytes.data() + index * sizeof(Stored), sizeof(Stored));
        values[index] = convert(stored);
    }
    return values;
}

template <typename Stored>
std::vector<std::int64_t> widened(const Tensor& tensor) {
    return converted<Stored, std::int64_t>(tensor,
                                           [](Stored value) { return static_cast<std::int64_t>(value); });
}

bool is_float(Dtype dtype) {
    return dtype == Dtype::F64 || dtype == Dtype::F32 || dtype == Dtype::F16 || dtype == Dtype::BF16;
}

}  // namespace

std::string_view name_of(Dtype dtype) {
    for (const DtypeFacts& facts : dtype_table) {
        if (facts.dtype == dtype) {
            return facts.name;
        }
    }
    fail("naming a tensor's type: {} is no type", static_cast<int>(dtype));
}

std::size_t bytes_of(Dtype dtype) {
    for (const DtypeFacts& facts : dtype_table) {
        if (facts.dtype == dtype) {
            return facts.bytes;
        }
    }
    fail("sizing a tensor's type: {} is no type", static_cast<int>(dtype));
}

std::optional<Dtype> dtype_named(std::string_view name) {
    for (const DtypeFacts& facts : dtype_table) {
        if (facts.name == name) {
            return facts.dtype;
        }
    }
    return std::nullopt;
}

std::uint64_t Tensor::elements() const {
    std::uint64_t product = 1;
    for (const std::uint64_t size : shape) {
        product *= size;
    }
    return product;
}

Tensor make_tensor(std::string name, std::vector<std::uint64_t> shape, std::span<const float> values) {
    const auto bytes = std::as_bytes(values);
    Tensor tensor{.name = std::move(name),
                  .dtype = Dtype::F32,
                  .shape = std::move(shape),
                  .bytes = {bytes.begin(), bytes.end()}};
    if (tensor.elements() != values.size()) {
        fail("making tensor {}: {} values, but {} needs {}", in_quotes(tensor.name), values.size(),
             shape_text(tensor.shape), tensor.elements());
    }
    return tensor;
}

std::string shape_text(std::span<const std::uint64_t> shape) {
    constexpr std::size_t longest = 12;
    const auto shown = shape.first(std::min(shape.size(), longest));
    return fmt::format("[{}{}]", fmt::join(shown, ", "), shape.size() > longest ? ", ..." : "");
}

const Tensor* File::find(std::string_view tensor) const {
    for (const Tensor& candidate : tensors) {
        if (candidate.name == tensor) {
            return &candidate;
        }
    }
    return nullptr;
}

const Tensor& File::at(std::string_view tensor) const {
    if (const Tensor* found = find(tensor)) {
        return *found;
    }
    std::vector<std::string> names;
    for (const Tensor& candidate : tensors) {
        names.push_back(candidate.name);
    }
    fail("reading '{}': there is no tensor {}; found {}", name, in_quotes(tensor), listed(names));
}

std::vector<float> floats(const File& file, const Tensor& tensor) {
    switch (tensor.dtype) {
        case Dtype::F32:
            return converted<float, float>(tensor, [](float value) { return value; });
        case Dtype::F64:
            return converted<double, float>(tensor, [](double value) { return static_cast<float>(value); });
        case Dtype::F16:
            return converted<std::uint16_t, float>(tensor, float_of_half);
        case Dtype::BF16:
            return converted<std::uint16_t, float>(tensor, float_of_bfloat16);
        default:
            fail("reading '{}': tensor {} is {}, expected F32, F64, F16 or BF16", file.name,
                 in_quotes(tensor.name), name_of(tensor.dtype));
    }
}

void require_finite(const File& file, const Tensor& tensor) {
    if (!is_float(tensor.dtype)) {
        return;
    }
    const std::vector<float> values = floats(file, tensor);
    for (std::size_t index = 0; index < values.size(); ++index) {
        if (!std::isfinite(values[index])) {
            fail("reading '{}': tensor {} {}: element {} is {}, expected a finite number", file.name,
                 in_quotes(tensor.name), shape_text(tensor.shape), index, values[index]);
        }
    }
}

std::vector<std::int64_t> integers(const File& file, const Tensor& tensor) {
    switch (tensor.dtype) {
        case Dtype::I64:
            return widened<std::int64_t>(tensor);
        case Dtype::I32:
            return widened<std::int32_t>(tensor);
        case Dtype::I16:
            return widened<std::int16_t>(tensor);
        case Dtype::I8:
            return widened<std::int8_t>(tensor);
        case Dtype::U32:
            return widened<std::uint32_t>(tensor);
        case Dtype::U16:
            return widened<std::uint16_t>(tensor);
        case Dtype::U8:
        case Dtype::BOOL:
            return widened<std::uint8_t>(tensor);
        case Dtype::U64: {
            std::vector<std::int64_t> values = widened<std::int64_t>(tensor);
            for (std::size_t index = 0; index < values.size(); ++index) {
                if (values[index] < 0) {
                    fail("reading '{}': tensor {}: element {} is {}, expected at most 2^63-1", file.name,
                         in_quotes(tensor.name), index, static_cast<std::uint64_t>(values[index]));
                }
            }
            return values;
        }
        default:
            fail("reading '{}': tensor {} is {}, expected integers", file.name, in_quotes(tensor.name),
                 name_of(tensor.dtype));
    }
}

}  // namespace partita::data
