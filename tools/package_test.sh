#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of the package, made of two stand-in programs: its files, modes, conffile, and that it can be
# reproduced. package_test.sh NAME runs one test.
set -euo pipefail

here="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
build="$(mktemp -d)"
trap 'rm -rf "${build}"' EXIT

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

pack() {
  mkdir -p "${build}/bin"
  echo 'CMAKE_PROJECT_VERSION:STATIC=9.8.7' >"${build}/CMakeCache.txt"
  cp /bin/true "${build}/bin/upbeatd"
  cp /bin/true "${build}/bin/upbeat"
  "${here}/package" "${build}" 2>/dev/null
  package="${build}/upbeat_9.8.7_$(dpkg --print-architecture).deb"
}

holds() {
  # grep without -q: it reads to the end, so that dpkg-deb is not cut off.
  dpkg-deb --contents "${package}" | grep -E "^$1 root/root .* \\.$2\$" >/dev/null || fail "no $2 with $1"
}

test_PackageHoldsEachFileWithItsMode() {
  pack
  holds -rwxr-xr-x /usr/sbin/upbeatd
  holds -rwxr-xr-x /usr/bin/upbeat
  holds -rw-r--r-- /lib/systemd/system/upbeatd.service
  holds -rw-r--r-- /lib/systemd/system/reboot.target.d/50-upbeat.conf
  holds -rw-r--r-- /lib/systemd/system/poweroff.target.d/50-upbeat.conf
  holds -rw-r--r-- /usr/lib/systemd/logind.conf.d/50-upbeat.conf
  holds -rw------- /etc/upbeat/upbeat.toml
}

test_PackageKeepsTheConfigurationOverUpgrades() {
  pack
  [[ "$(dpkg-deb --info "${package}" conffiles)" == /etc/upbeat/upbeat.toml ]] || fail "not a conffile"
}

test_PackageNamesTheLibrariesAndServicesItStandsOn() {
  pack
  local depends
  depends="$(dpkg-deb --field "${package}" Depends)"
  [[ "${depends}" == *"libc6 (>="*corosync*libvirt-daemon-system* ]] || fail "Depends: ${depends}"
  [[ "$(dpkg-deb --field "${package}" Version)" == 9.8.7 ]] || fail "wrong version"
}

test_PackageIsTheSameByteForByteWhenMadeAgain() {
  pack
  cp "${package}" "${build}/first.deb"
  rm "${package}"
  sleep 1.1  # so that a time of now, had one slipped in, differs
  pack
  cmp "${package}" "${build}/first.deb" || fail "two packages of the same inputs differ"
}

test_PackageRefusesABuildWithoutPrograms() {
  local complaint
  if complaint="$("${here}/package" "${build}" 2>&1)"; then fail "made a package of nothing"; fi
  [[ "${complaint}" == *"no ${build}/bin/upbeatd"*"./dev build"* ]] || fail "says: ${complaint}"
}

test_PackageUnitIsOneThatSystemdUnderstands() {
  local unit="${build}/upbeatd.service" complaint
  # The program is not installed where the tests run; all else in the unit must be known to systemd.
  sed 's|/usr/sbin/upbeatd|/bin/true|; s|^Documentation=.*||' "${here}/../packaging/upbeatd.service" >"${unit}"
  complaint="$(SYSTEMD_LOG_LEVEL=notice systemd-analyze verify --recursive-errors=no "${unit}" 2>&1)" ||
    fail "${complaint}"
  [[ -z "${complaint}" ]] || fail "${complaint}"
}

"test_$1"
