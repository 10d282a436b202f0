#include "explore/report/published.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "chip/base/error.hpp"

namespace partita::explore::report {
namespace {

using chip::ChipError;

// The lines of a CSV file without quotes, after its header.
class Lines {
  public:
    Lines(std::filesystem::path path, const std::string& header) : path_(std::move(path)), file_(path_) {
        if (!file_) {
            throw ChipError(fmt::format("the published table {} cannot be read", path_.string()));
        }
        std::string found;
        std::getline(file_, found);
        if (found != header) {
            throw ChipError(fmt::format("{}:1: found '{}', expected '{}'", path_.string(), found, header));
        }
        fields_.resize(static_cast<std::size_t>(std::ranges::count(header, ',')) + 1);
    }

    bool next() {
        std::string line;
        if (!std::getline(file_, line)) {
            return false;
        }
        ++row_;
        std::size_t field = 0;
        std::size_t from = 0;
        for (;;) {
            const std::size_t comma = line.find(',', from);
            if (field == fields_.size()) {
                refuse(line, fmt::format("{} fields", fields_.size()));
            }
            fields_[field++] = line.substr(from, comma - from);
            if (comma == std::string::npos) {
                break;
            }
            from = comma + 1;
        }
        if (field != fields_.size()) {
            refuse(line, fmt::format("{} fields", fields_.size()));
        }
        return true;
    }

    const std::string& text(std::size_t field) const { return fields_[field]; }
    double number(std::size_t field) const {
        const std::string& text = fields_[field];
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || !(value > 0) ||
            !std::isfinite(value)) {
            refuse(text, "a number above 0");
        }
        return value;
    }
    unsigned count(std::size_t field) const {
        const double value = number(field);
        if (value != std::floor(value) || value > 1e6) {
            refuse(fields_[field], "a whole number");
        }
        return static_cast<unsigned>(value);
    }

  private:
    [[noreturn]] void refuse(const std::string& found, const std::string& expected) const {
        throw ChipError(fmt::format("{}:{}: found '{}', expected {}", path_.string(), row_, found, expected));
    }

    std::filesystem::path path_;
    std::ifstream file_;
    std::vector<std::string> fields_;
    unsigned row_ = 1;
};

std::vector<ByPrecision> by_precision(const std::filesystem::path& path) {
    std::vector<ByPrecision> all;
    for (Lines lines(path, "parts,fp32,bf16"); lines.next();) {
        all.push_back({lines.count(0), lines.number(1), lines.number(2)});
    }
    return all;
}

Resources resources(const Lines& lines, std::size_t first) {
    return {lines.number(first), lines.number(first + 1), lines.number(first + 2), lines.number(first + 3)};
}

}  // namespace

const Resources* find(const std::vector<AcceleratorResources>& accelerators, std::string_view configuration,
                      unsigned mesh) {
    const auto found = std::ranges::find_if(accelerators, [&](const AcceleratorResources& one) {
        return one.configuration == configuration && one.mesh == mesh;
    });
    return found == accelerators.end() ? nullptr : &found->resources;
}

const Resources* find(const std::vector<SystemResources>& systems, unsigned mesh, unsigned cores) {
    const auto found = std::ranges::find_if(
        systems, [&](const SystemResources& one) { return one.mesh == mesh && one.cores == cores; });
    return found == systems.end() ? nullptr : &found->resources;
}

Published read_published(const std::filesystem::path& folder) {
    Published all;
    all.cycles = read_measurements(folder / "cycles.csv");
    all.loss = by_precision(folder / "loss_final_step.csv");
    all.memory = by_precision(folder / "memory_mb.csv");
    for (Lines lines(folder / "resources_gemmini.csv", "config,mesh,lut,register,bram36,dsp");
         lines.next();) {
        all.accelerators.push_back({lines.text(0), lines.count(1), resources(lines, 2)});
    }
    for (Lines lines(folder / "resources_soc.csv", "mesh,cores,lut,register,bram36,dsp"); lines.next();) {
        all.systems.push_back({lines.count(0), lines.count(1), resources(lines, 2)});
    }
    for (Lines lines(folder / "other_platforms_seconds.csv", "platform,parts,seconds"); lines.next();) {
        all.elsewhere.push_back({lines.text(0), lines.count(1), lines.number(2)});
    }
    return all;
}

}  // namespace partita::explore::report
