#include "strokes_pen.hpp"

#include <algorithm>
#include <cmath>

namespace partita::data {
namespace {

constexpr double centre = (static_cast<double>(strokes_side) - 1.0) / 2.0;
constexpr std::size_t pixels = strokes_side * strokes_side;

struct Box {
    double left, top, right, bottom;
};

Box box_of(const std::vector<PenPath>& paths) {
    Box box{paths[0][0].x, paths[0][0].y, paths[0][0].x, paths[0][0].y};
    for (const PenPath& path : paths) {
        for (const PenPoint& point : path) {
            box.left = std::min(box.left, point.x);
            box.right = std::max(box.right, point.x);
            box.top = std::min(box.top, point.y);
            box.bottom = std::max(box.bottom, point.y);
        }
    }
    return box;
}

void move(std::vector<PenPath>& paths, double right, double down) {
    for (PenPath& path : paths) {
        for (PenPoint& point : path) {
            point.x += right;
            point.y += down;
        }
    }
}

double square_of_distance(const PenPoint& point, const PenPoint& from, const PenPoint& to) {
    const double along_x = to.x - from.x;
    const double along_y = to.y - from.y;
    const double length = along_x * along_x + along_y * along_y;
    double part = 0;
    if (length > 0) {
        part = ((point.x - from.x) * along_x + (point.y - from.y) * along_y) / length;
        part = std::clamp(part, 0.0, 1.0);
    }
    const double away_x = from.x + part * along_x - point.x;
    const double away_y = from.y + part * along_y - point.y;
    return away_x * away_x + away_y * away_y;
}

/// The rows (or columns) from `low` to `high` that exist.
std::pair<std::size_t, std::size_t> pixel_range(double low, double high) {
    constexpr auto last = static_cast<double>(strokes_side);
    const double first = std::clamp(std::floor(low), 0.0, last);
    const double end = std::clamp(std::floor(high) + 1.0, 0.0, last);
    return {static_cast<std::size_t>(first), static_cast<std::size_t>(end)};
}

/// How much of each pixel is inked, 0 to 1.
std::array<double, pixels> ink_of(const std::vector<PenPath>& paths, const Pen& pen) {
    const double reach = (pen.thickness + pen.softness) / 2.0;
    std::array<double, pixels> nearest;
    nearest.fill(reach * reach);
    for (const PenPath& path : paths) {
        for (std::size_t index = 0; index + 1 < path.size(); ++index) {
            const PenPoint& from = path[index];
            const PenPoint& to = path[index + 1];
            const auto [top, bottom] =
                pixel_range(std::min(from.y, to.y) - reach, std::max(from.y, to.y) + reach);
            const auto [left, right] =
                pixel_range(std::min(from.x, to.x) - reach, std::max(from.x, to.x) + reach);
            for (std::size_t row = top; row < bottom; ++row) {
                for (std::size_t col = left; col < right; ++col) {
                    const PenPoint pixel{static_cast<double>(col), static_cast<double>(row)};
                    double& best = nearest[row * strokes_side + col];
                    best = std::min(best, square_of_distance(pixel, from, to));
                }
            }
        }
    }
    for (double& value : nearest) {
        value = std::clamp((reach - std::sqrt(value)) / pen.softness, 0.0, 1.0);
    }
    return nearest;
}

PenPoint centre_of_mass(const std::array<double, pixels>& ink) {
    double mass = 0;
    double x = 0;
    double y = 0;
    for (std::size_t index = 0; index < pixels; ++index) {
        mass += ink[index];
        const std::size_t row = index / strokes_side;
        const std::size_t col = index % strokes_side;
        x += ink[index] * static_cast<double>(col);
        y += ink[index] * static_cast<double>(row);
    }
    return mass > 0 ? PenPoint{x / mass, y / mass} : PenPoint{centre, centre};
}

/// `wanted`, held back so that [low, high] moved by it stays within the image.
double held_inside(double wanted, double low, double high) {
    const double least = -low;
    const double most = static_cast<double>(strokes_side) - 1.0 - high;
    return least <= most ? std::clamp(wanted, least, most) : (least + most) / 2.0;
}

}  // namespace

PenPath path_of(const PenStroke& stroke, double curvature) {
    constexpr int pieces = 10;
    const auto& points = stroke.points;
    const std::size_t count = points.size();
    const std::size_t spans = stroke.closed ? count : count - 1;
    const auto is_corner = [&](std::size_t index) { return points[index].passage == Passage::corner; };
    PenPath path{{points[0].x, points[0].y}};
    for (std::size_t span = 0; span < spans; ++span) {
        const std::size_t next = (span + 1) % count;
        const SkeletonPoint& from = points[span];
        const SkeletonPoint& to = points[next];
        // At an end or a corner the neighbour beyond is mirrored, which makes the curve leave straight.
        const bool begins = is_corner(span) || (span == 0 && !stroke.closed);
        const bool ends = is_corner(next) || (span + 1 == spans && !stroke.closed);
        const SkeletonPoint before =
            begins ? SkeletonPoint{2 * from.x - to.x, 2 * from.y - to.y} : points[(span + count - 1) % count];
        const SkeletonPoint after =
            ends ? SkeletonPoint{2 * to.x - from.x, 2 * to.y - from.y} : points[(next + 1) % count];
        for (int piece = 1; piece <= pieces; ++piece) {
            const double t = static_cast<double>(piece) / pieces;
            const auto blend = [&](double p0, double p1, double p2, double p3) {
                const double straight = p1 + t * (p2 - p1);
                const double curve = 0.5 * (2 * p1 + t * ((p2 - p0) + t * ((2 * p0 - 5 * p1 + 4 * p2 - p3) +
                                                                           t * (3 * p1 - p0 - 3 * p2 + p3))));
                return straight + curvature * (curve - straight);
            };
            path.push_back({blend(before.x, from.x, to.x, after.x), blend(before.y, from.y, to.y, after.y)});
        }
    }
    return path;
}

void fit_to_box(std::vector<PenPath>& paths, const Pen& pen, double extent) {
    const Box box = box_of(paths);
    const double longest = std::max(box.right - box.left, box.bottom - box.top);
    const double scale = std::max(extent - pen.thickness, 1.0) / std::max(longest, 1e-3);
    for (PenPath& path : paths) {
        for (PenPoint& point : path) {
            point.x = centre + scale * (point.x - (box.left + box.right) / 2.0);
            point.y = centre + scale * (point.y - (box.top + box.bottom) / 2.0);
        }
    }
}

void draw_centred(std::vector<PenPath> paths, const Pen& pen, std::span<std::uint8_t> image) {
    const PenPoint mass = centre_of_mass(ink_of(paths, pen));
    const Box box = box_of(paths);
    const double reach = pen.thickness / 2.0;
    move(paths, held_inside(centre - mass.x, box.left - reach, box.right + reach),
         held_inside(centre - mass.y, box.top - reach, box.bottom + reach));
    const std::array<double, pixels> ink = ink_of(paths, pen);
    for (std::size_t index = 0; index < pixels; ++index) {
        image[index] = static_cast<std::uint8_t>(std::floor(255.0 * ink[index] + 0.5));
    }
}

}  // namespace partita::data
