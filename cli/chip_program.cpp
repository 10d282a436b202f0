#include "chip_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "chip/base/error.hpp"
#include "chip/config/firmware.hpp"
#include "firmware/host/build.hpp"
#include "options.hpp"
#include "partita/data/atomic_file.hpp"
#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"

namespace partita::cli {
namespace {

namespace fs = std::filesystem;

// The first steps of longer sequences; shorter ones are refused by the build.
data::Sequences first_steps(const data::Sequences& sequences, std::size_t steps) {
    if (sequences.steps <= steps) {
        return sequences;
    }
    data::Sequences result = sequences;
    result.steps = steps;
    result.values.clear();
    for (std::size_t i = 0; i < sequences.count(); ++i) {
        const auto first =
            sequences.values.begin() + static_cast<std::ptrdiff_t>(i * sequences.steps * sequences.input);
        result.values.insert(result.values.end(), first,
                             first + static_cast<std::ptrdiff_t>(steps * sequences.input));
    }
    return result;
}

// FNV-1a over everything that a program is made of.
class Key {
  public:
    void add(std::string_view text) {
        for (const char c : text) {
            hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        }
        hash_ = (hash_ ^ 0xff) * 0x100000001b3;
    }
    void add_file(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        add(std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::string text() const { return fmt::format("{:016x}", hash_); }

  private:
    std::uint64_t hash_ = 0xcbf29ce484222325;
};

void add_sources(Key& key) {
    std::vector<fs::path> files;
    for (const char* folder : {"firmware", "learn/include", "learn/src"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(PARTITA_SOURCE) / folder)) {
            if (entry.is_regular_file()) {
                files.push_back(entry.path());
            }
        }
    }
    std::ranges::sort(files);
    for (const fs::path& file : files) {
        key.add_file(file);
    }
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

// The programs are written for elements of BF16 or FP32, the published one for sums of the same type.
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
    build.batch = options.batch;
    build.tape = options.tape;
    return build;
}

}  // namespace

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

std::filesystem::path ChipProgramOptions::build(const chip::config::Chip& chip, bool quiet) const {
    if (!elf.empty()) {
        return elf;
    }
    check_elements(name, chip);
    const firmware::BuildOptions options = build_options(*this, chip);
    const data::Model start = model.empty() ? firmware::default_model() : data::load_model(model);
    const data::Sequences sequences = first_steps(
        samples.empty() ? firmware::default_samples(batch) : data::load_sequences(samples), steps);

    Key key;
    for (const auto& command : firmware::build_commands(options, start, "folder", "elf")) {
        for (const std::string& argument : command) {
            key.add(argument);
        }
    }
    key.add(options.chip_header);
    const std::vector<std::byte> blob = firmware::make_blob(start, sequences);
    key.add({reinterpret_cast<const char*>(blob.data()), blob.size()});
    add_sources(key);
    fs::path file = cache_folder() / fmt::format("{}-{}.elf", name, key.text());
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
    // Built under another name: a build that is interrupted leaves nothing that looks like a program.
    const fs::path partial = file.string() + fmt::format(".{}.part", getpid());
    firmware::build(options, start, sequences, partial);
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
