#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "options.hpp"
#include "partita/data/digits.hpp"
#include "partita/data/sequences.hpp"

namespace partita::cli {

// What the options of a subcommand say about data, read and checked once. Images can be turned and augmented,
// sequences not.
class Dataset {
  public:
    // Throws UsageError if no source or an unusable combination is given, DataError for bad files.
    explicit Dataset(const DataOptions& options);

    std::size_t count() const;
    // Sequences of a span, turned as the options say; all where the text is empty.
    data::Sequences sequences(const std::string& option, const std::string& span) const;
    // The same without the turn, where there is one.
    std::optional<data::Sequences> upright(const std::string& option, const std::string& span) const;
    // The same turned, then changed at random.
    data::Sequences augmented(const std::string& option, const std::string& span, std::uint64_t seed) const;
    // Throws UsageError if training would see what it is tested with.
    void check_apart(const std::string& train_span, const std::string& test_span) const;
    // Source and size in words.
    std::string description() const;

  private:
    data::Digits digits_of(const std::string& option, const std::string& span) const;

    DataOptions options_;
    std::optional<data::Digits> digits_;
    std::optional<data::Sequences> sequences_;
    std::string description_;
};

// What each epoch trains on: the sequences of --train, new ones every epoch with --augment. The data set must
// outlive it.
class TrainingData {
  public:
    TrainingData(const Dataset& dataset, const TrainingOptions& options);

    const data::Sequences& sequences() const { return sequences_; }
    // Valid until the next call.
    const data::Sequences& epoch(std::uint64_t seed, std::uint32_t epoch);

  private:
    const Dataset& dataset_;
    std::string span_;
    bool augment_;
    data::Sequences sequences_;
    data::Sequences changed_;
};

}  // namespace partita::cli
