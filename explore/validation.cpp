#include "explore/validation.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "chip/base/error.hpp"

namespace partita::explore {
namespace {

using chip::ChipError;

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> fields;
    std::size_t from = 0;
    for (;;) {
        const std::size_t comma = line.find(',', from);
        fields.push_back(line.substr(from, comma - from));
        if (comma == std::string::npos) {
            return fields;
        }
        from = comma + 1;
    }
}

template <typename Number>
Number number(const std::string& text, const std::string& where) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw ChipError(fmt::format("{}: found '{}', expected a whole number", where, text));
    }
    return value;
}

}  // namespace

std::string Point::chip() const {
    return fmt::format("ms{}-c{}", mesh, cores);
}

std::string Point::name() const {
    return fmt::format("{}-k{}", chip(), parts);
}

Measurements read_measurements(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) {
        throw ChipError(fmt::format("the measurements {} cannot be read", path.string()));
    }
    constexpr const char* header = "mesh,cores,parts,function,cycles";
    Measurements all;
    std::string line;
    for (unsigned row = 1; std::getline(file, line); ++row) {
        const std::string where = fmt::format("{}:{}", path.string(), row);
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        if (row == 1) {
            if (line != header) {
                throw ChipError(fmt::format("{}: found '{}', expected '{}'", where, line, header));
            }
            continue;
        }
        const std::vector<std::string> fields = split(line);
        if (fields.size() != 5) {
            throw ChipError(fmt::format("{}: found {} fields, expected 5", where, fields.size()));
        }
        const Point point{number<unsigned>(fields[0], where), number<unsigned>(fields[1], where),
                          number<unsigned>(fields[2], where)};
        if (!all[point].emplace(fields[3], number<std::uint64_t>(fields[4], where)).second) {
            throw ChipError(fmt::format("{}: {} {} is there twice", where, point.name(), fields[3]));
        }
    }
    if (all.empty()) {
        throw ChipError(fmt::format("{}: there are no measurements in it", path.string()));
    }
    for (const auto& [point, cycles] : all) {
        if (!cycles.contains("total")) {
            throw ChipError(fmt::format("{}: {} has no row 'total'", path.string(), point.name()));
        }
    }
    return all;
}

Cycles cycles_of(const nlohmann::ordered_json& record, const std::vector<std::string>& functions) {
    Cycles cycles;
    for (const auto& region : record.at("harts").at(0).at("regions")) {
        cycles[region.at("region").get<std::string>()] = region.at("cycles").get<std::uint64_t>();
    }
    Cycles chosen;
    std::uint64_t total = 0;
    for (const std::string& function : functions) {
        if (function == "total") {
            continue;
        }
        const auto found = cycles.find(function);
        if (found == cycles.end()) {
            throw ChipError(fmt::format("the run record has no region '{}'", function));
        }
        chosen[function] = found->second;
        total += found->second;
    }
    chosen["total"] = total;
    return chosen;
}

std::optional<nlohmann::ordered_json> stored_record(const std::filesystem::path& path,
                                                    const std::string& fingerprint,
                                                    const std::string& program_hash) {
    std::ifstream file(path);
    if (!file) {
        return std::nullopt;
    }
    try {
        auto record = nlohmann::ordered_json::parse(file);
        if (record.at("chip").at("fingerprint") == fingerprint &&
            record.at("program").at("hash") == program_hash) {
            return record;
        }
    } catch (const nlohmann::json::exception&) {
        // Not a record; it is written again.
    }
    return std::nullopt;
}

std::map<std::string, Error> errors(const Measurements& published, const Measurements& simulated) {
    std::map<std::string, Error> result;
    for (const auto& [point, cycles] : simulated) {
        const auto measured = published.find(point);
        if (measured == published.end()) {
            continue;
        }
        for (const auto& [function, expected] : measured->second) {
            const auto found = cycles.find(function);
            if (found == cycles.end() || expected == 0) {
                continue;
            }
            const double relative = static_cast<double>(found->second) / static_cast<double>(expected) - 1.0;
            Error& error = result[function];
            error.mean += std::abs(relative);
            ++error.points;
            if (error.points == 1 || std::abs(relative) > std::abs(error.worst)) {
                error.worst = relative;
                error.where = point.name();
            }
        }
    }
    for (auto& [function, error] : result) {
        error.mean /= static_cast<double>(error.points);
    }
    return result;
}

}  // namespace partita::explore
