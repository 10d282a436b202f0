#include "rtl/accelerator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "chip/base/error.hpp"
#include "chip/gemmini/command.hpp"

namespace partita::rtl {

using chip::Cycle;

namespace {

// A command takes thousands of cycles at most between what it does at the ports.
constexpr Cycle most_quiet_cycles = 1'000'000;

}  // namespace

Accelerator::Accelerator(const chip::gemmini::Config& config, chip::memory::FlatMemory& memory,
                         chip::memory::MemorySystem& system)
    : config_(config), geometry_(config), device_(make_device(config)), port_(config, memory, system) {}

std::optional<Cycle> Accelerator::ready_since() const {
    return router_.size() == config_.router_queue ? std::nullopt : std::optional(ready_since_);
}

std::optional<Cycle> Accelerator::idle_since() const {
    return busy_ ? std::nullopt : std::optional(idle_since_);
}

void Accelerator::run(Cycle until) {
    if (!busy_) {
        now_ = std::max(now_, until);
        return;
    }
    while (now_ < until) {
        step();
        ++now_;
        ++busy_cycles_;
        if (!outputs_.busy && router_.empty() && port_.idle() && !outputs_.response_valid) {
            busy_ = false;
            idle_since_ = now_;
            return;
        }
        if (got_room_ || probed_) {
            got_room_ = probed_ = false;
            return;
        }
        if (now_ - moved_at_ > most_quiet_cycles) {
            throw chip::ProgramError(fmt::format("the accelerator's hardware hangs: {}", state()));
        }
    }
}

std::uint64_t Accelerator::issue(const chip::gemmini::RoccCommand& command, Cycle at, Cycle& result_at) {
    // Refuses what neither model nor hardware knows, in the model's words.
    decode(command, config_, geometry_);
    while (now_ < at) {
        run(at);
    }
    got_room_ = false;
    busy_ = true;
    moved_at_ = now_;
    router_.push_back({command, now_});
    if (router_.size() == config_.router_queue) {
        ready_since_ = chip::never;
    }
    result_at = at;
    if (!command.returns) {
        return 0;
    }
    result_.reset();
    while (!result_) {
        run(now_ + 1);
    }
    result_at = now_;
    return *result_;
}

void Accelerator::step() {
    inputs_ = {};
    inputs_.command_valid = !router_.empty() && router_.front().since < now_;
    if (inputs_.command_valid) {
        const chip::gemmini::RoccCommand& command = router_.front().command;
        inputs_.command_funct = command.funct;
        inputs_.command_rs1 = command.rs1;
        inputs_.command_rs2 = command.rs2;
    }
    // No output depends on the inputs of its cycle.
    outputs_ = device_->look(inputs_);
    port_.offer(outputs_, now_, inputs_);
    device_->look(inputs_);
    probed_ |= port_.step(outputs_, inputs_, now_);
    if (outputs_.response_valid) {
        result_ = outputs_.response_data;
    }
    const bool taken = inputs_.command_valid && outputs_.command_ready;
    if (taken) {
        if (router_.size() == config_.router_queue) {
            ready_since_ = now_ + 1;
            got_room_ = true;
        }
        router_.pop_front();
    }
    if (taken || inputs_.data_valid || inputs_.ack_valid || outputs_.read_valid || outputs_.write_valid) {
        moved_at_ = now_;
    }
    device_->tick();
    outputs_ = device_->look(inputs_);
}

std::string Accelerator::state() const {
    if (!busy_) {
        return fmt::format("hardware, idle since cycle {}", idle_since_);
    }
    return fmt::format("hardware, busy at cycle {}, {} commands in front; {}", now_, router_.size(),
                       port_.state());
}

}  // namespace partita::rtl
