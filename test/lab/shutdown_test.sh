#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every way in which a host is told to go, for real: its guests leave live, it comes back, and nothing is
# fenced. And what is none of these: restarting what guests do not need.
# UPBEAT_ROUNDS=10 repeats the reboot under load, for figures.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" down
readonly rounds="${UPBEAT_ROUNDS:-1}"

# --- what is seen --------------------------------------------------------------------------------
is_empty() { ! places | says " $1\$" && node node0 upbeat node list | awk -v node="$1" '$1 == node && $3 == 0 { found = 1 } END { exit !found }'; }
# Nothing is run in a node that goes down: what its last kill stops, it waits for.

# --- the story of each trigger -------------------------------------------------------------------
prepare() {
  wait_for 60 stands node1 online
  for vm in x1 x3; do runs_on "${vm}" node1 || node node0 upbeat vm migrate "${vm}" node1 >/dev/null; done
  wait_for 30 all_answer
  remember_lives
  joins="$(joins_of node1)"
}
came_back() { (("$(joins_of node1)" > joins)) && stands node1 online; }
went() { in_lab status --json | says '"name":"node1","power":"off"'; }
nobody_noticed() {
  all_lived_through "$1"
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
upgraded() {
  node node1 sh -c 'cat >/root/upbeat.deb' <"${package}"
  node node1 dpkg --install /root/upbeat.deb >"${work}/dpkg" 2>&1 || die "the upgrade failed: $(cat "${work}/dpkg")"
}
restarted_corosync() {
  node node1 systemctl restart corosync
  wait_for 30 node node1 sh -c 'upbeat status | grep -q "Cluster: quorate"'
}

# --- under load ----------------------------------------------------------------------------------
# One request after the other, twenty a second; a line for each: milliseconds, or "failed".
ask_web() {
  # shellcheck disable=SC2016  # for the shell inside
  ip netns exec "${gateway}" bash -c 'while :; do
    begin=${EPOCHREALTIME/./}
    if timeout 3 bash -c "exec 3<>/dev/tcp/10.9.0.10$0/80; printf \"GET / HTTP/1.0\r\n\r\n\" >&3; read -r line <&3; [[ \$line == HTTP/1.* ]]" 2>/dev/null
    then echo $(((${EPOCHREALTIME/./} - begin) / 1000)); else echo failed; fi
    sleep 0.05
  done' "${1#x}" >"${work}/web" &
  web=$!
  helpers+=("${web}")
}
# What upbeatd of node1 said since the strike: seconds and text.
said_since() { node node1 journalctl --no-pager --unit upbeatd --output short-unix --since "@$1" | sed -E 's/^([0-9.]+) [^:]*: /\1 /'; }
at() { awk -v text="$1" 'index($0, text) { print $1; exit }' "${work}/said"; }
last_at() { awk -v text="$1" 'index($0, text) { last = $1 } END { print last }' "${work}/said"; }

reboots_under_load() {
  say "systemctl reboot while x1 writes 20 MiB a second and x3 serves the web"
  local round strike failed
  for ((round = 0; round < rounds; round++)); do
    prepare
    load_with x1 20 64
    ask_web x3
    wait_for 10 test -s "${work}/web"
    strike="$(now)"
    node node1 systemctl reboot
    wait_for 60 came_back
    kill "${web}"; wait "${web}" 2>/dev/null || true; helpers=()
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
  load_with x1 4000 64
  node node1 virsh -q migrate-setspeed x1 20
  local strike
  strike="$(now)"
  node node0 upbeat maintenance node1 on --within 90 --why "UPS on battery" --timeout 85 || die "node1 is not empty in time"
  node node0 upbeat events --subject x1 --limit 12
  node node0 upbeat events --subject x1 --limit 30 | says 'stands still until it is on the other host' || die "nobody helped it"
  say "empty after $(ms_since "${strike}") ms of 90 s"
  nobody_noticed "a guest without rest"
  node node0 upbeat maintenance node1 off
}

# --- on the way down -----------------------------------------------------------------------------
# At this rate x1 is on its way for some seconds.
slow_wire() {
  load_with x1 1 1
  node node1 virsh -q migrate-setspeed x1 15
}
is_on_its_way() { node node0 upbeat vm list | awk -v vm="$1" '$1 == vm && $2 == "migrating" { found = 1 } END { exit !found }'; }
handover_is_a_job() { node node1 systemctl list-jobs --no-pager | grep 'upbeat-handover.service'; }
says_how_it_goes() {
  say "list-jobs and the console say what a reboot waits for"
  prepare
  slow_wire
  local console="/run/upbeat-lab/${lab}/consoles/node1.log" before
  before="$(wc -l <"${console}")"
  node node1 systemctl reboot
  wait_for 10 handover_is_a_job
  wait_for 60 came_back
  tail -n "+$((before + 1))" "${console}" >"${work}/console"
  grep -E 'x1.* [0-9]+ %' "${work}/console" || { cat "${work}/console"; die "the console does not say how far x1 is"; }
  nobody_noticed "a reboot that waits"
}

# The first guest leaves meanwhile; the second one, made ready to wait for it, must not wait for ever.
has_left_libvirt() { local list; list="$(node node1 virsh -q list --name)" && ! grep -qx "$1" <<<"${list}"; }
daemon_is_away_half_way() {
  say "upbeatd is away while one guest leaves and another waits for the wire"
  prepare
  slow_wire
  local strike
  strike="$(now)"
  node node0 upbeat drain node1 >"${work}/drain" 2>&1 &
  helpers+=("$!")
  wait_for 10 is_on_its_way x1
  wait_for 10 is_on_its_way x3
  node node1 systemctl stop upbeatd
  wait_for 30 has_left_libvirt x1
  has_left_libvirt x3 && die "x3 did not wait for x1"
  node node1 systemctl start upbeatd
  wait_for 60 is_empty node1
  say "empty $(ms_since "${strike}") ms after the drain began"
  wait "${helpers[-1]}" || die "the drain did not end well: $(cat "${work}/drain")"
  helpers=()
  node node0 upbeat undrain node1
  nobody_noticed "a daemon that is away in the middle of a drain"
}

# The switches' ports to node2 carry 30 Mbit/s, and what does not fit waits for up to 400 ms, a migration's memory as well as
# the cluster's own messages. (On the sender's side its kernel would not queue so much.) TCP's Reno fills such a queue; BBR,
# which may be this machine's own, would leave it empty.
narrow_ports() {
  local port
  ip netns exec "upbeat-${lab}-node1" sysctl --quiet --write net.ipv4.tcp_congestion_control=reno
  for port in node2p0 node2p1; do in_gateway tc qdisc add dev "${port}" root tbf rate 30mbit burst 64k latency 400ms; done
}
wide_ports() { local port; for port in node2p0 node2p1; do in_gateway tc qdisc del dev "${port}" root; done; }
held_back() { node node1 upbeat status | grep 'MiB/s of the wire: the cluster.s own messages took'; }
not_held_back() { ! held_back >/dev/null; }
# One at least, since there is a cluster.
views() { node node0 grep -c 'A new membership' /var/log/corosync/corosync.log; }
migrations_give_way() {
  say "a migration through a narrow port gives way to the cluster's own messages"
  prepare
  load_with x1 1 1
  local views
  views="$(views)"
  narrow_ports
  node node0 upbeat vm migrate x1 node2 --timeout 120 >"${work}/move" 2>&1 &
  helpers+=("$!")
  wait_for 30 held_back
  wide_ports
  wait "${helpers[-1]}" || die "x1 did not come through: $(cat "${work}/move")"
  helpers=()
  wait_for 30 not_held_back
  [[ "$(views)" == "${views}" ]] || die "the view changed"
  nobody_noticed "a narrow port"
}

# x1 writes more than it is left with, and would be on its way until somebody lifts that.
held_back_by_a_daemon_that_is_gone() {
  say "what one upbeatd held back goes on when the next one is there"
  prepare
  load_with x1 4 64
  narrow_ports
  node node0 upbeat vm migrate x1 node2 --timeout 120 >"${work}/move" 2>&1 &
  helpers+=("$!")
  wait_for 30 held_back
  node node1 systemctl stop upbeatd
  wide_ports
  has_left_libvirt x1 && die "x1 was not held back"
  node node1 systemctl start upbeatd
  wait_for 30 has_left_libvirt x1
  wait "${helpers[-1]}" || die "x1 did not come through: $(cat "${work}/move")"
  helpers=()
  nobody_noticed "a migration that a daemon held back"
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
no_alarm() { ! node node1 upbeat status | says "cannot read UPS"; }
ups_on_battery_and_back() {
  say "the UPS of node1 is on battery, and mains power returns"
  prepare
  give_node1_a_ups
  wait_for 30 no_alarm
  ups_says "OB DISCHRG" 600
  wait_for 60 is_empty node1
  node node0 upbeat events --subject node1 --limit 3 | says 'UPS rack1@localhost is on battery, 600 s left' || die "it does not say why"
  ups_says OL 590
  wait_for 30 stands node1 online
  nobody_noticed "a UPS on battery"
  say "the server of its UPS is away: an alarm, and nothing moves"
  moves_nothing "a UPS that cannot be asked" node node1 systemctl stop nut-server
  wait_for 30 node node1 sh -c 'upbeat status | grep -q "cannot read UPS rack1"'
}
# upsmon(8) as the primary of its UPS. By the time the host is back, so is mains power.
give_node1_upsmon() {
  node node1 sh -c '
    printf "[monitor]\n password = rehearsal\n upsmon primary\n" >/etc/nut/upsd.users
    printf "#!/bin/sh\nprintf \"ups.status: OL\\\\nbattery.runtime: 900\\\\n\" >/etc/nut/rack1.dev\nexec shutdown -h now\n" >/usr/local/sbin/ups-is-empty
    chmod 755 /usr/local/sbin/ups-is-empty
    printf "MONITOR rack1@localhost 1 monitor rehearsal primary\nSHUTDOWNCMD /usr/local/sbin/ups-is-empty\n" >/etc/nut/upsmon.conf
    printf "POLLFREQ 1\nPOLLFREQALERT 1\nFINALDELAY 0\nPOWERDOWNFLAG /run/nut/killpower\n" >>/etc/nut/upsmon.conf
    systemctl restart nut-server nut-monitor'
  wait_for 30 node node1 upsc rack1@localhost ups.status
  wait_for 30 no_alarm
}
battery_runs_low() {
  say "the battery of node1 is low, and upsmon shuts the host down"
  ups_says OL 900
  give_node1_upsmon
  prepare
  ups_says "OB DISCHRG LB" 100
  wait_for 150 went
  node node0 upbeat events --subject node1 --limit 12 >"${work}/said"
  grep -qE 'UPS rack1@localhost.* (low|100 s left)' "${work}/said" || die "it does not say why: $(cat "${work}/said")"
  grep -q 'left cleanly' "${work}/said" || die "it did not leave cleanly: $(cat "${work}/said")"
  in_lab power node1 on
  wait_for 150 came_back
  nobody_noticed "a battery that is low"
}

say "a cluster of three nodes and four guests"
bring_up --nodes 3 --vms 4

reboots_under_load
restless_guest_leaves_in_time
says_how_it_goes
daemon_is_away_half_way
migrations_give_way
held_back_by_a_daemon_that_is_gone
told_to_go off "systemctl poweroff" node node1 systemctl poweroff
told_to_go off "systemctl halt" node node1 systemctl halt
told_to_go back "kexec" node node1 systemctl start --no-block kexec.target # a container cannot load a kernel
told_to_go back "reboot" node node1 reboot
told_to_go back "the order of units alone" node node1 systemctl start --no-block reboot.target
told_to_go off "the power button" in_lab power node1 off
told_to_go off "shutdown -h +1" node node1 shutdown -h +1
moves_nothing "a shutdown that is cancelled" cancelled
moves_nothing "restarting upbeatd" node node1 systemctl restart upbeatd
moves_nothing "upgrading Upbeat" upgraded
moves_nothing "restarting libvirtd" node node1 systemctl restart libvirtd
moves_nothing "restarting Corosync" restarted_corosync
ups_on_battery_and_back
battery_runs_low
say "every way was taken"
