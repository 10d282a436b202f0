#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "partita/data/sequences.hpp"
#include "partita/learn/plan.hpp"
#include "partita/runner/network.hpp"
#include "partita/runner/training.hpp"

namespace partita::cli {

// Asked for wrongly: exit code 2. Everything else that goes wrong ends with 1.
class UsageError : public std::runtime_error {
  public:
    explicit UsageError(const std::string& sentence) : std::runtime_error(sentence) {}
};

// FIRST:COUNT
struct Span {
    std::size_t first = 0;
    std::size_t count = 0;
};
Span parse_span(const std::string& option, const std::string& text);

// Accepts numbers, and whole numbers, from `low` to `high`; unlike CLI11's own range it refuses NaN and says
// what was found.
CLI::Validator number_from(double low, double high);
CLI::Validator whole_from(std::uint64_t low, std::uint64_t high);

void add_rule(CLI::App& app, learn::Rule& rule);

// Arithmetic, memory and threads: what a plan takes besides sizes.
struct MachineOptions {
    learn::Precision precision = learn::Precision::fp32;
    learn::Tape tape = learn::Tape::full;
    bool narrow_state = false;
    runner::Backend backend = runner::Backend::automatic;
    std::uint32_t array_side = 4;
    std::uint32_t threads = 1;

    void add_to(CLI::App& app, bool with_tape = true);
};

struct DataOptions {
    std::string directory;  // IDX files
    std::string prefix = "t10k";
    std::string sequences;  // safetensors
    std::string strokes;    // population or writer
    std::size_t writers = 200;
    std::size_t each = 20;
    std::uint64_t writer_seed = 1;
    std::uint64_t sample_seed = 1;
    bool unusual = false;
    data::View view = data::View::pixels;
    double rotate = 0.0;

    void add_to(CLI::App& app);
};

// How to train, for one K or several side by side.
struct TrainingOptions {
    std::vector<std::uint32_t> parts{7};
    std::vector<float> learning_rates{0.01f};
    std::uint32_t batch = 4;
    std::uint32_t epochs = 1;
    std::uint32_t seeds = 1;
    std::uint64_t seed = 1;
    learn::Rule rule = learn::Rule::sgd;
    learn::Rounding rounding = learn::Rounding::nearest;
    float alpha = 0.1f;
    float momentum = 0.9f;
    bool no_regulariser = false;
    bool auxiliary = false;
    bool adopt_mean = false;
    std::optional<float> clip;
    learn::Schedule::Kind schedule = learn::Schedule::Kind::constant;
    double warm_up = 0.0;
    bool no_shuffle = false;
    bool augment = false;
    std::string train_span;
    std::string test_span;

    void add_to(CLI::App& app);

    learn::Plan plan(learn::Shape shape, std::size_t steps, std::uint32_t parts,
                     const MachineOptions& machine) const;
    runner::TrainingSettings settings(std::size_t run, std::uint64_t seed) const;
};

// Throws UsageError where the plan cannot be laid out.
learn::Layout checked_layout(const learn::Plan& plan);

}  // namespace partita::cli
