#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of tools/scenario, with a stand-in for `upbeat simulate` that prints the story's own lines after
# "# " and ends with the status of its line "status = N". scenario_test.sh NAME runs one test.
set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
work="$(mktemp -d)"
trap 'rm -rf "${work}"' EXIT
export UPBEAT_BUILD="${work}/build"
story="${work}/a-story"

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# stage STATUS LINE: a program, and a story that prints LINE and ends with STATUS.
stage() {
  mkdir -p "${UPBEAT_BUILD}/bin" "${story}"
  cat >"${UPBEAT_BUILD}/bin/upbeat" <<'PROGRAM'
#!/bin/sh
sed -n 's/^# //p' "$2"
exit "$(sed -n 's/^status = //p' "$2")"
PROGRAM
  chmod +x "${UPBEAT_BUILD}/bin/upbeat"
  printf 'status = %s\n# %s\n' "$1" "$2" >"${story}/scenario.toml"
  echo "What happens." >"${story}/README.md"
}

# refuses WORDS ARGUMENT…: fails, and says WORDS.
refuses() {
  local words="$1" complaint
  shift
  if complaint="$("${here}/scenario" "$@" 2>&1)"; then fail "was content with $*"; fi
  [[ "${complaint}" == *"${words}"* ]] || fail "says: ${complaint}"
}

test_ScenarioShowsTheDifferenceToWhatIsExpected() {
  stage 0 "x1 runs"
  echo "x1 waits" >"${story}/expect.log"
  refuses "-x1 waits
+x1 runs" "${story}"
}

test_ScenarioIsContentWithWhatItAccepted() {
  stage 0 "x1 runs"
  refuses "has no expect.log" "${story}"
  "${here}/scenario" --accept "${story}"
  "${here}/scenario" "${story}" || fail "is not content with what it wrote"
}

test_ScenarioAcceptsNoStoryThatGoesWrong() {
  stage 1 "WRONG (runs-once) at 1.000 s: x1 runs on node0 and on node1"
  refuses "WRONG (runs-once)" --accept "${story}"
  [[ ! -e "${story}/expect.log" ]] || fail "accepted it"
}

test_ScenarioWantsWordsAboutTheStory() {
  stage 0 "x1 runs"
  "${here}/scenario" --accept "${story}"
  : >"${story}/README.md"
  refuses "wants a README.md" "${story}"
}

test_ScenarioComparesTheLogsOfADocument() {
  stage 0 ""
  printf '```toml\nstatus = 0\n# x1 runs\n```\n\n```log\nx1 runs\n```\n' >"${work}/good.md"
  sed 's/^x1 runs/x1 waits/' "${work}/good.md" >"${work}/bad.md"
  echo "no example" >"${work}/empty.md"
  "${here}/scenario" --examples "${work}/good.md" || fail "is not content with a good one"
  refuses "example 1 of ${work}/bad.md prints something else" --examples "${work}/bad.md"
  refuses "has no example" --examples "${work}/empty.md"
}

"test_$1"
