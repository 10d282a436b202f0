#include "datasets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "partita/data/idx.hpp"
#include "partita/data/strokes.hpp"

namespace partita::cli {
namespace {

Span span_of(const std::string& option, const std::string& text, std::size_t count) {
    if (text.empty()) {
        return {0, count};
    }
    const Span span = parse_span(option, text);
    if (span.first > count || span.count > count - span.first) {
        throw UsageError(fmt::format("{} {} asks for sequences up to {}; there are {}", option, text,
                                     span.first + span.count, count));
    }
    return span;
}

}  // namespace

Dataset::Dataset(const DataOptions& options) : options_(options) {
    if (!options.sequences.empty()) {
        if (options.rotate != 0.0) {
            throw UsageError("--rotate turns images; --sequences gives none");
        }
        sequences_ = data::load_sequences(options.sequences);
        description_ = options.sequences;
    } else if (!options.directory.empty()) {
        digits_ = data::load_mnist(options.directory, options.prefix);
        description_ = fmt::format("{} ({})", options.directory, options.prefix);
    } else if (options.strokes == "population") {
        digits_ = data::draw_population(options.writers, options.each, options.writer_seed);
        description_ = fmt::format("strokes by {} writers of seed {}", options.writers, options.writer_seed);
    } else if (options.strokes == "writer") {
        const data::Writer writer = options.unusual ? data::Writer::unusual(options.writer_seed)
                                                    : data::Writer::typical(options.writer_seed);
        digits_ = data::draw(writer, options.each, options.sample_seed);
        description_ =
            fmt::format("strokes by {} writer {}, samples of seed {}",
                        options.unusual ? "unusual" : "typical", options.writer_seed, options.sample_seed);
    } else {
        throw UsageError("no data: give --data DIRECTORY, --sequences FILE or --strokes population|writer");
    }
    description_ += fmt::format(", {} sequences", count());
}

std::size_t Dataset::count() const {
    return digits_ ? digits_->count() : sequences_->count();
}

std::string Dataset::description() const {
    return description_;
}

void Dataset::check_apart(const std::string& train_span, const std::string& test_span) const {
    if (test_span.empty()) {
        return;
    }
    const Span train = span_of("--train", train_span, count());
    const Span test = span_of("--test", test_span, count());
    const std::size_t first = std::max(train.first, test.first);
    const std::size_t last = std::min(train.first + train.count, test.first + test.count);
    if (first < last) {
        throw UsageError(fmt::format(
            "--train {} and --test {} share the sequences {} to {}; what is tested must not be trained on",
            train_span.empty() ? "(all)" : train_span, test_span, first, last - 1));
    }
}

data::Digits Dataset::digits_of(const std::string& option, const std::string& text) const {
    const Span span = span_of(option, text, digits_->count());
    return data::subset(*digits_, span.first, span.count);
}

data::Sequences Dataset::sequences(const std::string& option, const std::string& text) const {
    if (sequences_) {
        const Span span = span_of(option, text, sequences_->count());
        return data::subset(*sequences_, span.first, span.count);
    }
    const data::Digits digits = digits_of(option, text);
    if (options_.rotate != 0.0) {
        return data::make_sequences(data::rotated(digits, options_.rotate), options_.view);
    }
    return data::make_sequences(digits, options_.view);
}

std::optional<data::Sequences> Dataset::upright(const std::string& option, const std::string& text) const {
    if (options_.rotate == 0.0) {
        return std::nullopt;
    }
    return data::make_sequences(digits_of(option, text), options_.view);
}

data::Sequences Dataset::augmented(const std::string& option, const std::string& text,
                                   std::uint64_t seed) const {
    if (!digits_) {
        throw UsageError("--augment changes images; --sequences gives none");
    }
    const data::Digits digits = digits_of(option, text);
    const data::Digits turned =
        options_.rotate != 0.0 ? data::rounded(data::rotated(digits, options_.rotate)) : digits;
    return data::make_sequences(data::augmented(turned, {}, seed), options_.view);
}

TrainingData::TrainingData(const Dataset& dataset, const TrainingOptions& options)
    : dataset_(dataset),
      span_(options.train_span),
      augment_(options.augment),
      sequences_(dataset.sequences("--train", options.train_span)) {
    dataset.check_apart(options.train_span, options.test_span);
}

const data::Sequences& TrainingData::epoch(std::uint64_t seed, std::uint32_t epoch) {
    if (!augment_) {
        return sequences_;
    }
    changed_ = dataset_.augmented("--train", span_, (seed << 32) + epoch);
    return changed_;
}

}  // namespace partita::cli
