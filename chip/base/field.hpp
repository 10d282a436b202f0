#pragma once

// How a room describes its parameters, once: a struct with a static member function template
//
//     template <typename Self, typename Visitor>
//     static void fields(Self& self, Visitor&& visit) {
//         visit("sets", self.sets, Bounds{1, 65536, true});
//     }
//
// From it come the reader of chips/*.toml (an unknown or missing key, a wrong type, a value out of bounds are
// errors that name the key), the chip's fingerprint and the constants of the firmware. Members are
// std::uint32_t, std::uint64_t, bool, std::string or an enumeration that has `constexpr std::span<const char*
// const> names(EnumType)` found by argument-dependent lookup (TOML holds the name).

#include <cstdint>

namespace partita::chip {

struct Bounds {
    std::uint64_t least = 0;
    std::uint64_t most = ~std::uint64_t{0};
    bool power_of_two = false;
};

}  // namespace partita::chip
