#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# false-fences.sh [MINUTES]: how many nodes are lost, fenced or reset by their watchdogs of 10 s in a lab of four nodes
# and eight guests while the machine and the lab's network are kept busy and a guest moves every minute (docs/measuring.md).
#   UPBEAT_BUILD  the folder of the build (build)    UPBEAT_LAB  the lab's name (stress)
#   UPBEAT_OUT    a folder for what was seen; it stays (one below /tmp)
# Status 0: nobody was lost or fenced; 1: somebody was, or it could not be tried.
set -euo pipefail

readonly minutes="${1:-60}"
readonly build="${UPBEAT_BUILD:-build}"
readonly upbeat="${build}/bin/upbeat"
readonly lab="${UPBEAT_LAB:-stress}"
readonly nodes=4 vms=8
readonly migration_period_s=60 burst_s=20 burst_pause_s=10
readonly mbit_per_s=200 # of each of the four streams between nodes, on both links in turn
out="${UPBEAT_OUT:-$(mktemp -d /tmp/false-fences.XXXXXX)}"
readonly out
mkdir -p "${out}"

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
die() { say "FAILED: $*" >&2; exit 1; }

# Each load is a process of ours that is ended with all it started.
loads=()
load() {
  setsid "$@" >>"${out}/load.log" 2>&1 </dev/null &
  loads+=("$!")
}
end_loads() {
  local one
  for one in "${loads[@]}"; do kill -TERM -- "-${one}" 2>/dev/null || true; done
  for one in "${loads[@]}"; do wait "${one}" 2>/dev/null || true; done
  loads=()
}
finish() {
  end_loads
  "${upbeat}" lab down --name "${lab}" >/dev/null 2>&1 || true
}
trap finish EXIT
trap 'exit 130' INT TERM

in_lab() { "${upbeat}" lab "$1" --name "${lab}" "${@:2}"; }
node() { in_lab exec "$1" -- "${@:2}"; }

# --- the loads -----------------------------------------------------------------------------------
# Ordinary processes with the ordinary priority, for as long as it all lasts.
busy_machine() {
  load stress-ng --cpu 2 --vm 1 --vm-bytes 512M --timer 1 --switch 1 --timeout "$1s" --metrics-brief
}
# busy_sockets WHERE KIND SECONDS: sockets inside the gateway's and a node's network, in bursts: they would take a processor each.
busy_sockets() {
  # shellcheck disable=SC2016  # for the shell inside
  load ip netns exec "upbeat-${lab}-$1" bash -c '
    end=$((SECONDS + $0))
    while ((SECONDS < end)); do stress-ng "$3" 1 --timeout "$1s"; sleep "$2"; done' \
    "$3" "${burst_s}" "${burst_pause_s}" "$2"
}
# Bulk traffic from each node to the next across the bridges, TCP and UDP, on one link and then on the other.
busy_wires() {
  local index
  for ((index = 0; index < nodes; index++)); do
    load ip netns exec "upbeat-${lab}-node${index}" iperf3 --server --port 5201
    # shellcheck disable=SC2016  # for the shell inside
    load ip netns exec "upbeat-${lab}-node${index}" bash -c '
      end=$((SECONDS + $0)) link=0
      while ((SECONDS < end)); do
        iperf3 --client "10.9.${link}.$1" --port 5201 --time 10 --bitrate "$2M" --json >"$3.tcp" || sleep 1
        iperf3 --client "10.9.${link}.$1" --port 5201 --time 5 --bitrate "$2M" --udp --json >"$3.udp" || sleep 1
        jq -r ".end | .sum_received // .sum | \"sent \(.bits_per_second / 1e6 | floor) Mbit/s\"" "$3.tcp" "$3.udp"
        link=$((1 - link))
      done' "$1" "$(((index + 1) % nodes + 1))" "${mbit_per_s}" "${out}/wire${index}"
  done
}

# --- what is seen --------------------------------------------------------------------------------
place_of() { node node0 upbeat vm list | awk -v vm="$1" '$1 == vm && $2 == "running" { print $3 }'; }
all_run() { [[ "$(node node0 upbeat vm list | awk '$2 == "running"' | wc -l)" == "${vms}" ]]; }
all_answer() { [[ "$(in_lab status --json | grep -o '"answers":true' | wc -l)" == "${vms}" ]]; }
# Each node's watchdog, on which the cluster counts.
all_armed() {
  local index
  for ((index = 0; index < nodes; index++)); do
    node node0 upbeat explain "node${index}" | grep -q 'Its watchdog resets it within 10.0 s' || return 1
  done
}
boot_ids() {
  in_lab status --json | grep -o '"name":"x[0-9]*"[^}]*' |
    sed -E 's/.*"name":"(x[0-9]+)".*"boot_id":"([^"]*)".*"memory_errors":([0-9]+).*"disk_errors":([0-9]+).*/\1 \2 \3 \4/'
}
wait_for() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < end)) || die "not within $1 s: ${*:2}"
    sleep 1
  done
}
# What Corosync wrote in all nodes, and how often a view changed there after the beginning of the loads.
corosync_said() {
  local index
  for ((index = 0; index < nodes; index++)); do
    node "node${index}" cat /var/log/corosync/corosync.log >"${out}/corosync.node${index}.log" || true
    node "node${index}" journalctl --no-pager --output short-precise --unit upbeatd >"${out}/upbeatd.node${index}.log" || true
  done
}
views() { cat "${out}"/corosync.node*.log | grep -c 'A new membership' || true; }
# The whole history would not fit one answer: it is followed to a file as well.
follow_events() { load bash -c "'${upbeat}' lab exec node1 --name '${lab}' -- upbeat events --follow --limit 0 >'${out}/events'"; }
last_events() { node node0 upbeat events --limit 1000; }
bad_events() {
  grep -hE 'was lost|proves it off|proved off|has reset it|ALARM|crashed|daemon went away|quarantine' "${out}/events" "${out}/events.last" |
    tr -s ' ' | sort -u || true
}

# One guest goes to another node, probed from outside 50 times a second meanwhile.
moved=0 failed=0
move_one() {
  local vm="x$((moved_next++ % vms))" probe from
  from="$(place_of "${vm}")"
  "${upbeat}" measure probe --target "${vm}=10.9.0.$((100 + ${vm#x}))" --netns "upbeat-${lab}-gw" --rate 50 --seconds 12 --json \
    >"${out}/probe" 2>/dev/null &
  probe=$!
  if node node0 upbeat vm migrate "${vm}" --timeout 60 >"${out}/move" 2>&1; then
    moved=$((moved + 1))
  else
    failed=$((failed + 1))
    say "the move of ${vm} failed: $(tail -1 "${out}/move")"
  fi
  wait "${probe}" || true
  printf '%s %s -> %s blackout_ms %s\n' "${vm}" "${from:-?}" "$(place_of "${vm}")" \
    "$(jq -r '.targets[0].blackout_ms // "?"' "${out}/probe")" | tee -a "${out}/moves"
}
moved_next=0

blackouts() {
  awk '{ print $NF }' "${out}/moves" | sort -n |
    awk '{ ms[NR] = $1 } END { if (NR) printf "median %.0f, %.0f-%.0f ms, %d of %d over 1 s", ms[int((NR + 1) / 2)], ms[1], ms[NR], over(), NR }
         function over(  i, n) { for (i in ms) n += ms[i] > 1000; return n + 0 }'
}

for tool in stress-ng iperf3 jq; do
  command -v "${tool}" >/dev/null || die "there is no ${tool}: tools/setup bench installs it"
done
say "a cluster of ${nodes} nodes and ${vms} guests; what is seen goes to ${out}"
in_lab up --nodes "${nodes}" --vms "${vms}" --watchdog 10 --deb "$(find "${build}" -maxdepth 1 -name 'upbeat_*.deb')" \
  >"${out}/up" 2>&1 || { cat "${out}/up" >&2; die "the lab did not come up"; }
wait_for 120 all_run
wait_for 120 all_answer
wait_for 60 all_armed
boot_ids >"${out}/boots"
: >"${out}/moves"
corosync_said
views_before="$(views)"

length_s=$((minutes * 60))
say "busy for ${minutes} min"
follow_events
busy_machine "${length_s}"
busy_sockets gw --sock "${length_s}"
busy_sockets node0 --udp "${length_s}"
busy_wires "${length_s}"
end=$((SECONDS + length_s))
while ((SECONDS < end)); do
  next=$((SECONDS + migration_period_s))
  move_one
  printf '%s load %s\n' "$(date +%T)" "$(cut -d' ' -f1-3 /proc/loadavg)" >>"${out}/load"
  ((next < end)) || next="${end}"
  ((SECONDS >= next)) || sleep $((next - SECONDS))
done
end_loads

wait_for 120 all_answer
boot_ids >"${out}/boots.after"
corosync_said
last_events >"${out}/events.last"
bad_events >"${out}/bad"
say "views that changed: $(($(views) - views_before)), told by all nodes"
say "moves: ${moved} done, ${failed} failed; blackouts: $(blackouts)"
say "traffic: $(grep -h '^sent' "${out}/load.log" | awk '{ n++; s += $2 } END { if (n) printf "%d runs, %d Mbit/s each on average", n, s / n }')"
say "load average: $(awk '{ n++; s += $3 } END { if (n) printf "%.1f", s / n }' "${out}/load")"
say "lost, fenced, reset, alarmed: $(wc -l <"${out}/bad")"
cat "${out}/bad"
all_armed || die "a watchdog is not armed any more"
diff -u "${out}/boots" "${out}/boots.after" || die "a guest did not live through it"
[[ ! -s "${out}/bad" ]] || die "somebody was lost who need not have been: see ${out}"
say "no false fence in ${minutes} min"
