#pragma once

// Rows of move-outs on their way to memory. Function takes a row out of the local memory when its command is
// issued; memory gets its bytes when the transaction that carries them is made, so that a core which reads
// without a fence sees them then and no sooner.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "chip/base/units.hpp"
#include "chip/gemmini/function.hpp"
#include "chip/gemmini/ring.hpp"
#include "chip/memory/flat.hpp"

namespace partita::chip::gemmini {

class StoresUnderWay final : public StoreSink {
  public:
    // At most `rows` rows at a time, of at most `row_bytes` bytes each.
    StoresUnderWay(std::size_t rows, std::size_t row_bytes)
        : rows_(rows), row_bytes_(row_bytes), bytes_(rows * row_bytes) {}

    bool empty() const { return rows_.empty(); }

    void store(Address address, std::span<const std::byte> row) override {
        std::memcpy(&bytes_[next_ * row_bytes_], row.data(), row.size());
        rows_.push({address, static_cast<std::uint32_t>(row.size()), static_cast<std::uint32_t>(next_)});
        next_ = next_ + 1 == rows_.depth() ? 0 : next_ + 1;
    }

    // A transaction on [address, address + size) is made: what the oldest row has there goes to `memory`.
    // Transactions come in the order of the rows, those of a row in ascending order.
    void commit(Address address, std::uint32_t size, memory::FlatMemory& memory) {
        Row& row = rows_.front();
        const auto count =
            static_cast<std::uint32_t>(std::min<Address>(row.left, address + size - row.address));
        const std::byte* const bytes = &bytes_[row.place * row_bytes_ + row.done];
        std::memcpy(memory.at(row.address), bytes, count);
        row.address += count;
        row.done += count;
        row.left -= count;
        if (row.left == 0) {
            rows_.pop();
        }
    }

  private:
    struct Row {
        Address address = 0;  // of the next byte
        std::uint32_t left = 0;
        std::uint32_t place = 0;
        std::uint32_t done = 0;
    };
    Ring<Row> rows_;
    std::size_t row_bytes_;
    std::size_t next_ = 0;  // place
    std::vector<std::byte> bytes_;
};

}  // namespace partita::chip::gemmini
