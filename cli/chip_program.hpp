#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "chip/config/chip.hpp"
#include "chip/program/program.hpp"
#include "partita/data/model_file.hpp"
#include "partita/data/sequences.hpp"

namespace partita::cli {

struct ProgramIdentity {
    // 16 hexadecimal digits: of all that the program is made from (its sources and the compiler's version
    // among it, where they lie not), and of the network and the sequences alone.
    std::string program;
    std::string data;
    std::uint32_t input = 0;
    std::uint32_t hidden = 0;
    std::uint32_t classes = 0;
};

// The network to start from and the sequences to learn, as programs for the chip have them.
struct ProgramData {
    data::Model model;
    data::Sequences sequences;  // of `steps` steps
    std::string digest;         // ProgramIdentity::data
};

// Which program on which chip: an ELF at hand, or the firmware built for the chip.
struct ChipProgramOptions {
    std::string chip_file;
    std::vector<std::string> settings;  // section.key=value, in place of what the chip's file says
    std::string elf;
    std::string name = "train";
    std::uint32_t parts = 28;
    std::uint32_t steps = 784;
    std::uint32_t batch = 4;
    std::uint32_t hidden =
        0;  // hidden units; 0: the model's, otherwise a random network of this size if it has others
    std::string model;    // safetensors; empty: the project's own
    std::string samples;  // safetensors with `samples` and `labels`; empty: the project's own digits
    std::string tape = "full";
    // Of an estimate: the parts of the sequence, counted from 0, that the program is built for; `parts` and
    // `steps` are those of the whole. Empty: all.
    std::vector<std::uint32_t> sample;

    void add_to(CLI::App& app);
    // Throws ChipError if the chip file or a setting is wrong.
    chip::config::Chip chip() const;
    // Reads the ELF, or builds the firmware (kept in a cache, so that the same program is built once).
    chip::program::Program program(const chip::config::Chip& chip, bool quiet) const;
    // What tells this program from every other, without building it. Throws as `build` does if the network or
    // the samples cannot be read.
    ProgramIdentity identity(const chip::config::Chip& chip) const;
    // What the program is given, for others that do the same work. Throws as `build` does.
    ProgramData training_data() const;
    // The file of the ELF that `program` would read; builds it if need be.
    std::filesystem::path build(const chip::config::Chip& chip, bool quiet) const;
};

// The programs (`train`, `published`) are written for elements of BF16 or FP32, the published one for sums of
// the same type. Throws ChipError if the chip has others.
void check_elements(const std::string& program, const chip::config::Chip& chip);

// Adds `--set`.
void add_settings(CLI::App& app, std::vector<std::string>& settings);

}  // namespace partita::cli
