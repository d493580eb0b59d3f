#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the watchdog's contract on Linux's own watchdogs: in guests of the distribution's kernel, in QEMU.
#
# usage: contract_in_guest.sh BIN_DIR [--gtest_filter=SOME]      needs no root and no KVM
#
#   watchdog_contract_test ── serial port ── QEMU: Linux, /init (watchdog_host), the daemon with KernelWatchdog
set -euo pipefail

bin=$(realpath "${1:?usage: $0 BIN_DIR [--gtest_filter=SOME]}")
shift
readonly modules=(softdog wdat_wdt)
PATH=${PATH}:/usr/sbin:/sbin
work=$(mktemp -d /tmp/upbeat-watchdog-XXXXXX)
trap 'rm -rf "${work}"' EXIT

# The newest of linux-image-cloud-amd64 that has its image and its modules.
kernel() {
  local image
  while read -r image; do
    if [[ -e "/lib/modules/${image#*/vmlinuz-}/modules.dep" ]]; then echo "${image}"; return; fi
  done < <(find /boot -name 'vmlinuz-*cloud*' -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2)
  echo "there is no kernel for the guest: install the package linux-image-cloud-amd64" >&2
  return 1
}

add_program() {
  local library
  cp "$1" "${work}/root/init"
  while read -r library; do
    mkdir -p "${work}/root$(dirname "${library}")"
    cp --dereference "${library}" "${work}/root${library}"
  done < <(ldd "$1" | grep -o '/[^ ]*')
}

# /modules: each module's file, and in MODULE.needs the files to load for it, in their order.
add_module() {
  local path file
  while read -r path; do
    file=$(basename "${path%.xz}")
    if [[ "${path}" == *.xz ]]; then xz --decompress --stdout "${path}" >"${work}/root/modules/${file}"
    else cp "${path}" "${work}/root/modules/"; fi
    echo "${file}"
  done < <(modprobe --set-version "$2" --show-depends "$1" | awk '$1 == "insmod" { print $2 }') \
    >"${work}/root/modules/$1.needs"
}

image=$(kernel)
mkdir -p "${work}"/root/{dev,sys,modules}
add_program "${bin}/watchdog_host"
for module in "${modules[@]}"; do add_module "${module}" "${image#*/vmlinuz-}"; done
(cd "${work}/root" && find . | cpio --quiet -o -H newc -F "${work}/initrd")

export TMPDIR=${work} UPBEAT_GUEST_KERNEL=${image} UPBEAT_GUEST_INITRD=${work}/initrd
"${bin}/watchdog_contract_test" --gtest_filter='-Simulated/*' "$@"
