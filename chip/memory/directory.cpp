#include "chip/memory/directory.hpp"

namespace partita::chip::memory {

Directory::Directory(std::uint64_t bytes, unsigned ways)
    : sets_(static_cast<unsigned>(bytes / line_bytes / ways)),
      ways_(ways),
      lines_(std::size_t{sets_} * ways) {}

Line& Directory::victim(Address line) {
    // A maximal 16-bit Galois LFSR: taps 16, 14, 13, 11.
    const unsigned out = random_ & 1u;
    random_ = static_cast<std::uint16_t>(random_ >> 1 ^ (out != 0 ? 0xB400u : 0u));
    const unsigned way = random_ & (ways_ - 1);
    return lines_[std::size_t{set_of(line)} * ways_ + way];
}

}  // namespace partita::chip::memory
