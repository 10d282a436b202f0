#include "partita/data/digits.hpp"

#include <algorithm>
#include <cmath>

#include "partita/data/random.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

Digits random_digits(std::size_t count, std::size_t rows, std::size_t cols, std::uint64_t seed) {
    Random random(seed);
    Digits digits{.rows = rows, .cols = cols, .pixels = {}, .labels = {}};
    for (std::size_t index = 0; index < count * rows * cols; ++index) {
        digits.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
    for (std::size_t index = 0; index < count; ++index) {
        digits.labels.push_back(static_cast<std::uint8_t>(index % 10));
    }
    return digits;
}

TEST(Digits, SubsetsJoinToTheWhole) {
    const Digits all = random_digits(7, 3, 5, 1);
    EXPECT_EQ(concatenated(subset(all, 0, 3), subset(all, 3, 4)), all);
    EXPECT_EQ(subset(all, 2, 1).labels, (std::vector<std::uint8_t>{2}));
    EXPECT_EQ(subset(all, 7, 0).count(), 0U);
    EXPECT_EQ(concatenated(Digits{}, all), all);
    EXPECT_EQ(concatenated(all, Digits{}), all);
    EXPECT_EQ(all.max_label(), 6);
    EXPECT_EQ(Digits{}.max_label(), 0);
}

TEST(Digits, SelectionFollowsTheIndices) {
    const Digits all = random_digits(4, 2, 2, 2);
    const std::vector<std::size_t> indices{3, 0, 3};
    const Digits chosen = selected(all, indices);
    ASSERT_EQ(chosen.count(), 3U);
    for (std::size_t place = 0; place < 3; ++place) {
        const auto found = chosen.image(place);
        const auto expected = all.image(indices[place]);
        EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
        EXPECT_EQ(chosen.labels[place], all.labels[indices[place]]);
    }
}

TEST(Digits, RangesAreChecked) {
    const Digits all = random_digits(4, 2, 2, 3);
    EXPECT_EQ(sentence_of([&] { subset(all, 2, 3); }), "taking 3 images from number 2 on: there are only 4");
    EXPECT_TRUE(says(sentence_of([&] { subset(all, 5, 0); }), {"from number 5 on"}));
    EXPECT_TRUE(says(sentence_of([&] { subset(all, 1, ~std::size_t{0}); }), {"there are only 4"}));
    EXPECT_EQ(sentence_of([&] { all.image(4); }), "taking image 4: there are only 4");
    const std::vector<std::size_t> wrong{4};
    EXPECT_EQ(sentence_of([&] { selected(all, wrong); }), "taking image 4: there are only 4");
    EXPECT_EQ(sentence_of([&] { concatenated(all, random_digits(1, 2, 3, 4)); }),
              "joining images: the first have 2x2 pixels, the second 2x3");
}

TEST(Digits, RoundingUndoesWidening) {
    const Digits all = random_digits(3, 4, 3, 5);
    EXPECT_EQ(rounded(as_images(all)), all);
    const Images odd{.rows = 1, .cols = 4, .pixels = {-3.0f, 0.5f, 254.4f, 300.0f}, .labels = {0}};
    EXPECT_EQ(rounded(odd).pixels, (std::vector<std::uint8_t>{0, 1, 254, 255}));
}

/// The rotation written once more, from its definition: output (y, x) about the centre reads (cos*y - sin*x,
/// cos*x + sin*y).
float rotated_pixel(const Digits& digits, double degrees, int row, int col) {
    const double angle = degrees * 3.14159265358979323846 / 180;
    const double y = row - 13.5;
    const double x = col - 13.5;
    const double from_y = std::cos(angle) * y - std::sin(angle) * x + 13.5;
    const double from_x = std::cos(angle) * x + std::sin(angle) * y + 13.5;
    double sum = 0;
    for (int near_row = 0; near_row < 28; ++near_row) {
        for (int near_col = 0; near_col < 28; ++near_col) {
            const double weight_y = std::max(0.0, 1.0 - std::fabs(from_y - near_row));
            const double weight_x = std::max(0.0, 1.0 - std::fabs(from_x - near_col));
            sum +=
                weight_y * weight_x *
                digits.image(0)[static_cast<std::size_t>(near_row) * 28 + static_cast<std::size_t>(near_col)];
        }
    }
    return static_cast<float>(sum);
}

TEST(Transforms, RotationFollowsItsDefinition) {
    const Digits one = random_digits(1, 28, 28, 6);
    for (const double degrees : {30.0, -7.5, 190.0}) {
        const Images turned = rotated(one, degrees);
        for (int row = 0; row < 28; ++row) {
            for (int col = 0; col < 28; ++col) {
                // Weights exact to a few 1e-15, times 4 * 255; the float's own rounding, 255 * 2^-24, is the
                // larger.
                ASSERT_NEAR(turned.pixels[static_cast<std::size_t>(row) * 28 + static_cast<std::size_t>(col)],
                            rotated_pixel(one, degrees, row, col), 2e-5)
                    << degrees << " " << row << " " << col;
            }
        }
    }
}

TEST(Transforms, QuarterTurnsMovePixels) {
    const Digits one = random_digits(1, 5, 5, 7);
    const Images turned = rotated(one, 90);
    for (std::size_t row = 0; row < 5; ++row) {
        for (std::size_t col = 0; col < 5; ++col) {
            // cos 0, sin 1: output (y, x) reads input (-x, y).
            EXPECT_NEAR(turned.pixels[row * 5 + col], one.pixels[(4 - col) * 5 + row], 1e-4);
        }
    }
    EXPECT_EQ(rotated(one, 0).pixels, as_images(one).pixels);
}

TEST(Transforms, ShiftsMoveAndBlend) {
    const Digits dot{.rows = 3, .cols = 4, .pixels = {0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0}, .labels = {1}};
    EXPECT_EQ(shifted(dot, 1, 2).pixels, (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200}));
    EXPECT_EQ(shifted(dot, 0, -0.25).pixels, (std::vector<float>{0, 0, 0, 0, 50, 150, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(shifted(dot, 100, 0).pixels, std::vector<float>(12));
    EXPECT_EQ(shifted(dot, 1e300, 0).pixels, std::vector<float>(12));
    EXPECT_EQ(shifted(dot, 0.5, 0).labels, dot.labels);
    // An image of one pixel, moved by half of it.
    const Digits single{.rows = 1, .cols = 1, .pixels = {100}, .labels = {0}};
    EXPECT_EQ(shifted(single, 0.5, 0.5).pixels, (std::vector<float>{25.0f}));
}

TEST(Transforms, MapsCompose) {
    const Affine first = Affine::rotation(20).then(Affine::shift(1.5, -2));
    const Affine second = Affine::scale(1.3).then(Affine::shear(0.2));
    const Affine both = first.then(second);
    // Reading through the second, then through the first.
    const double y = 3.0;
    const double x = -4.0;
    const double middle_y = second.yy * y + second.yx * x + second.y0;
    const double middle_x = second.xy * y + second.xx * x + second.x0;
    EXPECT_NEAR(both.yy * y + both.yx * x + both.y0, first.yy * middle_y + first.yx * middle_x + first.y0,
                1e-12);
    EXPECT_NEAR(both.xy * y + both.xx * x + both.x0, first.xy * middle_y + first.xx * middle_x + first.x0,
                1e-12);
}

TEST(Transforms, ScaleEnlargesAndShearLeansRight) {
    const Digits dot{
        .rows = 3, .cols = 5, .pixels = {0, 0, 9, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9, 0, 0}, .labels = {1}};
    EXPECT_EQ(transformed(dot, Affine::shear(1)).pixels,
              (std::vector<float>{0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0}));
    EXPECT_EQ(transformed(dot, Affine::scale(2)).pixels,
              (std::vector<float>{0, 4.5f, 9, 4.5f, 0, 0, 4.5f, 9, 4.5f, 0, 0, 4.5f, 9, 4.5f, 0}));
    EXPECT_EQ(sentence_of([] { Affine::scale(0); }),
              "scaling an image: the factor is 0, expected more than 0");
}

TEST(Transforms, AugmentationDependsOnSeedAndPlaceOnly) {
    const Digits all = random_digits(5, 28, 28, 9);
    const Images once = augmented(all, {}, 3);
    EXPECT_EQ(once.pixels, augmented(all, {}, 3).pixels);
    EXPECT_NE(once.pixels, augmented(all, {}, 4).pixels);
    EXPECT_EQ(subset(once, 0, 2).pixels, augmented(subset(all, 0, 2), {}, 3).pixels);
    const Images twins = augmented(concatenated(subset(all, 0, 1), subset(all, 0, 1)), {}, 3);
    EXPECT_NE(subset(twins, 0, 1).pixels, subset(twins, 1, 1).pixels);
    EXPECT_EQ(augmented(all, {.rotation = 0, .shift = 0, .scale = 0, .shear = 0}, 3).pixels,
              as_images(all).pixels);
    EXPECT_TRUE(
        says(sentence_of([&] { augmented(all, {.scale = 1}, 3); }), {"scale 1, shear 0.1", "scale below 1"}));
}

}  // namespace
}  // namespace partita::data::test
