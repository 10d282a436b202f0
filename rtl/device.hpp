#pragma once

// The Verilated accelerator, a cycle at a time, whatever its parameters.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chip/gemmini/config.hpp"

namespace partita::rtl {

inline constexpr unsigned beat_bytes = 16;
using Beat = std::array<std::uint32_t, beat_bytes / 4>;

// The ports of rtl/src/gemmini.sv.
struct Inputs {
    bool command_valid = false;
    std::uint8_t command_funct = 0;
    std::uint64_t command_rs1 = 0;
    std::uint64_t command_rs2 = 0;
    bool response_ready = true;
    bool read_ready = false;
    bool data_valid = false;
    std::uint8_t data_id = 0;
    Beat data{};
    bool write_ready = false;
    bool ack_valid = false;
    std::uint8_t ack_id = 0;
};

struct Outputs {
    bool command_ready = false;
    bool response_valid = false;
    std::uint32_t response_data = 0;
    bool busy = false;
    bool read_valid = false;
    std::uint64_t read_address = 0;
    unsigned read_bytes = 0;
    std::uint8_t read_id = 0;
    bool write_valid = false;
    std::uint64_t write_address = 0;
    unsigned write_bytes = 0;
    std::uint8_t write_id = 0;
    bool write_last = false;
    Beat write_data{};
    std::uint16_t write_mask = 0;
};

class Device {
  public:
    virtual ~Device() = default;

    // What the outputs are in this cycle with these inputs. May be asked more than once a cycle.
    virtual Outputs look(const Inputs& inputs) = 0;
    // The clock's edge, with the inputs of the last look.
    virtual void tick() = 0;
    // Holds reset for a cycle; inputs as before.
    virtual void reset() = 0;
};

// A chip's accelerator that has been built in. `parameters`: as describe() gives them.
struct Built {
    const char* chip;
    const char* parameters;
    std::unique_ptr<Device> (*make)();
};
std::vector<Built> built_devices();

// Throws ChipError that names those that there are if this chip's accelerator is not among them.
void require_device(const chip::gemmini::Config& config);
// The accelerator of this chip, after reset. Throws as require_device.
std::unique_ptr<Device> make_device(const chip::gemmini::Config& config);

}  // namespace partita::rtl
