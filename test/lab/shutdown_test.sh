#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every way in which a host is told to go, for real: its guests leave live, it comes back, and nothing is
# fenced. And what is none of these: restarting what guests do not need.
# UPBEAT_ROUNDS=10 repeats the reboot under load, for figures.
set -euo pipefail

readonly upbeat="${UPBEAT_BUILD:?the folder of the build}/bin/upbeat"
readonly lab="down$$"
readonly rounds="${UPBEAT_ROUNDS:-1}"
work="$(mktemp -d)"
readonly work

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
die() {
  say "FAILED: $*" >&2
  node node0 upbeat events --limit 60 >&2 || true
  exit 1
}
web=""
finish() {
  [[ -z "${web}" ]] || kill "${web}" 2>/dev/null || true
  "${upbeat}" lab down --name "${lab}" >/dev/null 2>&1 || true
  rm -rf "${work}"
}
trap finish EXIT

in_lab() { "${upbeat}" lab "$1" --name "${lab}" "${@:2}"; }
node() { in_lab exec "$1" -- "${@:2}"; }
wait_for() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < end)) || die "not within $1 s: ${*:2}"
    sleep 0.2
  done
}

# --- what is seen --------------------------------------------------------------------------------
# Who is where, from a node that is not struck: "x1 node1".
places() { node node0 upbeat vm list | awk '$2 == "running" { print $1, $3 }'; }
runs_on() { places | grep -qx "$1 $2"; }
standing() { node node0 upbeat node list | awk -v node="$1" '$1 == node { print $2 }'; }
stands() { [[ "$(standing "$1")" == "$2" ]]; }
is_empty() { ! places | grep -q " $1\$" && node node0 upbeat node list | awk -v node="$1" '$1 == node && $3 == 0 { found = 1 } END { exit !found }'; }
# Each guest's boot id and what was wrong with its memory and disk; a guest that was started anew has another id.
lives() {
  in_lab status --json | grep -o '"name":"x[0-9]*"[^}]*' |
    sed -E 's/.*"name":"(x[0-9]+)".*"boot_id":"([^"]*)".*"memory_errors":([0-9]+).*"disk_errors":([0-9]+).*/\1 \2 \3 \4/'
}
all_answer() { [[ "$(in_lab status --json | grep -o '"answers":true' | wc -l)" == 4 ]]; }
# How often a node became a member. Nothing is run in a node that goes down: what its last kill stops, it waits for.
# (Where its host is in the view before its daemon, it is the daemon that comes.)
joins_of() { node node0 upbeat events --subject "$1" --limit 1000 | grep -cE ' joined$| its daemon is there again$' || true; }
was_fenced() { node node0 upbeat events --limit 1000 | grep -E 'proves it off|was lost: '; }

# --- the story of each trigger -------------------------------------------------------------------
prepare() {
  wait_for 60 stands node1 online
  for vm in x1 x3; do runs_on "${vm}" node1 || node node0 upbeat vm migrate "${vm}" node1 >/dev/null; done
  wait_for 30 all_answer
  lives >"${work}/lives"
  [[ "$(wc -l <"${work}/lives")" == 4 ]] || die "the guests do not tell of themselves: $(cat "${work}/lives")"
  joins="$(joins_of node1)"
}
came_back() { (("$(joins_of node1)" > joins)) && stands node1 online; }
went() { in_lab status --json | grep -q '"name":"node1","power":"off"'; }
nobody_noticed() {
  wait_for 30 all_answer
  lives >"${work}/after"
  diff -u "${work}/lives" "${work}/after" || die "$1: a guest did not live through it"
  if was_fenced >"${work}/fenced"; then die "$1: $(cat "${work}/fenced")"; fi
}

# told_to_go back|off WHAT COMMAND…: node1 empties itself, goes, and is back.
told_to_go() {
  local ends="$1" what="$2"
  say "${what}"
  prepare
  "${@:3}" || true # the connection may go with the node
  if [[ "${ends}" == off ]]; then
    wait_for 150 went
    in_lab power node1 on
  fi
  wait_for 150 came_back
  runs_on x1 node1 && die "${what}: x1 is on node1 without failback"
  nobody_noticed "${what}"
}

# --- what is no failure --------------------------------------------------------------------------
moves_nothing() {
  say "$1 moves nothing and stops nothing"
  prepare
  places >"${work}/places"
  "${@:2}"
  wait_for 60 stands node1 online
  places | diff -u "${work}/places" - || die "$1 moved a guest"
  nobody_noticed "$1"
}
cancelled() {
  node node1 shutdown -r +1
  node node1 shutdown -c
}
restarted_corosync() {
  node node1 systemctl restart corosync
  wait_for 30 node node1 sh -c 'upbeat status | grep -q "Cluster: quorate"'
}

# --- under load ----------------------------------------------------------------------------------
# write VM MIB_PER_S OF_MIB: see docs/lab.md.
write() {
  ip netns exec "upbeat-${lab}-gw" bash -c \
    "exec 3<>/dev/tcp/10.9.0.10${1#x}/7000; read -r _ <&3; printf 'write $2 $3\n' >&3; read -r line <&3; echo \"\${line}\"" >"${work}/wrote"
  grep -q "\"vm\":\"$1\"" "${work}/wrote" || die "$1 did not take its load: $(cat "${work}/wrote")"
}
# One request after the other, twenty a second; a line for each: milliseconds, or "failed".
ask_web() {
  # shellcheck disable=SC2016  # for the shell inside
  ip netns exec "upbeat-${lab}-gw" bash -c 'while :; do
    begin=${EPOCHREALTIME/./}
    if timeout 3 bash -c "exec 3<>/dev/tcp/10.9.0.10$0/80; printf \"GET / HTTP/1.0\r\n\r\n\" >&3; read -r line <&3; [[ \$line == HTTP/1.* ]]" 2>/dev/null
    then echo $(((${EPOCHREALTIME/./} - begin) / 1000)); else echo failed; fi
    sleep 0.05
  done' "${1#x}" >"${work}/web" &
  web=$!
}
# What upbeatd of node1 said since the strike: seconds and text.
said_since() { node node1 journalctl --no-pager --unit upbeatd --output short-unix --since "@$1" | sed -E 's/^([0-9.]+) [^:]*: /\1 /'; }
at() { awk -v text="$1" 'index($0, text) { print $1; exit }' "${work}/said"; }
last_at() { awk -v text="$1" 'index($0, text) { last = $1 } END { print last }' "${work}/said"; }
span_ms() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%d", (to - from) * 1000 }'; }

reboots_under_load() {
  say "systemctl reboot while x1 writes 20 MiB a second and x3 serves the web"
  local round strike failed
  for ((round = 0; round < rounds; round++)); do
    prepare
    write x1 20 64
    ask_web x3
    wait_for 10 test -s "${work}/web"
    strike="${EPOCHREALTIME/,/.}"
    node node1 systemctl reboot
    wait_for 60 came_back
    kill "${web}"; wait "${web}" 2>/dev/null || true; web=""
    failed="$(grep -c failed "${work}/web" || true)"
    said_since "${strike}" >"${work}/said"
    printf 'strike to seen %s ms, seen to first move %s ms, seen to the hypervisor %s ms, strike to empty %s ms, last move to let go %s ms; web: %s requests, %s failed, slowest %s ms\n' \
      "$(span_ms "${strike}" "$(at 'has to go down')")" "$(span_ms "$(at 'has to go down')" "$(at ' moves from node1')")" \
      "$(span_ms "$(at 'has to go down')" "$(at 'asks the hypervisor to move')")" \
      "$(span_ms "${strike}" "$(at 'is empty and goes down')")" "$(span_ms "$(last_at ' moved live from node1')" "$(at 'goes down: all')")" \
      "$(wc -l <"${work}/web")" "${failed}" "$(grep -v failed "${work}/web" | sort -n | tail -1)"
    ((failed == 0)) || die "requests failed"
    nobody_noticed "the reboot under load"
  done
}

# Its wire takes 20 MiB a second, and it writes 64 MiB over and over: it never gets done by itself.
restless_guest_leaves_in_time() {
  say "a guest that never rests leaves alive, within its node's time"
  prepare
  write x1 4000 64
  node node1 virsh -q migrate-setspeed x1 20
  local strike="${EPOCHREALTIME/,/.}"
  node node0 upbeat maintenance node1 on --within 90 --why "UPS on battery" --timeout 85 || die "node1 is not empty in time"
  node node0 upbeat events --subject x1 --limit 12
  node node0 upbeat events --subject x1 --limit 30 | grep -q 'stands still until it is on the other host' || die "nobody helped it"
  say "empty after $(span_ms "${strike}" "${EPOCHREALTIME/,/.}") ms of 90 s"
  nobody_noticed "a guest without rest"
  node node0 upbeat maintenance node1 off
}

# --- a UPS ---------------------------------------------------------------------------------------
# NUT's own server with its dummy driver, whose UPS is a file.
ups_says() { node node1 sh -c "printf 'ups.status: $1\nbattery.runtime: $2\n' >/etc/nut/rack1.dev"; }
give_node1_a_ups() {
  ups_says OL 900
  node node1 sh -c '
    printf "[rack1]\n driver = dummy-ups\n port = /etc/nut/rack1.dev\n pollinterval = 1\n" >/etc/nut/ups.conf
    echo MODE=standalone >/etc/nut/nut.conf
    printf "\n[ups]\nname = \"rack1@localhost\"\npatience_s = 2\n" >>/etc/upbeat/upbeat.toml
    systemctl daemon-reload
    systemctl restart nut-driver@rack1 nut-server && systemctl restart upbeatd'
  wait_for 30 node node1 upsc rack1@localhost ups.status
  wait_for 30 stands node1 online
}
no_alarm() { ! node node1 upbeat status | grep -q "cannot read UPS"; }
ups_on_battery_and_back() {
  say "the UPS of node1 is on battery, and mains power returns"
  prepare
  give_node1_a_ups
  wait_for 30 no_alarm
  ups_says "OB DISCHRG" 600
  wait_for 60 is_empty node1
  node node0 upbeat events --subject node1 --limit 3 | grep -q 'UPS rack1@localhost is on battery, 600 s left' || die "it does not say why"
  ups_says OL 590
  wait_for 30 stands node1 online
  nobody_noticed "a UPS on battery"
  say "the server of its UPS is away: an alarm, and nothing moves"
  moves_nothing "a UPS that cannot be asked" node node1 systemctl stop nut-server
  wait_for 30 node node1 sh -c 'upbeat status | grep -q "cannot read UPS rack1"'
}

say "a cluster of three nodes and four guests"
in_lab up --nodes 3 --vms 4 --deb "$(find "${UPBEAT_BUILD}" -maxdepth 1 -name 'upbeat_*.deb')" \
  >"${work}/up" 2>&1 || { cat "${work}/up" >&2; die "the lab did not come up"; }

reboots_under_load
restless_guest_leaves_in_time
told_to_go off "systemctl poweroff" node node1 systemctl poweroff
told_to_go off "systemctl halt" node node1 systemctl halt
told_to_go back "kexec" node node1 systemctl start --no-block kexec.target # a container cannot load a kernel
told_to_go back "reboot" node node1 reboot
told_to_go back "the order of units alone" node node1 systemctl start --no-block reboot.target
told_to_go off "the power button" in_lab power node1 off
told_to_go off "shutdown -h +1" node node1 shutdown -h +1
moves_nothing "a shutdown that is cancelled" cancelled
moves_nothing "restarting upbeatd" node node1 systemctl restart upbeatd
moves_nothing "restarting libvirtd" node node1 systemctl restart libvirtd
moves_nothing "restarting Corosync" restarted_corosync
ups_on_battery_and_back
say "every way was taken"
