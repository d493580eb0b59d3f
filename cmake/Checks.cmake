# SPDX-License-Identifier: Apache-2.0
# Checks that are part of every build: who includes whom, and that the core is pure. A sin fails the
# build. They take some hundredths of a second, so they run each time.

foreach(check IN ITEMS ladder purity)
  add_custom_target(check_${check} ALL
    COMMAND "${CMAKE_SOURCE_DIR}/tools/checks/${check}" "${CMAKE_SOURCE_DIR}"
    COMMENT "Checking the ${check} of the house"
    VERBATIM)
endforeach()
