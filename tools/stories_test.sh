#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of same-logs and fresh-seeds, with programs that only pretend to tell stories.
# stories_test.sh NAME runs one test; ctest runs each (tools/CMakeLists.txt).
set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
folder="$(mktemp -d)"
trap 'rm -rf "${folder}"' EXIT

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# a_program NAME SCRIPT
a_program() {
  printf '#!/bin/sh\n%s\n' "$2" >"${folder}/$1"
  chmod +x "${folder}/$1"
}

# rejects TEXT COMMAND… : COMMAND fails and says TEXT.
rejects() {
  local text="$1" said
  shift
  if said="$("$@" 2>&1)"; then fail "$1 accepts it"; fi
  [[ "${said}" == *"${text}"* ]] || fail "$1 does not say '${text}', but: ${said}"
}

test_SameLogsAcceptsProgramsThatTellTheSame() {
  a_program one 'echo "1 to $2"'
  a_program two 'echo "1 to 20"'
  "${here}/same-logs" 20 "${folder}/one" "${folder}/two" || fail "same-logs complains without cause"
}

test_SameLogsRejectsABuildThatTellsAnotherStory() {
  a_program one 'echo x0 runs on node1'
  a_program two 'echo x0 runs on node2'
  rejects '+x0 runs on node2' "${here}/same-logs" 20 "${folder}/one" "${folder}/two"
}

test_SameLogsRejectsAProgramThatTellsAnotherStoryEachTime() {
  a_program one 'echo $$'
  rejects 'give another log' "${here}/same-logs" 20 "${folder}/one"
}

test_SameLogsRejectsAProgramThatFailsOrSaysNothing() {
  a_program one 'echo broken by a sanitizer >&2; exit 1'
  rejects 'broken by a sanitizer' "${here}/same-logs" 20 "${folder}/one"
  a_program one 'exit 0'
  rejects 'tells nothing' "${here}/same-logs" 20 "${folder}/one"
}

test_FreshSeedsPlaysSoManyAndSaysWhich() {
  a_program upbeat 'echo "played: $*"'
  local said
  said="$("${here}/fresh-seeds" "${folder}/upbeat" 500)"
  [[ "${said}" =~ "played: simulate --seeds "([0-9]+)\.\.([0-9]+) ]] || fail "it plays: ${said}"
  ((BASH_REMATCH[2] - BASH_REMATCH[1] == 499)) || fail "these are not 500 seeds: ${said}"
  [[ "${said}" == *"upbeat simulate --seeds ${BASH_REMATCH[1]}..${BASH_REMATCH[2]} (commit"* ]] ||
    fail "it does not say how to play them again: ${said}"
}

test_FreshSeedsFailsIfASeedGoesWrong() {
  a_program upbeat 'echo seed 7 goes wrong; exit 1'
  rejects 'seed 7 goes wrong' "${here}/fresh-seeds" "${folder}/upbeat" 500
}

"test_${1:?which test}"
