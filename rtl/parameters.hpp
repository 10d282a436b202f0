#pragma once

// The hardware's parameters: what a chip's file says about its accelerator, as parameters of the module
// `gemmini`.

#include <cstdint>
#include <string>
#include <vector>

#include "chip/gemmini/config.hpp"

namespace partita::rtl {

struct Parameter {
    std::string name;
    std::uint64_t value;
    bool operator==(const Parameter&) const = default;
};

// Of the module `gemmini`, for Verilator's -G and Yosys' chparam alike. `config` must be valid. Throws
// ChipError that names the key if the hardware cannot be as it says: elements that are not of one float type,
// another width of the bus, scalers that are shared, a queue that is too short.
std::vector<Parameter> parameters(const chip::gemmini::Config& config);

// One line, "SIDE=4 EXP=8 ...".
std::string describe(const std::vector<Parameter>& parameters);

}  // namespace partita::rtl
