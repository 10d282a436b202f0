#pragma once

// Fields of Verilated ports, which are C++ integers up to 64 bits and arrays of 32-bit words above.

#include <verilated.h>

#include <cstdint>

namespace partita::rtl::test {

template <typename Port>
std::uint32_t field_of(const Port& port, unsigned low, unsigned width) {
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    if constexpr (std::is_integral_v<Port>) {
        return static_cast<std::uint32_t>(std::uint64_t{port} >> low & mask);
    } else {
        std::uint64_t words = port[low / 32];
        if (low % 32 + width > 32) {
            words |= std::uint64_t{port[low / 32 + 1]} << 32;
        }
        return static_cast<std::uint32_t>(words >> low % 32 & mask);
    }
}

// Element i of a row is bits [i * width + width - 1 : i * width].
template <typename Port>
std::uint32_t element_of(const Port& row, unsigned index, unsigned width) {
    return field_of(row, index * width, width);
}

// width: 16 or 32.
template <typename Port>
void set_element(Port& row, unsigned index, unsigned width, std::uint32_t value) {
    const unsigned low = index * width;
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    if constexpr (std::is_integral_v<Port>) {
        row = static_cast<Port>((std::uint64_t{row} & ~(mask << low)) | std::uint64_t{value} << low);
    } else {
        std::uint32_t& word = row[low / 32];
        word = static_cast<std::uint32_t>((word & ~(mask << low % 32)) | std::uint64_t{value} << low % 32);
    }
}

}  // namespace partita::rtl::test
