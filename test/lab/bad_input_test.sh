#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What an operator may get wrong, typed in a node of a real cluster: each mistake gets one sentence that says
# what was attempted, what is wrong and what to do, and no guest notices.
# shellcheck source-path=SCRIPTDIR source=lab.bash
source "$(dirname "${BASH_SOURCE[0]}")/lab.bash" bad

shell() { node "$1" sh -c "$2"; }

# refused NODE STATUS SENTENCE COMMAND…: COMMAND, typed in NODE, ends with STATUS, and all it says is one line
# that holds SENTENCE.
refused() {
  local status=0
  node "$1" "${@:4}" >"${work}/said" 2>&1 || status=$?
  if [[ "${status}" -ne "$2" || "$(wc -l <"${work}/said")" -ne 1 ]] || ! grep -qF -- "$3" "${work}/said"; then
    cat "${work}/said" >&2
    die "'${*:4}' ended with ${status}; expected $2 and: $3"
  fi
}

# A guest that was touched would have booted anew or moved.
guests() { node node0 upbeat vm list; }
boots() {
  for vm in 100 101 102 103; do
    in_gateway bash -c "exec 3<>/dev/tcp/10.9.0.${vm}/7000; head -n 1 <&3" |
      grep -o '"vm":"x[0-9]","boot_id":"[^"]*"'
  done
}
snapshot() { guests; boots; }

bad_definitions() {
  say "definitions"
  shell node0 'echo "<domain><name>y0</na" >/root/broken.xml
    sed "s,<name>x0<,<name>y0<,; s,<uuid>.*</uuid>,,; s,>256<,>9000<," /lab/vms/x0.xml >/root/large.xml
    sed "s,<name>x0<,<name>y0<," /lab/vms/x0.xml >/root/twin.xml'
  refused node0 1 "no well-formed XML at line 1, column 19" upbeat vm define /root/broken.xml
  refused node0 1 "cannot define x0: a VM of that name is defined already" upbeat vm define /lab/vms/x0.xml
  refused node0 1 "cannot define y0: x0 has the same UUID" upbeat vm define /root/twin.xml
  refused node0 1 "cannot define y0: it needs 9000 MiB and the largest node" upbeat vm define /root/large.xml
  refused node0 1 "cannot read the definition /root/none.xml" upbeat vm define /root/none.xml
}

bad_names() {
  say "names that are not there"
  refused node0 1 "there is no VM 'nobody': \`upbeat vm list\` shows those there are" upbeat vm start nobody
  refused node0 1 "there is no node 'nowhere': the cluster has node0, node1" upbeat vm migrate x0 nowhere
  refused node0 1 "there is no node 'nowhere': the cluster has node0, node1" upbeat drain nowhere
  refused node0 1 "there is no VM and no node of that name" upbeat explain nobody
}

bad_drain() {
  say "a drain without room"
  refused node0 1 "needs 256 MiB: node0 has 128 MiB free" upbeat drain node1
}

# Each in turn is the configuration of node1, with which upbeatd does not start, and says why.
bad_configuration() {
  say "configurations"
  shell node1 'systemctl stop upbeatd; cp /etc/upbeat/upbeat.toml /root/good.toml'
  refused_configuration "[node] memory_gib is not a key that upbeatd knows" '[node]\nmemory_gib = 3\n'
  refused_configuration "line 1: Error while parsing table header" '[node'
  refused_configuration "there is no fence agent 'fence_nonsense'; install the package fence-agents" \
    '[fence.a]\nagent = "fence_nonsense"\nplugs = { node0 = "1" }\n'
  shell node1 'cp /root/good.toml /etc/upbeat/upbeat.toml'
}
refused_configuration() {
  shell node1 "printf '$2' >/etc/upbeat/upbeat.toml"
  refused node1 78 "$1" upbeatd
}

bad_state_file() {
  say "a corrupt state file"
  shell node1 'cp -a /var/lib/upbeat /root/kept
    head -c 3000 /dev/urandom | dd of=/var/lib/upbeat/state.db bs=1 seek=100 conv=notrunc status=none
    cp /var/lib/upbeat/state.db /root/corrupt.db'
  refused node1 1 "state.db: it is corrupt" upbeatd
  shell node1 'cmp /var/lib/upbeat/state.db /root/corrupt.db && rm -r /var/lib/upbeat && mv /root/kept /var/lib/upbeat' ||
    die "upbeatd wrote to a state file that it could not read"
}

without_root() {
  say "without root, without a daemon"
  refused node1 1 "cannot run upbeatd: it needs root" setpriv --reuid=65534 --regid=65534 --clear-groups upbeatd
  refused node1 3 "no daemon answers there; \`systemctl start upbeatd\` starts it" upbeat status
}

in_step() { node "$1" upbeat status --json | says '"quorate":true'; }

without_corosync() {
  say "without Corosync"
  shell node1 'systemctl start upbeatd'
  wait_for 30 in_step node1
  # Of two nodes the other one would prove this one off.
  shell node0 'systemctl stop upbeatd'
  shell node1 'systemctl stop corosync'
  wait_for 30 shell node1 'upbeat status | grep -q "start it with .systemctl start corosync"'
  refused node1 1 "look whether it runs on this node with \`systemctl status corosync\`" upbeat drain node0
  shell node1 'systemctl start corosync'
  shell node0 'systemctl start upbeatd'
  wait_for 30 in_step node1
  wait_for 30 in_step node0
}

last_node() {
  say "a drain of the last node"
  node node0 upbeat vm stop --force x3 >/dev/null
  node node0 upbeat drain node1 >/dev/null
  refused node0 1 "cannot drain node0: it is the last node that can run VMs" upbeat drain node0
}

say "a cluster of two nodes and four guests"
bring_up --nodes 2 --vms 4
snapshot >"${work}/before"
bad_definitions
bad_names
bad_drain
bad_configuration
bad_state_file
without_root
without_corosync
snapshot >"${work}/after"
diff -u "${work}/before" "${work}/after" || die "a guest was touched"
last_node
say "all refused, nothing lost"
