#pragma once

// The network and the samples that a program starts from, as the build links them into it (section .blob).
// All numbers little-endian, 32 bits; values are FP32 and programs round them to their own precision.
//
//     magic "PTA1", input, hidden, classes, count, steps
//     weight_ih   [4 hidden][input]     gates i, f, g, o, as PyTorch orders them
//     weight_hh   [4 hidden][hidden]
//     bias        [4 hidden]            the sum of PyTorch's two
//     head_weight [classes][hidden]
//     head_bias   [classes]
//     samples     [count][steps][input]
//     labels      [count]

#include <cstddef>
#include <cstdint>
#include <span>

namespace partita::firmware {

struct Blob {
    std::uint32_t input = 0, hidden = 0, classes = 0, count = 0, steps = 0;
    std::span<const float> weight_ih, weight_hh, bias, head_weight, head_bias, samples;
    std::span<const std::uint32_t> labels;
};

inline constexpr std::uint32_t blob_magic = 0x31415450;  // "PTA1"

// The arrays of a blob, which must start at a multiple of 4 bytes. False if its size or its first words do
// not fit.
inline bool read_blob(std::span<const std::byte> bytes, Blob& blob) {
    if (bytes.size() < 24 || bytes.size() % 4 != 0) {
        return false;
    }
    const auto* words = reinterpret_cast<const std::uint32_t*>(bytes.data());
    if (words[0] != blob_magic) {
        return false;
    }
    blob.input = words[1];
    blob.hidden = words[2];
    blob.classes = words[3];
    blob.count = words[4];
    blob.steps = words[5];
    std::size_t at = 6;
    const auto take = [&](std::size_t count) {
        const std::size_t first = at;
        at += count;
        return at <= bytes.size() / 4 ? std::span(reinterpret_cast<const float*>(words + first), count)
                                      : std::span<const float>();
    };
    const std::size_t gates = std::size_t{4} * blob.hidden;
    blob.weight_ih = take(gates * blob.input);
    blob.weight_hh = take(gates * blob.hidden);
    blob.bias = take(gates);
    blob.head_weight = take(std::size_t{blob.classes} * blob.hidden);
    blob.head_bias = take(blob.classes);
    blob.samples = take(std::size_t{blob.count} * blob.steps * blob.input);
    if (at + blob.count != bytes.size() / 4) {
        return false;
    }
    blob.labels = {words + at, blob.count};
    return true;
}

}  // namespace partita::firmware
