#include "partita/data/portable_math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace partita::data {
namespace {

/// Sine on [-pi/4, pi/4]: Taylor's series to x^17, whose next term is below 1e-19.
double small_sin(double x) {
    const double square = x * x;
    double sum = 0;
    for (int power = 17; power >= 3; power -= 2) {
        sum = (1.0 + sum) * (-square / (power * (power - 1)));
    }
    return x + x * sum;
}

/// Cosine on [-pi/4, pi/4]: Taylor's series to x^18.
double small_cos(double x) {
    const double square = x * x;
    double sum = 0;
    for (int power = 18; power >= 2; power -= 2) {
        sum = (1.0 + sum) * (-square / (power * (power - 1)));
    }
    return 1.0 + sum;
}

struct Quadrant {
    int index;
    double rest;
};

/// x = index * pi/2 + rest. pi/2 in two parts (Cody and Waite): the first has 33 bits, so index * first is
/// exact.
Quadrant quadrant_of(double x) {
    constexpr double first = 1.57079632673412561417e+00;
    constexpr double second = 6.07710050650619224932e-11;
    const double turns = std::floor(x * (2.0 / pi) + 0.5);
    const auto index = static_cast<std::int64_t>(turns);
    return {static_cast<int>(index & 3), (x - turns * first) - turns * second};
}

}  // namespace

double portable_sin(double radians) {
    const auto [index, rest] = quadrant_of(radians);
    const double value = index % 2 == 0 ? small_sin(rest) : small_cos(rest);
    return index < 2 ? value : -value;
}

double portable_cos(double radians) {
    const auto [index, rest] = quadrant_of(radians);
    const double value = index % 2 == 0 ? small_cos(rest) : small_sin(rest);
    return index == 1 || index == 2 ? -value : value;
}

double portable_log(double value) {
    // value = 2^exponent * m with m in [1/sqrt(2), sqrt(2)); log m = 2 artanh((m-1)/(m+1)), |(m-1)/(m+1)| <
    // 0.1716.
    const auto bits = std::bit_cast<std::uint64_t>(value);
    auto exponent = static_cast<int>((bits >> 52) & 0x7ff) - 1023;
    double mantissa = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
    constexpr double root_of_two = 1.41421356237309504880;
    if (mantissa >= root_of_two) {
        mantissa *= 0.5;
        ++exponent;
    }
    const double ratio = (mantissa - 1.0) / (mantissa + 1.0);
    const double square = ratio * ratio;
    double sum = 0;
    for (int power = 21; power >= 1; power -= 2) {
        sum = sum * square + 1.0 / power;
    }
    constexpr double log_of_two = 0.69314718055994530942;
    return exponent * log_of_two + 2.0 * ratio * sum;
}

}  // namespace partita::data
