#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hosts that just die, in a cluster of two, for real: fence devices in levels, two supplies, no device at all;
# who goes on when they do not hear each other, with two_node and with a quorum device.
# UPBEAT_PARTS="levels cut qdevice" chooses parts; without it all are done.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" fence
readonly parts="${UPBEAT_PARTS:-levels cut qdevice}"
readonly nobody=10.9.0.250 # an address in the lab that nobody has

what_was_seen() {
  for one in node0 node1; do
    if is_on "${one}"; then
      node "${one}" upbeat status
      node "${one}" upbeat events --limit 40
    fi
  done
}
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# --- what is seen --------------------------------------------------------------------------------
is_on() { in_lab status --json | says "\"name\":\"$1\",\"power\":\"on\""; }
is_off() { in_lab status --json | says "\"name\":\"$1\",\"power\":\"off\""; }
answers_on() { in_lab status --json | says "\"name\":\"$1\",[^}]*\"running_on\":\[\"$2\"\],\"answers\":true"; }
runs_nowhere() { in_lab status --json | says "\"name\":\"$1\",[^}]*\"running_on\":\[\]"; }
told() { node "$1" upbeat node list | awk -v node="$2" '$1 == node { print $2 }'; }
stands_for() { [[ "$(told "$1" "$2")" == "$3" ]]; }
proof_of() { node "$1" upbeat explain "$2" | grep -E 'The proof|failed' || true; }
off_since() { proof_of "$1" "$2" | says 'The proof'; }
alarms() { node "$1" upbeat status | says "$2"; }
explains() { node "$1" upbeat explain "$2" | says "$3"; }
# Looks all the time where each guest's QEMU is; a line for each time that one is seen on two hosts.
watch_for_twins() {
  (
    trap - EXIT # it is not this one that cleans up
    while :; do
      in_lab status --json | grep -oE '"name":"x[0-9]+",[^}]*"running_on":\["[a-z0-9]+",[^]]*\]' || true
      sleep 0.1
    done
  ) >"${work}/twins" &
  watcher=$!
  helpers=("${watcher}")
}
nothing_ran_twice() {
  kill "${watcher}"
  wait "${watcher}" 2>/dev/null || true
  helpers=()
  [[ ! -s "${work}/twins" ]] || die "$1: a guest ran twice: $(head -1 "${work}/twins")"
}

# --- the bed -------------------------------------------------------------------------------------
two_nodes() {
  bring_up --nodes 2 --vms 2 "$@"
  # It is struck more often than a node that is worth its guests.
  node node0 upbeat policy set quarantine_losses 0 >/dev/null
}
# x0 on node0, x1 on node1, both nodes well.
all_in_place() {
  for one in node0 node1; do is_on "${one}" || in_lab power "${one}" on; done
  for one in node0 node1; do wait_for 120 both_see "${one}"; done
  for index in 0 1; do
    wait_for 60 runs "x${index}"
    answers_on "x${index}" "node${index}" || node node0 upbeat vm migrate "x${index}" "node${index}" >/dev/null || true
    wait_for 60 answers_on "x${index}" "node${index}"
  done
}
prepare() {
  all_in_place
  watch_for_twins
}
both_see() { stands_for "$1" node0 online && stands_for "$1" node1 online; }
runs() { node node0 upbeat vm list | says -E "^$1 +running"; }
# The fence devices of both nodes, from standard input, in place of those they have; upbeatd is restarted.
devices() {
  cat >"${work}/devices"
  for one in node0 node1; do
    # shellcheck disable=SC2016  # the $ is sed's
    node "${one}" sh -c 'sed -i "/^\[fence/,\$d" /etc/upbeat/upbeat.toml && cat >>/etc/upbeat/upbeat.toml && systemctl restart upbeatd' <"${work}/devices"
  done
  for one in node0 node1; do wait_for 60 both_see "${one}"; done
}
device() { # NAME ADDRESS LEVEL
  printf '[fence.%s]\nagent = "fence_apc_snmp"\nlevel = %s\nplugs = { node0 = "1", node1 = "2" }\n' "$1" "$3"
  printf 'options = { ip = "%s", community_file = "/etc/upbeat/strip.community", snmp_version = "2c" }\n' "$2"
}

# dies WHAT COMMAND…: node1 is struck; node0 proves it off and boots x1.
dies() {
  local what="$1" strike
  strike="$(now_ms)"
  "${@:2}"
  wait_for 120 off_since node0 node1
  local fenced=$(($(now_ms) - strike))
  wait_for 120 answers_on x1 node0
  say "${what}: proved off after ${fenced} ms, x1 answers after $(($(now_ms) - strike)) ms"
  say "  $(proof_of node0 node1)"
  is_off node1 || die "${what}: node1 is on"
  nothing_ran_twice "${what}"
}
power_cut() { in_lab power node1 cut; }
cable_pull() { in_lab cable node1 pull; }

# --- fence devices -------------------------------------------------------------------------------
levels() {
  say "two nodes with two supplies each, on two power strips"
  two_nodes --supplies 2
  prepare
  dies "a host whose outlets were off already" power_cut

  { device board "${nobody}" 1 && device power-strip 10.9.0.254 2 && device power-strip2 10.9.0.253 2; } >"${work}/levels"
  in_lab power node1 on
  all_in_place
  devices <"${work}/levels"
  prepare
  dies "the board does not answer, both strips say that the host is off" power_cut
  explains node0 node1 'power-strip2 says that outlet 2 is off; no proof came from: fence device .board' || die "it does not say which device proved it"

  prepare
  dies "the board does not answer, the host is on and cut off: both strips switch it off" cable_pull
  in_lab cable node1 plug

  say "one of two strips does not answer: the other's word is no proof"
  { device power-strip 10.9.0.254 1 && device power-strip2 "${nobody}" 1; } >"${work}/half"
  in_lab power node1 on
  all_in_place
  devices <"${work}/half"
  prepare
  power_cut
  wait_for 120 explains node0 node1 'Proving it off failed'
  wait_for 30 alarms node0 'nothing begins here: node1 is lost and not proved off'
  runs_nowhere x1 || die "x1 runs, and nothing proved its host off"
  say "  $(proof_of node0 node1)"
  explains node0 x1 'It may be running on node1' || die "explain x1 does not say for what it waits"
  an_operator_speaks

  say "no device at all: only an operator's word"
  in_lab power node1 on
  all_in_place
  devices </dev/null
  prepare
  power_cut
  wait_for 120 explains node0 node1 'no fence device has a plug for it'
  wait_for 30 alarms node0 'upbeat node confirm-off'
  runs_nowhere x1 || die "x1 runs, and nothing proved its host off"
  an_operator_speaks
  in_lab down
}
an_operator_speaks() {
  node node0 upbeat node confirm-off node1 --yes >/dev/null || die "the operator's word was not taken"
  local word
  word="$(now_ms)"
  wait_for 60 answers_on x1 node0
  say "x1 answers $(($(now_ms) - word)) ms after the operator's word"
  nothing_ran_twice "an operator's word"
}

# --- who goes on ---------------------------------------------------------------------------------
# The nodes hear the gateway, and so its power strip, but not each other.
link_between() {
  for port in node0p0 node1p0 node0p1 node1p1; do
    in_gateway bridge link set dev "${port}" isolated "$1"
  done
}
one_is_off() { is_off node0 || is_off node1; }
# The link between the nodes is cut while both are well: exactly one is left, with both guests.
exactly_one_survives() {
  say "$1: the link between two nodes is cut, both hear the power strip"
  prepare
  local strike survivor other
  strike="$(now_ms)"
  link_between on
  wait_for 60 one_is_off
  if is_off node0; then survivor=node1 other=node0; else survivor=node0 other=node1; fi
  wait_for 120 answers_on "x${other#node}" "${survivor}"
  answers_on "x${survivor#node}" "${survivor}" || die "the guest of ${survivor} was stopped"
  is_on "${survivor}" || die "both are off"
  say "$1: ${survivor} is left, and its rival's guest answers after $(($(now_ms) - strike)) ms"
  nothing_ran_twice "$1"
  link_between off
}
alone_it_waits() {
  say "one node is switched on after both were off: it waits for the other"
  in_lab power node0 cut
  in_lab power node1 cut
  in_lab power node1 on
  wait_for 120 alarms node1 "$1"
  sleep 20 # that nothing happens cannot be awaited
  for vm in x0 x1; do
    runs_nowhere "${vm}" || die "${vm} was started by a node that does not know what the other did"
  done
  in_lab power node0 on
  for vm in x0 x1; do wait_for 150 runs "${vm}"; done
}

cut() {
  say "two nodes with two_node and wait_for_all"
  two_nodes
  prepare
  dies "power cut" power_cut
  exactly_one_survives "two_node"
  alone_it_waits 'without quorum'
  in_lab down
}
qdevice() {
  say "two nodes with a quorum device"
  two_nodes --qdevice
  prepare
  dies "power cut, with a quorum device" power_cut
  exactly_one_survives "a quorum device"
  alone_it_waits 'waits for other nodes'
  in_lab down
}

for part in ${parts}; do "${part}"; done
say "every part was done"
