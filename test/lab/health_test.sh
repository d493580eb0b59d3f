#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A host that is about to fail, for real: a program says so, a file system is full or read-only, memory and temperature
# are ill, libvirtd hangs. Its guests leave live, it runs on, nobody fences it, and it takes guests again when it is well.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" ill

what_was_seen() {
  node node0 upbeat status
  node node0 upbeat events --limit 60
  node node1 journalctl --no-pager --unit upbeatd --lines 40
}

# --- what is seen --------------------------------------------------------------------------------
is_empty() { ! places | says " $1\$" && stands "$1" drained; }
count_of() { node node0 upbeat events --subject "$1" --limit 1000 | grep -c "$2" || true; }
alarm_on_node1() { node node1 upbeat status | says "$1"; }
no_alarm_on_node1() { ! node node1 upbeat status | says "cannot tell how this host is"; }
boot_of_node1() { node node1 cat /proc/1/stat | awk '{ print $22 }'; }

# --- the story of each illness -------------------------------------------------------------------
prepare() {
  wait_for 90 stands node1 online
  local vm
  for vm in x0 x1; do runs_on "${vm}" node1 || node node0 upbeat vm migrate "${vm}" node1 >/dev/null; done
  wait_for 60 runs_on x0 node1
  wait_for 60 runs_on x1 node1
  wait_for 60 all_answer
  remember_lives
  boot_of_node1 >"${work}/boot"
}
nobody_noticed() {
  all_lived_through "$1"
  boot_of_node1 | diff -u "${work}/boot" - || die "$1: node1 did not run on"
  if was_fenced >"${work}/fenced"; then die "$1: $(cat "${work}/fenced")"; fi
}

# falls_ill WHAT WHY: waits until node1 is empty because of WHY.
falls_ill() {
  wait_for 120 is_empty node1
  node node0 upbeat node list | says "about to fail" || node node0 upbeat status | says "about to fail" ||
    die "$1: nobody says that node1 is about to fail"
  node node0 upbeat events --subject node1 --limit 10 | says -F "is to be drained ($2" || die "$1: it does not say why"
}
gets_well() {
  wait_for 120 stands node1 online
  nobody_noticed "$1"
}
# illness WHAT WHY ILL WELL: the two are commands in node1.
illness() {
  say "$1"
  prepare
  local strike="${EPOCHREALTIME/./}"
  node node1 sh -c "$3"
  falls_ill "$1" "$2"
  say "empty $(((${EPOCHREALTIME/./} - strike) / 1000)) ms after it fell ill"
  nobody_noticed "$1"
  node node1 sh -c "$4"
  gets_well "$1"
}
moves_nothing() {
  say "$1 moves nothing"
  prepare
  places >"${work}/places"
  "${@:2}"
  wait_for 60 stands node1 online
  places | diff -u "${work}/places" - || die "$1 moved a guest"
  nobody_noticed "$1"
}

# --- what falls ill ------------------------------------------------------------------------------
readonly sysfs=/srv/rehearsal/sys
readonly memory="${sysfs}/devices/system/edac/mc/mc0"
readonly zone="${sysfs}/class/thermal/thermal_zone0"

set_up_node1() {
  node node1 sh -c "
    mkdir -p ${memory} ${zone} /srv/small /usr/local/sbin
    echo 0 >${memory}/ue_count; echo 0 >${memory}/ce_count
    echo acpitz >${zone}/type; echo 45000 >${zone}/temp
    echo critical >${zone}/trip_point_0_type; echo 105000 >${zone}/trip_point_0_temp
    mount -t tmpfs -o size=64m tmpfs /srv/small
    printf '#!/bin/sh\ncat /srv/raid.says\n. /srv/raid.does\n' >/usr/local/sbin/check-raid
    chmod 755 /usr/local/sbin/check-raid
    echo 'all is well' >/srv/raid.says; echo 'exit 0' >/srv/raid.does
    cat >>/etc/upbeat/upbeat.toml <<'TOML'
[health]
ill_for_s = 2
well_for_s = 5
hypervisor_s = 30
file_systems = [\"/\", \"/srv/small\"]
sysfs = \"${sysfs}\"
[health.raid]
command = [\"/usr/local/sbin/check-raid\"]
interval_s = 1
timeout_s = 3
TOML
    systemctl restart upbeatd"
  wait_for 60 stands node1 online
}

a_daemon_that_restarts_meanwhile() {
  say "upbeatd of a host that is about to fail is restarted"
  prepare
  node node1 sh -c "echo 'md0 is degraded' >/srv/raid.says; echo 'exit 1' >/srv/raid.does"
  falls_ill "a restart meanwhile" "raid: md0 is degraded"
  count_of node1 "takes VMs again" >"${work}/taken"
  said_so() { [[ "$(node node1 journalctl --no-pager --unit upbeatd | grep -c "had better be empty: raid")" == "$1" ]]; }
  local said
  said="$(node node1 journalctl --no-pager --unit upbeatd | grep -c "had better be empty: raid")"
  node node1 systemctl restart upbeatd
  wait_for 60 said_so $((said + 1))
  count_of node1 "takes VMs again" | diff -u "${work}/taken" - || die "node1 took guests before it had looked"
  is_empty node1 || die "node1 is not drained any more"
  node node1 sh -c "echo 'exit 0' >/srv/raid.does"
  gets_well "a restart meanwhile"
}

a_program_that_does_not_judge() {
  node node1 sh -c "echo 'sleep 60' >/srv/raid.does"
  wait_for 60 alarm_on_node1 "cannot tell how this host is by .health.raid.: /usr/local/sbin/check-raid did not finish"
  node node1 sh -c "echo 'kill -9 \$\$' >/srv/raid.does"
  wait_for 60 alarm_on_node1 "ended with status 137"
  node node1 sh -c "echo 'exit 0' >/srv/raid.does"
  wait_for 60 no_alarm_on_node1
}

a_libvirtd_that_hangs() {
  say "libvirtd of node1 hangs"
  prepare
  node node1 systemctl kill --kill-whom=main --signal=STOP libvirtd
  wait_for 120 stands node1 draining
  node node0 upbeat events --subject node1 --limit 10 | says -F "the hypervisor has not answered for 30 s" ||
    die "a libvirtd that hangs: it does not say why"
  runs_on x1 node0 && die "x1 cannot have left a host without libvirtd"
  node node1 systemctl kill --kill-whom=main --signal=CONT libvirtd
  falls_ill "a libvirtd that hangs" "the hypervisor has not answered for 30 s"
  gets_well "a libvirtd that hangs"
}

say "a cluster of two nodes and two guests"
bring_up --nodes 2 --vms 2
set_up_node1

illness "a program says that the host is about to fail" "raid: md0 is degraded" \
  "echo 'md0 is degraded' >/srv/raid.says; echo 'exit 2' >/srv/raid.does" "echo 'exit 0' >/srv/raid.does"
a_daemon_that_restarts_meanwhile
moves_nothing "a program that does not judge" a_program_that_does_not_judge
illness "a file system is full" "the file system /srv/small is full: " \
  "dd if=/dev/zero of=/srv/small/fill bs=1M count=62 status=none" "rm /srv/small/fill"
illness "a file system is read-only" "the file system /srv/small is read-only" \
  "mount -o remount,ro /srv/small" "mount -o remount,rw /srv/small"
illness "memory has an error that cannot be corrected" "memory controller mc0 has found 1 error" \
  "echo 1 >${memory}/ue_count" "echo 0 >${memory}/ue_count"
illness "a temperature is near the critical one" "thermal_zone0 (acpitz) is at 101 °C" \
  "echo 101000 >${zone}/temp" "echo 60000 >${zone}/temp"
moves_nothing "restarting libvirtd" node node1 systemctl restart libvirtd
a_libvirtd_that_hangs
prepare # it takes guests again
say "every illness was survived"
