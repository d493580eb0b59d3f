#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# After a migration the network follows: from the gateway it is seen that the target announces the
# guest's addresses at once, and that a neighbour who has them wrong is right again. (That it goes on while a guest stays
# silent, and no longer: src/node/announcements_test.cc.)
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" news
readonly address=10.9.0.100 mac=52:54:00:0a:09:64
look_interval_s=0.1

what_was_seen() {
  cat "${work}/seen"
  node node1 journalctl --no-pager --unit upbeatd --lines 40
}

# Each frame that comes from node1 about an address, as "SECONDS ethertype SENDER-MAC SENDER-IP MAC-OF-FRAME".
watch_port() {
  # shellcheck disable=SC2016  # for perl
  ip netns exec "${gateway}" perl -MSocket -MTime::HiRes=time -e '
    $| = 1;
    my $all = unpack("S", pack("n", 3));
    socket(my $port, 17, SOCK_RAW, $all) or die "socket: $!";
    bind($port, pack("SnlSCCa8", 17, 3, shift, 0, 0, 0, "")) or die "bind: $!";
    print "ready\n";
    while (defined recv($port, my $frame, 128, 0)) {
      my ($from, $type) = unpack("x6 H12 n", $frame);
      next unless $type == 0x0806 || $type == 0x8035;
      my ($sender, @ip) = unpack("x22 H12 C4", $frame);
      printf "%.3f %04x %s %s %s\n", time, $type, join(":", unpack("(A2)*", $sender)), join(".", @ip),
        join(":", unpack("(A2)*", $from));
    }' "$(in_gateway ip -o link show node1p0 | cut -d: -f1)" >"${work}/seen" &
  helpers+=("$!")
  wait_for 10 grep -q ready "${work}/seen"
}
noted() { node node0 virsh dumpxml x0 2>/dev/null | says "<upbeat:note.*${mac} ${address}"; }
announced() { grep -c " 0806 ${mac} ${address} ${mac}\$" "${work}/seen" || true; }
announced_at_least() { (("$(announced)" >= $1)); }
neighbour() { in_gateway ip neigh show "${address}" dev br0 | grep -o 'lladdr [^ ]*'; }
neighbour_is_right() { [[ "$(neighbour)" == "lladdr ${mac}" ]]; }
said() { node node1 journalctl --no-pager --unit upbeatd | says "$1"; }

bring_up --nodes 2 --vms 1
wait_for 60 runs_on x0 node0
say "what x0 answers to is learned from what it says, and noted with it"
in_gateway ping -c 1 -W 10 "${address}" >/dev/null || die "x0 does not answer"
wait_for 10 noted

say "x0 goes to node1, while its neighbour has it wrong"
watch_port
in_gateway ip neigh replace "${address}" lladdr 02:00:00:00:00:99 dev br0 nud reachable
neighbour_is_right && die "the neighbour should have it wrong"
strike="$(now)"
node node0 upbeat vm migrate x0 node1 >/dev/null
wait_for 30 runs_on x0 node1
wait_for 10 neighbour_is_right
wait_for 30 announced_at_least 1
say "told $(announced) times: after $(awk -v from="${strike}" -v mac="${mac}" \
  '$2 == "0806" && $3 == mac { printf "%d ms ", ($1 - from) * 1000 }' "${work}/seen")"

in_gateway ping -c 1 -W 10 "${address}" >/dev/null || die "x0 does not answer"
wait_for 10 said 'x0 is heard on its new host'
node node1 journalctl --no-pager --unit upbeatd --output cat | grep 'x0 is heard'
say "well"
