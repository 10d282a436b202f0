#pragma once

#include <filesystem>

#include "firmware/host/build.hpp"

namespace partita::firmware::test {

// Whether programs for the chip can be built here.
inline bool cross_compiler_is_there() {
    return std::filesystem::exists("/usr/bin/riscv64-linux-gnu-g++") &&
           std::filesystem::exists(BuildOptions{}.picolibc / "release/rv64imafdc/lp64d/libm.a");
}

}  // namespace partita::firmware::test
