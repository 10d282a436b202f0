#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "chip/config/chip.hpp"
#include "chip/program/program.hpp"

namespace partita::cli {

// Which program on which chip: an ELF at hand, or the firmware built for the chip.
struct ChipProgramOptions {
    std::string chip_file;
    std::vector<std::string> settings;  // section.key=value, in place of what the chip's file says
    std::string elf;
    std::string name = "train";
    std::uint32_t parts = 28;
    std::uint32_t steps = 784;
    std::uint32_t batch = 4;
    std::string model;    // safetensors; empty: the project's own
    std::string samples;  // safetensors with `samples` and `labels`; empty: the project's own digits
    std::string tape = "full";

    void add_to(CLI::App& app);
    // Throws ChipError if the chip file or a setting is wrong.
    chip::config::Chip chip() const;
    // Reads the ELF, or builds the firmware (kept in a cache, so that the same program is built once).
    chip::program::Program program(const chip::config::Chip& chip, bool quiet) const;
    // The file of the ELF that `program` would read; builds it if need be.
    std::filesystem::path build(const chip::config::Chip& chip, bool quiet) const;
};

// Adds `--set`.
void add_settings(CLI::App& app, std::vector<std::string>& settings);

}  // namespace partita::cli
