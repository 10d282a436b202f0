#include "partita/data/strokes.hpp"

#include <algorithm>
#include <cmath>

#include "partita/data/portable_math.hpp"
#include "partita/data/random.hpp"
#include "strokes_pen.hpp"
#include "strokes_skeleton.hpp"
#include "text.hpp"

namespace partita::data {
namespace {

/// A smooth random displacement of the plane: bends a whole digit without tearing its joints.
class Warp {
  public:
    Warp(double amplitude, Random& random) {
        for (Term& term : terms_) {
            term = {.frequency_x = random.uniform(-0.7, 0.7),
                    .frequency_y = random.uniform(-0.7, 0.7),
                    .phase = random.uniform(0.0, 2.0 * pi),
                    .along_x = random.normal(0.0, amplitude, 2.0),
                    .along_y = random.normal(0.0, amplitude, 2.0)};
        }
    }

    void bend(SkeletonPoint& point) const {
        double x = point.x;
        double y = point.y;
        for (const Term& term : terms_) {
            const double turns = term.frequency_x * point.x + term.frequency_y * point.y;
            const double wave = portable_sin(2.0 * pi * turns + term.phase);
            x += term.along_x * wave;
            y += term.along_y * wave;
        }
        point.x = x;
        point.y = y;
    }

  private:
    struct Term {
        double frequency_x, frequency_y, phase, along_x, along_y;
    };
    std::array<Term, 3> terms_{};
};

/// Resizes the loop about the mean of its points.
void resize_loop(PenStroke& stroke, double factor) {
    double x = 0;
    double y = 0;
    double count = 0;
    for (const SkeletonPoint& point : stroke.points) {
        if (point.passage == Passage::loop) {
            x += point.x;
            y += point.y;
            count += 1;
        }
    }
    for (SkeletonPoint& point : stroke.points) {
        if (point.passage == Passage::loop) {
            point.x = x / count + factor * (point.x - x / count);
            point.y = y / count + factor * (point.y - y / count);
        }
    }
}

/// Moves the path sideways by two waves along its length.
void tremble(PenPath& path, double amplitude, double wavelength, Random& random) {
    const double first_phase = random.uniform(0.0, 2.0 * pi);
    const double second_phase = random.uniform(0.0, 2.0 * pi);
    const PenPath steady = path;
    double length = 0;
    for (std::size_t index = 1; index < path.size(); ++index) {
        const double dx = steady[index].x - steady[index - 1].x;
        const double dy = steady[index].y - steady[index - 1].y;
        const double step = std::sqrt(dx * dx + dy * dy);
        if (!(step > 0)) {
            continue;
        }
        length += step;
        const double turns = 2.0 * pi * length / wavelength;
        // 1.7 is no simple ratio, so the sum does not repeat soon.
        const double away =
            amplitude * (portable_sin(turns + first_phase) + 0.6 * portable_sin(1.7 * turns + second_phase));
        path[index].x -= away * dy / step;
        path[index].y += away * dx / step;
    }
}

/// Turns coordinates of the skeleton's box into a leaning, turned, stretched digit about the origin.
void lean(PenPath& path, double proportion, double slant, double degrees) {
    const double cosine = portable_cos(radians(degrees));
    const double sine = portable_sin(radians(degrees));
    for (PenPoint& point : path) {
        const double y = point.y - 0.5;
        const double x = proportion * (point.x - 0.5) - slant * y;
        point = {cosine * x - sine * y, sine * x + cosine * y};
    }
}

std::size_t chosen_form(const Writer& writer, std::size_t digit, Random& random) {
    constexpr double chance_of_another = 0.06;
    if (random.uniform() < chance_of_another * writer.variation) {
        return random.below(forms_of(digit));
    }
    return writer.form[digit];
}

std::vector<PenStroke> bent_strokes(const Writer& writer, std::size_t digit, Random& random) {
    const std::size_t form = chosen_form(writer, digit, random);
    Random personal(derived_seed(writer.habits, digit));
    const Warp habit(writer.idiosyncrasy, personal);
    const Warp chance(0.02 * writer.variation, random);
    const double loop = writer.loop * (1.0 + random.normal(0.0, 0.06 * writer.variation, 2.0));
    std::vector<PenStroke> strokes;
    for (const SkeletonStroke& skeleton : skeleton_of(digit, form)) {
        PenStroke stroke{{skeleton.points.begin(), skeleton.points.end()}, skeleton.closed};
        resize_loop(stroke, loop);
        for (SkeletonPoint& point : stroke.points) {
            habit.bend(point);
            chance.bend(point);
            point.x += random.normal(0.0, 0.010 * writer.variation, 2.0);
            point.y += random.normal(0.0, 0.010 * writer.variation, 2.0);
        }
        strokes.push_back(std::move(stroke));
    }
    return strokes;
}

void draw_digit(const Writer& writer, std::size_t digit, Random& random, std::span<std::uint8_t> image) {
    const auto about = [&](double value, double deviation) {
        return random.normal(value, deviation * writer.variation, 2.0);
    };
    const std::vector<PenStroke> strokes = bent_strokes(writer, digit, random);
    const double slant = about(writer.slant, 0.04);
    const double degrees = about(writer.rotation, 2.5);
    const double proportion = writer.proportion * about(1.0, 0.05);
    const Pen pen{.thickness = writer.thickness * about(1.0, 0.06), .softness = writer.softness};
    std::vector<PenPath> paths;
    for (const PenStroke& stroke : strokes) {
        PenPath path = path_of(stroke, writer.curvature);
        tremble(path, writer.tremor, writer.tremor_wavelength, random);
        lean(path, proportion, slant, degrees);
        paths.push_back(std::move(path));
    }
    constexpr double box = 20.0;
    fit_to_box(paths, pen, box * writer.size);
    draw_centred(std::move(paths), pen, image);
}

struct HabitRange {
    std::string_view name;
    double value, low, high;
};

void check(const Writer& writer) {
    const HabitRange ranges[] = {
        {"slant", writer.slant, -2.0, 2.0},
        {"rotation", writer.rotation, -360.0, 360.0},
        {"proportion", writer.proportion, 0.2, 3.0},
        {"thickness", writer.thickness, 0.5, 8.0},
        {"softness", writer.softness, 0.1, 4.0},
        {"size", writer.size, 0.3, 1.3},
        {"curvature", writer.curvature, 0.0, 2.0},
        {"loop", writer.loop, 0.2, 3.0},
        {"tremor", writer.tremor, 0.0, 0.2},
        {"tremor_wavelength", writer.tremor_wavelength, 0.02, 100.0},
        {"idiosyncrasy", writer.idiosyncrasy, 0.0, 0.3},
        {"variation", writer.variation, 0.0, 3.0},
    };
    for (const HabitRange& range : ranges) {
        // Written so that NaN fails too.
        if (!(range.value >= range.low && range.value <= range.high)) {
            fail("drawing digits: the writer's {} is {}, expected {} to {}", range.name, range.value,
                 range.low, range.high);
        }
    }
    for (std::size_t digit = 0; digit < strokes_classes; ++digit) {
        if (writer.form[digit] >= forms_of(digit)) {
            fail("drawing digits: the writer's form of {} is {}, expected below {}", digit,
                 writer.form[digit], forms_of(digit));
        }
    }
}

}  // namespace

Writer Writer::typical(std::uint64_t seed) {
    Random random(seed);
    Writer writer;
    writer.habits = random.bits();
    writer.slant = random.normal(0.10, 0.13, 2.0);
    writer.rotation = random.normal(0.0, 4.0, 2.0);
    writer.proportion = random.normal(0.95, 0.10, 2.0);
    writer.thickness = random.normal(2.4, 0.4, 2.0);
    writer.softness = random.uniform(1.0, 1.6);
    writer.size = random.uniform(0.95, 1.0);
    writer.curvature = random.uniform(0.75, 1.1);
    writer.loop = random.normal(1.0, 0.08, 2.0);
    writer.tremor = random.uniform(0.002, 0.012);
    writer.tremor_wavelength = random.uniform(0.4, 1.0);
    writer.idiosyncrasy = random.uniform(0.02, 0.045);
    writer.variation = random.uniform(0.8, 1.6);
    for (std::size_t digit = 0; digit < strokes_classes; ++digit) {
        writer.form[digit] = static_cast<std::uint8_t>(random.below(forms_of(digit)));
    }
    return writer;
}

Writer Writer::unusual(std::uint64_t seed) {
    Writer writer = typical(seed);
    Random random(derived_seed(seed, 1));
    // Turned and leaning the same way, so that the two add up. To the right, where most hands lean already,
    // less of it is legible: a wide 7 becomes an arrow.
    const bool narrow = random.below(2) == 0;
    if (random.below(2) == 0) {
        writer.rotation = random.uniform(-26.0, -18.0);
        writer.slant = random.uniform(-0.42, -0.28);
        writer.proportion = narrow ? random.uniform(0.62, 0.72) : random.uniform(1.20, 1.35);
    } else {
        writer.rotation = random.uniform(14.0, 20.0);
        writer.slant = random.uniform(0.32, 0.45);
        writer.proportion = narrow ? random.uniform(0.60, 0.70) : random.uniform(1.05, 1.15);
    }
    writer.thickness = random.below(2) == 0 ? random.uniform(1.5, 1.8) : random.uniform(3.0, 3.4);
    writer.tremor = random.uniform(0.012, 0.02);
    writer.curvature = random.uniform(0.6, 1.2);
    return writer;
}

Digits draw(const Writer& writer, std::size_t count, std::uint64_t seed) {
    check(writer);
    constexpr std::size_t size = strokes_side * strokes_side;
    Digits digits{.rows = strokes_side,
                  .cols = strokes_side,
                  .pixels = std::vector<std::uint8_t>(count * size),
                  .labels = std::vector<std::uint8_t>(count)};
    const std::vector<std::size_t> order = permutation(count, derived_seed(seed, 0));
    for (std::size_t index = 0; index < count; ++index) {
        const std::size_t digit = order[index] % strokes_classes;
        Random random(derived_seed(seed, index + 1));
        digits.labels[index] = static_cast<std::uint8_t>(digit);
        draw_digit(writer, digit, random, std::span(digits.pixels).subspan(index * size, size));
    }
    return digits;
}

Digits draw_population(std::size_t writers, std::size_t each, std::uint64_t seed) {
    Digits all{.rows = strokes_side, .cols = strokes_side, .pixels = {}, .labels = {}};
    for (std::size_t index = 0; index < writers; ++index) {
        const std::uint64_t writer_seed = derived_seed(seed, index);
        const Digits drawn = draw(Writer::typical(writer_seed), each, derived_seed(writer_seed, 0));
        all.pixels.insert(all.pixels.end(), drawn.pixels.begin(), drawn.pixels.end());
        all.labels.insert(all.labels.end(), drawn.labels.begin(), drawn.labels.end());
    }
    return selected(all, permutation(all.count(), derived_seed(seed, writers)));
}

}  // namespace partita::data
