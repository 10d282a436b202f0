#pragma once

namespace partita::data {

/// Elementary functions made of + - * / only, so that generated data have the same bits whatever the C
/// library. Absolute error below 1e-15 within the ranges given; not for speed.

/// Sine of `radians`, |radians| <= 1e5.
double portable_sin(double radians);
/// Cosine of `radians`, |radians| <= 1e5.
double portable_cos(double radians);
/// Natural logarithm of a positive, normal, finite `value`; relative error below 1e-15 away from 1.
double portable_log(double value);

inline constexpr double pi = 3.14159265358979323846;
constexpr double radians(double degrees) {
    return degrees * (pi / 180.0);
}

}  // namespace partita::data
