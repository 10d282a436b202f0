#include "chip_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "chip/base/error.hpp"
#include "chip/config/firmware.hpp"
#include "firmware/host/build.hpp"
#include "firmware/host/key.hpp"
#include "options.hpp"
#include "partita/data/atomic_file.hpp"
#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

// Of each sequence these pieces of `length` steps, one after the other; sequences that are too short stay as
// they are and are refused by the build.
data::Sequences pieces(const data::Sequences& sequences, std::size_t length,
                       const std::vector<std::uint32_t>& chosen) {
    const std::size_t last = *std::ranges::max_element(chosen);
    if (sequences.steps < (last + 1) * length) {
        return sequences;
    }
    data::Sequences result = sequences;
    result.steps = chosen.size() * length;
    result.values.clear();
    for (std::size_t i = 0; i < sequences.count(); ++i) {
        for (const std::size_t piece : chosen) {
            const auto first =
                sequences.values.begin() +
                static_cast<std::ptrdiff_t>((i * sequences.steps + piece * length) * sequences.input);
            result.values.insert(result.values.end(), first,
                                 first + static_cast<std::ptrdiff_t>(length * sequences.input));
        }
    }
    return result;
}

fs::path cache_folder() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
        return fs::path(cache) / "partita";
    }
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
        return fs::path(home) / ".cache" / "partita";
    }
    return fs::temp_directory_path() / "partita";
}

CLI::Validator one_of(const std::string& first, const std::string& second) {
    return {[=](const std::string& word) {
                return word == first || word == second
                           ? std::string()
                           : fmt::format("found '{}', expected one of {}, {}", word, first, second);
            },
            ""};
}

firmware::BuildOptions build_options(const ChipProgramOptions& options, const chip::config::Chip& chip) {
    firmware::BuildOptions build;
    if (options.name == "published") {
        build.program = firmware::ProgramKind::published;
    }
    build.chip_header = chip::config::firmware_header(chip);
    build.harts = chip.soc.cores;
    build.memory = chip.memory.bytes;
    build.bf16_extension = chip.rocket.bf16_extension;
    build.parts = options.parts;
    build.steps = options.steps;
    if (!options.sample.empty()) {
        build.parts = static_cast<std::uint32_t>(options.sample.size());
        build.steps = build.parts * (options.steps / options.parts);
    }
    build.batch = options.batch;
    build.tape = options.tape;
    return build;
}

// All that a program is made of.
struct Ingredients {
    firmware::BuildOptions options;
    data::Model model;
    data::Sequences sequences;
};

data::Model model_of(const ChipProgramOptions& options) {
    data::Model model = options.model.empty() ? firmware::default_model() : data::load_model(options.model);
    if (options.hidden != 0 && options.hidden != model.hidden) {
        model = data::random_model(model.input, options.hidden, model.classes, 1);
    }
    return model;
}

data::Sequences sequences_of(const ChipProgramOptions& options) {
    const data::Sequences sequences = options.samples.empty() ? firmware::default_samples(options.batch)
                                                              : data::load_sequences(options.samples);
    // The first steps of longer sequences.
    return options.sample.empty() ? pieces(sequences, options.steps, {0})
                                  : pieces(sequences, options.steps / options.parts, options.sample);
}

Ingredients ingredients(const ChipProgramOptions& options, const chip::config::Chip& chip) {
    check_elements(options.name, chip);
    return {build_options(options, chip), model_of(options), sequences_of(options)};
}

ProgramIdentity identity_of(const Ingredients& all) {
    const std::string data = firmware::data_key(all.model, all.sequences);
    return {firmware::program_key(all.options, all.model, data), data,
            static_cast<std::uint32_t>(all.model.input), static_cast<std::uint32_t>(all.model.hidden),
            static_cast<std::uint32_t>(all.model.classes)};
}

}  // namespace

void check_elements(const std::string& program, const chip::config::Chip& chip) {
    using chip::gemmini::Number;
    const chip::gemmini::Config& array = chip.gemmini;
    const auto refuse = [&](std::string_view key, std::string_view expected) {
        const auto lines = chip::config::lines_of(chip);
        const auto type = std::ranges::find(lines, key, &chip::config::Line::key);
        throw chip::ChipError(
            fmt::format("building {} for {}: {} is {}, expected {}; give a program for this "
                        "chip with --elf",
                        program, chip.name, key, type->value, expected));
    };
    if (array.input_type != Number::bf16 && array.input_type != Number::fp32) {
        refuse("gemmini.input_type", "bf16 or fp32");
    }
    if (program == "published" && array.accumulator_type != array.input_type) {
        refuse("gemmini.accumulator_type", "gemmini.input_type");
    }
}

void add_settings(CLI::App& app, std::vector<std::string>& settings) {
    app.add_option(
           "--set", settings,
           "a value in place of what the chip's file says, like gemmini.accumulator_type=fp32; may be "
           "given several times")
        ->type_name("SECTION.KEY=VALUE")
        ->allow_extra_args(false);
}

void ChipProgramOptions::add_to(CLI::App& app) {
    app.add_option("--chip", chip_file, "the chip: a file like chips/ms4-c1.toml")->required();
    add_settings(app, settings);
    auto* given = app.add_option("--elf", elf, "run this program; otherwise one is built for the chip");
    app.add_option("--program", name,
                   "which program to build: train (learn with the array) or published (the published "
                   "workload) [train]")
        ->check(one_of("train", "published"))
        ->excludes(given);
    app.add_option("-k,--parts", parts, "K, parts a sequence is cut in [28]")
        ->check(CLI::PositiveNumber)
        ->excludes(given);
    app.add_option("--steps", steps, "steps of a sequence; the samples have at least so many [784]")
        ->check(CLI::PositiveNumber)
        ->excludes(given);
    app.add_option("--batch", batch, "sequences trained together [4]")
        ->check(CLI::PositiveNumber)
        ->excludes(given);
    app.add_option("--hidden", hidden,
                   "hidden units [the model's]; with another number than the model's a random network starts")
        ->check(CLI::PositiveNumber)
        ->excludes(given);
    app.add_option("--tape", tape,
                   "train: full keeps the gates of every step, lean computes them again [full]")
        ->check(one_of("full", "lean"))
        ->excludes(given);
    app.add_option("--model", model, "safetensors with the weights to start from [the project's own]")
        ->excludes(given);
    app.add_option("--samples", samples,
                   "safetensors with `samples` and `labels` [digits that the project draws]")
        ->excludes(given);
}

chip::config::Chip ChipProgramOptions::chip() const {
    return chip::config::read_chip(chip_file, settings);
}

ProgramIdentity ChipProgramOptions::identity(const chip::config::Chip& chip) const {
    return identity_of(ingredients(*this, chip));
}

ProgramData ChipProgramOptions::training_data() const {
    ProgramData all{model_of(*this), sequences_of(*this), {}};
    all.digest = firmware::data_key(all.model, all.sequences);
    return all;
}

std::filesystem::path ChipProgramOptions::build(const chip::config::Chip& chip, bool quiet) const {
    if (!elf.empty()) {
        return elf;
    }
    Ingredients all = ingredients(*this, chip);
    all.options.objects = cache_folder() / "objects";
    fs::path file = cache_folder() / fmt::format("{}-{}.elf", name, identity_of(all).program);
    std::error_code error;
    if (fs::exists(file, error)) {
        return file;
    }
    fs::create_directories(file.parent_path(), error);
    if (error) {
        throw chip::ChipError(fmt::format("the folder {} for built programs cannot be made: {}",
                                          file.parent_path().string(), error.message()));
    }
    if (!quiet) {
        fmt::print(stderr, "building {} for {}, K = {}\n", name, chip.name, parts);
    }
    // Built under another name: a build that is interrupted leaves nothing that looks like a program. Several
    // hosts may share the folder.
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    const fs::path partial = file.string() + fmt::format(".{}-{}.part", host.data(), getpid());
    firmware::build(all.options, all.model, all.sequences, partial);
    fs::rename(partial, file, error);
    if (error) {
        throw chip::ChipError(fmt::format("{} cannot be put in place: {}", file.string(), error.message()));
    }
    return file;
}

chip::program::Program ChipProgramOptions::program(const chip::config::Chip& chip, bool quiet) const {
    const fs::path file = build(chip, quiet);
    chip::program::Program program = chip::program::read_program(file);
    if (!elf.empty()) {
        return program;
    }
    // A built program is called by what it is, not by the place where it is kept.
    return {std::vector<std::byte>(program.file().begin(), program.file().end()),
            fmt::format("{} (K = {})", name, parts)};
}

}  // namespace partita::cli
