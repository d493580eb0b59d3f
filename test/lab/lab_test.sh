#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The lab itself: it comes up, does what its commands say, and leaves nothing behind, also when it is
# killed or interrupted half way. Without Upbeat in the nodes: that has tests of its own.
set -euo pipefail

readonly upbeat="${UPBEAT_BUILD:?the folder of the build}/bin/upbeat"
readonly lab="test$$" # a name of its own, so that two runs do not meet
readonly community_file="/run/upbeat-lab/${lab}/keys/strip.community"
work="$(mktemp -d)"
readonly work

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
die() { say "FAILED: $*" >&2; exit 1; }
expect() { grep -qF -- "$1" "$2" || { cat "$2" >&2; die "expected '$1'"; }; }

in_lab() { "${upbeat}" lab "$1" --name "${lab}" "${@:2}"; }
up() { in_lab up --without-upbeat --nodes 2 --vms 1 --watchdog 10; }
down() { in_lab down; }
finish() { down >/dev/null 2>&1 || true; rm -rf "${work}"; }
trap finish EXIT

# Everything of the machine that a lab could leave something in. iproute2's own mount of /run/netns
# and the image cache stay, on purpose.
snapshot() {
  find /run/upbeat-lab /var/lib/upbeat-lab /run/systemd/nspawn -path "*${lab}*" 2>/dev/null || true
  find /var/cache/upbeat-lab -maxdepth 1 -name 'building-*' 2>/dev/null || true
  find /sys/fs/cgroup -maxdepth 2 -name payload 2>/dev/null || true
  find /sys/fs/cgroup -type d -path "*upbeat-${lab}-*" 2>/dev/null || true
  grep -F "${lab}" /proc/self/mounts || true
  ip netns list | grep -F "upbeat-${lab}-" || true
  ip -o link show | awk -F': ' '{print $2}'
  pgrep -af "upbeat-${lab}|--name[ =]${lab}|upbeat-lab/${lab}/" || true
}
nothing_left() { snapshot >"${work}/after"; diff -u "${work}/before" "${work}/after" || die "$1 left something"; }

# wait_for SECONDS COMMAND…
wait_for() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}
status() { in_lab status --json; }
state_of() { status | grep -o "\"name\":\"$1\",\"power\":\"[a-z]*\",\"state\":\"[a-z]*\"" | grep -o '[a-z]*"$' | tr -d '"'; }
is() { [[ "$(state_of "$1")" == "$2" ]]; }
answers() { status | grep -q '"name":"x0"[^}]*"answers":true'; }

refuses_without_root() {
  say "without root it says so"
  install -m 755 "${upbeat}" "${work}/upbeat" && chmod 755 "${work}"
  if setpriv --reuid=65534 --regid=65534 --clear-groups "${work}/upbeat" lab up >"${work}/out" 2>&1; then
    die "it came up without root"
  fi
  expect "a lab needs root" "${work}/out"
}

refuses_bad_words() {
  say "names, nodes and packages that do not exist"
  "${upbeat}" lab up --name Not-A-Name 2>"${work}/out" && die "took a bad name"
  expect "lower-case letters and digits" "${work}/out"
  "${upbeat}" lab status --name nosuchlab 2>"${work}/out" && die "found a lab that is not there"
  expect "there is no lab 'nosuchlab'" "${work}/out"
  in_lab up --deb /no/such.deb 2>"${work}/out" && die "took a package that is not there"
  expect "there is no such file" "${work}/out"
  in_lab up --watchdog 9 2>"${work}/out" && die "took a watchdog of 9 s"
  expect "--watchdog" "${work}/out"
  in_lab demo --json "${work}" 2>"${work}/out" && die "would write figures over a folder"
  expect "it is a folder; name another file with --json" "${work}/out"
  in_lab demo --json /proc/none/figures.json 2>"${work}/out" && die "would write where nothing can be written"
  expect "cannot write the figures to /proc/none/figures.json: cannot make the folder" "${work}/out"
  nothing_left "an up that was refused"
}

comes_up_and_works() {
  say "up"
  up
  up 2>"${work}/out" && die "came up twice"
  expect "already up" "${work}/out"
  in_lab exec nodeX -- true 2>"${work}/out" && die "found nodeX"
  expect "has no node 'nodeX'; it has node0 to node1" "${work}/out"
  in_lab console x9 2>"${work}/out" </dev/null && die "found x9"
  expect "has no console" "${work}/out"
  in_lab console x0 </dev/null | grep -q 'x0: up' || die "the guest's console says nothing"
  [[ "$(in_lab exec node1 -- hostname)" == node1 ]] || die "exec is not in the node"
  if in_lab exec node1 -- false; then die "exec loses the exit status"; fi
  [[ -z "$(in_lab exec node0 -- systemctl --failed --no-legend)" ]] || die "a unit failed"
}

# ping says when the bytes are wrong, the kernel behind it counts wrong checksums.
answers_in_its_driver() {
  say "the guest's driver answers probes, its stack the rest"
  local before
  damaged() { ip netns exec "upbeat-${lab}-gw" awk '/^Icmp: [0-9]/ { print $4 }' /proc/net/snmp; }
  stack() { status | grep -o '"stack_echoes":[0-9]*' | cut -d: -f2; }
  pings() {
    ip netns exec "upbeat-${lab}-gw" ping -c 5 -i 0.2 -W 2 -s "$1" 10.9.0.100 >"${work}/out" || die "no answer to $1 bytes"
    expect "5 received" "${work}/out"
    ! grep -qiE 'wrong|truncated' "${work}/out" || { cat "${work}/out" >&2; die "a wrong answer"; }
  }
  before="$(stack)"
  for size in 0 16 56 57 1400; do pings "${size}"; done
  [[ "$(damaged)" == 0 ]] || die "the checksum of $(damaged) answers was wrong"
  [[ "$(stack)" == "${before}" ]] || die "the stack answered: ${before}, then $(stack)"
  pings 3000
  (("$(stack)" == before + 5)) || die "the stack did not answer what comes in fragments"
}

# What it does when its time is over: watchdog_test.sh, where upbeatd holds it.
has_a_watchdog() {
  say "a node's watchdog"
  in_lab exec node1 -- sh -c 'exec 3>/dev/watchdog && ! (: >/dev/watchdog) 2>/dev/null && printf V >&3' || die "no watchdog in node1, or two may hold it"
  in_lab exec node1 -- sh -c 'exec 3>/dev/watchdog && printf V >&3' || die "the watchdog is held by nobody, and cannot be opened"
}

reboots_inside() {
  say "a reboot inside a node"
  local before
  before="$(in_lab exec node1 -- cat /proc/sys/kernel/random/boot_id; in_lab exec node1 -- stat -c %Y /proc/1)"
  in_lab exec node1 -- systemctl reboot
  rebooted() { is node1 running && [[ "$(in_lab exec node1 -- cat /proc/sys/kernel/random/boot_id; in_lab exec node1 -- stat -c %Y /proc/1)" != "${before}" ]]; }
  wait_for 60 rebooted || die "node1 did not come back from its reboot"
  together() { in_lab exec node1 -- corosync-quorumtool -s | grep -q '^Nodes: *2'; }
  wait_for 30 together || die "node1 did not rejoin"
}

# Twenty migrations to and fro, and then a whole round of the guest's check of its memory (10 s).
memory_survives_migrations() {
  say "twenty migrations"
  local from=0 boot round
  boot="$(status | grep -o '"boot_id":"[^"]*"')"
  for ((round = 0; round < 20; round++)); do
    in_lab exec "node${from}" -- virsh migrate --live --p2p x0 "qemu+tcp://node$((1 - from))/system" >/dev/null
    from=$((1 - from))
  done
  sleep 12
  wait_for 20 answers || die "the guest does not answer after its migrations"
  status >"${work}/out"
  expect "${boot}" "${work}/out"
  expect '"memory_errors":0' "${work}/out"
  expect '"disk_errors":0' "${work}/out"
}

strip() { in_lab exec node0 -- fence_apc_snmp --ip=10.9.0.254 --snmp-version=2c --plug="$1" \
  --community="$(cat "${community_file}")" -o "$2"; }
power_strip_cuts_and_restores() {
  say "fence_apc_snmp cuts node1 off"
  strip 2 status | grep -q 'Status: ON' || die "the strip does not know that node1 is on"
  local begin=${EPOCHREALTIME/./}
  strip 2 off >/dev/null
  local spent_ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
  say "off took ${spent_ms} ms"
  ((spent_ms < 10000)) || die "off took ${spent_ms} ms"
  is node1 off || die "node1 is not off"
  [[ -z "$(ip netns pids "upbeat-${lab}-node1")" ]] || die "something of node1 still runs"
  { strip 2 status || true; } | grep -q 'Status: OFF' || die "the strip does not say off"
  strip 2 on >/dev/null
  wait_for 60 is node1 running || die "node1 did not come up again"
  strip 1 monitor >/dev/null || die "the strip does not answer"
}

cables_and_buttons() {
  say "cables and the power button"
  in_lab cable node1 pull
  unreachable() { ! ip netns exec "upbeat-${lab}-gw" ping -c1 -W1 10.9.0.2 >/dev/null; }
  wait_for 10 unreachable || die "a pulled cable still carries packets"
  in_lab cable node1 plug
  reachable() { ip netns exec "upbeat-${lab}-gw" ping -c1 -W1 10.9.0.2 >/dev/null; }
  wait_for 10 reachable || die "a plugged cable carries no packets"
  in_lab power node1 off
  is node1 off || die "node1 is not off"
  in_lab power node1 on
  wait_for 60 is node1 running || die "node1 did not boot"
}

# killed_at SIGNAL WHEN…: ends an `up` as soon as the command WHEN succeeds.
killed_at() {
  local signal=$1 pid
  shift
  # A background job of a script ignores SIGINT from its start; env takes that back.
  env --default-signal=INT "${upbeat}" lab up --name "${lab}" --without-upbeat --nodes 2 --vms 1 --watchdog 10 \
    >"${work}/up" 2>&1 &
  pid=$!
  wait_for 120 "$@" || { cat "${work}/up" >&2; die "it never came as far as $*"; }
  kill "-${signal}" "${pid}"
  wait "${pid}" 2>/dev/null || true
}
has_gateway() { ip netns list | grep -q "^upbeat-${lab}-gw"; }
has_container() { [[ -e "/run/upbeat-lab/${lab}/processes/container-node1" ]]; }
has_guest() { [[ -e "/run/upbeat-lab/${lab}/consoles/x0.log" ]]; }

killed_half_way_is_cleaned() {
  local moment
  for moment in has_gateway has_container has_guest; do
    say "kill -9 when ${moment}, then down"
    killed_at KILL "${moment}"
    down
    nothing_left "an up that was killed when ${moment}"
  done
  say "kill -9, then up cleans by itself"
  killed_at KILL has_container
  up
  answers || die "the guest does not answer"
  down
  nothing_left "down"
}

interrupted_cleans_up() {
  local signal
  for signal in INT TERM; do
    say "SIG${signal} half way"
    killed_at "${signal}" has_container
    expect "stopped; everything made so far was removed" "${work}/up"
    nothing_left "an up that got SIG${signal}"
  done
}

[[ ${EUID} -eq 0 ]] || die "this test needs root"
down >/dev/null 2>&1
snapshot >"${work}/before"
refuses_without_root
refuses_bad_words
comes_up_and_works
answers_in_its_driver
has_a_watchdog
reboots_inside
memory_survives_migrations
power_strip_cuts_and_restores
cables_and_buttons
say "down"
down
nothing_left "down"
down 2>"${work}/out"
expect "There is no lab" "${work}/out"
killed_half_way_is_cleaned
interrupted_cleans_up
say "passed"
