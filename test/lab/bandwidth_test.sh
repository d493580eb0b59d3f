#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Migration traffic and the cluster's own messages on one narrow wire: the migrations get less when they hold the
# messages up, all guests arrive, and no node is lost.
set -euo pipefail

readonly upbeat="${UPBEAT_BUILD:?the folder of the build}/bin/upbeat"
readonly lab="wire$$"
# What the wire carries, in Mbit/s; the nodes' TCP buffers (256 KiB) then wait for a twenty-fifth of a second.
readonly wire=50
work="$(mktemp -d)"
readonly work

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
die() {
  say "FAILED: $*" >&2
  node node0 journalctl --no-pager --unit upbeatd --lines 40 >&2 || true
  exit 1
}
finish() {
  "${upbeat}" lab down --name "${lab}" >/dev/null 2>&1 || true
  rm -rf "${work}"
}
trap finish EXIT

node() { "${upbeat}" lab exec --name "${lab}" "$1" -- "${@:2}"; }
wait_for() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < end)) || die "not within $1 s: ${*:2}"
    sleep 0.2
  done
}
places() { node node0 upbeat vm list | awk '$2 == "running" { print $1, $3 }'; }
all_on() { [[ "$(places | grep -c " $1\$")" == 2 ]]; }
all_run() { [[ "$(places | wc -l)" == 2 ]]; }
node0_is_empty() { all_on node1; }
# Every link of every node, both ways.
narrow() {
  ip netns exec "upbeat-${lab}-$1" tc qdisc replace dev "$2" root tbf rate "${wire}mbit" burst 64kb limit 4mb
}
write() {
  ip netns exec "upbeat-${lab}-gw" bash -c \
    "exec 3<>/dev/tcp/10.9.0.10${1#x}/7000; read -r _ <&3; printf 'write $2 $3\n' >&3; read -r line <&3"
}
said() { node node0 journalctl --no-pager --unit upbeatd --output cat; }
held_back() { said | grep -q 'MiB/s of the wire: the cluster'; }

"${upbeat}" lab up --name "${lab}" --nodes 2 --vms 2 --deb "$(find "${UPBEAT_BUILD}" -maxdepth 1 -name 'upbeat_*.deb')" \
  >"${work}/up" 2>&1 || { cat "${work}/up" >&2; die "the lab did not come up"; }
wait_for 60 all_run
for vm in x0 x1; do node node0 upbeat vm migrate "${vm}" node0 >/dev/null 2>&1 || true; done
wait_for 60 all_on node0

say "both guests leave over a wire of ${wire} Mbit/s, while they write 1 MiB/s each"
for n in 0 1; do narrow "node${n}" up0; narrow gw "node${n}p0"; done
for vm in x0 x1; do write "${vm}" 1 64; done
node node0 upbeat drain node0 >/dev/null
wait_for 120 held_back
wait_for 300 node0_is_empty
said | grep 'MiB/s of the wire'
if node node0 upbeat events --limit 1000 | grep -E 'was lost|proves it off'; then die "a node was lost"; fi
say "well"
