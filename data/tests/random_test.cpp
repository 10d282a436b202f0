#include "partita/data/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "partita/data/portable_math.hpp"
#include "support.hpp"

namespace partita::data::test {
namespace {

TEST(Random, SplitmixMatchesItsReference) {
    // First outputs for seed 1234567, as published with the algorithm (Rosetta Code, "Splitmix64").
    std::uint64_t state = 1234567;
    EXPECT_EQ(splitmix64(state), 6457827717110365317ULL);
    EXPECT_EQ(splitmix64(state), 3203168211198807973ULL);
    EXPECT_EQ(splitmix64(state), 9817491932198370423ULL);
}

/// The generator written down a second time, from the paper's listing, on a state of its own.
class Reference {
  public:
    explicit Reference(std::uint64_t seed) {
        for (auto& word : s_) {
            word = splitmix64(seed);
        }
    }
    std::uint64_t next() {
        const auto rotl = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
        const std::uint64_t result = rotl(s_[1] * 5, 7) * 9;
        const std::uint64_t t = s_[1] << 17;
        s_[2] ^= s_[0];
        s_[3] ^= s_[1];
        s_[1] ^= s_[2];
        s_[0] ^= s_[3];
        s_[2] ^= t;
        s_[3] = rotl(s_[3], 45);
        return result;
    }

  private:
    std::uint64_t s_[4]{};
};

TEST(Random, BitsAreThoseOfXoshiro) {
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
        Random random(seed);
        Reference reference(seed);
        for (int index = 0; index < 1000; ++index) {
            ASSERT_EQ(random.bits(), reference.next());
        }
    }
}

TEST(Random, StreamsOfNeighbouringSeedsDiffer) {
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        for (std::uint64_t stream = 0; stream < 50; ++stream) {
            seeds.push_back(derived_seed(seed, stream));
        }
    }
    std::sort(seeds.begin(), seeds.end());
    EXPECT_EQ(std::adjacent_find(seeds.begin(), seeds.end()), seeds.end());
}

TEST(Random, UniformStaysInItsRange) {
    Random random(5);
    double sum = 0;
    for (int index = 0; index < 100'000; ++index) {
        const double value = random.uniform(-2.0, 3.0);
        ASSERT_GE(value, -2.0);
        ASSERT_LT(value, 3.0);
        sum += value;
        const float single = random.uniform_float();
        ASSERT_GE(single, 0.0f);
        ASSERT_LT(single, 1.0f);
    }
    // Deviation of the mean: 5/sqrt(12)/sqrt(1e5) = 0.0046; five of them.
    EXPECT_NEAR(sum / 100'000, 0.5, 0.023);
    EXPECT_EQ(random.uniform(1.5, 1.5), 1.5);
}

TEST(Random, BelowIsUniformAndNeverOutside) {
    Random random(6);
    std::vector<int> counts(7);
    for (int index = 0; index < 70'000; ++index) {
        ++counts.at(random.below(7));
    }
    for (const int count : counts) {
        // Binomial: deviation sqrt(70000 * 1/7 * 6/7) = 93; five of them.
        EXPECT_NEAR(count, 10'000, 465);
    }
    EXPECT_EQ(random.below(1), 0U);
    const std::uint64_t large = (std::uint64_t{1} << 63) + 1;
    for (int index = 0; index < 100; ++index) {
        EXPECT_LT(random.below(large), large);
    }
    // 2^64 = 4/3 of this bound: the plain remainder would fall into the lowest third half of the time.
    const std::uint64_t third = std::uint64_t{1} << 62;
    int lowest = 0;
    for (int index = 0; index < 9000; ++index) {
        lowest += random.below(3 * third) < third ? 1 : 0;
    }
    // Binomial: deviation sqrt(9000 * 1/3 * 2/3) = 45; five of them.
    EXPECT_NEAR(lowest, 3000, 225);
    EXPECT_TRUE(says(sentence_of([&] { random.below(0); }), {"below 0: there is none"}));
}

TEST(Random, NormalHasItsMoments) {
    Random random(7);
    double sum = 0;
    double squares = 0;
    double fourths = 0;
    constexpr int count = 200'000;
    for (int index = 0; index < count; ++index) {
        const double value = random.normal();
        sum += value;
        squares += value * value;
        fourths += value * value * value * value;
    }
    // Five deviations of each estimate: 1, sqrt(2), sqrt(96), over sqrt(count).
    EXPECT_NEAR(sum / count, 0.0, 5 * 1.0 / std::sqrt(count));
    EXPECT_NEAR(squares / count, 1.0, 5 * std::sqrt(2.0 / count));
    EXPECT_NEAR(fourths / count, 3.0, 5 * std::sqrt(96.0 / count));
    for (int index = 0; index < 10'000; ++index) {
        ASSERT_LE(std::fabs(random.normal(10.0, 2.0, 1.5) - 10.0), 3.0);
    }
}

TEST(Random, PermutationsArePermutationsAndAllOccur) {
    std::vector<int> seen(24);
    for (std::uint64_t seed = 0; seed < 2400; ++seed) {
        const std::vector<std::size_t> order = permutation(4, seed);
        std::vector<std::size_t> sorted = order;
        std::sort(sorted.begin(), sorted.end());
        ASSERT_EQ(sorted, (std::vector<std::size_t>{0, 1, 2, 3}));
        std::size_t rank = 0;
        for (std::size_t index = 0; index < 4; ++index) {
            const auto below = std::count_if(order.begin() + static_cast<std::ptrdiff_t>(index), order.end(),
                                             [&](std::size_t other) { return other < order[index]; });
            rank = rank * (4 - index) + static_cast<std::size_t>(below);
        }
        ++seen[rank];
    }
    // Each of the 24 is expected 100 times, deviation 9.8; five of them.
    EXPECT_GE(*std::min_element(seen.begin(), seen.end()), 51);
    EXPECT_LE(*std::max_element(seen.begin(), seen.end()), 149);
    EXPECT_TRUE(permutation(0, 1).empty());
    EXPECT_EQ(permutation(1, 1), (std::vector<std::size_t>{0}));
}

TEST(Random, GoldenBits) {
    Random random(2024);
    std::vector<double> values;
    for (int index = 0; index < 1000; ++index) {
        values.push_back(random.normal());
        values.push_back(random.uniform(-1.0, 1.0));
    }
    EXPECT_EQ(checksum(std::as_bytes(std::span(values))), 15365022494758587530ULL);
    const std::vector<std::size_t> order = permutation(1000, 3);
    EXPECT_EQ(checksum(std::as_bytes(std::span(order))), 11257635133287930005ULL);
}

TEST(PortableMath, AgreesWithTheLibrary) {
    Random random(8);
    for (int index = 0; index < 100'000; ++index) {
        const double small = random.uniform(-10.0, 10.0);
        ASSERT_NEAR(portable_sin(small), std::sin(small), 1e-15) << small;
        ASSERT_NEAR(portable_cos(small), std::cos(small), 1e-15) << small;
        const double large = random.uniform(-1e5, 1e5);
        ASSERT_NEAR(portable_sin(large), std::sin(large), 1e-15) << large;
        const double positive = random.uniform(0x1p-53, 4.0);
        ASSERT_NEAR(portable_log(positive), std::log(positive),
                    1e-15 * (1.0 + std::fabs(std::log(positive))));
    }
    EXPECT_EQ(portable_sin(0.0), 0.0);
    EXPECT_EQ(portable_cos(0.0), 1.0);
    EXPECT_EQ(portable_log(1.0), 0.0);
    EXPECT_NEAR(portable_log(0x1p-53), -53 * std::log(2.0), 1e-14);
}

}  // namespace
}  // namespace partita::data::test
