#include "explore/routine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string_view>

#include "chip/base/error.hpp"
#include "chip/trace/record.hpp"

namespace partita::explore {
namespace {

using chip::ChipError;
using nlohmann::ordered_json;

constexpr double mebibyte = 1048576.0;

ArrayWork& operator+=(ArrayWork& left, const ArrayWork& right) {
    left.multiply_adds += right.multiply_adds;
    left.busy_cycles += right.busy_cycles;
    return left;
}

// Regions without cycles or entries are not in a record.
const ordered_json* find_region(const ordered_json& hart, std::string_view name) {
    for (const ordered_json& region : hart.at("regions")) {
        if (region.at("region").get<std::string>() == name) {
            return &region;
        }
    }
    return nullptr;
}

ArrayWork array_work(const ordered_json& region) {
    const ordered_json& accelerator = region.at("accelerator");
    return {accelerator.at("multiply_adds").get<std::uint64_t>(),
            accelerator.at("busy_cycles").get<std::uint64_t>()};
}

ArrayWork array_work(const ordered_json& hart, std::initializer_list<std::string_view> names) {
    ArrayWork sum;
    for (const std::string_view name : names) {
        if (const ordered_json* region = find_region(hart, name)) {
            sum += array_work(*region);
        }
    }
    return sum;
}

std::uint64_t busiest(const ordered_json& harts, std::initializer_list<std::string_view> names) {
    std::uint64_t most = 0;
    for (const ordered_json& hart : harts) {
        std::uint64_t sum = 0;
        for (const std::string_view name : names) {
            if (const ordered_json* region = find_region(hart, name)) {
                sum += region->at("cycles").get<std::uint64_t>();
            }
        }
        most = std::max(most, sum);
    }
    return most;
}

// All of `text` as a number above 0; else 0.
template <typename Number>
Number positive(const std::string& text) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value > 0 &&
                   std::isfinite(static_cast<double>(value))
               ? value
               : Number{0};
}

double speed_up(std::uint64_t one, std::uint64_t eight) {
    return eight == 0 ? 0.0 : static_cast<double>(one) / static_cast<double>(eight);
}

}  // namespace

double ArrayWork::utilisation(unsigned mesh) const {
    const double possible = static_cast<double>(busy_cycles) * mesh * mesh;
    return possible == 0 ? 0.0 : static_cast<double>(multiply_adds) / possible;
}

const char* name(Phase phase) {
    constexpr const char* names[phase_count] = {"forward", "backward", "weights", "all"};
    return names[static_cast<std::size_t>(phase)];
}

RoutineRun routine_run(const ordered_json& record) {
    const ordered_json& harts = record.at("harts");
    const ordered_json& first = harts.at(0);
    if (find_region(first, "training") == nullptr) {
        throw ChipError(
            fmt::format("the run record of {} has no region 'training'; expected one of the training program",
                        record.at("program").at("name").get<std::string>()));
    }
    RoutineRun run;
    run.memory_bytes = record.at("memory").at("arena_bytes").get<std::uint64_t>();
    run.array = {array_work(first, {"forward", "cells"}),
                 array_work(first, {"hidden_gradient", "cell_gradients"}),
                 array_work(first, {"weight_gradient", "update"}),
                 {}};
    for (const ordered_json& region : first.at("regions")) {
        if (region.at("region").get<std::string>() != chip::trace::outside) {
            run.cycles += region.at("cycles").get<std::uint64_t>();
            run.array.back() += array_work(region);
        }
    }
    run.element_wise = busiest(harts, {"cells", "cell_gradients"});
    run.update = busiest(harts, {"update"});
    return run;
}

std::map<unsigned, double> read_memory(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) {
        throw ChipError(fmt::format("the published memory {} cannot be read", path.string()));
    }
    constexpr std::string_view header = "parts,fp32,bf16";
    std::map<unsigned, double> memory;
    std::string line;
    for (unsigned row = 1; std::getline(file, line); ++row) {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        const auto refuse = [&](std::string_view expected) {
            throw ChipError(
                fmt::format("{}:{}: found '{}', expected {}", path.string(), row, line, expected));
        };
        if (row == 1) {
            if (line != header) {
                refuse(fmt::format("'{}'", header));
            }
            continue;
        }
        std::istringstream fields(line);
        std::string parts;
        std::string fp32;
        std::string bf16;
        std::getline(fields, parts, ',');
        std::getline(fields, fp32, ',');
        std::getline(fields, bf16);
        const auto count = positive<unsigned>(parts);
        const auto mebibytes = positive<double>(bf16);
        if (count == 0 || positive<double>(fp32) == 0 || mebibytes == 0) {
            refuse("a number of parts and two sizes in MiB");
        }
        if (!memory.emplace(count, mebibytes).second) {
            refuse("each number of parts once");
        }
    }
    if (memory.empty()) {
        throw ChipError(fmt::format("{}: there are no sizes in it", path.string()));
    }
    return memory;
}

double Comparison::times_fewer_cycles() const {
    return static_cast<double>(published_cycles) / static_cast<double>(run.cycles);
}

double Comparison::share_of_memory() const {
    return static_cast<double>(run.memory_bytes) / (published_mebibytes * mebibyte);
}

std::vector<Comparison> compare(const Measurements& published, const std::map<unsigned, double>& memory,
                                const std::map<Point, RoutineRun>& runs) {
    std::vector<Comparison> comparisons;
    for (const auto& [point, run] : runs) {
        const auto cycles = published.find(point);
        const auto mebibytes = memory.find(point.parts);
        if (cycles == published.end() || mebibytes == memory.end()) {
            throw ChipError(fmt::format("{} has no published {}", point.name(),
                                        cycles == published.end()
                                            ? std::string("cycles")
                                            : fmt::format("memory for K = {}", point.parts)));
        }
        comparisons.push_back({point, cycles->second.at("total"), mebibytes->second, run});
    }
    return comparisons;
}

Summary summarise(const std::vector<Comparison>& comparisons) {
    Summary summary;
    double logarithms = 0;
    for (const Comparison& comparison : comparisons) {
        const double times = comparison.times_fewer_cycles();
        const double share = comparison.share_of_memory();
        logarithms += std::log(times);
        if (summary.least == 0 || times < summary.least) {
            summary.least = times;
            summary.least_at = comparison.point;
        }
        if (share > summary.most_memory) {
            summary.most_memory = share;
            summary.most_memory_at = comparison.point;
        }
    }
    summary.geometric_mean = std::exp(logarithms / static_cast<double>(comparisons.size()));
    return summary;
}

std::map<std::pair<unsigned, unsigned>, SpeedUp> speed_ups(const std::vector<Comparison>& comparisons) {
    std::map<std::pair<unsigned, unsigned>, SpeedUp> result;
    for (const Comparison& one : comparisons) {
        if (one.point.cores != 1) {
            continue;
        }
        const Point wanted{one.point.mesh, 8, one.point.parts};
        const auto eight = std::ranges::find(comparisons, wanted, &Comparison::point);
        if (eight != comparisons.end()) {
            result[{wanted.mesh, wanted.parts}] = {speed_up(one.run.element_wise, eight->run.element_wise),
                                                   speed_up(one.run.update, eight->run.update)};
        }
    }
    return result;
}

}  // namespace partita::explore
