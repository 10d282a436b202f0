#pragma once

// Design points: chips made from a chip's file by settings, each of several values in turn.

#include <string>
#include <string_view>
#include <vector>

#include "chip/config/chip.hpp"

namespace partita::explore {

// "section.key=value", as chip::config::read_chip takes them.
using Settings = std::vector<std::string>;

// Reads "soc.cores=1,2,8", "gemmini.mesh_side=4..32*2" (4, 8, 16, 32), "memory.l2_mshrs=6..10" (every whole
// number) or "...=100..500+100": a setting for each value. Throws ChipError saying what was expected.
Settings parse_axis(std::string_view text);

// Every combination of one setting of each axis, the last axis running fastest; one empty combination if
// there is no axis.
std::vector<Settings> combinations(const std::vector<Settings>& axes);

// The precision that a chip's training program computes in: "fp32", "bf16", or "mixed" for BF16 elements with
// sums in FP32; for other elements their own name.
std::string precision_of(const chip::config::Chip& chip);
// What turns a chip into one of that precision: element types only, not sizes, latencies or scalers. Throws
// ChipError for another word than the three above.
Settings precision_settings(std::string_view precision);

}  // namespace partita::explore
