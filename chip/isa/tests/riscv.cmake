# Included by tests/riscv, which cross-compiles: the same program must leave the same bits in QEMU and in chip/isa, and
# the decoder must read instructions as objdump does. PARTITA_HOST_CONFORMANCE is the host's build of isa_conformance.
set(isa_tests ${CMAKE_CURRENT_LIST_DIR})

add_custom_command(
  OUTPUT isa_program.S
  COMMAND ${PARTITA_HOST_CONFORMANCE} generate isa_program.S
  DEPENDS ${PARTITA_HOST_CONFORMANCE})
add_executable(isa_program isa_program.S)
target_link_options(isa_program PRIVATE -static -no-pie -nostdlib -nostartfiles -Wl,--build-id=none)

foreach(test instructions disassembly)
  add_test(NAME Isa.Conformance_${test}
           COMMAND ${CMAKE_COMMAND} -DCONFORMANCE=${PARTITA_HOST_CONFORMANCE} -DEMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}
                   -DOBJDUMP=${CMAKE_OBJDUMP} -DPROGRAM=$<TARGET_FILE:isa_program> -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}
                   -P ${isa_tests}/conformance_${test}.cmake)
  set_tests_properties(Isa.Conformance_${test} PROPERTIES TIMEOUT 300)
endforeach()
