#pragma once

// What Yosys makes of the hardware for an FPGA of Xilinx: cells, counted by block, and the longest way
// through logic.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace partita::rtl {

// Of an UltraScale+ FPGA. A LUT is one that Yosys made, whatever its inputs: placing may put two small ones
// in one.
struct Resources {
    std::uint64_t logic_luts = 0;
    std::uint64_t memory_luts = 0;  // of distributed memories and shift registers
    std::uint64_t registers = 0;
    std::uint64_t carry = 0;  // CARRY4; the device has one CARRY8 for two
    std::uint64_t dsp = 0;
    double bram36 = 0;  // a half is a BRAM18
    std::uint64_t uram = 0;

    std::uint64_t luts() const { return logic_luts + memory_luts; }
    Resources& operator+=(const Resources& other);
    bool operator==(const Resources&) const = default;
};

// An instance of a module and all that is in it.
struct Block {
    std::string name;  // "u_execute.u_mesh"; empty: the whole
    std::string module;
    unsigned level = 0;  // of instances above it
    Resources resources;
};

// From registers, memories and inputs to registers, memories and outputs.
struct Depth {
    unsigned luts = 0;   // on the longest way; a memory of LUTs that is read counts as one
    unsigned carry = 0;  // CARRY4 on it
    std::string end;     // the name of the signal it ends in
};

// A netlist as Yosys' write_json gives it.
class Netlist {
  public:
    // Throws ChipError if the text is no such netlist or has no module `top`.
    Netlist(std::string_view json, const std::string& top);
    Netlist(Netlist&&) noexcept;
    ~Netlist();

    // The whole first, then its instances down to `levels` below it, each followed by its own.
    std::vector<Block> blocks(unsigned levels) const;
    // Of a netlist without modules inside. Throws ChipError if the logic has a loop.
    Depth depth() const;

  private:
    struct Module;

    void add_blocks(const Module& module, const Block& block, unsigned levels,
                    std::vector<Block>& blocks) const;
    const Resources& resources_of(const std::string& module) const;

    std::map<std::string, Module> modules_;
    std::string top_;
    mutable std::map<std::string, Resources> counted_;
};

}  // namespace partita::rtl
