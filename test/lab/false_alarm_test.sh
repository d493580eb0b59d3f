#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What looks like a dead host and is none, for real: a switch that reboots, half of a cluster that is cut off,
# processes that stand still, a storm of migrations. Nobody is fenced who need not be, and all guests live
# through it. The stock power strip is there: whoever is fenced is off.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" false
readonly nodes=4

each_node() { seq -f 'node%g' 0 $((nodes - 1)); }

# --- what is seen --------------------------------------------------------------------------------
quorate() { node "$1" upbeat status 2>/dev/null | says 'Cluster: quorate'; }
all_quorate() { local one; for one in $(each_node); do quorate "${one}" || return 1; done; }
nobody_quorate() { local one; for one in $(each_node); do ! quorate "${one}" || return 1; done; }
all_online() { [[ "$(node node0 upbeat node list | awk '$2 == "online"' | wc -l)" == "${nodes}" ]]; }
all_run() { [[ "$(node node0 upbeat vm list | awk '$2 == "running"' | wc -l)" == "${vms}" ]]; }
history_of() { node node0 upbeat events --limit 1000; }
count_in_history() { history_of | grep -cE "$1" || true; }
# One at least, since there is a cluster.
views() { node node0 grep -c 'A new membership' /var/log/corosync/corosync.log; }

begin() {
  say "$*"
  wait_for 60 all_quorate
  wait_for 60 all_online
  wait_for 60 all_answer
  remember_lives
  fenced="$(count_in_history 'proves it off|was proved off')"
  starts="$(count_in_history ' starts on ')"
}
# nothing_happened WHAT: as `begin` found it, but for places.
nothing_happened() {
  wait_for 90 all_quorate
  wait_for 60 all_online
  wait_for 60 all_run
  all_lived_through "$1"
  [[ "$(count_in_history 'proves it off|was proved off')" == "${fenced}" ]] || die "$1: somebody was fenced"
  [[ "$(count_in_history ' starts on ')" == "${starts}" ]] || die "$1: a guest was started"
  ! in_lab status --json | grep -o '"name":"node[0-9]*","power":"off"' || die "$1: a node is off"
}

# --- the network ---------------------------------------------------------------------------------
pull() { local one; for one in "${@:2}"; do in_lab cable "${one}" pull ${1:+--link "$1"}; done; }
plug() { local one; for one in "${@:2}"; do in_lab cable "${one}" plug ${1:+--link "$1"}; done; }

switch_reboots() {
  begin "both switches reboot, and their ports come up one after another"
  # shellcheck disable=SC2046  # names of nodes
  pull "" $(each_node)
  wait_for 30 nobody_quorate
  sleep 10 # a switch takes its time
  local one
  for one in $(each_node); do
    plug "" "${one}"
    sleep 3 # the next port is learned later
  done
  nothing_happened "a switch that reboots"
}

# Three of four are back long before the fourth: only the time that it is given saves it.
last_port_is_late() {
  begin "quorum is back, and the last node comes ten seconds later"
  # shellcheck disable=SC2046  # names of nodes
  pull "" $(each_node)
  wait_for 30 nobody_quorate
  sleep 5 # a shorter outage is none: a quorum device's vote may come so late
  plug "" node0 node1 node2
  wait_for 30 quorate node0
  sleep 10 # what is tried: that nothing happens meanwhile
  (($(count_in_history 'node3 .*is not back with the quorum') > 0)) || die "it does not say that it waits for node3"
  plug "" node3
  nothing_happened "a port that is late"
}

one_switch_of_two() {
  begin "one of the two switches goes: the other one carries the cluster"
  local before
  before="$(views)"
  # shellcheck disable=SC2046  # names of nodes
  pull 0 $(each_node)
  sleep 6 # twice the time in which a loss would show
  # shellcheck disable=SC2046
  plug 0 $(each_node)
  nothing_happened "a switch of two"
  [[ "$(views)" == "${before}" ]] || die "the view changed, though the second link was there"
}

half_is_cut_off() {
  begin "half of the cluster loses its cables: nobody shoots, nothing starts"
  pull "" node2 node3
  wait_for 30 nobody_quorate
  sleep 8 # three times as long as a fencing takes
  plug "" node2 node3
  nothing_happened "half of a cluster"
}

# --- processes that stand still ------------------------------------------------------------------
# stalled NODE SECONDS UNIT: its main process.
stalled() {
  local pid
  pid="$(node "$1" systemctl show --property MainPID --value "$3")"
  node "$1" kill -STOP "${pid}"
  sleep "$2"
  node "$1" kill -CONT "${pid}"
}
processes_stand_still() {
  begin "upbeatd of a node stands still for 5 s"
  stalled node1 5 upbeatd
  nothing_happened "a stalled upbeatd"
  begin "Corosync stands still for half of its token's time"
  stalled node1 0.5 corosync
  nothing_happened "a stalled Corosync"
  begin "libvirtd stands still for 20 s"
  stalled node1 20 libvirtd
  nothing_happened "a stalled libvirtd"
}

# --- a storm of migrations -----------------------------------------------------------------------
readonly storm_s=40
to_and_fro() {
  local end=$((SECONDS + storm_s))
  while ((SECONDS < end)); do
    node node0 upbeat vm migrate "$1" --timeout 60 >>"${work}/storm.$1" 2>&1 || true
  done
}
storm() {
  begin "all guests move to and fro at the same time"
  local vm before waits=()
  before="$(views)"
  for ((vm = 0; vm < vms; vm++)); do
    to_and_fro "x${vm}" &
    waits+=("$!")
    helpers+=("$!")
  done
  wait "${waits[@]}"
  helpers=()
  nothing_happened "a storm of migrations"
  say "$(count_in_history ' moved live ') moves, $(($(views) - before)) changes of view"
}

say "a cluster of ${nodes} nodes and four guests"
bring_up --nodes "${nodes}" --vms 4
wait_for 120 all_run

one_switch_of_two
switch_reboots
last_port_is_late
half_is_cut_off
processes_stand_still
storm
say "nobody was fenced"
