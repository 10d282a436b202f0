#pragma once

// What the tests of runner share. TemporaryDirectory, says and the like come from the tests of data.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "partita/data/sequences.hpp"
#include "partita/runner/network.hpp"
#include "partita/runner/training.hpp"
#include "support.hpp"

namespace partita::runner::test {

using data::test::says;
using data::test::TemporaryDirectory;

// The sentence of the RunError that `action` throws; fails the test if it throws nothing or something else.
std::string run_error(const std::function<void()>& action);

// Values uniform in [-2, 2), labels uniform.
data::Sequences random_sequences(std::size_t count, std::size_t steps, std::size_t input, std::size_t classes,
                                 std::uint64_t seed);

// Input 3, hidden 5, classes 4, batch 4, 7 steps in 3 parts: nothing divides anything.
learn::Plan small_plan();

// A network with a team, loaded with a random model.
struct LoadedNetwork {
    ThreadTeam team;
    Network network;

    explicit LoadedNetwork(const learn::Plan& plan, std::uint32_t threads = 1, std::uint64_t seed = 1);
};

// Everything that training carries on, buffer by buffer.
std::vector<std::vector<std::byte>> state_of(const Network& network);

inline const std::atomic<bool> never{false};

// Trains on the same sequences every epoch until the end.
TrainingEnd train(Training& training);

}  // namespace partita::runner::test
