#pragma once

// The tables of the publication that the project keeps (published/README.md), as the figures need them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "explore/validation.hpp"

namespace partita::explore::report {

// What the publication's pass is of; only runs of the same are drawn beside it.
inline constexpr const char* published_workload = "T=784 batch=4 hidden=128";
// Of the published chips; turns their cycles into seconds.
inline constexpr double published_clock_hz = 500e6;

// By K, of one precision.
struct ByPrecision {
    unsigned parts = 0;
    double fp32 = 0;
    double bf16 = 0;
};
// Resources of an FPGA.
struct Resources {
    double lut = 0;
    double register_bits = 0;
    double bram36 = 0;
    double dsp = 0;
};
struct AcceleratorResources {
    std::string configuration;
    unsigned mesh = 0;
    Resources resources;
};
struct SystemResources {
    unsigned mesh = 0;
    unsigned cores = 0;
    Resources resources;
};
// The same pass on another platform.
struct Elsewhere {
    std::string platform;
    unsigned parts = 0;
    double seconds = 0;
};

struct Published {
    Measurements cycles;
    std::vector<ByPrecision> loss;    // nat, summed over the four sequences, at the last step
    std::vector<ByPrecision> memory;  // MiB
    std::vector<AcceleratorResources> accelerators;
    std::vector<SystemResources> systems;
    std::vector<Elsewhere> elsewhere;
};

// Of the accelerator with this configuration and mesh side, of the system with this mesh side and these
// cores; null if there is none.
const Resources* find(const std::vector<AcceleratorResources>& accelerators, std::string_view configuration,
                      unsigned mesh);
const Resources* find(const std::vector<SystemResources>& systems, unsigned mesh, unsigned cores);

// Reads the files of the folder. Throws ChipError naming the file and, if it has one, the line.
Published read_published(const std::filesystem::path& folder);

}  // namespace partita::explore::report
