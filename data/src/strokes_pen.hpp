#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "partita/data/strokes.hpp"
#include "strokes_skeleton.hpp"

namespace partita::data {

struct PenPoint {
    double x;
    double y;
};
using PenPath = std::vector<PenPoint>;

/// A skeleton stroke that may be bent.
struct PenStroke {
    std::vector<SkeletonPoint> points;
    bool closed = false;
};

/// A closely spaced line through the stroke's points: a Catmull-Rom curve between corners, blended with
/// straight lines (curvature 1 is the curve, 0 the lines).
PenPath path_of(const PenStroke& stroke, double curvature);

struct Pen {
    double thickness;  ///< pixels
    double softness;   ///< pixels
};

/// Scales the paths, ink included, so that the longer side of their box is `extent` pixels and its centre the
/// image's.
void fit_to_box(std::vector<PenPath>& paths, const Pen& pen, double extent);

/// Draws paths given in pixels (the centre of the first pixel is (0, 0)), centred by the ink's centre of mass
/// as far as they stay inside, into 28x28 grey levels.
void draw_centred(std::vector<PenPath> paths, const Pen& pen, std::span<std::uint8_t> image);

}  // namespace partita::data
