#include "chip/memory/flat.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include "chip/base/error.hpp"

namespace partita::chip::memory {

FlatMemory::FlatMemory(Address base, std::size_t size)
    : base_(base), size_(size), bytes_(nullptr, Unmap{size}), touched_(size / line_bytes) {
    void* pages =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        throw ChipError(fmt::format("the host has no room for {} bytes of simulated memory", size));
    }
    bytes_.reset(static_cast<std::byte*>(pages));
}

void FlatMemory::Unmap::operator()(std::byte* bytes) const {
    munmap(bytes, size);
}

std::size_t FlatMemory::touched_bytes(Address first, Address last) const {
    std::size_t count = 0;
    for (Address line = line_of(first); line < last; line += line_bytes) {
        if (line >= base_ && line - base_ < size_ && touched_[(line - base_) / line_bytes]) {
            const Address from = line > first ? line : first;
            const Address to = line + line_bytes < last ? line + line_bytes : last;
            count += to - from;
        }
    }
    return count;
}

}  // namespace partita::chip::memory
