#pragma once

// Device for a class that Verilator has made of module `gemmini`.

#include "rtl/device.hpp"
#include "rtl/instance.hpp"

namespace partita::rtl {

template <typename Top>
class DeviceOf final : public Device {
  public:
    DeviceOf() { reset(); }

    Outputs look(const Inputs& inputs) override {
        set(inputs);
        top_->eval();
        Outputs outputs;
        outputs.command_ready = top_->command_ready != 0;
        outputs.response_valid = top_->response_valid != 0;
        outputs.response_data = top_->response_data;
        outputs.busy = top_->busy != 0;
        outputs.read_valid = top_->read_valid != 0;
        outputs.read_address = top_->read_address;
        outputs.read_bytes = beat_bytes << top_->read_size;
        outputs.read_id = top_->read_id;
        outputs.write_valid = top_->write_valid != 0;
        outputs.write_address = top_->write_address;
        outputs.write_bytes = beat_bytes << top_->write_size;
        outputs.write_id = top_->write_id;
        outputs.write_last = top_->write_last != 0;
        for (unsigned word = 0; word < outputs.write_data.size(); ++word) {
            outputs.write_data[word] = top_->write_data[word];
        }
        outputs.write_mask = top_->write_mask;
        return outputs;
    }

    void tick() override {
        top_.context().timeInc(1);
        top_->clock = 1;
        top_->eval();
        top_.context().timeInc(1);
        top_->clock = 0;
    }

    void reset() override {
        top_->reset = 1;
        top_->eval();
        tick();
        top_->reset = 0;
        top_->eval();
    }

  private:
    void set(const Inputs& inputs) {
        top_->command_valid = inputs.command_valid ? 1 : 0;
        top_->command_funct = inputs.command_funct;
        top_->command_rs1 = inputs.command_rs1;
        top_->command_rs2 = inputs.command_rs2;
        top_->response_ready = inputs.response_ready ? 1 : 0;
        top_->read_ready = inputs.read_ready ? 1 : 0;
        top_->data_valid = inputs.data_valid ? 1 : 0;
        top_->data_id = inputs.data_id;
        for (unsigned word = 0; word < inputs.data.size(); ++word) {
            top_->data[word] = inputs.data[word];
        }
        top_->write_ready = inputs.write_ready ? 1 : 0;
        top_->ack_valid = inputs.ack_valid ? 1 : 0;
        top_->ack_id = inputs.ack_id;
    }

    Instance<Top> top_;
};

}  // namespace partita::rtl
