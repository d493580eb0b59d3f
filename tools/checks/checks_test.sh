#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of the checks: each makes a small tree with one sin in it and wants the check to name it.
# checks_test.sh NAME runs one test; ctest runs each (tools/CMakeLists.txt).
set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
tree="$(mktemp -d)"
trap 'rm -rf "${tree}"' EXIT

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

put() { mkdir -p "$(dirname "${tree}/$1")"; printf '%s\n' "$2" >"${tree}/$1"; }

a_tree() {
  put cmake/Upbeat.cmake 'set(UPBEAT_LADDER
  "base:"
  "core:base"
  "ports:base core"
  "node:base core ports")
set(UPBEAT_TEST_LADDER
  "core:ports")'
  put src/base/ids.h '#include <string>'
  put src/core/apply.cc '#include "base/ids.h"'
  put src/node/node.cc '#include "core/apply.h"'
}

accepts() { "${here}/$1" "${tree}" || fail "$1 complains about a tree without a sin"; }

# rejects CHECK TEXT… : CHECK fails and its complaint holds every TEXT.
rejects() {
  local check="$1" complaint text
  shift
  if complaint="$("${here}/${check}" "${tree}" 2>&1)"; then fail "${check} accepts the tree"; fi
  for text in "$@"; do
    [[ "${complaint}" == *"${text}"* ]] || fail "${check} does not say '${text}', but: ${complaint}"
  done
}

test_LadderAcceptsWhatTheLadderAllows() { a_tree; accepts ladder; }

test_LadderRejectsARoomThatUsesOneAboveIt() {
  a_tree
  put src/core/decide.cc $'#include <map>\n#include "node/node.h"'
  rejects ladder 'src/core/decide.cc:2:' 'src/core may not use src/node' 'it may use: base'
}

test_LadderRejectsAnIncludeInAngleBrackets() {
  a_tree
  put src/base/ids.h '#  include <core/apply.h>'
  rejects ladder 'src/base/ids.h:1:' 'src/base may not use src/core' 'no other room'
}

test_LadderRejectsAPathThatClimbs() {
  a_tree
  put src/core/decide.cc '#include "../node/node.h"'
  rejects ladder 'src/core/decide.cc:1:' 'not by ..'
}

test_LadderRejectsARoomWithoutARung() {
  a_tree
  put src/attic/box.cc 'int box;'
  rejects ladder 'src/attic/box.cc:1:' 'no rung'
}

test_LadderLetsAUnitTestUseWhatItsOwnRungNames() {
  a_tree
  put src/core/apply_test.cc '#include "ports/engine.h"'
  accepts ladder
  put src/core/apply.cc '#include "ports/engine.h"'
  rejects ladder 'src/core/apply.cc:1:' 'may not use src/ports'
}

test_LadderRefusesATreeWithoutALadder() {
  a_tree
  put cmake/Upbeat.cmake 'set(SOMETHING_ELSE 1)'
  rejects ladder 'found no UPBEAT_LADDER'
}

# impure LINE TEXT: a core with LINE in it is rejected, and the complaint holds TEXT.
impure() {
  a_tree
  put src/core/decide.cc $'// fine\n'"$1"
  rejects purity 'src/core/decide.cc:2:' "$2"
}

test_PurityRejectsClocks() {
  impure 'auto now = std::chrono::steady_clock::now();' 'reads a clock'
  impure 'auto now = time(nullptr);' 'reads a clock'
  impure 'gettimeofday(&tv, nullptr);' 'reads a clock'
}
test_PurityRejectsChance() {
  impure '#include <random>' 'draws chance'
  impure 'int x = rand();' 'draws chance'
  impure 'std::random_device chaos;' 'draws chance'
}
test_PurityRejectsThreads() {
  impure '#include <thread>' 'threads'
  impure '#include <mutex>' 'threads'
  impure '#include <atomic>' 'threads'
  impure 'std::atomic<int> n;' 'threads'
}
test_PurityRejectsInputAndOutput() {
  impure '#include <iostream>' 'input or output'
  impure '#include <fstream>' 'input or output'
  impure '#include <filesystem>' 'input or output'
  impure 'std::cerr << 1;' 'input or output'
  impure '#include <spdlog/spdlog.h>' 'logs'
}
test_PurityRejectsUnorderedContainers() {
  impure '#include <unordered_map>' 'order'
  impure 'std::unordered_set<int> s;' 'order'
}
test_PurityRejectsMapsKeyedByPointers() {
  impure 'std::map<const Node*, int> m;' 'addresses'
  impure 'std::set<Vm *> s;' 'addresses'
}
test_PurityRejectsFloatingPoint() {
  impure 'double load = 0;' 'floating point'
  impure 'float f(int);' 'floating point'
}
test_PurityRejectsCallbacks() { impure 'std::function<void()> done;' 'callback'; }

test_PurityAcceptsPureCodeThatOnlySpeaksOfSins() {
  a_tree
  put src/core/decide.cc '// std::chrono::steady_clock, double
/* #include <thread>
   rand() */ std::map<VmId, Node*> by_id;
const char* text = "no double // here"; std::uint64_t doubled = 1'\''000; Time time() const;
std::chrono::milliseconds timeout{0}; auto at = state.time(); int unordered = 0;'
  put src/core/decide_test.cc '#include <thread>'
  accepts purity
}

# shapeless FILE TEXT COMPLAINT: a tree with TEXT in FILE is rejected with COMPLAINT.
shapeless() {
  rm -rf "${tree:?}/src"
  put "$1" "$2"
  rejects shape "$3"
}
readonly head=$'// SPDX-License-Identifier: Apache-2.0\n// What it is.'

test_ShapeAcceptsAFileWithHeadAndPragma() {
  put src/base/a.h "${head}"$'\n#pragma once'
  put src/base/a.cc "${head}"
  accepts shape
}
test_ShapeRejectsAFileWithoutLicense() { shapeless src/base/a.cc 'int a;' 'src/base/a.cc:1: wants its SPDX'; }
test_ShapeRejectsAFileThatDoesNotSayWhatItIs() {
  shapeless src/base/a.cc $'// SPDX-License-Identifier: Apache-2.0\n#include <map>' 'src/base/a.cc:2:'
}
test_ShapeRejectsAHeaderWithoutPragmaOnce() { shapeless src/base/a.h "${head}" 'pragma once'; }
test_ShapeRejectsAFileOfMoreThanEightHundredLines() {
  shapeless src/base/a.cc "${head}$(printf '\nint x;%.0s' {1..800})" 'over 800 lines'
}

main() {
  if (($# == 0)); then
    local name
    while read -r name; do
      "${here}/checks_test.sh" "${name}"
      echo "passed: ${name}"
    done < <(sed -n 's/^test_\([A-Za-z]*\)().*/\1/p' "${here}/checks_test.sh")
    return
  fi
  "test_$1"
}

main "$@"
