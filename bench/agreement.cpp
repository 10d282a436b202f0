#include "agreement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace partita::bench {
namespace {

/// Largest relative differences. FP32 peers differ in the order of their sums only; BF16 operands carry 8
/// bits. With weights stored in BF16 most of an update is lost to rounding, so that its size says nothing.
struct Bounds {
    double loss;
    double change;
};

Bounds bounds(Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return {1e-4, 1e-3};
        case Precision::mixed:
            return {1e-3, 2e-2};
        case Precision::bf16:
            break;
    }
    return {5e-2, std::numeric_limits<double>::infinity()};
}

bool within(double value, double reference, double bound) {
    if (std::isinf(bound)) {
        return true;
    }
    return std::abs(value - reference) <= bound * std::abs(reference);  // false for NaN
}

std::string check(const Series& series, const Series& reference, int parts) {
    const Bounds allowed = bounds(series.precision);
    const std::string who = fmt::format("{} (K = {}, threads {})", series.name, parts, series.threads);
    // Each update is smaller the more of them there are; beyond this, weights in BF16 hardly move at all.
    constexpr int most_parts_for_bf16 = 28;
    if (series.precision == Precision::bf16 && parts > most_parts_for_bf16) {
        return {};
    }
    if (!within(series.loss, reference.loss, allowed.loss)) {
        return fmt::format("{} ends with loss {:.7g}, {} with {:.7g}: more than {:g} apart", who, series.loss,
                           reference.name, reference.loss, allowed.loss);
    }
    static const std::vector<std::string> tensors{"weight_ih", "weight_hh", "bias", "head_weight",
                                                  "head_bias"};
    if (series.change.size() != tensors.size() || reference.change.size() != tensors.size()) {
        return fmt::format("{} reports the change of {} tensors instead of {}", who, series.change.size(),
                           tensors.size());
    }
    for (std::size_t index = 0; index < tensors.size(); ++index) {
        if (!within(series.change[index], reference.change[index], allowed.change)) {
            return fmt::format("{} changes {} by {:.7g}, {} by {:.7g}: more than {:g} apart", who,
                               tensors[index], series.change[index], reference.name, reference.change[index],
                               allowed.change);
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> disagreements(const Comparison& comparison) {
    std::vector<std::string> sentences;
    const auto reference = std::ranges::find(comparison.series, Precision::fp32, &Series::precision);
    if (reference == comparison.series.end()) {
        return sentences;
    }
    for (const Series& series : comparison.series) {
        const std::string sentence = check(series, *reference, comparison.parts);
        if (!sentence.empty()) {
            sentences.push_back(sentence);
        }
    }
    return sentences;
}

std::string agreement_rule() {
    const auto describe = [](const char* name, Precision precision) {
        return fmt::format("{} {:g} (loss) and {:g} (change)", name, bounds(precision).loss,
                           bounds(precision).change);
    };
    return fmt::format(
        "loss before the last update and length of each weight tensor's change, relative to the first FP32 "
        "peer: "
        "{}, {}, all in BF16 {:g} (loss only, up to K = 28)",
        describe("FP32", Precision::fp32), describe("BF16 operands", Precision::mixed),
        bounds(Precision::bf16).loss);
}

}  // namespace partita::bench
