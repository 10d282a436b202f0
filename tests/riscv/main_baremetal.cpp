// The workload where there is no operating system. What main returns is the exit code that start.S reports.
#include "workload.hpp"

/// A hash (32-bit FNV-1a) of the workload's words, for a simulator or a debugger to read after the run.
volatile std::uint32_t workload_hash = 0;

int main() {
    std::uint32_t hash = 2166136261U;
    for (const std::uint32_t word : partita::riscv::run_workload()) {
        for (int shift = 0; shift < 32; shift += 8) {
            hash = (hash ^ ((word >> shift) & 0xFFU)) * 16777619U;
        }
    }
    workload_hash = hash;
    return 0;
}
