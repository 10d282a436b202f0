#include "explore/report/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace partita::explore::report {
namespace {

// 1, 2 or 5 times a power of ten, so that about `count` of them cover the range.
double step_of(double range, double count) {
    const double raw = range / count;
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    for (const double times : {1.0, 2.0, 5.0}) {
        if (times * power >= raw * 0.999) {
            return times * power;
        }
    }
    return 10 * power;
}

}  // namespace

std::vector<Cell> distinct(const std::vector<Cell>& cells) {
    std::vector<Cell> numbers;
    std::vector<Cell> texts;
    for (const Cell& cell : cells) {
        auto& kind = cell.is_number() ? numbers : texts;
        if (!cell.is_empty() && !cell.text().empty() && std::ranges::find(kind, cell) == kind.end()) {
            kind.push_back(cell);
        }
    }
    std::ranges::sort(numbers, {}, &Cell::number);
    std::ranges::sort(texts, {}, &Cell::text);
    numbers.insert(numbers.end(), texts.begin(), texts.end());
    return numbers;
}

Placement::Placement(Scale scale, bool from_zero, const std::vector<Cell>& cells) : scale_(scale) {
    if (scale == Scale::category) {
        make_categories(cells);
        return;
    }
    low_ = HUGE_VAL;
    high_ = -HUGE_VAL;
    for (const Cell& cell : cells) {
        if (cell.is_number() && (scale == Scale::linear || cell.number() > 0)) {
            low_ = std::min(low_, cell.number());
            high_ = std::max(high_, cell.number());
        }
    }
    if (low_ > high_) {
        low_ = high_ = 1;
    }
    if (scale == Scale::linear) {
        make_linear(from_zero);
    } else {
        make_logarithmic();
    }
}

void Placement::make_categories(const std::vector<Cell>& cells) {
    for (const Cell& cell : distinct(cells)) {
        categories_.push_back(cell.text());
    }
    for (const std::string& category : categories_) {
        ticks_.push_back({place(Cell(category)), category});
    }
}

void Placement::make_linear(bool from_zero) {
    if (from_zero || (low_ > 0 && low_ < high_ / 2)) {
        low_ = std::min(low_, 0.0);
    }
    if (low_ == high_) {
        high_ += std::max(1.0, std::abs(high_) * 0.1);
    }
    const double step = step_of(high_ - low_, 5);
    low_ = step * std::floor(low_ / step + 1e-9);
    high_ = step * std::ceil(high_ / step - 1e-9);
    const auto count = static_cast<int>(std::lround((high_ - low_) / step));
    for (int i = 0; i <= count; ++i) {
        // Away from -0 and 0.30000000000000004.
        const double value = std::round((low_ + i * step) / step) * step + 0.0;
        ticks_.push_back({place(value), fmt::format("{:.6g}", value)});
    }
}

void Placement::make_logarithmic() {
    if (low_ == high_) {
        low_ /= 1.5;
        high_ *= 1.5;
    }
    const double decades = std::log10(high_ / low_);
    const double margin = std::pow(10.0, 0.05 * decades);
    low_ /= margin;
    high_ *= margin;
    constexpr std::array<double, 10> all{1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9};
    const auto is_named = [&](double times) {
        return times == 1 || (decades < 2.5 && (times == 2 || times == 5)) || decades < 0.75;
    };
    for (int power = static_cast<int>(std::floor(std::log10(low_))); std::pow(10.0, power) <= high_;
         ++power) {
        for (const double times : all) {
            const double value = times * std::pow(10.0, power);
            if (is_named(times) && value >= low_ * 0.999 && value <= high_ * 1.001) {
                ticks_.push_back({place(value), fmt::format("{:.6g}", value)});
            }
        }
    }
}

double Placement::place(const Cell& cell) const {
    if (scale_ != Scale::category) {
        return place(cell.number());
    }
    const auto found = std::ranges::find(categories_, cell.text());
    return (static_cast<double>(found - categories_.begin()) + 0.5) * band();
}

double Placement::place(double value) const {
    return scale_ == Scale::linear ? (value - low_) / (high_ - low_)
                                   : std::log(std::max(value, 1e-300) / low_) / std::log(high_ / low_);
}

double Placement::band() const {
    return categories_.empty() ? 0 : 1.0 / static_cast<double>(categories_.size());
}

}  // namespace partita::explore::report
