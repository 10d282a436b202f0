#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "partita/data/digits.hpp"
#include "partita/data/safetensors.hpp"

namespace partita::data {

/// How an image is read in time.
enum class View {
    pixels,  ///< one pixel a step, row by row: T = rows*cols, input = 1
    rows     ///< one row a step: T = rows, input = cols
};

/// (pixel - mean) / deviation, on the 0-255 scale. The defaults are those of MNIST's training set, as in the
/// published work.
struct Normalisation {
    float mean = 33.318421f;
    float deviation = 78.567490f;
};

/// Mean and deviation over all pixels, computed in double. Throws DataError if there are none or all are
/// equal.
Normalisation measured(const Digits& digits);
Normalisation measured(const Images& images);

/// Labelled sequences of equal length.
struct Sequences {
    std::size_t steps = 0;              ///< T
    std::size_t input = 0;              ///< values a step
    std::size_t classes = 0;            ///< labels are below it
    std::vector<float> values;          ///< [count][steps][input]
    std::vector<std::uint32_t> labels;  ///< [count]

    std::size_t count() const { return labels.size(); }
};

/// Images as normalised sequences. Throws DataError if a label is not below `classes` or the deviation is not
/// positive.
Sequences make_sequences(const Digits& digits, View view, const Normalisation& normalisation = {},
                         std::size_t classes = 10);
Sequences make_sequences(const Images& images, View view, const Normalisation& normalisation = {},
                         std::size_t classes = 10);

/// Any sequences: tensor `samples` [n, T] (input 1) or [n, T, input] of a float type, and `labels`, either
/// integers [n] or one-hot floats [n, classes]. `classes` 0 takes the number from the file: one-hot width, or
/// the largest label + 1. Throws DataError for missing tensors, wrong ranks or types, zero sizes, counts that
/// differ, NaN or infinity, rows that are not one-hot, and labels that are not below `classes`.
Sequences sequences_from(const File& file, std::size_t classes = 0);
Sequences load_sequences(const std::filesystem::path& path, std::size_t classes = 0);

/// Sequences first .. first+count-1. Throws DataError if they are not all there.
Sequences subset(const Sequences& sequences, std::size_t first, std::size_t count);

/// Copies steps first_step .. first_step+steps-1 of the given samples into `out`, time first:
/// [steps][samples][input]. Throws DataError for a sample or step out of range or a buffer of another size.
void gather_steps(const Sequences& sequences, std::span<const std::size_t> samples, std::size_t first_step,
                  std::size_t steps, std::span<float> out);

/// The labels of the given samples into `out`, which has as many elements. Throws DataError as gather_steps
/// does.
void gather_labels(const Sequences& sequences, std::span<const std::size_t> samples,
                   std::span<std::uint32_t> out);

}  // namespace partita::data
