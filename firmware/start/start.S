# Start-up in machine mode, for every hart at once: registers, a stack and thread-local storage of its own, then
# partita_enter(hart). Harts beyond the team sleep. .bss is the loader's work, as the ELF format says.
#include "partita_chip.h"

    .section .text.start, "ax"
    .globl _start
_start:
    csrr a0, mhartid
    li t0, PARTITA_CHIP_CORES
    bgeu a0, t0, partita_sleep

    # The linker may only use gp once it is set.
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop

    # mstatus.FS = initial: floating point on, round to nearest even.
    li t0, 0x2000
    csrs mstatus, t0
    csrw fcsr, zero

    # The hart's slice of the stacks: thread-local storage at its lower end, the stack from its upper end down.
    la tp, __stacks
    lui t0, %hi(__stack_size)
    addi t0, t0, %lo(__stack_size)
    mul t1, a0, t0
    add tp, tp, t1
    add sp, tp, t0
    lui t1, %hi(__tls_size)
    addi t1, t1, %lo(__tls_size)
    add t1, t1, tp
    mv t2, tp
clear_tls:
    bgeu t2, t1, enter
    sd zero, 0(t2)
    addi t2, t2, 8
    j clear_tls

enter:
    call partita_enter

    .globl partita_sleep
partita_sleep:
    wfi
    j partita_sleep

# The words of HTIF (riscv-tests' environment), each on a line of its own.
    .section .tohost, "aw", @progbits
    .balign 64
    .globl tohost
    .type tohost, @object
    .size tohost, 8
tohost:
    .dword 0
    .balign 64
    .globl fromhost
    .type fromhost, @object
    .size fromhost, 8
fromhost:
    .dword 0
    .balign 64
