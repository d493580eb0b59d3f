#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `upbeat drill` on real parts: a healthy cluster; a wrong community string; a plug whose outlet is off; a rehearsed
# drain that brings its guests back alive; Ctrl-C half way.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" drill

what_was_seen() {
  cat "${work}/told"
  node node0 upbeat events --limit 40
}
# All that changes when something happens.
snapshot() { node node0 upbeat events --limit 1000; places; }

# drill STATUS: the drill ends with it; what it told is in told.
drill() {
  local status=0
  node node0 upbeat drill >"${work}/told" || status=$?
  cat "${work}/told"
  ((status == $1)) || die "a drill ended with status ${status}, not $1"
}
tells() { grep -qE "$1" "${work}/told" || die "it does not tell: $1"; }
tells_not() { ! grep -qE "$1" "${work}/told" || die "it tells: $1"; }

healthy() {
  say "in a healthy cluster nothing would fail, and nothing is changed by asking"
  snapshot >"${work}/before"
  drill 0
  snapshot >"${work}/after"
  diff -u "${work}/before" "${work}/after" || die "asking changed something"
  tells 'Nothing would fail on the day'
  [[ "$(grep -c '2 of 2.*2 of 2' "${work}/told")" == 3 ]] || die "not everybody asked for everybody"
}

wrong_community() {
  say "node1 has a wrong community string for the power strip"
  node node1 sh -c 'cp /etc/upbeat/strip.community /root/right && echo wrong >/etc/upbeat/strip.community'
  drill 1
  tells '1\. node1 could not fence node0, node2: fence device .power-strip.'
  tells_not 'node[02] could not fence'
  node node1 cp /root/right /etc/upbeat/strip.community
  drill 0
}

# node2 is off, and node0 has the plugs of node1 and node2 the wrong way round.
swapped_plugs() {
  say "node0 has node2's plug for node1, and node2 is off"
  in_lab power node2 off
  wait_for 120 stands node2 left
  swap_plugs_of_node0
  drill 1
  tells '1\. DANGER: power-strip \(plug 3\) says that node1 is OFF, but it is up'
  tells 'correct the plug on node0'
  tells 'members disagree on which plug of power-strip is that of node2'
  swap_plugs_of_node0
  in_lab power node2 on
  wait_for 120 stands node2 online
  drill 0
}
swap_plugs_of_node0() {
  node node0 sed -i -E '/^plugs/ s/node1 = "([0-9])", node2 = "([0-9])"/node1 = "\2", node2 = "\1"/' /etc/upbeat/upbeat.toml
  node node0 systemctl restart upbeatd
  wait_for 60 node node0 sh -c 'upbeat status | grep -q "Cluster: quorate"'
  wait_for 60 stands node0 online
}

on_node1() {
  wait_for 60 stands node1 online
  for vm in x0 x1; do runs_on "${vm}" node1 || node node0 upbeat vm migrate "${vm}" node1 >/dev/null; done
  wait_for 60 all_answer
  remember_lives
}
rehearsed_drain() {
  say "a drain of node1 is rehearsed"
  on_node1
  node node0 upbeat drill --drain node1 --yes | tee "${work}/told"
  runs_on x0 node1 || die "x0 is not back on node1"
  runs_on x1 node1 || die "x1 is not back on node1"
  stands node1 online || die "node1 is not online"
  tells 'node1 was empty after'
  all_lived_through "a rehearsed drain"
}

# x0 writes faster than its wire takes: it is on its way until somebody ends that.
interrupted_drain() {
  say "a rehearsal is interrupted half way"
  on_node1
  node node1 virsh -q migrate-setspeed x0 1
  node node0 sh -c 'upbeat drill --drain node1 --yes >/root/told 2>&1 & echo $! >/root/drill.pid; wait $!; echo "status $?" >>/root/told' &
  local rehearsal=$!
  wait_for 60 stands node1 draining
  # shellcheck disable=SC2016  # for the shell inside
  node node0 sh -c 'kill -INT "$(cat /root/drill.pid)"'
  wait "${rehearsal}"
  node node0 cat /root/told | tee "${work}/told"
  tells 'it was interrupted; node1 takes VMs again'
  tells 'status 130'
  wait_for 60 stands node1 online
  all_lived_through "a rehearsal that was interrupted"
}

say "a cluster of three nodes and two guests"
bring_up --nodes 3 --vms 2
wait_for 60 all_answer
healthy
wrong_community
rehearsed_drain
interrupted_drain
swapped_plugs
say "it told what would fail, and rehearsed the rest"
