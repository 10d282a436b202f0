#include "explore/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "chip/base/error.hpp"

namespace partita::explore {
namespace {

using nlohmann::ordered_json;

// The first two parts are simulated always: the first begins with cold caches, and a program of one part may
// be another program (BPTT).
constexpr std::uint32_t first_parts = 2;
// Further parts, spread over the sequence, from which all others are estimated.
constexpr std::uint32_t sampled_parts = 5;
// An estimate simulates first_parts + first_parts + sampled_parts parts; it has to save a third at least.
constexpr std::uint32_t fewest_parts = 14;

// A program for fewer steps has its data elsewhere in memory, which moves conflicts in the caches.
constexpr double systematic_error = 0.002;

// Two-sided 99 % quantiles of Student's t for 1, 2, ... degrees of freedom, and of the normal distribution.
constexpr std::array<double, 10> student{63.66, 9.925, 5.841, 4.604, 4.032,
                                         3.707, 3.499, 3.355, 3.250, 3.169};
constexpr double normal = 2.576;

[[noreturn]] void refuse(const std::string& path) {
    throw chip::ChipError(
        fmt::format("the records of an estimate's two programs do not have the same form at {}", path));
}

ordered_json continued(const ordered_json& smaller, const ordered_json& larger, double factor,
                       const std::string& path);

// Regions by name: a short program may not have entered one that a longer one does.
ordered_json continued_regions(const ordered_json& smaller, const ordered_json& larger, double factor,
                               const std::string& path) {
    ordered_json result = ordered_json::array();
    for (const ordered_json& region : larger) {
        const auto same = std::ranges::find_if(
            smaller, [&](const ordered_json& other) { return other.at("region") == region.at("region"); });
        if (same == smaller.end()) {
            refuse(path + "/" + region.at("region").get<std::string>());
        }
        result.push_back(
            continued(*same, region, factor, path + "/" + region.at("region").get<std::string>()));
    }
    return result;
}

// larger + factor * (larger - smaller), number by number.
ordered_json continued(const ordered_json& smaller, const ordered_json& larger, double factor,
                       const std::string& path) {
    if (larger.is_object() && smaller.is_object()) {
        ordered_json result;
        for (const auto& [key, value] : larger.items()) {
            if (!smaller.contains(key)) {
                refuse(path + "/" + key);
            }
            result[key] = key == "regions"
                              ? continued_regions(smaller.at(key), value, factor, path + "/" + key)
                              : continued(smaller.at(key), value, factor, path + "/" + key);
        }
        return result;
    }
    if (larger.is_array() && smaller.is_array()) {
        if (larger.size() != smaller.size()) {
            refuse(path);
        }
        ordered_json result = ordered_json::array();
        for (std::size_t i = 0; i < larger.size(); ++i) {
            result.push_back(continued(smaller[i], larger[i], factor, fmt::format("{}/{}", path, i)));
        }
        return result;
    }
    if (larger.is_number() && smaller.is_number()) {
        const double from = smaller.get<double>();
        const double to = larger.get<double>();
        const double value = std::max(0.0, to + factor * (to - from));
        if (larger.is_number_float()) {
            return value;
        }
        return static_cast<std::uint64_t>(std::llround(value));
    }
    return larger;
}

}  // namespace

std::optional<EstimatePlan> plan_estimate(std::uint32_t parts, std::uint32_t steps) {
    if (parts < fewest_parts || steps % parts != 0) {
        return std::nullopt;
    }
    EstimatePlan plan;
    for (std::uint32_t part = 0; part < first_parts; ++part) {
        plan.smaller.push_back(part);
    }
    plan.larger = plan.smaller;
    // The middles of as many equal stretches of the rest.
    const double stretch = static_cast<double>(parts - first_parts) / sampled_parts;
    for (std::uint32_t i = 0; i < sampled_parts; ++i) {
        plan.larger.push_back(first_parts + static_cast<std::uint32_t>((i + 0.5) * stretch));
    }
    return plan;
}

void PartClock::region(unsigned hart, unsigned region, chip::Cycle at) {
    if (hart != 0 || region == 0) {
        return;
    }
    if (region >= entries_.size()) {
        entries_.resize(region + 1);
    }
    entries_[region].push_back(at);
}

std::vector<chip::Cycle> PartClock::times(std::uint32_t parts) const {
    const std::vector<chip::Cycle>* rarest = nullptr;
    for (const auto& entries : entries_) {
        if (!entries.empty() && entries.size() % parts == 0 &&
            (rarest == nullptr || entries.size() < rarest->size())) {
            rarest = &entries;
        }
    }
    std::vector<chip::Cycle> times;
    if (rarest != nullptr) {
        const std::size_t each = rarest->size() / parts;
        for (std::size_t part = 0; part + 1 < parts; ++part) {
            times.push_back((*rarest)[(part + 1) * each] - (*rarest)[part * each]);
        }
    }
    return times;
}

double error_of_mean(const std::vector<chip::Cycle>& times, std::uint32_t parts) {
    const auto count = static_cast<double>(times.size());
    if (times.size() < 2) {
        return std::numeric_limits<double>::infinity();
    }
    double mean = 0;
    for (const chip::Cycle time : times) {
        mean += static_cast<double>(time) / count;
    }
    double squares = 0;
    for (const chip::Cycle time : times) {
        squares += (static_cast<double>(time) - mean) * (static_cast<double>(time) - mean);
    }
    const double deviation = std::sqrt(squares / (count - 1));
    const double unseen = std::max(0.0, 1 - count / static_cast<double>(parts));
    const double quantile = times.size() - 2 < student.size() ? student[times.size() - 2] : normal;
    return quantile * deviation / std::sqrt(count) * std::sqrt(unseen) / mean;
}

double claimed_error(const std::vector<chip::Cycle>& times, std::uint32_t parts) {
    if (times.empty()) {
        return std::numeric_limits<double>::infinity();
    }
    // The first part is no sample of the others; the last one's time is not among these.
    return systematic_error + error_of_mean({times.begin() + 1, times.end()}, parts);
}

ordered_json extrapolate(const ordered_json& smaller, std::size_t smaller_parts, const ordered_json& larger,
                         std::size_t larger_parts, std::uint32_t parts, std::uint32_t mesh_side) {
    const double factor = (static_cast<double>(parts) - static_cast<double>(larger_parts)) /
                          static_cast<double>(larger_parts - smaller_parts);
    ordered_json record = continued(smaller, larger, factor, "");
    for (ordered_json& hart : record.at("harts")) {
        for (ordered_json& region : hart.at("regions")) {
            if (region.contains("utilisation")) {
                const double peak = region.at("cycles").get<double>() * mesh_side * mesh_side;
                region["utilisation"] =
                    peak == 0 ? 0 : region.at("accelerator").at("multiply_adds").get<double>() / peak;
            }
        }
    }
    return record;
}

}  // namespace partita::explore
