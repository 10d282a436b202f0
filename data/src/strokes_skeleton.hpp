#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace partita::data {

/// How the pen passes a point of a skeleton.
enum class Passage : std::uint8_t {
    smooth,
    corner,  ///< changes direction at once
    loop     ///< smooth, and part of a loop whose size is a habit
};

/// In a box of height 1: x to the right, y down, both about 0 to 1.
struct SkeletonPoint {
    double x;
    double y;
    Passage passage = Passage::smooth;
};

struct SkeletonStroke {
    std::span<const SkeletonPoint> points;
    bool closed = false;  ///< the pen returns to the first point
};

/// The strokes of a digit in one of its forms; `form` below forms_of(digit).
std::span<const SkeletonStroke> skeleton_of(std::size_t digit, std::size_t form);

}  // namespace partita::data
