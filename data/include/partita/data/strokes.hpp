#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "partita/data/digits.hpp"

namespace partita::data {

/// Digits drawn by the project itself, so that it works without any download: each digit is a skeleton of pen
/// strokes, bent by a writer's habits and a little by chance, drawn with antialiasing like MNIST (28x28, the
/// digit in a box of 20x20, centred by its centre of mass). The same bits on every platform.

inline constexpr std::size_t strokes_side = 28;
inline constexpr std::size_t strokes_classes = 10;

/// The habits of one hand.
struct Writer {
    std::uint64_t habits = 0;        ///< seed of the personal shape of each digit
    double slant = 0;                ///< lean to the right: horizontal shift per unit of height
    double rotation = 0;             ///< degrees, positive is clockwise
    double proportion = 1;           ///< width relative to the usual width, height kept
    double thickness = 2.4;          ///< pen width in pixels
    double softness = 1;             ///< width in pixels of the edge between ink and paper
    double size = 1;                 ///< relative to the box of 20x20 pixels
    double curvature = 1;            ///< 0: straight lines between the skeleton's points, 1: round
    double loop = 1;                 ///< relative size of the loops of 2, 6, 8, 9
    double tremor = 0.01;            ///< amplitude, relative to the height of a digit
    double tremor_wavelength = 0.5;  ///< along the stroke, relative to the height of a digit
    double idiosyncrasy = 0.03;      ///< distance of the personal shapes from the usual ones, as tremor
    double variation = 1;            ///< how much one sample differs from the next
    /// Preferred form of each digit, below forms_of(digit).
    std::array<std::uint8_t, strokes_classes> form{};

    /// A writer of the population: the habits of most hands.
    static Writer typical(std::uint64_t seed);
    /// A writer outside of the population: leaning or turned much further, unusually wide or narrow; still
    /// legible.
    static Writer unusual(std::uint64_t seed);
};

/// The number of forms the digit is written in (1 with and without a foot, 7 with and without a bar, 4 open
/// and closed). Throws DataError for a digit above 9.
std::size_t forms_of(std::size_t digit);

/// `count` digits by one writer, all ten equally often (up to the remainder) and in random order. The same
/// writer with another seed draws other samples. Throws DataError if a form does not exist or a habit is out
/// of range.
Digits draw(const Writer& writer, std::size_t count, std::uint64_t seed);

/// `each` digits by each of `writers` typical writers, mixed in random order. Writers are derived from
/// `seed`.
Digits draw_population(std::size_t writers, std::size_t each, std::uint64_t seed);

}  // namespace partita::data
