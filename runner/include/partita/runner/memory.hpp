#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace partita::runner {

// Throws RunError if the machine does not have `size` bytes of memory installed.
void check_memory(std::size_t size);

// Bytes aligned for `learn`, given back when the owner goes.
class Memory {
  public:
    // Throws RunError if the machine does not have `size` bytes.
    explicit Memory(std::size_t size);

    std::span<std::byte> bytes() const { return {data_.get(), size_}; }

  private:
    struct Free {
        void operator()(std::byte* data) const;
    };
    std::unique_ptr<std::byte, Free> data_;
    std::size_t size_;
};

// Most memory that this process has had resident, in bytes, since its start or the last call of
// forget_peak_memory.
std::size_t peak_resident_bytes();
// Starts the count anew where the system allows it (Linux).
void forget_peak_memory();

}  // namespace partita::runner
