#include "rtl/memory_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "chip/base/error.hpp"

namespace partita::rtl {

MemoryPort::MemoryPort(const chip::gemmini::Config& config, chip::memory::FlatMemory& memory,
                       chip::memory::MemorySystem& system)
    : memory_(&memory),
      system_(&system),
      request_buffers_(config.dma_request_buffers),
      response_buffers_(config.dma_response_buffers) {}

void MemoryPort::offer(const Outputs& wanted, chip::Cycle now, Inputs& inputs) {
    // Beats of one write are not parted; else reads and writes take turns.
    const bool write =
        wanted.write_valid && (!writing_.beats.empty() || !wanted.read_valid || prefers_write_);
    inputs.write_ready = write;
    inputs.read_ready = !write && writing_.beats.empty();
    inputs.data_valid = !answers_.empty() && answers_.front().next() <= now;
    if (inputs.data_valid) {
        inputs.data_id = answers_.front().id;
        inputs.data = answers_.front().beats[answers_.front().given];
    }
    const auto due = std::find_if(acknowledgements_.begin(), acknowledgements_.end(),
                                  [now](const Acknowledgement& each) { return each.at <= now; });
    inputs.ack_valid = due != acknowledgements_.end();
    if (inputs.ack_valid) {
        inputs.ack_id = due->id;
    }
}

void MemoryPort::take(const Outputs& outputs, const Inputs& inputs, chip::Cycle now) {
    if (outputs.read_valid && inputs.read_ready) {
        prefers_write_ = true;
        requests_.push_back({now + request_buffers_,
                             outputs.read_address,
                             outputs.read_bytes,
                             outputs.read_id,
                             false,
                             {},
                             {}});
    }
    if (outputs.write_valid && inputs.write_ready) {
        if (writing_.beats.empty()) {
            writing_ = {0, outputs.write_address, outputs.write_bytes, outputs.write_id, true, {}, {}};
        }
        writing_.beats.push_back(outputs.write_data);
        writing_.masks.push_back(outputs.write_mask);
        if (outputs.write_last) {
            prefers_write_ = false;
            writing_.at = now + request_buffers_;
            requests_.push_back(std::move(writing_));
            writing_ = {};
        }
    }
}

bool MemoryPort::carry_out(const Request& request) {
    if (!memory_->contains(request.address, request.bytes)) {
        throw chip::ProgramError(
            fmt::format("the accelerator {} {} bytes at {:#x}, outside memory, {:#x} to {:#x}",
                        request.write ? "writes" : "reads", request.bytes, request.address, memory_->base(),
                        memory_->base() + memory_->size()));
    }
    std::byte* const bytes = memory_->at(request.address);
    const std::size_t beats = request.bytes / beat_bytes;
    if (request.write) {
        const chip::memory::Response response =
            system_->dma_write(request.address, request.bytes, request.at);
        for (std::size_t beat = 0; beat < request.beats.size(); ++beat) {
            std::array<std::byte, beat_bytes> data;
            std::memcpy(data.data(), request.beats[beat].data(), beat_bytes);
            for (unsigned byte = 0; byte < beat_bytes; ++byte) {
                if ((request.masks[beat] >> byte & 1) != 0) {
                    bytes[beat * beat_bytes + byte] = data[byte];
                }
            }
        }
        acknowledgements_.push_back({response.first + response_buffers_, request.id});
        written_bytes_ += request.bytes;
        return response.probed;
    }
    const chip::memory::Response response = system_->dma_read(request.address, request.bytes, request.at);
    Answer answer;
    answer.first = response.first + response_buffers_;
    answer.apart = beats == 1 ? 1 : (response.last - response.first) / (beats - 1);
    answer.id = request.id;
    answer.beats.resize(beats);
    std::memcpy(answer.beats.data(), bytes, request.bytes);
    // Not in front of one of which beats have been given.
    auto place = answers_.begin();
    while (place != answers_.end() && (place->given != 0 || place->first <= answer.first)) {
        ++place;
    }
    answers_.insert(place, std::move(answer));
    read_bytes_ += request.bytes;
    return response.probed;
}

bool MemoryPort::step(const Outputs& outputs, const Inputs& inputs, chip::Cycle now) {
    if (inputs.data_valid && ++answers_.front().given == answers_.front().beats.size()) {
        answers_.pop_front();
    }
    if (inputs.ack_valid) {
        acknowledgements_.erase(
            std::find_if(acknowledgements_.begin(), acknowledgements_.end(),
                         [&](const Acknowledgement& each) { return each.id == inputs.ack_id; }));
    }
    take(outputs, inputs, now);
    bool probed = false;
    while (!requests_.empty() && requests_.front().at <= now) {
        probed |= carry_out(requests_.front());
        requests_.pop_front();
    }
    return probed;
}

std::string MemoryPort::state() const {
    return fmt::format("{} requests on their way to memory, {} answers and {} acknowledgements from it",
                       requests_.size(), answers_.size(), acknowledgements_.size());
}

}  // namespace partita::rtl
