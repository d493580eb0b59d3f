#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container cannot show, on a node that is an emulated machine with a kernel of its own: the power button,
# kexec, a disk that warns, and the kernel's own watchdog in a cluster that has no other proof.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" mach
readonly machine=node2 # the last of three
readonly watchdog_s=20 # half of it has to be longer than it takes the ring to form anew, see docs/fencing.md
readonly token_ms=2500 # an emulated machine stands still now and then when the real one has much to do
readonly events="/run/upbeat-lab/${lab}/logs/events-${machine}.log"
readonly emulator="/run/upbeat-lab/${lab}/processes/container-${machine}"

what_was_seen() {
  node node0 upbeat status
  node node0 upbeat events --limit 60
  tail -n 20 "/run/upbeat-lab/${lab}/consoles/${machine}.log"
}

# --- what is seen --------------------------------------------------------------------------------
place_of() { places | awk -v vm="$1" '$1 == vm { print $2 }'; }
runs_off() { local at; at="$(place_of "$1")" && [[ -n "${at}" && "${at}" != "$2" ]]; }
# The guest's boot id, and what was wrong with its memory and disk; nothing if it does not answer.
life() { lives | awk '$1 == "x0" && NF == 4 { print $2, $3, $4 }'; }
life_is_known() { before="$(life)" && [[ -n "${before}" ]]; }
boot_id() { node "${machine}" cat /proc/sys/kernel/random/boot_id; }
told() { grep -c "\"event\":\"$1\"" "${events}" || true; }
# When the emulator told its last event of this name.
moment_of() {
  grep "\"event\":\"$1\"" "${events}" | tail -1 |
    sed -E 's/.*"seconds":([0-9]+),"microseconds":([0-9]+).*/\1 \2/' | awk '{ printf "%d.%06d", $1, $2 }'
}

# --- each story begins with x0 on the machine ------------------------------------------------------
# On the machine, whose processor is emulated, x0 is an emulated guest that hardly gets to answer: so it is asked before.
prepare() {
  wait_for 240 stands "${machine}" online
  wait_for 60 life_is_known
  joined="$(joins_of "${machine}")"
  emulated="$(cat "${emulator}")"
  resets="$(told RESET)"
  local begin
  begin="$(now)"
  node node0 upbeat vm migrate x0 "${machine}" >/dev/null
  wait_for 60 runs_on x0 "${machine}"
  say "x0 is on ${machine} after $(ms_since "${begin}") ms"
}
came_back() { (("$(joins_of "${machine}")" > joined)) && stands "${machine}" online; }
lives_on() { [[ "$(life)" == "${before}" ]]; }
x0_did_not_notice() {
  runs_off x0 "${machine}" || die "$1: x0 is on '$(place_of x0)'"
  wait_for 60 lives_on
}
nobody_was_fenced() { if was_fenced; then die "$1: it was fenced"; fi; }

power_button() {
  say "the power button: the kernel's input device, logind, upbeatd"
  prepare
  local strike off
  strike="$(now)"
  in_lab power "${machine}" off
  off="$(now)"
  x0_did_not_notice "the power button"
  nobody_was_fenced "the power button"
  grep '"event":"SHUTDOWN"' "${events}" | tail -1 | says '"reason":"guest-shutdown"' || die "it was not the machine that switched itself off"
  node node0 upbeat events --subject "${machine}" --limit 50 >"${work}/said"
  grep -q 'is to be drained (shutdown or reboot of this host' "${work}/said" || die "it did not say why: $(cat "${work}/said")"
  grep -q 'left cleanly' "${work}/said" || die "it did not leave cleanly: $(cat "${work}/said")"
  say "strike to off: $(span_ms "${strike}" "${off}") ms"
  in_lab power "${machine}" on
  wait_for 240 came_back
  say "strike to back in the cluster: $(ms_since "${strike}") ms"
}

next_kernel() {
  say "systemctl kexec: the next kernel, without a reset"
  prepare
  local strike id
  id="$(boot_id)"
  node "${machine}" kexec -l /boot/vmlinuz --reuse-cmdline
  strike="$(now)"
  node "${machine}" systemctl kexec || true # the connection may go with the node
  wait_for 60 runs_off x0 "${machine}"
  say "strike to x0 elsewhere: $(ms_since "${strike}") ms"
  wait_for 240 came_back
  say "strike to back in the cluster: $(ms_since "${strike}") ms"
  [[ "$(boot_id)" != "${id}" ]] || die "kexec: it is the same kernel"
  [[ "$(cat "${emulator}")" == "${emulated}" ]] || die "kexec: the emulator is another one"
  [[ "$(told RESET)" == "${resets}" ]] || die "kexec: the machine was reset"
  x0_did_not_notice "kexec"
  nobody_was_fenced "kexec"
}

# The disk says so itself: bit 2 of an NVMe disk's critical warnings is that its reliability is degraded.
warn() {
  in_lab qmp "${machine}" "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/nvme0\",\"property\":\"smart_critical_warning\",\"value\":$1}}" >/dev/null
}
failing_disk() {
  say "the disk of the machine warns (SMART)"
  prepare
  local strike
  warn 4
  strike="$(now)"
  node "${machine}" systemctl restart upbeatd # it looks every ten minutes
  wait_for 90 runs_off x0 "${machine}"
  say "strike to x0 elsewhere: $(ms_since "${strike}") ms"
  node node0 upbeat events --subject "${machine}" --limit 20 >"${work}/said"
  grep -E 'is to be drained \(the disk /dev/nvme0.* is about to fail: ' "${work}/said" || die "it does not say why: $(cat "${work}/said")"
  warn 0
  node "${machine}" systemctl restart upbeatd
  wait_for 120 stands "${machine}" online
  x0_did_not_notice "a disk that warns"
  nobody_was_fenced "a disk that warns"
}

# --- the watchdog --------------------------------------------------------------------------------
# No fence device anywhere; the machine has the kernel's own watchdog.
only_a_watchdog() {
  local each
  node "${machine}" modprobe softdog
  for each in node0 node1 "${machine}"; do
    # shellcheck disable=SC2016  # sed's $
    node "${each}" sed -i '/^\[fence/,$d' /etc/upbeat/upbeat.toml
  done
  # shellcheck disable=SC2016  # for the shell inside
  node "${machine}" sh -c 'printf "[watchdog]\ntimeout_s = %s\n" "$0" >>/etc/upbeat/upbeat.toml' "${watchdog_s}"
  for each in node0 node1 "${machine}"; do node "${each}" systemctl restart upbeatd; done
  wait_for 60 armed
}
armed() { node node0 upbeat events --subject "${machine}" --limit 20 | says 'has armed its watchdog'; }
was_reset() { (("$(told RESET)" > resets)); }
lives_anew() { local now; now="$(life)" && [[ -n "${now}" && "${now%% *}" != "${before%% *}" ]]; }
watchdog_resets() {
  say "the kernel's own watchdog: the machine loses its network"
  only_a_watchdog
  prepare
  local strike started reset
  strike="$(now)"
  for link in link0 link1; do
    in_lab qmp "${machine}" "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"${link}\",\"up\":false}}" >/dev/null
  done
  wait_for 120 was_reset
  reset="$(moment_of RESET)"
  wait_for 60 runs_off x0 "${machine}"
  started="$(ms_since "${strike}")"
  wait_for 120 lives_anew
  say "strike to reset: $(span_ms "${strike}" "${reset}") ms, to x0 started elsewhere: ${started} ms, to its answer: $(ms_since "${strike}") ms"
  node node0 upbeat events --subject "${machine}" --limit 30 >"${work}/said"
  grep -q 'was proved off: its watchdog' "${work}/said" || die "the watchdog was no proof: $(cat "${work}/said")"
}

say "a cluster of two containers and a machine, and two guests"
bring_up --nodes 3 --machines 1 --vms 2 --token "${token_ms}"

power_button
next_kernel
failing_disk
watchdog_resets
say "a machine goes as it should"
