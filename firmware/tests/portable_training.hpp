#pragma once

// What the training program has to print, from learn's portable backend on the host.

#include <cstdint>
#include <string>

#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"
#include "partita/learn/plan.hpp"

namespace partita::firmware::test {

// `steps` steps of four of the project's digits, from the middle of the images on, where the ink is.
data::Sequences short_samples(std::size_t steps);

// Losses and digests after one pass over the samples, as the program prints them. `side`: of the chip's mesh.
std::string portable_console(const learn::Plan& plan, std::uint32_t side, const data::Model& model,
                             const data::Sequences& samples);

}  // namespace partita::firmware::test
