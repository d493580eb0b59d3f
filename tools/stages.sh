# SPDX-License-Identifier: Apache-2.0
# For the scripts of the house: runs a step under a name and says how many seconds it took.
# shellcheck shell=bash

stage_name=""
stage_began_s=0

# stage NAME COMMAND… : COMMAND runs as it would by itself, with `set -e` in force; if it fails, the
# script ends, and its last line names the stage.
stage() {
  stage_name="$1"
  stage_began_s="${SECONDS}"
  shift
  printf '== %s …\n' "${stage_name}" >&2
  "$@"
  printf '== %s: %d s\n' "${stage_name}" "$((SECONDS - stage_began_s))" >&2
  stage_name=""
}

stage_report_failure() {
  local status=$?
  [[ -n "${stage_name}" ]] || return 0
  printf '== %s FAILED after %d s (status %d)\n' "${stage_name}" "$((SECONDS - stage_began_s))" \
    "${status}" >&2
}
trap stage_report_failure EXIT
