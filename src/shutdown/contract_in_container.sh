#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the shutdown contract on a real systemd and logind, and checks what a real reboot is like.
#
# usage: contract_in_container.sh BIN_DIR      as root; needs mmdebstrap and systemd-nspawn
#
#   this machine ── systemd-nspawn, own network ── Debian: systemd, logind, dbus, shutdown_probe
#                   /probe (bound): programs in, the probe's diary out
#
# UPBEAT_LOGIND_IMAGE names a root folder with systemd and dbus to use (read-only, by an overlay);
# without it a small one is made first, which takes some 20 s.
set -euo pipefail

bin=$(realpath "${1:?usage: $0 BIN_DIR}")
name=upbeat-shutdown-$$
work=$(mktemp -d /tmp/upbeat-shutdown-XXXXXX)
console=

# script, the terminal -> a loop in sh -> systemd-nspawn -> the container's init
loop() { pgrep -P "$console" | head -n 1; }
nspawn() { pgrep -P "$(loop)" -x systemd-nspawn | head -n 1; }
init() { pgrep -P "$(nspawn)" | head -n 1; }
inside() { nsenter -t "$(init)" -m -u -i -n -p -- "$@"; }
clean_up() {
  if [ -n "$console" ]; then
    kill -9 "$(loop)" "$(init)" "$(nspawn)" "$console" 2> /dev/null || true
    wait "$console" 2> /dev/null || true
  fi
  ! mountpoint -q "$work/root" || umount "$work/root"
  rm -rf "$work"
}
trap clean_up EXIT

say() { printf '%6.1f s  %s\n' "$(bc <<< "$(date +%s.%N) - $began")" "$*"; }
die() { say "FAILED: $*"; echo "--- diary"; cat "$work/probe/diary" 2>/dev/null || true; echo "--- console"; tail -n 30 "$work/console"; exit 1; }
# until_true SECONDS WHAT COMMAND...: a look every 0.1 s
until_true() {
  local left=$(($1 * 10)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((left-- > 0)) || die "$what"
    read -rt 0.1 <> <(:) || :
  done
}
running() { [ -n "$(init 2> /dev/null)" ] && inside systemctl is-system-running --wait; }
diary() { cat "$work/probe/diary"; }
# expect N PATTERN: line N of the diary, counted since the last `fresh`
expect() { until_true 20 "line $1 of the diary is not '$2'" line_is "$1" "$2"; }
line_is() { diary | sed -n "$1p" | grep -q "$2"; }
fresh() { inside systemctl stop probe; : > "$work/probe/diary"; inside systemctl start probe; expect 2 'at start the system is not going down'; }
booted_since() { [ "$(boots)" -gt "$1" ]; }
boots() { grep -c . "$work/probe/boots" || true; }

began=$(date +%s.%N)
mkdir -p "$work"/{probe,root,up,work}
image=${UPBEAT_LOGIND_IMAGE:-}
if [ -z "$image" ]; then
  image=$work/image
  mmdebstrap --quiet --variant=minbase --aptopt='APT::Install-Recommends "false"' \
    --include=systemd,systemd-sysv,dbus bookworm "$image"
  say "image made"
fi
mount -t overlay overlay -o "lowerdir=$image,upperdir=$work/up,workdir=$work/work" "$work/root"
cp "$bin"/{shutdown_contract_test,shutdown_probe} "$work/probe/"
mkdir -p "$work/root/probe" "$work/root/etc/systemd/logind.conf.d"
printf '[Login]\nInhibitDelayMaxSec=30\n' > "$work/root/etc/systemd/logind.conf.d/probe.conf"
cat > "$work/root/etc/systemd/system/probe.service" << 'UNIT'
[Unit]
After=dbus.service systemd-logind.service
[Service]
Type=notify
ExecStart=/probe/shutdown_probe /probe/diary 1500
[Install]
WantedBy=multi-user.target
UNIT
cat > "$work/root/etc/systemd/system/boots.service" << 'UNIT'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cat /proc/sys/kernel/random/uuid >> /probe/boots'
[Install]
WantedBy=multi-user.target
UNIT
mkdir -p "$work/root/etc/systemd/system/multi-user.target.wants"
ln -sf ../probe.service ../boots.service "$work/root/etc/systemd/system/multi-user.target.wants/"
echo "$name" > "$work/root/etc/hostname"

# nspawn wants a terminal, cannot use the cgroup tree of every machine it runs on, and leaves with
# status 133 when its container wants to be rebooted.
hierarchy=1
[ -e /sys/fs/cgroup/cgroup.controllers ] || hierarchy=0
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=$hierarchy SHELL=/bin/sh
setsid script -qfc "while systemd-nspawn -q -D $work/root -M $name --register=no --keep-unit \
  --private-network --bind=$work/probe:/probe -b; [ \$? = 133 ]; do :; done" "$work/console" < /dev/null > /dev/null 2>&1 &
console=$!
until_true 60 "the container does not boot" running
say "booted"

# logind takes the reboot on, and fails to begin it once nobody holds it back any more.
inside systemctl stop probe
inside sh -c 'mkdir -p /run/systemd/system/reboot.target.d
  printf "[Unit]\nRefuseManualStart=yes\n" > /run/systemd/system/reboot.target.d/never.conf
  systemctl daemon-reload'
inside /probe/shutdown_contract_test || die "the contract does not hold on logind"
inside sh -c 'rm -r /run/systemd/system/reboot.target.d; systemctl daemon-reload'
say "the contract holds on a real logind"

# A unit that is stopped alone is no shutdown; neither is one that is only scheduled.
fresh
inside shutdown -h +60
inside systemctl stop probe
expect 3 'at SIGTERM the system is not going down'
inside shutdown -c
say "a stopped daemon and a scheduled shutdown are not taken for a shutdown"

# The second net: a reboot that passes logind by.
fresh
boot=$(boots)
inside systemctl --no-block start reboot.target
expect 3 'at SIGTERM the system is going down'
until_true 60 "the container does not come back" booted_since "$boot"
until_true 60 "the container does not come back" running
say "a reboot that passes logind by is seen at SIGTERM"

# The first net: told, held 1.5 s, let go, and only then told to stop.
fresh
boot=$(boots)
asked=$(cut -d' ' -f1 /proc/uptime)
inside systemctl reboot
expect 3 'told: .* announced by systemd-logind, budget 30000 ms'
expect 4 'when told the system is not going down'
expect 5 'let go'
expect 6 'at SIGTERM the system is going down'
until_true 60 "the container does not come back" booted_since "$boot"
until_true 60 "the container does not come back" running
say "a reboot is held until it is let go; seconds since it was typed:"
sed -n 3,6p "$work/probe/diary" | awk -v asked="$asked" '{ printf "%14.3f  ", $1 - asked; $1 = ""; print }'

# The lock outlives logind and the bus; what was announced in between is told all the same.
fresh
boot=$(boots)
inside systemctl restart dbus systemd-logind
inside systemctl reboot
expect 3 'the system bus was lost .* trying again'
expect 4 'told: .* announced by systemd-logind, budget 30000 ms'
expect 6 'let go'
until_true 60 "the container does not come back" booted_since "$boot"
say "a reboot is held although logind and the bus were restarted"
