#include "partita/data/digits.hpp"

#include <algorithm>
#include <cmath>

#include "partita/data/portable_math.hpp"
#include "partita/data/random.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

template <typename Set>
auto image_of(const Set& set, std::size_t index) {
    if (index >= set.count()) {
        fail("taking image {}: there are only {}", index, set.count());
    }
    const std::size_t size = set.rows * set.cols;
    return std::span(set.pixels).subspan(index * size, size);
}

template <typename Set>
Set subset_of(const Set& set, std::size_t first, std::size_t count) {
    if (first > set.count() || count > set.count() - first) {
        fail("taking {} images from number {} on: there are only {}", count, first, set.count());
    }
    const auto size = static_cast<std::ptrdiff_t>(set.rows * set.cols);
    const auto begin = static_cast<std::ptrdiff_t>(first);
    const auto end = static_cast<std::ptrdiff_t>(first + count);
    return {.rows = set.rows,
            .cols = set.cols,
            .pixels = {set.pixels.begin() + begin * size, set.pixels.begin() + end * size},
            .labels = {set.labels.begin() + begin, set.labels.begin() + end}};
}

template <typename Set>
Set concatenation(const Set& first, const Set& second) {
    if (first.count() == 0) {
        return second;
    }
    if (second.count() == 0) {
        return first;
    }
    if (first.rows != second.rows || first.cols != second.cols) {
        fail("joining images: the first have {}x{} pixels, the second {}x{}", first.rows, first.cols,
             second.rows, second.cols);
    }
    Set all = first;
    all.pixels.insert(all.pixels.end(), second.pixels.begin(), second.pixels.end());
    all.labels.insert(all.labels.end(), second.labels.begin(), second.labels.end());
    return all;
}

/// Bilinear value at (y, x), in pixels from the first one's centre; pixels outside of the image are 0.
template <typename Pixel>
double bilinear(std::span<const Pixel> image, std::size_t rows, std::size_t cols, double y, double x) {
    // Also keeps the conversion below in range, NaN included.
    if (!(y > -1.0 && x > -1.0 && y < static_cast<double>(rows) && x < static_cast<double>(cols))) {
        return 0.0;
    }
    const double top = std::floor(y);
    const double left = std::floor(x);
    const auto value = [&](std::ptrdiff_t row, std::ptrdiff_t col) {
        const bool inside = row >= 0 && col >= 0 && row < static_cast<std::ptrdiff_t>(rows) &&
                            col < static_cast<std::ptrdiff_t>(cols);
        return inside ? static_cast<double>(
                            image[static_cast<std::size_t>(row) * cols + static_cast<std::size_t>(col)])
                      : 0.0;
    };
    const auto row = static_cast<std::ptrdiff_t>(top);
    const auto col = static_cast<std::ptrdiff_t>(left);
    const double down = y - top;
    const double right = x - left;
    return (1.0 - down) * ((1.0 - right) * value(row, col) + right * value(row, col + 1)) +
           down * ((1.0 - right) * value(row + 1, col) + right * value(row + 1, col + 1));
}

template <typename Pixel>
void transform_image(std::span<const Pixel> image, std::size_t rows, std::size_t cols, const Affine& map,
                     std::span<float> out) {
    const double centre_y = (static_cast<double>(rows) - 1.0) / 2.0;
    const double centre_x = (static_cast<double>(cols) - 1.0) / 2.0;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t col = 0; col < cols; ++col) {
            const double y = static_cast<double>(row) - centre_y;
            const double x = static_cast<double>(col) - centre_x;
            const double from_y = map.yy * y + map.yx * x + map.y0 + centre_y;
            const double from_x = map.xy * y + map.xx * x + map.x0 + centre_x;
            out[row * cols + col] = static_cast<float>(bilinear(image, rows, cols, from_y, from_x));
        }
    }
}

/// Every image through the map that `map_of(index)` gives.
template <typename Set, typename MapOf>
Images transform_each(const Set& set, MapOf map_of) {
    const std::size_t size = set.rows * set.cols;
    Images result{.rows = set.rows,
                  .cols = set.cols,
                  .pixels = std::vector<float>(set.count() * size),
                  .labels = set.labels};
    for (std::size_t index = 0; index < set.count(); ++index) {
        transform_image(set.image(index), set.rows, set.cols, map_of(index),
                        std::span(result.pixels).subspan(index * size, size));
    }
    return result;
}

}  // namespace

std::span<const std::uint8_t> Digits::image(std::size_t index) const {
    return image_of(*this, index);
}
std::span<const float> Images::image(std::size_t index) const {
    return image_of(*this, index);
}

std::uint8_t Digits::max_label() const {
    return labels.empty() ? std::uint8_t{0} : *std::max_element(labels.begin(), labels.end());
}

Digits subset(const Digits& digits, std::size_t first, std::size_t count) {
    return subset_of(digits, first, count);
}
Images subset(const Images& images, std::size_t first, std::size_t count) {
    return subset_of(images, first, count);
}

Digits selected(const Digits& digits, std::span<const std::size_t> indices) {
    Digits result{.rows = digits.rows, .cols = digits.cols, .pixels = {}, .labels = {}};
    result.pixels.reserve(indices.size() * digits.rows * digits.cols);
    result.labels.reserve(indices.size());
    for (const std::size_t index : indices) {
        const auto image = digits.image(index);
        result.pixels.insert(result.pixels.end(), image.begin(), image.end());
        result.labels.push_back(digits.labels[index]);
    }
    return result;
}

Digits concatenated(const Digits& first, const Digits& second) {
    return concatenation(first, second);
}
Images concatenated(const Images& first, const Images& second) {
    return concatenation(first, second);
}

Images as_images(const Digits& digits) {
    return {.rows = digits.rows,
            .cols = digits.cols,
            .pixels = {digits.pixels.begin(), digits.pixels.end()},
            .labels = digits.labels};
}

Digits rounded(const Images& images) {
    Digits result{.rows = images.rows, .cols = images.cols, .pixels = {}, .labels = images.labels};
    result.pixels.reserve(images.pixels.size());
    for (const float value : images.pixels) {
        const double nearest = std::floor(static_cast<double>(value) + 0.5);
        result.pixels.push_back(static_cast<std::uint8_t>(std::clamp(nearest, 0.0, 255.0)));
    }
    return result;
}

Affine Affine::rotation(double degrees) {
    const double cosine = portable_cos(radians(degrees));
    const double sine = portable_sin(radians(degrees));
    return {.yy = cosine, .yx = -sine, .xy = sine, .xx = cosine};
}

Affine Affine::shift(double down, double right) {
    return {.y0 = -down, .x0 = -right};
}

Affine Affine::scale(double factor) {
    if (!(factor > 0)) {
        fail("scaling an image: the factor is {}, expected more than 0", factor);
    }
    return {.yy = 1.0 / factor, .xx = 1.0 / factor};
}

Affine Affine::shear(double amount) {
    return {.xy = amount};
}

Affine Affine::then(const Affine& next) const {
    return {.yy = yy * next.yy + yx * next.xy,
            .yx = yy * next.yx + yx * next.xx,
            .y0 = yy * next.y0 + yx * next.x0 + y0,
            .xy = xy * next.yy + xx * next.xy,
            .xx = xy * next.yx + xx * next.xx,
            .x0 = xy * next.y0 + xx * next.x0 + x0};
}

Images transformed(const Digits& digits, const Affine& map) {
    return transform_each(digits, [&](std::size_t) { return map; });
}
Images transformed(const Images& images, const Affine& map) {
    return transform_each(images, [&](std::size_t) { return map; });
}

Images rotated(const Digits& digits, double degrees) {
    return transformed(digits, Affine::rotation(degrees));
}

Images shifted(const Digits& digits, double down, double right) {
    return transformed(digits, Affine::shift(down, right));
}

Images augmented(const Digits& digits, const Augmentation& ranges, std::uint64_t seed) {
    const bool sensible = ranges.rotation >= 0 && ranges.shift >= 0 && ranges.scale >= 0 &&
                          ranges.scale < 1 && ranges.shear >= 0;
    if (!sensible) {
        fail(
            "augmenting images: the ranges are rotation {}, shift {}, scale {}, shear {}, expected none "
            "below 0 and "
            "scale below 1",
            ranges.rotation, ranges.shift, ranges.scale, ranges.shear);
    }
    return transform_each(digits, [&](std::size_t index) {
        Random random(derived_seed(seed, index));
        const auto within = [&](double range) { return random.uniform(-range, range); };
        const Affine scale = Affine::scale(1.0 + within(ranges.scale));
        const Affine shear = Affine::shear(within(ranges.shear));
        const Affine rotation = Affine::rotation(within(ranges.rotation));
        const double down = within(ranges.shift);
        const double right = within(ranges.shift);
        return scale.then(shear).then(rotation).then(Affine::shift(down, right));
    });
}

}  // namespace partita::data
