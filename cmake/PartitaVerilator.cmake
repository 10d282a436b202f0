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
                                             ${PARTITA_VERILATOR_ROOT}/include/verilated_threads.cpp
                                             ${PARTITA_VERILATOR_ROOT}/include/verilated_cov.cpp)
target_include_directories(partita_verilator_runtime SYSTEM PUBLIC ${PARTITA_VERILATOR_ROOT}/include
                                                                   ${PARTITA_VERILATOR_ROOT}/include/vltstd)
target_compile_features(partita_verilator_runtime PUBLIC cxx_std_20)
target_compile_options(partita_verilator_runtime PRIVATE -O2 -w)
find_package(Threads REQUIRED)
target_link_libraries(partita_verilator_runtime PUBLIC Threads::Threads)

# What partita_verilated and partita_netlist have in common: V<name>, or CLASS, from the command line's remainder.
function(partita_verilated_library name)
  cmake_parse_arguments(ARG "" "CLASS" "ARGUMENTS;DEPENDS" ${ARGN})
  if(NOT ARG_CLASS)
    set(ARG_CLASS V${name})
  endif()
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/${name}_verilated)
  set(all ${directory}/${ARG_CLASS}__all.cpp)
  add_custom_command(
    OUTPUT ${all}
    # What an earlier one has left would be joined, too.
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${directory}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${directory}
    COMMAND ${PARTITA_VERILATOR} --cc --prefix ${ARG_CLASS} --Mdir ${directory} -O3 --assert --x-assign unique
            --x-initial unique ${ARG_ARGUMENTS}
    COMMAND ${CMAKE_COMMAND} -DDIRECTORY=${directory} -DNAME=${ARG_CLASS} -P
            ${PROJECT_SOURCE_DIR}/cmake/JoinVerilated.cmake
    DEPENDS ${ARG_DEPENDS}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "Verilating ${name}"
    VERBATIM)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${all})
  target_include_directories(${name} SYSTEM PUBLIC ${directory})
  target_compile_options(${name} PRIVATE -O1 -w)
  target_link_libraries(${name} PUBLIC partita_verilator_runtime)
endfunction()

# Lists of all modules' sources, packages first.
file(GLOB PARTITA_RTL_PACKAGES CONFIGURE_DEPENDS ${PARTITA_RTL}/src/*_pkg.sv)
file(GLOB PARTITA_RTL_MODULES CONFIGURE_DEPENDS ${PARTITA_RTL}/src/*.sv)
list(REMOVE_ITEM PARTITA_RTL_MODULES ${PARTITA_RTL_PACKAGES})

# partita_verilated(<name> TOP <module> [SOURCES <file>...] [PARAMETERS NAME=value...] [PARAMETER_FILE <file>]
#                   [OPTIONS <of verilator>...] [COVERAGE [UNCOVERED <module>...]] [CLASS <class>]): a library of class
# V<name>, or <class>, the module with these parameters. SOURCES: where it is not rtl/src/<module>.sv. PARAMETER_FILE: options of Verilator that are made by the
# build. COVERAGE: lines and toggles are counted, but for those of the modules that are UNCOVERED.
function(partita_verilated name)
  cmake_parse_arguments(ARG "COVERAGE" "TOP;PARAMETER_FILE;CLASS" "SOURCES;PARAMETERS;OPTIONS;UNCOVERED" ${ARGN})
  list(TRANSFORM ARG_PARAMETERS PREPEND -G)
  if(ARG_PARAMETER_FILE)
    list(APPEND ARG_OPTIONS -f ${ARG_PARAMETER_FILE})
  endif()
  if(NOT ARG_SOURCES)
    set(ARG_SOURCES ${PARTITA_RTL}/src/${ARG_TOP}.sv)
  endif()
  if(ARG_COVERAGE)
    list(TRANSFORM ARG_UNCOVERED REPLACE "(.+)" "coverage_off -file \"*/\\1.sv\"\n")
    list(JOIN ARG_UNCOVERED "" uncovered)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.vlt CONTENT "`verilator_config\n${uncovered}")
    list(APPEND ARG_OPTIONS --coverage-line --coverage-toggle --coverage-max-width 64 ${CMAKE_CURRENT_BINARY_DIR}/${name}.vlt)
  endif()
  partita_verilated_library(
    ${name}
    CLASS "${ARG_CLASS}"
    ARGUMENTS --top-module ${ARG_TOP} -Wall ${ARG_PARAMETERS} ${ARG_OPTIONS} ${PARTITA_RTL}/lint.vlt
              ${PARTITA_RTL_PACKAGES} ${ARG_SOURCES} -y ${PARTITA_RTL}/src
    DEPENDS ${PARTITA_RTL_PACKAGES} ${PARTITA_RTL_MODULES} ${ARG_SOURCES} ${ARG_PARAMETER_FILE} ${PARTITA_RTL}/lint.vlt)
  if(ARG_COVERAGE)
    # So many statements count that optimising them takes an hour.
    target_compile_options(${name} PRIVATE -O0)
    target_compile_definitions(${name} PUBLIC VM_COVERAGE=1)
  endif()
endfunction()

# partita_netlist(<name> TOP <module> [SOURCES <file>...] [PARAMETERS NAME=value...]): the same of what Yosys makes of the
# module for UltraScale+. Its models of Xilinx' cells give Verilator much to warn of.
function(partita_netlist name)
  cmake_parse_arguments(ARG "" "TOP" "SOURCES;PARAMETERS" ${ARGN})
  set(netlist ${CMAKE_CURRENT_BINARY_DIR}/${name}.v)
  list(TRANSFORM ARG_PARAMETERS REPLACE "(.+)=(.+)" "-set \\1 \\2")
  list(JOIN ARG_PARAMETERS " " parameters)
  list(JOIN PARTITA_RTL_PACKAGES " " packages)
  list(JOIN PARTITA_RTL_MODULES " " modules)
  list(TRANSFORM ARG_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(JOIN ARG_SOURCES " " sources)
  get_filename_component(bin ${PARTITA_YOSYS} DIRECTORY)
  set(map_luts ${PROJECT_SOURCE_DIR}/rtl/map_luts.ys)
  set(cells ${bin}/../share/yosys/xilinx/cells_sim.v)
  add_custom_command(
    OUTPUT ${netlist}
    COMMAND
      ${PARTITA_YOSYS} -q -p
      "read_verilog -sv ${packages} ${modules} ${sources}; chparam ${parameters} ${ARG_TOP}; synth_xilinx -family xcup -nodsp -noiopad -noclkbuf -nowidelut -top ${ARG_TOP} -run begin:map_luts; script ${map_luts}; clean; write_verilog -noattr ${netlist}"
    DEPENDS ${PARTITA_RTL_PACKAGES} ${PARTITA_RTL_MODULES} ${ARG_SOURCES} ${map_luts}
    COMMENT "Synthesising ${name}"
    VERBATIM)
  partita_verilated_library(${name} ARGUMENTS --top-module ${ARG_TOP} -Wno-lint -Wno-INITIALDLY -Wno-UNOPTFLAT ${netlist} ${cells}
                            DEPENDS ${netlist} ${cells})
endfunction()
