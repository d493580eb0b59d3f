# SPDX-License-Identifier: Apache-2.0
# How a room of the house is built: one static library, its unit tests beside it, and the rooms it
# may use. A dependency that the ladder does not allow stops the configuration.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the source tree, so that all clones of a machine share what was compiled.
  set_property(GLOBAL PROPERTY RULE_LAUNCH_COMPILE
    "env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
include(GoogleTest)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                    -Wno-missing-field-initializers -Werror
                    # GCC's library uses what it calls deprecated; clang then blames who calls it.
                    $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)

# Bottom to top. A room may use the rooms named behind its colon and nothing else.
set(UPBEAT_LADDER
  "base:"
  "core:base"
  "ports:base core"
  "wire:base core"
  "clock:base ports"
  "store:base ports clock"
  "engine:base core ports clock"
  "hypervisor:base core ports clock"
  "fence:base core ports clock"
  "shutdown:base core ports clock"
  "health:base core ports clock"
  "network:base core ports clock"
  "node:base core ports wire"
  "api:base core ports wire"
  "measure:base"
  "sim:base core ports clock node wire engine hypervisor fence shutdown store"
  "lab:base measure"
  "daemon:base core ports clock node wire store engine hypervisor fence shutdown health network api"
  "cli:base core api lab measure sim")

# What unit tests (*_test.cc) may include beyond that: rooms with the twins that they run against.
set(UPBEAT_TEST_LADDER
  "node:clock hypervisor network"
  "api:clock"
  "cli:clock")

set(UPBEAT_ROOMS "")
foreach(rung IN LISTS UPBEAT_LADDER)
  string(REGEX REPLACE ":.*" "" room "${rung}")
  string(REGEX REPLACE ".*:" "" may_use "${rung}")
  separate_arguments(may_use)
  list(APPEND UPBEAT_ROOMS ${room})
  set(UPBEAT_MAY_USE_${room} ${may_use})
endforeach()

# upbeat_room(NAME ROOMS a b LIBS x y SOURCES a.cc ... TESTS a_test.cc ... TEST_LIBS ...)
#
# Makes library upbeat_NAME from SOURCES and, from TESTS, the program NAME_test that ctest runs.
# ROOMS are other rooms, checked against the ladder; LIBS are libraries from outside.
function(upbeat_room name)
  cmake_parse_arguments(arg "" "" "ROOMS;LIBS;SOURCES;TESTS;TEST_LIBS" ${ARGN})
  foreach(room IN LISTS arg_ROOMS)
    if(NOT room IN_LIST UPBEAT_MAY_USE_${name})
      message(FATAL_ERROR "src/${name} may not use src/${room}: see the ladder in cmake/Upbeat.cmake")
    endif()
  endforeach()
  list(TRANSFORM arg_ROOMS PREPEND upbeat_)
  if(arg_SOURCES)
    add_library(upbeat_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(upbeat_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(upbeat_${name} ${scope} "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(upbeat_${name} ${scope} ${arg_ROOMS} ${arg_LIBS})
  if(arg_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE upbeat_${name} ${arg_TEST_LIBS} GTest::gtest_main GTest::gmock)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
                         PROPERTIES TIMEOUT 120)
  endif()
endfunction()
