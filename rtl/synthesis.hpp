#pragma once

// Synthesis of the hardware by Yosys, as a child process.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "rtl/netlist.hpp"
#include "rtl/parameters.hpp"

namespace partita::rtl {

struct SynthesisOptions {
    std::string yosys = "yosys";    // the program, with or without its folder
    std::filesystem::path sources;  // the folder of the modules
    std::string top = "gemmini";
    std::vector<Parameter> parameters;
    bool dsp = false;            // whether Yosys may multiply in DSP blocks
    unsigned levels = 2;         // of instances that are counted one by one
    std::filesystem::path work;  // a folder for Yosys' files; it must be there
};

struct Synthesis {
    std::string tool;  // "Yosys 0.23 ..."
    std::vector<Block> blocks;
    Depth depth;
    // LUTs that are left if small ones share: Yosys' estimate of logic cells, and memories.
    std::uint64_t shared_luts = 0;

    const Resources& total() const { return blocks.front().resources; }
};

// How far Yosys is: so many of so many of its steps, and the name of the present one.
using SynthesisProgress = std::function<void(unsigned done, unsigned total, const std::string& step)>;

// Runs Yosys for UltraScale+ (synth_xilinx -family xcup -nowidelut, LUTs mapped by mapping_script), keeping
// the hierarchy, then once more without it for the depth. Throws ChipError if Yosys cannot be run or fails,
// with its own words.
Synthesis synthesise(const SynthesisOptions& options, const SynthesisProgress& progress);

// The sources of the modules, packages first. Throws ChipError if there are none.
std::vector<std::filesystem::path> sources_in(const std::filesystem::path& folder);

// How logic becomes LUTs: a file of Yosys' commands, which the netlists of the tests are made by as well.
std::filesystem::path mapping_script();

// What Yosys is told to do.
std::string synthesis_script(const SynthesisOptions& options);

}  // namespace partita::rtl
