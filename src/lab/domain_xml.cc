// SPDX-License-Identifier: Apache-2.0
// Domain XML of a lab's guests (libvirt's formatdomain).
#include "lab/domain_xml.h"

#include <cstdio>
#include <sstream>

#include "lab/names.h"

namespace upbeat::lab {
namespace {

std::string hex_byte(int value) {
  char text[3];
  std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(value) & 0xffU);
  return text;
}

/// What libvirt has no word for.
///
/// A guest that arrives announces itself although QEMU did so already. All code of the guest is new
/// to the emulator then, and this part of it kept the guest from answering anybody for another 10
/// ms.
std::string qemu_arguments() {
  std::string out = "  <qemu:commandline>\n";
  for (const char* argument : {"-global", "virtio-net-pci.guest_announce=off"}) {
    out += std::string("    <qemu:arg value='") + argument + "'/>\n";
  }
  return out + "  </qemu:commandline>\n";
}

}  // namespace

/// TCG's time stamp counter is the machine's, and a guest that measures its speed while it is not
/// scheduled gets it wrong: its clock then runs twice too fast. So it is told, or kept from using
/// it. Telling is better: each look at the other clock leaves the translated code, and guests that
/// answer probes take a fifth more of the processor.
std::string clock_arguments(const Shape& shape) {
  if (shape.accelerator != Accelerator::tcg) return "";
  if (shape.tsc_khz == 0) return "clocksource=acpi_pm ";
  return "tsc_early_khz=" + std::to_string(shape.tsc_khz) + " clocksource=tsc tsc=reliable ";
}

std::string kernel_command_line(const Shape& shape, int index) {
  return "console=ttyS0 quiet panic=1 no_timer_check mitigations=off nokaslr " +
         clock_arguments(shape) +
         "cryptomgr.notests i8042.noaux i8042.nokbd i8042.nopnp 8250.nr_uarts=1 "
         "rcupdate.rcu_expedited=1 random.trust_cpu=on upbeat.vm=" +
         vm_name(index) + " upbeat.ip=" + guest_address(index) +
         (shape.echo == Echo::driver ? " upbeat.echo=driver" : "");
}

std::string domain_xml(const Shape& shape, int index) {
  const std::string name = vm_name(index);
  const bool tcg = shape.accelerator == Accelerator::tcg;
  std::ostringstream out;
  out << "<domain type='" << (tcg ? "qemu" : "kvm")
      << "' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
      << "  <name>" << name << "</name>\n"
      << "  <uuid>5e1f0000-0000-4000-8000-0000000000" << hex_byte(index) << "</uuid>\n"
      << "  <memory unit='MiB'>" << shape.vm_memory_mib << "</memory>\n"
      << "  <vcpu>1</vcpu>\n"
      << "  <os>\n    <type arch='x86_64' machine='pc'>hvm</type>\n"
      << "    <kernel>/lab/vmlinuz</kernel>\n    <initrd>/lab/initrd</initrd>\n"
      << "    <cmdline>" << kernel_command_line(shape, index) << "</cmdline>\n  </os>\n"
      << "  <features>\n    <acpi/>\n  </features>\n"
      << (tcg ? "" : "  <cpu mode='host-passthrough'/>\n")
      << "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n"
      << "  <on_crash>destroy</on_crash>\n"
      << "  <devices>\n"
      << "    <disk type='network' device='disk'>\n"
      << "      <driver name='qemu' type='raw' cache='none'/>\n"
      << "      <source protocol='nbd' name='" << name << "'>\n"
      << "        <host name='" << gateway_address << "' port='" << first_disk_port + index
      << "'/>\n      </source>\n"
      << "      <target dev='vda' bus='virtio'/>\n    </disk>\n"
      << "    <interface type='bridge'>\n      <source bridge='br0'/>\n"
      << "      <mac address='52:54:00:0a:09:" << hex_byte(first_guest_host_part + index)
      << "'/>\n      <model type='virtio'/>\n      <rom enabled='no'/>\n    </interface>\n"
      << "    <serial type='pty'>\n      <log file='/var/log/upbeat-consoles/" << name
      << ".log' append='on'/>\n    </serial>\n"
      << "    <controller type='usb' model='none'/>\n"
      << "    <memballoon model='none'/>\n"
      << "  </devices>\n"
      << (tcg ? qemu_arguments() : "") << "</domain>\n";
  return out.str();
}

}  // namespace upbeat::lab
