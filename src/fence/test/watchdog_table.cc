// SPDX-License-Identifier: Apache-2.0
// For tests: the ACPI table by which firmware gives a host's hardware watchdog to its kernel.
#include "fence/test/watchdog_table.h"

#include <array>
#include <cstdint>

namespace upbeat {
namespace {

/// An ACPI generic address; it says where a register is, and with which bit the value begins.
struct [[gnu::packed]] Register {
  std::uint8_t space;  ///< 0: memory, 1: ports
  std::uint8_t width_bits;
  std::uint8_t first_bit;
  std::uint8_t access;  ///< 2: 16 bits at a time, 3: 32
  std::uint64_t address;
};

struct [[gnu::packed]] Entry {
  std::uint8_t action;
  std::uint8_t instruction;
  std::uint16_t reserved;
  Register where;
  std::uint32_t value;
  std::uint32_t mask;
};

enum Action : std::uint8_t {
  reset = 0x01,
  read_countdown = 0x05,
  set_countdown = 0x06,
  is_running = 0x08,
  set_running = 0x09,
  is_stopped = 0x0a,
  set_stopped = 0x0b,
  enable_reboot = 0x11,
};

constexpr std::uint8_t is_value = 0;
constexpr std::uint8_t read_it = 1;
constexpr std::uint8_t write_value = 2;
constexpr std::uint8_t write_it = 3;
constexpr std::uint8_t leave_other_bits = 0x80;

constexpr std::uint64_t ports = 0x660;  ///< of the TCO: 0x60 behind those of power management
constexpr Register reload{1, 16, 0, 2, ports};
constexpr Register halted{1, 16, 11, 2, ports + 0x08};
constexpr Register count{1, 16, 0, 2, ports + 0x12};
/// In the chipset's memory; it keeps the TCO from resetting anything.
constexpr Register no_reboot{0, 32, 5, 3, 0xfed1f410};

constexpr std::array entries{
    Entry{reset, write_value, 0, reload, 1, 0xffff},
    Entry{read_countdown, read_it, 0, count, 0, 0x3ff},
    Entry{set_countdown, write_it | leave_other_bits, 0, count, 0, 0x3ff},
    Entry{is_running, is_value, 0, halted, 0, 1},
    Entry{set_running, write_value | leave_other_bits, 0, halted, 0, 1},
    Entry{is_stopped, is_value, 0, halted, 1, 1},
    Entry{set_stopped, write_value | leave_other_bits, 0, halted, 1, 1},
    Entry{enable_reboot, write_value | leave_other_bits, 0, no_reboot, 0, 1},
};

struct [[gnu::packed]] Table {
  std::uint32_t length = 32;
  std::uint16_t pci_segment = 0xff;  ///< and so on: it is no PCI device
  std::array<std::uint8_t, 6> pci_place{0xff, 0xff, 0xff, 0, 0, 0};
  std::uint32_t period_ms = 1200;
  std::uint32_t max_count = 0x3ff;
  std::uint32_t min_count = 2;
  std::uint8_t enabled = 1;
  std::array<std::uint8_t, 3> reserved{};
  std::uint32_t count = entries.size();
  std::array<Entry, entries.size()> list = entries;
};
static_assert(sizeof(Entry) == 24 && sizeof(Table) == 32 + 24 * entries.size());

}  // namespace

std::string watchdog_table() {
  const Table table;
  return {reinterpret_cast<const char*>(&table), sizeof table};
}

}  // namespace upbeat
