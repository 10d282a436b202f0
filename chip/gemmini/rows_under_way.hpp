#pragma once

// Rows on their way between local memory and main memory. Function knows of a row when its command is issued;
// main memory is read or written when the transaction that carries the bytes is made, so that cores which use
// no fence see what they would see, and the accelerator sees what they have written until then.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/gemmini/function.hpp"
#include "chip/gemmini/ring.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::gemmini {

// Transactions come in the order of the rows, those of a row in ascending order.
class RowsUnderWay final : public RowSink {
  public:
    // At most so many rows at a time each way.
    RowsUnderWay(std::size_t loads, std::size_t stores) : loads_(loads), stores_(stores), stored_(stores) {}

    void load(const RowLoad& row) override {
        require_room(loads_);
        loads_.push(row);
    }
    void store(Address address, std::span<const std::byte> row) override {
        require_room(stores_);
        std::memcpy(stored_[next_].data(), row.data(), row.size());
        stores_.push({address, static_cast<std::uint32_t>(row.size()), static_cast<std::uint32_t>(next_)});
        next_ = next_ + 1 == stores_.depth() ? 0 : next_ + 1;
    }

    // A transaction on [address, address + size) is made: what the oldest row to be loaded has there is read.
    // With its last byte the row goes to `function`.
    void read(Address address, std::uint32_t size, const memory::FlatMemory& memory, Function& function) {
        const RowLoad& row = loads_.front();
        const Address from = row.address + loaded_bytes_;
        const auto count =
            static_cast<std::uint32_t>(std::min<Address>(row.bytes - loaded_bytes_, address + size - from));
        std::memcpy(&loaded_[loaded_bytes_], memory.at(from), count);
        loaded_bytes_ += count;
        if (loaded_bytes_ == row.bytes) {
            function.load_row(row, loaded_.data());
            loads_.pop();
            loaded_bytes_ = 0;
        }
    }
    // The same of the oldest row to be stored, which is written.
    void write(Address address, std::uint32_t size, memory::FlatMemory& memory) {
        Store& row = stores_.front();
        const Address to = row.address + row.done;
        const auto count =
            static_cast<std::uint32_t>(std::min<Address>(row.bytes - row.done, address + size - to));
        std::memcpy(memory.at(to), &stored_[row.place][row.done], count);
        row.done += count;
        if (row.done == row.bytes) {
            stores_.pop();
        }
    }

  private:
    // Rows that overwrite each other would make wrong numbers at plausible times.
    template <typename Row>
    static void require_room(const Ring<Row>& rows) {
        if (rows.full()) {
            throw std::logic_error("more rows of moves are under way than the controllers can hold");
        }
    }

    using Bytes = std::array<std::byte, most_row_bytes>;
    struct Store {
        Address address = 0;
        std::uint32_t bytes = 0;
        std::uint32_t place = 0;  // in `stored_`
        std::uint32_t done = 0;
    };
    Ring<RowLoad> loads_;
    Bytes loaded_{};  // of the oldest
    std::uint32_t loaded_bytes_ = 0;
    Ring<Store> stores_;
    std::vector<Bytes> stored_;
    std::size_t next_ = 0;
};

}  // namespace partita::chip::gemmini
