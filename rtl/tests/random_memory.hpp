#pragma once

// A main memory that answers when it likes: takes requests in some cycles, gives answers to reads in any
// order, beats with pauses, and acknowledges writes in any order. Checks what the port promises.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "chip/memory/flat.hpp"
#include "rtl/device.hpp"

namespace partita::rtl::test {

class RandomMemory {
  public:
    // ready: of 100 cycles, in how many a request is taken, and a beat or an acknowledgement given.
    RandomMemory(chip::memory::FlatMemory& memory, std::mt19937_64& engine, unsigned ready, unsigned latency)
        : memory_(&memory), engine_(&engine), ready_(ready), latency_(latency) {}

    void offer(Inputs& inputs) {
        inputs.read_ready = chance();
        inputs.write_ready = chance();
        if (giving_ == none) {
            choose_answer();
        }
        inputs.data_valid = giving_ != none && chance();
        if (inputs.data_valid) {
            const Read& read = reads_[giving_];
            inputs.data_id = read.id;
            inputs.data = read.beats[given_];
        }
        inputs.ack_valid = !writes_.empty() && chance();
        if (inputs.ack_valid) {
            acknowledged_ = static_cast<std::size_t>((*engine_)() % writes_.size());
            inputs.ack_id = writes_[acknowledged_];
        }
    }

    void step(const Outputs& outputs, const Inputs& inputs) {
        for (Read& read : reads_) {
            read.wait -= read.wait == 0 ? 0 : 1;
        }
        if (inputs.data_valid && ++given_ == reads_[giving_].beats.size()) {
            reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(giving_));
            giving_ = none;
        }
        if (inputs.ack_valid) {
            writes_.erase(writes_.begin() + static_cast<std::ptrdiff_t>(acknowledged_));
        }
        check_stable(outputs, inputs);
        if (outputs.read_valid && inputs.read_ready) {
            take_read(outputs);
        }
        if (outputs.write_valid && inputs.write_ready) {
            take_write(outputs);
        }
    }

    bool idle() const { return reads_.empty() && writes_.empty() && beats_written_ == 0; }

  private:
    static constexpr std::size_t none = ~std::size_t{0};
    struct Read {
        std::uint8_t id = 0;
        unsigned wait = 0;
        std::vector<Beat> beats;
    };

    bool chance() { return (*engine_)() % 100 < ready_; }

    void choose_answer() {
        std::vector<std::size_t> ripe;
        for (std::size_t place = 0; place < reads_.size(); ++place) {
            if (reads_[place].wait == 0) {
                ripe.push_back(place);
            }
        }
        if (!ripe.empty()) {
            giving_ = ripe[(*engine_)() % ripe.size()];
            given_ = 0;
        }
    }

    // A request that is not taken stays as it is.
    void check_stable(const Outputs& outputs, const Inputs& inputs) {
        if (read_waits_) {
            EXPECT_TRUE(outputs.read_valid && outputs.read_address == last_.read_address &&
                        outputs.read_bytes == last_.read_bytes && outputs.read_id == last_.read_id);
        }
        if (write_waits_) {
            EXPECT_TRUE(outputs.write_valid && outputs.write_address == last_.write_address &&
                        outputs.write_bytes == last_.write_bytes && outputs.write_id == last_.write_id &&
                        outputs.write_last == last_.write_last && outputs.write_mask == last_.write_mask &&
                        (outputs.write_mask == 0 || outputs.write_data == last_.write_data));
        }
        read_waits_ = outputs.read_valid && !inputs.read_ready;
        write_waits_ = outputs.write_valid && !inputs.write_ready;
        last_ = outputs;
    }

    void take_read(const Outputs& outputs) {
        EXPECT_EQ(outputs.read_address % outputs.read_bytes, 0U);
        EXPECT_TRUE(std::none_of(reads_.begin(), reads_.end(),
                                 [&](const Read& read) { return read.id == outputs.read_id; }))
            << "id " << unsigned{outputs.read_id} << " is in use";
        Read read;
        read.id = outputs.read_id;
        read.wait = static_cast<unsigned>((*engine_)() % (latency_ + 1));
        read.beats.resize(outputs.read_bytes / beat_bytes);
        if (memory_->contains(outputs.read_address, outputs.read_bytes)) {
            std::memcpy(read.beats.data(), memory_->at(outputs.read_address), outputs.read_bytes);
        } else {
            ADD_FAILURE() << "read outside memory at " << std::hex << outputs.read_address;
        }
        reads_.push_back(std::move(read));
    }

    void take_write(const Outputs& outputs) {
        if (beats_written_ == 0) {
            EXPECT_EQ(outputs.write_address % outputs.write_bytes, 0U);
            EXPECT_EQ(std::count(writes_.begin(), writes_.end(), outputs.write_id), 0)
                << "id " << unsigned{outputs.write_id} << " is in use";
            first_beat_ = outputs;
        }
        EXPECT_TRUE(outputs.write_address == first_beat_.write_address &&
                    outputs.write_id == first_beat_.write_id &&
                    outputs.write_bytes == first_beat_.write_bytes);
        const std::uint64_t address = outputs.write_address + beats_written_ * beat_bytes;
        ++beats_written_;
        EXPECT_EQ(outputs.write_last, beats_written_ * beat_bytes == outputs.write_bytes);
        if (!memory_->contains(address, beat_bytes)) {
            ADD_FAILURE() << "write outside memory at " << std::hex << address;
            return;
        }
        std::array<std::byte, beat_bytes> data;
        std::memcpy(data.data(), outputs.write_data.data(), beat_bytes);
        for (unsigned byte = 0; byte < beat_bytes; ++byte) {
            if ((outputs.write_mask >> byte & 1) != 0) {
                memory_->at(address)[byte] = data[byte];
            }
        }
        if (outputs.write_last) {
            beats_written_ = 0;
            writes_.push_back(outputs.write_id);
        }
    }

    chip::memory::FlatMemory* memory_;
    std::mt19937_64* engine_;
    unsigned ready_;
    unsigned latency_;
    std::vector<Read> reads_;
    std::size_t giving_ = none;
    std::size_t given_ = 0;
    std::vector<std::uint8_t> writes_;  // ids, not acknowledged
    std::size_t acknowledged_ = 0;
    std::size_t beats_written_ = 0;
    Outputs first_beat_;
    Outputs last_;
    bool read_waits_ = false;
    bool write_waits_ = false;
};

}  // namespace partita::rtl::test
