#include "partita/runner/memory.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "partita/learn/layout.hpp"
#include "partita/runner/error.hpp"

namespace partita::runner {

namespace {

std::size_t rounded_up(std::size_t size) {
    return (size + learn::buffer_alignment - 1) / learn::buffer_alignment * learn::buffer_alignment;
}

}  // namespace

void check_memory(std::size_t size) {
    const auto pages = sysconf(_SC_PHYS_PAGES);
    const auto page = sysconf(_SC_PAGESIZE);
    const auto installed =
        pages > 0 && page > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) : 0;
    // Memory that is promised but not there would be found out in the middle of the work.
    if (rounded_up(size) < size || (installed != 0 && rounded_up(size) > installed)) {
        throw RunError(fmt::format(
            "the plan needs {} bytes of memory, this machine has {}; more parts, a smaller batch or "
            "the lean tape need less (see `partita plan`)",
            size, installed));
    }
}

Memory::Memory(std::size_t size) : size_(size) {
    check_memory(size);
    data_.reset(static_cast<std::byte*>(std::aligned_alloc(learn::buffer_alignment, rounded_up(size))));
    if (data_ == nullptr) {
        throw RunError(fmt::format("the plan needs {} bytes of memory, which the system refused", size));
    }
}

void Memory::Free::operator()(std::byte* data) const {
    std::free(data);
}

std::size_t peak_resident_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
        }
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

void forget_peak_memory() {
    std::ofstream control("/proc/self/clear_refs");
    control << "5";  // proc(5): resets the peak resident set size
}

}  // namespace partita::runner
