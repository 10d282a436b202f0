#pragma once

// What the environment may ask of a random test.

#include <cstdint>
#include <cstdlib>
#include <random>

namespace partita::rtl::test {

inline unsigned chosen_count(const char* variable, unsigned otherwise) {
    const char* const given = std::getenv(variable);
    return given == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

// PARTITA_RTL_SEED, or a new one each time.
inline std::uint64_t chosen_seed() {
    const char* const given = std::getenv("PARTITA_RTL_SEED");
    return given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
}

}  // namespace partita::rtl::test
