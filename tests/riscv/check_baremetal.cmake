# Fails unless PROGRAM is an RV64 ELF that starts at 0x80000000 and asks for no loader, library or symbol from outside.
function(run variable)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

run(header ${READELF} --file-header ${PROGRAM})
foreach(expected "Class: +ELF64" "Type: +EXEC" "Machine: +RISC-V" "Entry point address: +0x80000000" "double-float ABI")
  if(NOT header MATCHES "${expected}")
    message(SEND_ERROR "${PROGRAM}: expected '${expected}' in the ELF header, found\n${header}")
  endif()
endforeach()

run(segments ${READELF} --wide --program-headers ${PROGRAM})
if(segments MATCHES "(INTERP|DYNAMIC|TLS) ")
  message(SEND_ERROR "${PROGRAM}: expected no ${CMAKE_MATCH_1} segment, found\n${segments}")
endif()

run(undefined ${NM} --undefined-only ${PROGRAM})
if(NOT undefined STREQUAL "")
  message(SEND_ERROR "${PROGRAM}: expected no undefined symbol, found\n${undefined}")
endif()

run(symbols ${NM} --defined-only ${PROGRAM})
if(symbols MATCHES " (malloc|calloc|realloc|free|_Zn[wa]m[^\n]*|_Zd[la]Pv[^\n]*|__cxa_throw)\n")
  message(SEND_ERROR "${PROGRAM}: expected neither heap nor exceptions, found ${CMAKE_MATCH_1}")
endif()
