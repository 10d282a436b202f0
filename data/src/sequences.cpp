#include "partita/data/sequences.hpp"

#include <algorithm>
#include <cmath>

#include "text.hpp"

namespace partita::data {
namespace {

template <typename Pixel>
Normalisation measure(const std::vector<Pixel>& pixels) {
    if (pixels.empty()) {
        fail("measuring mean and deviation: there are no pixels");
    }
    const auto count = static_cast<double>(pixels.size());
    double sum = 0;
    for (const Pixel pixel : pixels) {
        sum += static_cast<double>(pixel);
    }
    const double mean = sum / count;
    double squares = 0;
    for (const Pixel pixel : pixels) {
        const double difference = static_cast<double>(pixel) - mean;
        squares += difference * difference;
    }
    const double deviation = std::sqrt(squares / count);
    if (!(deviation > 0)) {
        fail("measuring mean and deviation: all {} pixels are equal", pixels.size());
    }
    return {.mean = static_cast<float>(mean), .deviation = static_cast<float>(deviation)};
}

template <typename Set>
Sequences sequences_of(const Set& set, View view, const Normalisation& normalisation, std::size_t classes) {
    if (!(normalisation.deviation > 0) || !std::isfinite(normalisation.deviation) ||
        !std::isfinite(normalisation.mean)) {
        fail("making sequences: mean {} and deviation {}, expected finite numbers and a deviation above 0",
             normalisation.mean, normalisation.deviation);
    }
    Sequences result{.steps = view == View::pixels ? set.rows * set.cols : set.rows,
                     .input = view == View::pixels ? std::size_t{1} : set.cols,
                     .classes = classes,
                     .values = {},
                     .labels = {}};
    result.labels.reserve(set.count());
    for (std::size_t index = 0; index < set.count(); ++index) {
        if (set.labels[index] >= classes) {
            fail("making sequences: the label of image {} is {}, expected below the number of classes, {}",
                 index, set.labels[index], classes);
        }
        result.labels.push_back(set.labels[index]);
    }
    result.values.reserve(set.pixels.size());
    for (const auto pixel : set.pixels) {
        result.values.push_back((static_cast<float>(pixel) - normalisation.mean) / normalisation.deviation);
    }
    return result;
}

/// The class of each row of a one-hot tensor [n, classes].
std::vector<std::uint32_t> one_hot_labels(const File& file, const Tensor& tensor) {
    require_finite(file, tensor);
    const std::vector<float> values = floats(file, tensor);
    const std::size_t classes = tensor.shape[1];
    std::vector<std::uint32_t> labels;
    for (std::size_t row = 0; row < tensor.shape[0]; ++row) {
        const auto cells = std::span(values).subspan(row * classes, classes);
        const auto ones = std::count(cells.begin(), cells.end(), 1.0f);
        const auto zeros = std::count(cells.begin(), cells.end(), 0.0f);
        if (ones != 1 || static_cast<std::size_t>(ones + zeros) != classes) {
            fail(
                "reading sequences '{}': row {} of tensor 'labels' {} is not one-hot, expected one 1 and "
                "otherwise 0",
                file.name, row, shape_text(tensor.shape));
        }
        const auto place = std::find(cells.begin(), cells.end(), 1.0f) - cells.begin();
        labels.push_back(static_cast<std::uint32_t>(place));
    }
    return labels;
}

std::vector<std::uint32_t> integer_labels(const File& file, const Tensor& tensor) {
    // Bounds what the caller sizes by the number of classes, were it taken from the file.
    constexpr std::int64_t most_classes = 1 << 20;
    const std::vector<std::int64_t> values = integers(file, tensor);
    std::vector<std::uint32_t> labels;
    labels.reserve(values.size());
    for (std::size_t index = 0; index < values.size(); ++index) {
        if (values[index] < 0 || values[index] >= most_classes) {
            fail("reading sequences '{}': element {} of tensor 'labels' is {}, expected 0 to {}", file.name,
                 index, values[index], most_classes - 1);
        }
        labels.push_back(static_cast<std::uint32_t>(values[index]));
    }
    return labels;
}

void require_nonzero(const File& file, const Tensor& tensor) {
    for (const std::uint64_t size : tensor.shape) {
        if (size == 0) {
            fail("reading sequences '{}': tensor {} {} is empty", file.name, in_quotes(tensor.name),
                 shape_text(tensor.shape));
        }
    }
}

/// Labels as class numbers, and the number of classes the file itself implies.
void read_labels(const File& file, Sequences& result) {
    const Tensor& tensor = file.at("labels");
    require_nonzero(file, tensor);
    const std::size_t rank = tensor.shape.size();
    if (rank == 1) {
        result.labels = integer_labels(file, tensor);
        result.classes = std::size_t{1} + *std::max_element(result.labels.begin(), result.labels.end());
    } else if (rank == 2) {
        result.labels = one_hot_labels(file, tensor);
        result.classes = tensor.shape[1];
    } else {
        fail(
            "reading sequences '{}': tensor 'labels' has shape {}, expected integers [n] or one-hot floats "
            "[n, "
            "classes]",
            file.name, shape_text(tensor.shape));
    }
}

void check_samples(const Sequences& sequences, std::span<const std::size_t> samples) {
    for (const std::size_t sample : samples) {
        if (sample >= sequences.count()) {
            fail("gathering a batch: there is no sample {}, only {}", sample, sequences.count());
        }
    }
}

}  // namespace

Normalisation measured(const Digits& digits) {
    return measure(digits.pixels);
}
Normalisation measured(const Images& images) {
    return measure(images.pixels);
}

Sequences make_sequences(const Digits& digits, View view, const Normalisation& normalisation,
                         std::size_t classes) {
    return sequences_of(digits, view, normalisation, classes);
}
Sequences make_sequences(const Images& images, View view, const Normalisation& normalisation,
                         std::size_t classes) {
    return sequences_of(images, view, normalisation, classes);
}

Sequences sequences_from(const File& file, std::size_t classes) {
    const Tensor& samples = file.at("samples");
    const std::size_t rank = samples.shape.size();
    if (rank != 2 && rank != 3) {
        fail("reading sequences '{}': tensor 'samples' has shape {}, expected [n, T] or [n, T, input]",
             file.name, shape_text(samples.shape));
    }
    require_nonzero(file, samples);
    require_finite(file, samples);

    Sequences result;
    result.steps = samples.shape[1];
    result.input = rank == 3 ? samples.shape[2] : 1;
    result.values = floats(file, samples);
    read_labels(file, result);
    if (result.labels.size() != samples.shape[0]) {
        fail("reading sequences '{}': tensor 'samples' has {} samples, but 'labels' has {}", file.name,
             samples.shape[0], result.labels.size());
    }
    if (classes != 0) {
        for (std::size_t index = 0; index < result.count(); ++index) {
            if (result.labels[index] >= classes) {
                fail(
                    "reading sequences '{}': the label of sample {} is {}, expected below the number of "
                    "classes, {}",
                    file.name, index, result.labels[index], classes);
            }
        }
        result.classes = classes;
    }
    return result;
}

Sequences load_sequences(const std::filesystem::path& path, std::size_t classes) {
    return sequences_from(load_safetensors(path), classes);
}

Sequences subset(const Sequences& sequences, std::size_t first, std::size_t count) {
    if (first > sequences.count() || count > sequences.count() - first) {
        fail("taking {} sequences from number {} on: there are only {}", count, first, sequences.count());
    }
    const auto size = static_cast<std::ptrdiff_t>(sequences.steps * sequences.input);
    const auto begin = static_cast<std::ptrdiff_t>(first);
    const auto end = static_cast<std::ptrdiff_t>(first + count);
    return {.steps = sequences.steps,
            .input = sequences.input,
            .classes = sequences.classes,
            .values = {sequences.values.begin() + begin * size, sequences.values.begin() + end * size},
            .labels = {sequences.labels.begin() + begin, sequences.labels.begin() + end}};
}

void gather_steps(const Sequences& sequences, std::span<const std::size_t> samples, std::size_t first_step,
                  std::size_t steps, std::span<float> out) {
    if (first_step > sequences.steps || steps > sequences.steps - first_step) {
        fail("gathering a batch: {} steps from step {} on, but a sequence has only {}", steps, first_step,
             sequences.steps);
    }
    check_samples(sequences, samples);
    if (out.size() != steps * samples.size() * sequences.input) {
        fail("gathering a batch: the buffer has {} values, expected {} steps x {} samples x {} inputs",
             out.size(), steps, samples.size(), sequences.input);
    }
    const std::size_t input = sequences.input;
    for (std::size_t place = 0; place < samples.size(); ++place) {
        const float* from = sequences.values.data() + (samples[place] * sequences.steps + first_step) * input;
        float* to = out.data() + place * input;
        for (std::size_t step = 0; step < steps; ++step) {
            std::copy_n(from + step * input, input, to + step * samples.size() * input);
        }
    }
}

void gather_labels(const Sequences& sequences, std::span<const std::size_t> samples,
                   std::span<std::uint32_t> out) {
    check_samples(sequences, samples);
    if (out.size() != samples.size()) {
        fail("gathering labels: the buffer has {} elements, expected {}", out.size(), samples.size());
    }
    std::transform(samples.begin(), samples.end(), out.begin(),
                   [&](std::size_t sample) { return sequences.labels[sample]; });
}

}  // namespace partita::data
