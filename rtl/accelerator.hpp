#pragma once

// The hardware in place of the model: what the core and the system see of the accelerator
// (chip::gemmini::Port), with every cycle of a busy accelerator simulated by Verilator.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "chip/gemmini/port.hpp"
#include "rtl/device.hpp"
#include "rtl/memory_port.hpp"

namespace partita::rtl {

class Accelerator final : public chip::gemmini::Port {
  public:
    // `config` must be valid and among the built-in ones (make_device). `memory` is what commands work on,
    // `system` says how long its transfers take.
    Accelerator(const chip::gemmini::Config& config, chip::memory::FlatMemory& memory,
                chip::memory::MemorySystem& system);

    chip::Cycle now() const override { return now_; }
    void run(chip::Cycle until) override;
    bool idle() const override { return !busy_; }
    std::optional<chip::Cycle> ready_since() const override;
    std::optional<chip::Cycle> idle_since() const override;
    std::uint64_t issue(const chip::gemmini::RoccCommand& command, chip::Cycle at,
                        chip::Cycle& result_at) override;
    std::string state() const override;

    // Cycles of the array and multiply-adds are not seen at the ports.
    chip::gemmini::Statistics statistics() const override {
        return {busy_cycles_, 0, 0, port_.read_bytes(), port_.written_bytes(), 0};
    }

  private:
    struct Queued {
        chip::gemmini::RoccCommand command;
        chip::Cycle since = 0;  // visible behind this cycle
    };

    void step();

    chip::gemmini::Config config_;
    chip::gemmini::Geometry geometry_;
    std::unique_ptr<Device> device_;
    MemoryPort port_;
    Inputs inputs_;
    Outputs outputs_;

    chip::Cycle now_ = 0;
    bool busy_ = false;
    bool got_room_ = false;
    bool probed_ = false;
    chip::Cycle ready_since_ = 0;
    chip::Cycle idle_since_ = 0;
    chip::Cycle moved_at_ = 0;  // when something last went in or out
    std::uint64_t busy_cycles_ = 0;
    std::deque<Queued> router_;
    std::optional<std::uint32_t> result_;
};

}  // namespace partita::rtl
