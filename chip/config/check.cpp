// What the sections of a chip file must say together. Each room has bounds for its own values.

#include <fmt/format.h>

#include "chip/base/error.hpp"
#include "chip/base/units.hpp"
#include "chip/config/chip.hpp"

namespace partita::chip::config {
namespace {

template <typename... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    throw ChipError(fmt::format(format, std::forward<Arguments>(arguments)...));
}

void check_address_space(const soc::Config& soc, const memory::Config& memory) {
    if (memory.base % line_bytes != 0) {
        fail("memory.base is {:#x}, expected a multiple of a cache line's {} bytes", memory.base, line_bytes);
    }
    if (soc.interruptor_base % soc::interruptor_bytes != 0) {
        fail("soc.interruptor_base is {:#x}, expected a multiple of its {:#x} bytes", soc.interruptor_base,
             soc::interruptor_bytes);
    }
    if (soc.interruptor_base < memory.base + memory.bytes &&
        memory.base < soc.interruptor_base + soc::interruptor_bytes) {
        fail("soc.interruptor_base {:#x} lies in main memory, memory.bytes {} from memory.base {:#x} on",
             soc.interruptor_base, memory.bytes, memory.base);
    }
}

void check_caches(const Chip& chip) {
    const rocket::Config& rocket = chip.rocket;
    const memory::Config& memory = chip.memory;
    if (memory.l2_bytes < std::uint64_t{line_bytes} * memory.l2_ways) {
        fail("memory.l2_bytes is {}, expected at least one line of {} bytes in each of memory.l2_ways {}",
             memory.l2_bytes, line_bytes, memory.l2_ways);
    }
    const std::uint64_t data_cache = std::uint64_t{line_bytes} * rocket.dcache_sets * rocket.dcache_ways;
    if (memory.l2_bytes < data_cache * chip.soc.cores) {
        fail(
            "memory.l2_bytes is {}, less than the {} data caches of {} bytes (rocket.dcache_sets {}, "
            "rocket.dcache_ways {}, soc.cores {}), all of which an inclusive cache holds",
            memory.l2_bytes, chip.soc.cores, data_cache, rocket.dcache_sets, rocket.dcache_ways,
            chip.soc.cores);
    }
    if (std::uint64_t{1} << rocket.bht_history_bits > rocket.bht_entries) {
        fail("rocket.bht_history_bits is {}, more than index rocket.bht_entries {}", rocket.bht_history_bits,
             rocket.bht_entries);
    }
}

void check_buses(const Chip& chip) {
    const memory::Config& memory = chip.memory;
    if (chip.rocket.dcache_beats * memory.bus_bytes != line_bytes) {
        fail("rocket.dcache_beats is {}, expected {}: a line of {} bytes over memory.bus_bytes {}",
             chip.rocket.dcache_beats, line_bytes / memory.bus_bytes, line_bytes, memory.bus_bytes);
    }
    if (memory.dram_bus_bytes > memory.bus_bytes) {
        fail("memory.dram_bus_bytes is {}, expected at most memory.bus_bytes, {}", memory.dram_bus_bytes,
             memory.bus_bytes);
    }
    if (chip.gemmini.dma_bus_bytes != memory.bus_bytes) {
        fail("gemmini.dma_bus_bytes is {}, expected memory.bus_bytes, {}", chip.gemmini.dma_bus_bytes,
             memory.bus_bytes);
    }
}

}  // namespace

void check_chip(const Chip& chip) {
    check_address_space(chip.soc, chip.memory);
    check_caches(chip);
    check_buses(chip);
    chip.gemmini.validate();
}

}  // namespace partita::chip::config
