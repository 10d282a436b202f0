#include "explore/report/figure_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace partita::explore::report {
namespace {

bool dominates(const std::vector<double>& one, const std::vector<double>& other) {
    bool smaller = false;
    for (std::size_t i = 0; i < one.size(); ++i) {
        if (one[i] > other[i]) {
            return false;
        }
        smaller = smaller || one[i] < other[i];
    }
    return smaller;
}

}  // namespace

std::string run_label(const Subject& subject) {
    const RunKey& key = subject.run.key;
    if (!subject.is_of_chip()) {
        return fmt::format("{}, K = {}", subject.chip, key.parts);
    }
    std::string label =
        fmt::format("{}, {}, K = {}, {}", subject.chip, key.routine, key.parts, key.precision);
    if (!key.tape.empty() && key.tape != "full") {
        label += fmt::format(", {} tape", key.tape);
    }
    if (!subject.run.result.exact) {
        label += fmt::format(" (estimate, within {:.2f} %)", 100 * subject.run.result.error_bound);
    }
    return label;
}

std::string published_label(const Point& point) {
    return fmt::format("{}, published, K = {}", point.chip(), point.parts);
}

std::string chip_family(const std::string& chip) {
    std::string family;
    std::size_t from = 0;
    constexpr std::string_view separator = " + ";
    for (;;) {
        const std::size_t end = chip.find(separator, from);
        std::string part = chip.substr(from, end - from);
        if (from == 0) {
            const std::size_t cores = part.rfind("-c");
            if (cores != std::string::npos && cores + 2 < part.size() &&
                part.find_first_not_of("0123456789", cores + 2) == std::string::npos) {
                part.resize(cores);
            }
        }
        if (!part.starts_with("soc.cores=")) {
            family += (family.empty() ? "" : std::string(separator)) + part;
        }
        if (end == std::string::npos) {
            return family;
        }
        from = end + separator.size();
    }
}

std::vector<bool> undominated(const std::vector<std::vector<double>>& measures) {
    // Whoever dominates comes first in this order; and whoever is dominated is so by one of the front.
    std::vector<std::size_t> order(measures.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::vector<double>& { return measures[i]; });
    std::vector<bool> result(measures.size(), false);
    std::vector<std::size_t> front;
    for (const std::size_t i : order) {
        if (std::ranges::none_of(front, [&](std::size_t f) { return dominates(measures[f], measures[i]); })) {
            front.push_back(i);
            result[i] = true;
        }
    }
    return result;
}

const Resources* resources_of(const Subject& subject, const Subjects& subjects, const Published& published) {
    const Machine& machine = subject.run.machine;
    if (subject.run.key.platform != "chip" || subject.run.key.precision != "bf16") {
        return nullptr;
    }
    // Settings but for the number of cores change what a chip takes.
    if (chip_family(subject.chip) != fmt::format("ms{}", machine.mesh_side)) {
        return nullptr;
    }
    const Resources* synthesised = find(subjects.synthesised, machine.mesh_side, machine.cores);
    return synthesised != nullptr ? synthesised : find(published.systems, machine.mesh_side, machine.cores);
}

}  // namespace partita::explore::report
