#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `upbeat simulate --from-cluster` on a real cluster: it tells where the guests of a node go that is cut, and
# touches nothing; then the node is cut, and the guests go there.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" whatif

what_was_seen() { node node0 upbeat status; }

# All that changes when something happens: every line of the history, and who is where.
snapshot() { node node0 upbeat events --limit 1000; node node0 upbeat vm list; node node0 upbeat node list; }
# VM, FROM and TO of the guests that would boot elsewhere.
foretold() { awk '$4 == "restarted" { print $1, $2, $3 }' "$1"; }

tells_and_touches_nothing() {
  say "what if node2 is cut?"
  snapshot >"${work}/before"
  node node0 upbeat simulate --from-cluster --what "cut node2" >"${work}/told" || die "status $?"
  cat "${work}/told"
  snapshot >"${work}/after"
  diff -u "${work}/before" "${work}/after" || die "asking changed something"
  foretold "${work}/told" >"${work}/foretold"
  [[ "$(wc -l <"${work}/foretold")" -ge 1 ]] || die "nothing would happen to node2's guests"
  while read -r vm from to; do
    runs_on "${vm}" node2 || die "${vm} does not run on node2"
    [[ "${from}" == node2 && "${to}" == node[01] ]] || die "${vm} would go from ${from} to ${to}"
  done <"${work}/foretold"
}

tells_what_would_stay_down() {
  say "what if two of three nodes are cut?"
  local status=0
  node node1 upbeat simulate --from-cluster --what "cut node2; cut node0" >"${work}/told2" || status=$?
  [[ "${status}" -eq 5 ]] || die "status ${status}"
  grep -q "QUORUM IS LOST" "${work}/told2" || { cat "${work}/told2"; die "it does not tell"; }
}

comes_true() {
  say "node2 is cut"
  in_lab power node2 cut
  while read -r vm _ to; do wait_for 60 runs_on "${vm}" "${to}"; done <"${work}/foretold"
}

say "a cluster of three nodes and four guests"
bring_up --nodes 3 --vms 4
tells_and_touches_nothing
tells_what_would_stay_down
comes_true
say "it came as it was told"
