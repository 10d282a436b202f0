#include "partita/data/strokes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "partita/data/random.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

std::uint64_t checksum_of(const Digits& digits) {
    return checksum(std::as_bytes(std::span(digits.pixels))) ^
           checksum(std::as_bytes(std::span(digits.labels)));
}

TEST(Strokes, GoldenPixels) {
    EXPECT_EQ(checksum_of(draw(Writer::typical(1), 100, 2)), 2555483716768354117ULL);
    EXPECT_EQ(checksum_of(draw(Writer::unusual(1), 100, 2)), 6246395991360180826ULL);
    EXPECT_EQ(checksum_of(draw_population(5, 20, 3)), 8105758639245913943ULL);
}

TEST(Strokes, EveryDigitEquallyOften) {
    const Digits digits = draw(Writer::typical(3), 53, 4);
    EXPECT_EQ(digits.rows, 28U);
    EXPECT_EQ(digits.cols, 28U);
    ASSERT_EQ(digits.pixels.size(), 53U * 784);
    for (int digit = 0; digit < 10; ++digit) {
        EXPECT_EQ(std::count(digits.labels.begin(), digits.labels.end(), digit), digit < 3 ? 6 : 5);
    }
    EXPECT_FALSE(std::is_sorted(digits.labels.begin(), digits.labels.end()));
    EXPECT_EQ(draw(Writer::typical(3), 0, 4).count(), 0U);
}

TEST(Strokes, SeedsChangeSamplesAndWriters) {
    const Writer writer = Writer::typical(3);
    EXPECT_EQ(draw(writer, 10, 4), draw(writer, 10, 4));
    EXPECT_NE(draw(writer, 10, 4).pixels, draw(writer, 10, 5).pixels);
    EXPECT_NE(draw(writer, 10, 4).pixels, draw(Writer::typical(4), 10, 4).pixels);
    EXPECT_EQ(draw_population(3, 7, 1).count(), 21U);
    EXPECT_NE(draw_population(3, 7, 1).pixels, draw_population(3, 7, 2).pixels);
}

struct Extent {
    int left = 28, right = -1, top = 28, bottom = -1;
    double x = 0, y = 0;
};

Extent extent_of(std::span<const std::uint8_t> image) {
    Extent extent;
    double mass = 0;
    for (int row = 0; row < 28; ++row) {
        for (int col = 0; col < 28; ++col) {
            const int ink = image[static_cast<std::size_t>(row) * 28 + static_cast<std::size_t>(col)];
            mass += ink;
            extent.x += ink * col;
            extent.y += ink * row;
            if (ink > 127) {
                extent.left = std::min(extent.left, col);
                extent.right = std::max(extent.right, col);
                extent.top = std::min(extent.top, row);
                extent.bottom = std::max(extent.bottom, row);
            }
        }
    }
    extent.x /= mass;
    extent.y /= mass;
    return extent;
}

TEST(Strokes, DigitsFillTheirBoxAroundTheCentre) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        for (const Writer& writer : {Writer::typical(seed), Writer::unusual(seed)}) {
            const Digits digits = draw(writer, 10, seed);
            for (std::size_t index = 0; index < 10; ++index) {
                const Extent extent = extent_of(digits.image(index));
                const int longest = std::max(extent.right - extent.left, extent.bottom - extent.top) + 1;
                // The ink at half darkness spans 20 * size pixels, 19 at least, give or take a pixel at each
                // end.
                EXPECT_GE(longest, 17) << seed;
                EXPECT_LE(longest, 21) << seed;
                EXPECT_NEAR(extent.x, 13.5, 0.5) << seed << " digit " << int{digits.labels[index]};
                EXPECT_NEAR(extent.y, 13.5, 0.5) << seed << " digit " << int{digits.labels[index]};
            }
        }
    }
}

TEST(Strokes, HabitsShowInTheImage) {
    Writer writer;
    writer.variation = 0;
    writer.idiosyncrasy = 0;
    writer.tremor = 0;
    const auto ink = [](const Digits& digits) {
        double sum = 0;
        for (const std::uint8_t pixel : digits.pixels) {
            sum += pixel;
        }
        return sum;
    };
    Writer thick = writer;
    thick.thickness = 2 * writer.thickness;
    EXPECT_GT(ink(draw(thick, 10, 1)), 1.5 * ink(draw(writer, 10, 1)));
    // With no variation at all, samples of one digit are equal and every form looks different.
    const Digits twice = draw(writer, 20, 1);
    for (std::size_t digit = 0; digit < 10; ++digit) {
        for (std::size_t form = 1; form < forms_of(digit); ++form) {
            Writer other = writer;
            other.form[digit] = static_cast<std::uint8_t>(form);
            const Digits drawn = draw(other, 20, 1);
            for (std::size_t index = 0; index < 20; ++index) {
                const bool same = std::ranges::equal(drawn.image(index), twice.image(index));
                EXPECT_EQ(same, drawn.labels[index] != digit);
            }
        }
    }
    // Leaning right puts the upper half's ink to the right of the lower half's.
    const auto lean = [&](double slant) {
        Writer leaning = writer;
        leaning.slant = slant;
        const Digits digits = draw(leaning, 2, 1);
        const std::size_t one = digits.labels[0] == 1 ? 0 : 1;
        double moment = 0;
        for (std::size_t pixel = 0; pixel < 784; ++pixel) {
            const auto row = static_cast<int>(pixel / 28);
            const auto col = static_cast<int>(pixel % 28);
            moment += (13.5 - row) * (col - 13.5) * digits.image(one)[pixel];
        }
        return moment;
    };
    EXPECT_GT(lean(0.4), 1000.0);
    EXPECT_LT(lean(-0.4), -1000.0);
}

/// Share of `test` whose nearest neighbour in `known`, by squared distance, has the same label.
double nearest_neighbour_accuracy(const Digits& known, const Digits& test) {
    std::size_t right = 0;
    for (std::size_t index = 0; index < test.count(); ++index) {
        std::int64_t best = std::numeric_limits<std::int64_t>::max();
        std::uint8_t label = 0;
        const auto tested = test.image(index);
        for (std::size_t other = 0; other < known.count(); ++other) {
            const auto neighbour = known.image(other);
            std::int64_t distance = 0;
            for (std::size_t pixel = 0; pixel < 784; ++pixel) {
                const std::int64_t difference = tested[pixel] - neighbour[pixel];
                distance += difference * difference;
            }
            if (distance < best) {
                best = distance;
                label = known.labels[other];
            }
        }
        right += label == test.labels[index] ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(test.count());
}

TEST(Strokes, TypicalWritersAreAlikeAndUnusualOnesAreNot) {
    const Digits known = draw_population(60, 20, 1);
    double typical = 0;
    double unusual = 0;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        typical += nearest_neighbour_accuracy(known, draw(Writer::typical(5000 + seed), 20, 3)) / 8;
        unusual += nearest_neighbour_accuracy(known, draw(Writer::unusual(5000 + seed), 20, 3)) / 8;
    }
    EXPECT_GT(typical, 0.95);
    EXPECT_LT(unusual, 0.75);
    EXPECT_GT(unusual, 0.2);
}

TEST(Strokes, HabitsOutOfRangeAreNamed) {
    Writer writer;
    writer.thickness = std::nan("");
    EXPECT_EQ(sentence_of([&] { draw(writer, 1, 1); }),
              "drawing digits: the writer's thickness is nan, expected 0.5 to 8");
    writer = Writer{};
    writer.form[7] = 9;
    EXPECT_EQ(sentence_of([&] { draw(writer, 1, 1); }),
              "drawing digits: the writer's form of 7 is 9, expected below 3");
    EXPECT_TRUE(says(sentence_of([] { forms_of(10); }), {"10 is no digit, expected 0 to 9"}));
}

}  // namespace
}  // namespace partita::data::test
