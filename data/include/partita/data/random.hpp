#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace partita::data {

/// One step of splitmix64 (Steele, Lea, Flood 2014; constants of Vigna's public-domain code): advances
/// `state` and returns 64 well-mixed bits. Used to spread a seed over a larger state and to derive
/// independent seeds.
std::uint64_t splitmix64(std::uint64_t& state);

/// A seed for the `stream`-th independent use of one seed (writer 3 of a population, sample 17 of a writer).
std::uint64_t derived_seed(std::uint64_t seed, std::uint64_t stream);

/// xoshiro256** 1.0 (Blackman and Vigna, 2018) seeded by splitmix64. Every member gives the same bits on
/// every platform: only integer operations and correctly rounded + - * / sqrt are used, never the standard
/// library's distributions.
class Random {
  public:
    explicit Random(std::uint64_t seed);

    /// 64 random bits.
    std::uint64_t bits();
    /// Uniform in [0, 1), a multiple of 2^-53.
    double uniform();
    /// Uniform in [low, high); `low` if both are equal.
    double uniform(double low, double high);
    /// Uniform in [0, 1), a multiple of 2^-24, so exactly a float.
    float uniform_float();
    /// Uniform in 0 .. bound-1 without bias (the incomplete last interval is drawn again).
    /// Throws DataError if `bound` is 0.
    std::uint64_t below(std::uint64_t bound);
    /// Standard normal by the Box-Muller transform; |value| < 8.6.
    double normal();
    /// Normal with the given mean and deviation, drawn again until within `limit` deviations of the mean
    /// (limit >= 0.5).
    double normal(double mean, double deviation, double limit);

  private:
    std::array<std::uint64_t, 4> state_;
    bool has_spare_ = false;
    double spare_ = 0;
};

/// Fisher-Yates shuffle: every order equally likely, the same order on every platform for the same generator
/// state.
template <typename T>
void shuffle(std::span<T> items, Random& random) {
    for (std::size_t left = items.size(); left > 1; --left) {
        using std::swap;
        swap(items[left - 1], items[random.below(left)]);
    }
}

/// The numbers 0 .. count-1 in an order that depends on `seed` alone.
std::vector<std::size_t> permutation(std::size_t count, std::uint64_t seed);

}  // namespace partita::data
