#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Nothing but the nodes' own watchdogs proves that one is off: each guest runs again in time, none ever runs twice,
# and nobody is reset who need not be. UPBEAT_ROUNDS=10 repeats the power cut, for figures.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" dog
readonly rounds="${UPBEAT_ROUNDS:-1}"
readonly nodes=(node0 node1 node2) guests=(x0 x1 x2)
# A watchdog of 10 s, its margin, and the ring's time: nobody who was to be reset is up by then.
readonly all_over_s=17
# Looking costs the machine what the guests need to boot.
look_interval_s=0.25

what_was_seen() {
  local each
  for each in "${nodes[@]}"; do
    echo "--- ${each}"
    timeout 10 "${upbeat}" lab exec --name "${lab}" "${each}" -- sh -c 'upbeat status; upbeat events --limit 30'
  done
}

# --- what is seen --------------------------------------------------------------------------------
# The cluster as one of its nodes tells it.
tells() { timeout 10 "${upbeat}" lab exec --name "${lab}" "$1" -- upbeat "${@:2}" 2>/dev/null; }
stands_for() { [[ "$(tells "$3" node list | awk -v node="$1" '$1 == node { print $2 }')" == "$2" ]]; }
all_well() {
  [[ "$(tells "$1" node list | awk '$2 == "online"' | wc -l)" == "${#nodes[@]}" ]] &&
    [[ "$(tells "$1" vm list | awk '$2 == "running"' | wc -l)" == "${#guests[@]}" ]] && they_all_answer
}
home_of() { tells "$2" vm list | awk -v vm="$1" '$1 == vm { print $3 }'; }
guests_of() { tells "$2" vm list | awk -v node="$1" '$3 == node { print $1 }'; }
other_than() { local each; for each in "${nodes[@]}"; do [[ " $* " == *" ${each} "* ]] || { echo "${each}"; return; }; done; }
# A guest answers, seen from the gateway.
answers() { timeout 2 ip netns exec "${gateway}" bash -c "exec 3<>/dev/tcp/10.9.0.10${1#x}/7000 && read -rt 1 line <&3 && [[ \$line == *'\"vm\":\"$1\"'* ]]" 2>/dev/null; }
they_all_answer() { local vm; for vm in "${guests[@]}"; do answers "${vm}" || return 1; done; }
# Its watchdog is armed, and the cluster counts on it.
is_promised() { tells "$2" explain "$1" | says 'Its watchdog resets it within 10.0 s'; }
all_promised() { local each; for each in "${nodes[@]}"; do is_promised "${each}" "$1" || return 1; done; }
# When a node's init began: another moment is another life. Nothing while it is off.
life_of() {
  local container init
  container="$(cut -d' ' -f1 "/run/upbeat-lab/${lab}/processes/container-$1")"
  init="$(pgrep -P "${container}" | head -1)" || return 0
  awk '{ print $22 }' "/proc/${init}/stat" 2>/dev/null || true
}
has_ended() { [[ "$(life_of "$1")" != "$2" ]]; }
runs_anew() { local life; life="$(life_of "$1")"; [[ -n "${life}" && "${life}" != "$2" ]]; }
lives() { local each; for each in "${nodes[@]}"; do echo "${each} $(life_of "${each}")"; done; }
# From the strike to a line in the history of who saw it.
event_ms() {
  local at
  at="$(tells "$1" events --subject "$2" --limit 30 --json | grep -o '{[^{}]*}' | grep -F "$3" | tail -1 | grep -o '"wall_ms":[0-9]*' | cut -d: -f2)"
  [[ -n "${at}" ]] || die "the history of $2 does not say '$3'"
  awk -v from="${strike}" -v to="${at}" 'BEGIN { printf "%d", to - from * 1000 }'
}

# Several looks a second at all QEMUs of all nodes, from outside: "TIME VM NODE" for each.
look_on() {
  local pid network vm at each
  declare -A node_of
  for each in "${nodes[@]}"; do node_of["net:[$(stat -Lc %i "/run/netns/upbeat-${lab}-${each}")]"]="${each}"; done
  while :; do
    at="$(now)"
    for pid in $(pgrep -x qemu-system-x86 || true); do
      network="$(readlink "/proc/${pid}/ns/net" 2>/dev/null || true)"
      [[ -n "${network}" && -n "${node_of[${network}]:-}" ]] || continue
      vm="$({ tr '\0' '\n' <"/proc/${pid}/cmdline"; } 2>/dev/null | sed -nE 's/^guest=(x[0-9]+).*/\1/p')"
      [[ -z "${vm}" ]] || echo "${at} ${vm} ${node_of[${network}]}" >>"${work}/looks"
    done
    sleep "${look_interval_s}"
  done
}
nothing_ran_twice() {
  awk '{ print $1, $2 }' "${work}/looks" | uniq -d >"${work}/twice"
  [[ ! -s "${work}/twice" ]] || die "$1: a guest ran twice: $(head -3 "${work}/twice")"
  (("$(wc -l <"${work}/looks")" > 50)) || die "nobody looked whether a guest runs twice"
}
last_seen() { awk -v vm="$1" -v node="$2" '$2 == vm && $3 == node { last = $1 } END { print last }' "${work}/looks"; }
first_seen_after() { awk -v vm="$1" -v node="$2" -v after="$3" '$1 > after && $2 == vm && $3 != node { print $1; exit }' "${work}/looks"; }

# --- hosts that are gone -------------------------------------------------------------------------
# Sets victim (with guests), witness, vms_there, life.
prepare() {
  wait_for 180 all_well node0
  wait_for 60 all_promised node0
  victim="$(home_of x0 node0)"
  witness="$(other_than "${victim}")"
  mapfile -t vms_there < <(guests_of "${victim}" "${witness}")
  life="$(life_of "${victim}")"
}
they_answer() { local vm; for vm in "${vms_there[@]}"; do [[ "$(home_of "${vm}" "${witness}")" != "${victim}" ]] && answers "${vm}" || return 1; done; }
comes_back_empty() {
  wait_for 120 stands_for "${victim}" online "${witness}"
  [[ -z "$(guests_of "${victim}" "${witness}")" ]] || die "$1: ${victim} did not come back empty"
  nothing_ran_twice "$1"
}

power_cuts() {
  say "a power cut, ${rounds} times"
  local round
  for ((round = 0; round < rounds; round++)); do
    prepare
    strike="$(now)"
    watch_silence
    in_lab power "${victim}" cut
    wait "${prober}"
    helpers=("${watcher}")
    wait_for 60 they_answer
    local answered lost off
    answered="$(grep -o '"blackout_ms":[^,]*' "${work}/probe" | awk -F: '$2 > ms { ms = $2 } END { printf "%d", ms }')"
    lost="$(event_ms "${witness}" "${victim}" 'it is gone without a word')"
    off="$(event_ms "${witness}" "${victim}" 'was proved off: its watchdog of 10.0 s has reset it')"
    say "strike to lost ${lost} ms, to proved off ${off} ms, to its ${#vms_there[@]} guests answering ${answered} ms (the longest silence)"
    in_lab power "${victim}" on
    comes_back_empty "a power cut"
  done
}
# How long the victim's guests are silent, from outside; it costs no process while they boot.
watch_silence() {
  local targets=() vm
  for vm in "${vms_there[@]}"; do targets+=(--target "${vm}=10.9.0.$((100 + ${vm#x}))"); done
  "${upbeat}" measure probe "${targets[@]}" --netns "${gateway}" --rate 50 --seconds 30 --json >"${work}/probe" 2>/dev/null &
  prober=$!
  helpers+=("${prober}")
}

# resets WHAT COMMAND…: the victim is reset by its watchdog, once.
resets() {
  say "$1"
  prepare
  strike="$(now)"
  "${@:2}"
  wait_for 40 has_ended "${victim}" "${life}"
  say "reset $(span_ms "${strike}" "$(now)") ms after the strike"
  wait_for 60 runs_anew "${victim}" "${life}"
  life="$(life_of "${victim}")"
}
was_reset_once() {
  has_ended "${victim}" "${life}" && die "$1: ${victim} was reset twice"
  nothing_ran_twice "$1"
}
# A host that is back before its time is over says itself that nothing runs there: that is proof enough.
is_repaired() {
  wait_for 180 all_well "${witness}"
  say "all guests answer $(span_ms "${strike}" "$(now)") ms after the strike"
  was_reset_once "$1"
}

pulled_cables() {
  resets "both cables of a host are pulled" pull
  wait_for 120 they_answer
  local vm="${vms_there[0]}"
  say "${vm} ran there for the last time $(span_ms "${strike}" "$(last_seen "${vm}" "${victim}")") ms after the strike, and elsewhere from $(span_ms "${strike}" "$(first_seen_after "${vm}" "${victim}" "${strike}")") ms on"
  in_lab cable "${victim}" plug
  comes_back_empty "pulled cables"
  was_reset_once "pulled cables"
}
pull() { in_lab cable "${victim}" pull; }
standing_daemon() {
  resets "upbeatd of a host stands still" freeze
  is_repaired "a daemon that stands still"
}
freeze() { node "${victim}" systemctl kill --signal=STOP upbeatd; }
killed_daemon() {
  resets "upbeatd of a host is killed and stays away" kill_for_good
  is_repaired "a daemon that stays away"
}
kill_for_good() { node "${victim}" sh -c 'systemctl --quiet mask --runtime upbeatd && systemctl kill --signal=KILL upbeatd'; }

# --- hosts that are well -------------------------------------------------------------------------
resets_nobody() {
  say "$1 resets nobody"
  prepare
  lives >"${work}/lives"
  "${@:2}"
  sleep "${all_over_s}"
  lives | diff -u "${work}/lives" - || die "$1: a host was reset"
  they_all_answer || die "$1: a guest does not answer"
  nothing_ran_twice "$1"
}
restart() { node "${victim}" systemctl restart "$1"; }
# Longer away than any watchdog waits.
stop_and_start() {
  node "${victim}" systemctl stop upbeatd
  sleep "${all_over_s}"
  node "${victim}" systemctl start upbeatd
}

# Fails where nobody tells.
losses() { tells "${witness}" events --limit 1000 | awk '/was lost: |was proved off/ { n++ } END { print n + 0 }'; }
rehearsed_reset() {
  say "a drill lets the watchdog of an empty host reset it"
  prepare
  local losses
  losses="$(losses)"
  node "${witness}" upbeat drill --watchdog "${victim}" --yes >"${work}/told" || die "the drill ended with $?: $(cat "${work}/told")"
  cat "${work}/told"
  runs_anew "${victim}" "${life}" || die "a drill: ${victim} was not reset"
  wait_for 180 all_well "${witness}"
  [[ "$(losses)" == "${losses}" ]] || die "a drill: somebody was lost or proved off"
  : >"${work}/looks" # a live migration has two QEMUs for a while
}

# --- a cluster that falls apart ------------------------------------------------------------------
all_ended() { local each was; while read -r each was; do has_ended "${each}" "${was}" || return 1; done <"${work}/lives"; }
all_anew() { local each was; while read -r each was; do runs_anew "${each}" "${was}" || return 1; done <"${work}/lives"; }
majority_lost() {
  say "the cables of two hosts out of three are pulled at once"
  prepare
  lives >"${work}/lives"
  strike="$(now)"
  in_lab cable node1 pull &
  local first=$!
  in_lab cable node2 pull
  wait "${first}"
  wait_for 40 all_ended
  say "all are reset $(span_ms "${strike}" "$(now)") ms after the strike"
  wait_for 60 all_anew
  local at
  at="$(now)"
  sleep "${all_over_s}"
  awk -v at="${at}" '$1 > at' "${work}/looks" >"${work}/early"
  [[ ! -s "${work}/early" ]] || die "without quorum a guest runs: $(head -1 "${work}/early")"
  in_lab cable node1 plug
  in_lab cable node2 plug
  wait_for 180 all_well node0
  nothing_ran_twice "a majority that was lost"
}

# --- Corosync's times ----------------------------------------------------------------------------
all_token() {
  local each
  for each in "${nodes[@]}"; do node "${each}" sed -i "s/^  token: .*/  token: $1/" /etc/corosync/corosync.conf; done
  node node0 corosync-cfgtool -R >/dev/null
}
says_unfit() { tells "$1" status | says "cannot use the watchdog: it may reset this host 5 s .*token of 4000 ms.*set timeout_s"; }
says_fit() { ! tells "$1" status | says "cannot use the watchdog"; }
none_promised() { local each; for each in "${nodes[@]}"; do ! is_promised "${each}" node0 || return 1; done; }
too_long_a_token() {
  say "with a token that is too long nobody's watchdog stays armed"
  prepare
  lives >"${work}/lives"
  all_token 4000
  local each
  for each in "${nodes[@]}"; do wait_for 30 says_unfit "${each}"; done
  wait_for 30 none_promised
  all_token 1000
  for each in "${nodes[@]}"; do wait_for 30 says_fit "${each}"; done
  wait_for 30 all_promised node0
  lives | diff -u "${work}/lives" - || die "a host was reset"
}

say "a cluster of three nodes and three guests, without any fence device"
bring_up --nodes 3 --vms 3 --watchdog 10 --fencing none
# They are struck more often than a node that is worth its guests.
node node0 upbeat policy set quarantine_losses 0 >/dev/null
: >"${work}/looks"
look_on &
watcher=$!
helpers=("${watcher}")

power_cuts
pulled_cables
standing_daemon
killed_daemon
resets_nobody "restarting upbeatd" restart upbeatd
resets_nobody "stopping upbeatd" stop_and_start
resets_nobody "restarting Corosync" restart corosync
too_long_a_token
rehearsed_reset
majority_lost
say "passed"
