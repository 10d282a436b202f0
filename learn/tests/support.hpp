#pragma once

// What the tests of learn share: memory without slack, random networks and sequences, a trainer with all it
// needs, a team.

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "partita/learn/trainer.hpp"

namespace partita::learn::test {

// Bytes aligned as a trainer wants them, exactly as many as asked for, so that the address sanitizer sees the
// first byte beyond. They start as NaN in every format: what a trainer reads without having written shows.
class Memory {
  public:
    explicit Memory(std::size_t size);
    std::span<std::byte> bytes() const { return {data_.get(), size_}; }

  private:
    struct Free {
        void operator()(std::byte* data) const;
    };
    std::unique_ptr<std::byte[], Free> data_;
    std::size_t size_;
};

using Random = std::mt19937;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline float float_of(std::uint32_t bits) {
    return std::bit_cast<float>(bits);
}
inline std::uint32_t bits_of(float x) {
    return std::bit_cast<std::uint32_t>(x);
}

// 32 random bits.
std::uint32_t draw(Random& random);
// In [-limit, limit), the same on every machine (the standard's distributions are not).
float uniform(Random& random, float limit);

// Parameters in PyTorch's order.
struct Network {
    Shape shape;
    std::vector<float> weight_ih;
    std::vector<float> weight_hh;
    std::vector<float> bias;
    std::vector<float> head_weight;
    std::vector<float> head_bias;

    explicit Network(Shape size);
    Parameters<float> view() { return {weight_ih, weight_hh, bias, head_weight, head_bias}; }
    Parameters<const float> view() const { return {weight_ih, weight_hh, bias, head_weight, head_bias}; }
    bool operator==(const Network&) const = default;
};

// Uniform in [-1/sqrt(hidden), 1/sqrt(hidden)), PyTorch's start.
Network random_network(Shape shape, std::uint32_t seed);
// All parameters in a row: weight_ih, weight_hh, bias, head_weight, head_bias.
std::vector<double> in_a_row(const Network& network);

struct Samples {
    std::vector<std::vector<float>> values;  // by sequence, [steps][input]
    std::vector<const float*> sequences;
    std::vector<std::uint32_t> labels;

    Batch batch() const { return {sequences, labels}; }
    // The first `count` of them.
    Batch batch(std::size_t count) const {
        return {std::span(sequences).first(count), std::span(labels).first(count)};
    }
};

// A whole batch: inputs uniform in [-2, 2).
Samples random_samples(const Plan& plan, std::uint32_t seed);

enum class Backend : std::uint8_t { portable, host };

inline constexpr Backend backends[] = {Backend::portable, Backend::host};
inline constexpr Precision precisions[] = {Precision::fp32, Precision::bf16, Precision::mixed};
inline constexpr Tape tapes[] = {Tape::full, Tape::lean};
inline constexpr Rule rules[] = {Rule::sgd, Rule::momentum, Rule::adam};

const char* name(Backend backend);
// Whether this processor has the backend; without it tests skip the host by name.
bool available(Backend backend);
const Kernels& kernels(Backend backend, Precision precision);

// A trainer with its memory.
struct Training {
    Memory memory;
    Trainer trainer;

    Training(const Plan& plan, Backend backend, std::uint32_t array_side = 4);
    Training(const Plan& plan, const Kernels& kernels, std::uint32_t array_side = 4);
    Trainer* operator->() { return &trainer; }
    const Trainer* operator->() const { return &trainer; }

    void load(const Network& network);
    Network parameters() const;
    Network gradient() const;
    // Copies of all buffers that training carries on.
    std::vector<std::vector<std::byte>> persistent() const;
    std::vector<float> losses() const;
};

// Calls `work` once for each of `members` members, each on a thread of its own but for the first.
void run_team(std::uint32_t members, const std::function<void(const Member&)>& work);

// Norm of the difference over the norm of what is expected.
double relative_error(std::span<const float> found, std::span<const double> expected);

std::string describe_plan(const Plan& plan);

}  // namespace partita::learn::test
