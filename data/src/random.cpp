#include "partita/data/random.hpp"

#include <bit>
#include <cmath>
#include <numeric>

#include "partita/data/portable_math.hpp"
#include "text.hpp"

namespace partita::data {

std::uint64_t splitmix64(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

std::uint64_t derived_seed(std::uint64_t seed, std::uint64_t stream) {
    // Two rounds: with one, (seed, stream) and (seed + 1, stream') could be neighbours on the same sequence.
    std::uint64_t state = seed;
    state = splitmix64(state) ^ (stream * 0xd1342543de82ef95ULL + 1);
    return splitmix64(state);
}

Random::Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
        word = splitmix64(seed);
    }
}

std::uint64_t Random::bits() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

double Random::uniform() {
    return static_cast<double>(bits() >> 11) * 0x1p-53;
}

double Random::uniform(double low, double high) {
    return low + (high - low) * uniform();
}

float Random::uniform_float() {
    return static_cast<float>(bits() >> 40) * 0x1p-24f;
}

std::uint64_t Random::below(std::uint64_t bound) {
    if (bound == 0) {
        fail("drawing a random number below 0: there is none");
    }
    // 2^64 mod bound: drawing again below it leaves a multiple of bound.
    const std::uint64_t rejected = (0 - bound) % bound;
    std::uint64_t drawn = bits();
    while (drawn < rejected) {
        drawn = bits();
    }
    return drawn % bound;
}

double Random::normal() {
    if (has_spare_) {
        has_spare_ = false;
        return spare_;
    }
    const double radius = std::sqrt(-2.0 * portable_log(1.0 - uniform()));
    const double angle = 2.0 * pi * uniform();
    spare_ = radius * portable_sin(angle);
    has_spare_ = true;
    return radius * portable_cos(angle);
}

double Random::normal(double mean, double deviation, double limit) {
    double drawn = normal();
    while (std::fabs(drawn) > limit) {
        drawn = normal();
    }
    return mean + deviation * drawn;
}

std::vector<std::size_t> permutation(std::size_t count, std::uint64_t seed) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(seed);
    shuffle(std::span(order), random);
    return order;
}

}  // namespace partita::data
