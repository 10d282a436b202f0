#pragma once

// Marks for a simulator of the chip: HINTs of the RISC-V standard's space for custom use, which every
// processor executes as no-ops, so a mark costs one cycle and nothing else. On other machines they are
// nothing at all.

namespace partita::learn {

// The region `id` (1 ... 2047) begins; the program's section .partita.regions has its name.
template <int id>
inline void begin_region() {
#ifdef __riscv
    asm volatile("slti x0, x0, %0" ::"i"(id) : "memory");
#endif
}

// The innermost region ends.
inline void end_region() {
#ifdef __riscv
    asm volatile("slti x0, x0, 0" ::: "memory");
#endif
}

// From here on this hart waits for others, until end_wait.
inline void begin_wait() {
#ifdef __riscv
    asm volatile("sltiu x0, x0, 1" ::: "memory");
#endif
}
inline void end_wait() {
#ifdef __riscv
    asm volatile("sltiu x0, x0, 0" ::: "memory");
#endif
}

}  // namespace partita::learn
