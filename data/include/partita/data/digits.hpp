#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace partita::data {

/// Labelled grey images, 0 (paper) to 255 (ink), row-major, one after the other.
struct Digits {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<std::uint8_t> pixels;  ///< [count][rows][cols]
    std::vector<std::uint8_t> labels;  ///< [count]

    std::size_t count() const { return labels.size(); }
    std::span<const std::uint8_t> image(std::size_t index) const;
    /// The largest label, 0 if there is none.
    std::uint8_t max_label() const;
    bool operator==(const Digits&) const = default;
};

/// The same after a transform: values on the same 0-255 scale, between grey levels.
struct Images {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<float> pixels;         ///< [count][rows][cols]
    std::vector<std::uint8_t> labels;  ///< [count]

    std::size_t count() const { return labels.size(); }
    std::span<const float> image(std::size_t index) const;
};

/// Images first .. first+count-1. Throws DataError if they are not all there.
Digits subset(const Digits& digits, std::size_t first, std::size_t count);
Images subset(const Images& images, std::size_t first, std::size_t count);

/// Images by index, in the order given, repeats allowed. Throws DataError for an index out of range.
Digits selected(const Digits& digits, std::span<const std::size_t> indices);

/// One after the other. Throws DataError if sizes differ; an empty side takes the other's size.
Digits concatenated(const Digits& first, const Digits& second);
Images concatenated(const Images& first, const Images& second);

/// Values unchanged.
Images as_images(const Digits& digits);
/// To the nearest grey level (halves up), clamped to 0-255.
Digits rounded(const Images& images);

/// A map from output to input: the output pixel (y, x), relative to the image's centre ((rows-1)/2,
/// (cols-1)/2), reads the input at (yy*y + yx*x + y0, xy*y + xx*x + x0), relative to the same centre. Units:
/// pixels.
struct Affine {
    double yy = 1, yx = 0, y0 = 0;
    double xy = 0, xx = 1, x0 = 0;

    /// Output (y, x) reads (cos*y - sin*x, cos*x + sin*y): the rotation of the personalisation test.
    static Affine rotation(double degrees);
    /// Moves the picture down by `down` and right by `right` pixels.
    static Affine shift(double down, double right);
    /// Makes the picture `factor` times as large (factor > 0, else DataError).
    static Affine scale(double factor);
    /// Leans the picture: a row at y above or below the centre moves by -amount*y to the right.
    static Affine shear(double amount);
    /// Reads through `*this` after `next` has been applied to the picture that `*this` made.
    Affine then(const Affine& next) const;
};

/// Every image through `map`, bilinear between the four neighbours, 0 outside the image.
Images transformed(const Digits& digits, const Affine& map);
Images transformed(const Images& images, const Affine& map);

/// Bilinear rotation about the image's centre ((13.5, 13.5) for 28x28), outside 0, before normalising.
Images rotated(const Digits& digits, double degrees);
/// Bilinear shift by fractions of a pixel.
Images shifted(const Digits& digits, double down, double right);

/// Ranges for random changes; each image draws its own, uniformly between minus and plus the value.
struct Augmentation {
    double rotation = 10;  ///< degrees
    double shift = 2;      ///< pixels, down and right drawn apart
    double scale = 0.1;    ///< the factor is in [1 - scale, 1 + scale]; below 1
    double shear = 0.1;    ///< as Affine::shear
};

/// Every image through its own random Affine. Image i depends on `seed` and i alone, not on the other images.
/// Throws DataError for a negative range or scale >= 1.
Images augmented(const Digits& digits, const Augmentation& ranges, std::uint64_t seed);

}  // namespace partita::data
