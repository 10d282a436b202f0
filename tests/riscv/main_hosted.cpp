// Prints the workload's words, one a line: on the host, and for RISC-V in qemu.
#include <cinttypes>
#include <cstdio>

#include "workload.hpp"

int main() {
    for (const std::uint32_t word : partita::riscv::run_workload()) {
        std::printf("%08" PRIx32 "\n", word);
    }
    return 0;
}
