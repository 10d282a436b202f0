#include "chip/soc/interruptor.hpp"

#include <fmt/format.h>

#include "chip/base/error.hpp"

namespace partita::chip::soc {
namespace {

constexpr std::uint64_t timer_compare_at = 0x4000;
constexpr std::uint64_t time_at = 0xbff8;
constexpr std::uint64_t software_interrupt = 1U << 3;
constexpr std::uint64_t timer_interrupt = 1U << 7;

constexpr std::uint64_t mask_of(unsigned bytes) {
    return bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * bytes) - 1;
}

void check(Address address, unsigned bytes) {
    const bool size = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    if (!size || address % bytes != 0) {
        throw ProgramError(
            fmt::format("an access of {} bytes to the core-local interruptor at {:#x}, expected 1, 2, 4 or 8 "
                        "aligned bytes",
                        bytes, address));
    }
}

}  // namespace

// The timers do not fire until they are set. Rocket leaves mtimecmp undefined: software must set it anyway.
Interruptor::Interruptor(const Config& config)
    : base_(config.interruptor_base),
      divider_(config.real_time_clock_divider),
      software_(config.cores, 0),
      timer_compare_(config.cores, ~std::uint64_t{0}) {}

// The eight bytes at `offset`, a multiple of 8.
std::uint64_t Interruptor::word(std::uint64_t offset, Cycle at) const {
    if (offset == time_at) {
        return time(at);
    }
    if (offset < timer_compare_at) {
        const std::uint64_t hart = offset / 4;
        std::uint64_t value = hart < software_.size() ? software_[hart] : 0U;
        if (hart + 1 < software_.size()) {
            value |= std::uint64_t{software_[hart + 1]} << 32;
        }
        return value;
    }
    const std::uint64_t hart = (offset - timer_compare_at) / 8;
    return hart < timer_compare_.size() ? timer_compare_[hart] : 0;
}

void Interruptor::set_word(std::uint64_t offset, std::uint64_t value, Cycle at) {
    if (offset == time_at) {
        time_offset_ = value - at / divider_;
    } else if (offset < timer_compare_at) {
        const std::uint64_t hart = offset / 4;
        if (hart < software_.size()) {
            software_[hart] = value & 1;
        }
        if (hart + 1 < software_.size()) {
            software_[hart + 1] = value >> 32 & 1;
        }
    } else if (const std::uint64_t hart = (offset - timer_compare_at) / 8; hart < timer_compare_.size()) {
        timer_compare_[hart] = value;
    }
}

std::uint64_t Interruptor::load(Address address, unsigned bytes, Cycle at) const {
    check(address, bytes);
    const std::uint64_t offset = address - base_;
    return word(offset & ~std::uint64_t{7}, at) >> 8 * (offset & 7) & mask_of(bytes);
}

void Interruptor::store(Address address, unsigned bytes, std::uint64_t value, Cycle at) {
    check(address, bytes);
    const std::uint64_t offset = address - base_;
    const std::uint64_t first = offset & ~std::uint64_t{7};
    const std::uint64_t shift = 8 * (offset & 7);
    const std::uint64_t mask = mask_of(bytes) << shift;
    set_word(first, (word(first, at) & ~mask) | (value << shift & mask), at);
}

std::uint64_t Interruptor::interrupts(unsigned hart, Cycle at) const {
    return (software_[hart] != 0 ? software_interrupt : 0) |
           (time(at) >= timer_compare_[hart] ? timer_interrupt : 0);
}

Cycle Interruptor::next_interrupt(unsigned hart, Cycle at) const {
    const std::uint64_t now = time(at);
    const std::uint64_t compare = timer_compare_[hart];
    if (compare == 0) {
        return never;
    }
    // Ticks until mtime reaches mtimecmp, or, once it has, until it wraps around to zero.
    const std::uint64_t ticks = now < compare ? compare - now : std::uint64_t{0} - now;
    const std::uint64_t tick = at / divider_ + ticks;
    return tick < ticks || tick > never / divider_ ? never : tick * divider_;
}

}  // namespace partita::chip::soc
