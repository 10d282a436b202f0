# Modules of rtl/src as C++ classes, by Verilator.

find_program(PARTITA_VERILATOR verilator)
if(NOT PARTITA_VERILATOR)
  return()
endif()
execute_process(COMMAND ${PARTITA_VERILATOR} --getenv VERILATOR_ROOT OUTPUT_VARIABLE PARTITA_VERILATOR_ROOT
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(PARTITA_RTL ${PROJECT_SOURCE_DIR}/rtl)

# What all Verilated models share. Its sources and headers are not ours: no warnings from them.
add_library(partita_verilator_runtime STATIC ${PARTITA_VERILATOR_ROOT}/include/verilated.cpp
                                             ${PARTITA_VERILATOR_ROOT}/include/verilated_threads.cpp)
target_include_directories(partita_verilator_runtime SYSTEM PUBLIC ${PARTITA_VERILATOR_ROOT}/include
                                                                   ${PARTITA_VERILATOR_ROOT}/include/vltstd)
target_compile_features(partita_verilator_runtime PUBLIC cxx_std_20)
target_compile_options(partita_verilator_runtime PRIVATE -O2 -w)
find_package(Threads REQUIRED)
target_link_libraries(partita_verilator_runtime PUBLIC Threads::Threads)

# partita_verilated(<name> TOP <module> [SOURCES <file>...] [PARAMETERS NAME=value...] [PARAMETER_FILE <file>]
#                   [OPTIONS <of verilator>...]): a library of class V<name>, the module with these parameters.
# SOURCES: where it is not rtl/src/<module>.sv. PARAMETER_FILE: options of Verilator that are made by the build.
function(partita_verilated name)
  cmake_parse_arguments(ARG "" "TOP;PARAMETER_FILE" "SOURCES;PARAMETERS;OPTIONS" ${ARGN})
  file(GLOB packages CONFIGURE_DEPENDS ${PARTITA_RTL}/src/*_pkg.sv)
  file(GLOB sources CONFIGURE_DEPENDS ${PARTITA_RTL}/src/*.sv)
  list(REMOVE_ITEM sources ${packages})
  list(TRANSFORM ARG_PARAMETERS PREPEND -G)
  if(NOT ARG_SOURCES)
    set(ARG_SOURCES ${PARTITA_RTL}/src/${ARG_TOP}.sv)
  endif()
  if(ARG_PARAMETER_FILE)
    list(APPEND ARG_OPTIONS -f ${ARG_PARAMETER_FILE})
  endif()
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${name}_verilated)
  set(all ${directory}/V${name}__all.cpp)
  add_custom_command(
    OUTPUT ${all}
    COMMAND ${PARTITA_VERILATOR} --cc --top-module ${ARG_TOP} --prefix V${name} --Mdir ${directory} -Wall -O3 --x-assign unique
            --x-initial unique ${ARG_PARAMETERS} ${ARG_OPTIONS} ${PARTITA_RTL}/lint.vlt ${packages} ${ARG_SOURCES} -y
            ${PARTITA_RTL}/src
    COMMAND ${CMAKE_COMMAND} -DDIRECTORY=${directory} -DNAME=V${name} -P
            ${PROJECT_SOURCE_DIR}/cmake/JoinVerilated.cmake
    DEPENDS ${packages} ${sources} ${ARG_SOURCES} ${ARG_PARAMETER_FILE} ${PARTITA_RTL}/lint.vlt
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "Verilating ${name}"
    VERBATIM)
  add_library(${name} STATIC ${all})
  target_include_directories(${name} SYSTEM PUBLIC ${directory})
  target_compile_options(${name} PRIVATE -O1 -w)
  target_link_libraries(${name} PUBLIC partita_verilator_runtime)
endfunction()
