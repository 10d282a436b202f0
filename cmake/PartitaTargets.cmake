# What every target of the project has in common: the language, the warnings, the sanitizers, the names.

set(PARTITA_SANITIZERS "" CACHE STRING "Value of -fsanitize= for every target, e.g. address,undefined")

option(PARTITA_CHECK_SCOPES "Let the address sanitizer also watch the ends of scopes in learn, which takes as long to compile again" ON)

# Language level and warnings, applied to the project's own targets only.
function(partita_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  # No contraction behind our back: a multiply-add is fused where the source says so, so that every compiler and every
  # target computes the same bits.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
                                           -ffp-contract=off)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms on string concatenation (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(PARTITA_SANITIZERS)
    target_compile_options(${target} PRIVATE -fsanitize=${PARTITA_SANITIZERS} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${PARTITA_SANITIZERS})
  endif()
endfunction()

# A clean build is mostly the same headers again and again. Both options can be off: no source relies on them, which
# clang-tidy of `./dev test --full` sees, since it reads each by itself.
option(PARTITA_UNITY "Compile several sources of a target as one" ON)
option(PARTITA_PRECOMPILE "Compile the headers of all tests once" ON)

# partita_join_sources(<target>): its sources are compiled some at a time. Those with options of their own stay alone.
function(partita_join_sources target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${PARTITA_UNITY} UNITY_BUILD_BATCH_SIZE 12)
endfunction()

# Where tests that build programs for the chip keep what these have in common; its names say of which sources.
set(PARTITA_TEST_OBJECTS ${PROJECT_BINARY_DIR}/test_objects)

# Tests themselves take no time worth optimising for; what they test is in libraries.
function(partita_test_options target)
  target_compile_options(${target} PRIVATE $<IF:$<CONFIG:Release>,-O1,-O0>)
endfunction()

# The headers of GoogleTest's programs, compiled once for all.
function(partita_precompile_for_tests target)
  if(NOT PARTITA_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET partita_test_headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/partita_test_headers.cpp CONTENT "")
    add_library(partita_test_headers OBJECT ${PROJECT_BINARY_DIR}/partita_test_headers.cpp)
    target_link_libraries(partita_test_headers PRIVATE GTest::gtest fmt::fmt nlohmann_json::nlohmann_json)
    partita_compile_options(partita_test_headers)
    partita_test_options(partita_test_headers)
    target_precompile_headers(partita_test_headers PRIVATE <gtest/gtest.h> <fmt/format.h> <filesystem> <fstream> <functional>
                                                           <map> <memory>
                                                           <nlohmann/json.hpp> <optional> <random> <span> <sstream> <string> <vector>)
  endif()
  target_precompile_headers(${target} REUSE_FROM partita_test_headers)
endfunction()

# partita_library(<room> SOURCES ...): static library partita_<room>, alias partita::<room>, headers under include/.
function(partita_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  add_library(partita_${room} STATIC ${ARG_SOURCES})
  add_library(partita::${room} ALIAS partita_${room})
  target_include_directories(partita_${room} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
  partita_compile_options(partita_${room})
  partita_join_sources(partita_${room})
endfunction()

# partita_tests(<name> SOURCES ... LIBRARIES ... [LABEL <label>]): one GoogleTest program, its tests known to CTest one
# by one. LABEL slow: only `./dev test --full` runs them. LABEL system: runs the built `partita`; under the sanitizers only
# with --full. LABEL team: also run under the thread sanitizer.
function(partita_tests name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gtest_main fmt::fmt)
  partita_compile_options(${name})
  partita_test_options(${name})
  partita_precompile_for_tests(${name})
  partita_join_sources(${name})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS "${ARG_LABEL}")
  if(ARG_LABEL STREQUAL "team")
    add_dependencies(team_tests ${name})
  endif()
  if(NOT ARG_LABEL MATCHES "slow|system")
    add_dependencies(unit_tests ${name})
  endif()
endfunction()

# What the thread sanitizer's preset builds, and the other sanitizers'.
add_custom_target(team_tests)
add_custom_target(unit_tests)

# partita_fuzzer(<name> SOURCES ... LIBRARIES ...): one libFuzzer program, in <build>/fuzzers. Its seeds are the files
# in corpus/<name>/ beside the CMakeLists.txt that calls this.
function(partita_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  partita_compile_options(${name})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/corpus/${name})
  file(GLOB seeds CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}/*)
  if(seeds)
    file(COPY ${seeds} DESTINATION ${PROJECT_BINARY_DIR}/corpus/${name})
  endif()
  add_dependencies(fuzzers ${name})
endfunction()

# What the fuzzers' preset builds.
add_custom_target(fuzzers)
