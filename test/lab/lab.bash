# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every test in a lab has: a lab of its own that goes with the test, commands in its nodes, and looks at its guests.
#
#   source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" NAME
#   bring_up --nodes 3 --vms 4
#
# `package` is the build's. The lab is called NAME and the test's process, so that two runs do not meet. `work` is a folder
# for files. What a test starts in the background and adds to `helpers` ends with it. A test may say what is worth reading when it fails by a
# function `what_was_seen` of its own, of which no part has to succeed.

set -euo pipefail
readonly upbeat="${UPBEAT_BUILD:?the folder of the build}/bin/upbeat"
readonly lab="$1$$"
readonly gateway="upbeat-${lab}-gw" # its network namespace
package=""
vms=0 # how many guests bring_up made
look_interval_s=0.2
helpers=()
work="$(mktemp -d)"
readonly work

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
what_was_seen() { node node0 upbeat events --limit 60; }
die() {
  say "FAILED: $*" >&2
  what_was_seen >&2 || true
  exit 1
}
finish() {
  ((${#helpers[@]} == 0)) || kill "${helpers[@]}" 2>/dev/null || true
  "${upbeat}" lab down --name "${lab}" >/dev/null 2>&1 || true
  rm -rf "${work}"
}
trap finish EXIT

# bring_up ARGUMENTS of `upbeat lab up`, with the package of the build.
bring_up() {
  package="$(find "${UPBEAT_BUILD}" -maxdepth 1 -name 'upbeat_*.deb')"
  "${upbeat}" lab up --name "${lab}" "$@" --deb "${package}" >"${work}/up" 2>&1 ||
    { cat "${work}/up" >&2; die "the lab did not come up"; }
  vms="$(find "/run/upbeat-lab/${lab}/share/vms" -name 'x*.xml' | wc -l)"
}
in_lab() { "${upbeat}" lab "$1" --name "${lab}" "${@:2}"; }
node() { in_lab exec "$1" -- "${@:2}"; }
in_gateway() { ip netns exec "${gateway}" "$@"; }
# wait_for SECONDS COMMAND…: until COMMAND says yes; the test fails if it does not in time.
wait_for() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < end)) || die "not within $1 s: ${*:2}"
    sleep "${look_interval_s}"
  done
}

# says WHAT…: whether that is in what is piped to it. All of it is read: with -q grep would end whoever still writes, and the pipe
# would fail for that.
says() { grep "$@" >/dev/null; }

now() { echo "${EPOCHREALTIME/,/.}"; }
span_ms() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%d", (to - from) * 1000 }'; }
ms_since() { span_ms "$1" "$(now)"; }

# --- what the cluster says, asked on node0 ---------------------------------------------------------
# Who is where: "x1 node1".
places() { node node0 upbeat vm list | awk '$2 == "running" { print $1, $3 }'; }
runs_on() { places | says -x "$1 $2"; }
stands() { [[ "$(node node0 upbeat node list | awk -v node="$1" '$1 == node { print $2 }')" == "$2" ]]; }
was_fenced() { node node0 upbeat events --limit 1000 | grep -E 'proves it off|was lost: '; }
# How often a node became a member. (Where its host is in the view before its daemon, it is the daemon that comes.)
joins_of() { node node0 upbeat events --subject "$1" --limit 1000 | grep -cE ' joined$| its daemon is there again$' || true; }

# --- what the guests say themselves ----------------------------------------------------------------
all_answer() { [[ "$(in_lab status --json | grep -o '"answers":true' | wc -l)" == "${vms}" ]]; }
# Each guest's boot id and what was wrong with its memory and disk; a guest that was started anew has another id.
lives() {
  in_lab status --json | grep -o '"name":"x[0-9]*"[^}]*' |
    sed -E 's/.*"name":"(x[0-9]+)".*"boot_id":"([^"]*)".*"memory_errors":([0-9]+).*"disk_errors":([0-9]+).*/\1 \2 \3 \4/'
}
remember_lives() {
  lives >"${work}/lives"
  [[ "$(wc -l <"${work}/lives")" == "${vms}" ]] || die "the guests do not tell of themselves: $(cat "${work}/lives")"
}
all_lived_through() {
  wait_for 60 all_answer
  lives | diff -u "${work}/lives" - || die "$1: a guest did not live through it"
}
# load_with VM MIB_PER_S OF_MIB: it writes so much from now on (docs/lab.md).
load_with() {
  in_gateway bash -c \
    "exec 3<>/dev/tcp/10.9.0.$((100 + ${1#x}))/7000; read -r _ <&3; printf 'write $2 $3\n' >&3; read -r line <&3; echo \"\${line}\"" >"${work}/wrote"
  grep -q "\"vm\":\"$1\"" "${work}/wrote" || die "$1 did not take its load: $(cat "${work}/wrote")"
}
