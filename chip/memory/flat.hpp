#pragma once

// The bytes of main memory. Caches keep tags only: what a program reads and writes is always here.

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "chip/base/units.hpp"

namespace partita::chip::memory {

class FlatMemory {
  public:
    // `size` bytes from `base` on, all zero, backed by pages that exist once they are written. Throws
    // ChipError if the host has no room. Both must be multiples of a line.
    FlatMemory(Address base, std::size_t size);

    Address base() const { return base_; }
    std::size_t size() const { return size_; }

    bool contains(Address address, std::size_t count) const {
        const Address offset = address - base_;
        return offset < size_ && count <= size_ - offset;
    }
    // Unchecked: the caller has asked `contains`.
    std::byte* at(Address address) { return bytes_.get() + (address - base_); }
    const std::byte* at(Address address) const { return bytes_.get() + (address - base_); }
    template <typename T>
    T load(Address address) const {
        T value;
        std::memcpy(&value, at(address), sizeof value);
        return value;
    }
    template <typename T>
    void store(Address address, T value) {
        std::memcpy(at(address), &value, sizeof value);
    }

    // Remembers that the line was asked for, by a cache or by the accelerator.
    void touch(Address address) { touched_[(address - base_) / line_bytes] = true; }
    // Bytes of the lines touched in [first, last).
    std::size_t touched_bytes(Address first, Address last) const;

  private:
    struct Unmap {
        std::size_t size;
        void operator()(std::byte* bytes) const;
    };
    Address base_;
    std::size_t size_;
    std::unique_ptr<std::byte, Unmap> bytes_;
    std::vector<bool> touched_;
};

}  // namespace partita::chip::memory
