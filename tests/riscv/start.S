# Start-up in machine mode: hart 0 runs main, the others sleep. The exit code goes to the HTIF word `tohost`.
    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, sleep

    # The linker may only use gp once it is set.
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_end

    # mstatus.FS = initial: floating point on, round to nearest even.
    li t0, 0x2000
    csrs mstatus, t0
    csrw fcsr, zero

    # The linker script aligns both ends of .bss to 8 bytes.
    la t0, __bss_start
    la t1, __bss_end
zero_bss:
    bgeu t0, t1, run
    sd zero, 0(t0)
    addi t0, t0, 8
    j zero_bss

run:
    call main
    # HTIF: exit with code a0.
    slli a0, a0, 1
    ori a0, a0, 1
    la t0, tohost
    sd a0, 0(t0)

sleep:
    wfi
    j sleep

    .section .tohost, "aw", @progbits
    .balign 64
    .globl tohost
    .size tohost, 8
tohost:
    .dword 0
    .balign 64
    .globl fromhost
    .size fromhost, 8
fromhost:
    .dword 0
