// SPDX-License-Identifier: Apache-2.0
// The outlet tables of PowerNet-MIB, in the order of their object identifiers.
#include "lab/power_strip.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <sstream>
#include <utility>

namespace upbeat::lab {
namespace {

using Oid = std::vector<unsigned>;

// Below rPDUOutlet: .3.1.1 is rPDUOutletControlEntry, .5.1.1 is rPDUOutletStatusEntry.
constexpr const char* control_entry = ".1.3.6.1.4.1.318.1.1.12.3.3.1.1";
constexpr const char* status_entry = ".1.3.6.1.4.1.318.1.1.12.3.5.1.1";
constexpr unsigned index_column = 1;
constexpr unsigned name_column = 2;
constexpr unsigned phase_column = 3;
constexpr unsigned state_column = 4;  // in the control table: the outlet's command
constexpr unsigned last_column = state_column;
constexpr int outlet_on = 1;
constexpr int outlet_off = 2;
constexpr int outlet_reboot = 3;

std::optional<Oid> parse_oid(const std::string& text) {
  Oid oid;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') ++at;
    unsigned number = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (parsed.ec != std::errc()) return {};
    oid.push_back(number);
    at = static_cast<std::size_t>(parsed.ptr - text.data());
    if (at < text.size() && text[at] != '.') return {};
  }
  return oid;
}

/// One object of a table: `entry.column.outlet`.
struct Cell {
  const char* entry;
  unsigned column;
  int outlet;

  [[nodiscard]] std::string text() const {
    return std::string(entry) + "." + std::to_string(column) + "." + std::to_string(outlet);
  }
  [[nodiscard]] bool commands() const { return entry == control_entry && column == state_column; }
};

/// All objects; the tables, columns and outlets are walked in the order of their identifiers.
std::vector<Cell> cells(const StripWorld& world) {
  std::vector<Cell> all;
  for (const char* entry : {control_entry, status_entry}) {
    for (unsigned column = index_column; column <= last_column; ++column) {
      for (int outlet = 1; outlet <= static_cast<int>(world.names.size()); ++outlet) {
        all.push_back({entry, column, outlet});
      }
    }
  }
  return all;
}

std::optional<Cell> find(const StripWorld& world, const std::string& oid) {
  const auto wanted = parse_oid(oid);
  for (const auto& cell : cells(world)) {
    if (wanted && parse_oid(cell.text()) == wanted) return cell;
  }
  return {};
}

StripValue value_of(const StripWorld& world, const Cell& cell) {
  const auto integer = [&](int value) {
    return StripValue{cell.text(), "integer", std::to_string(value)};
  };
  switch (cell.column) {
    case name_column:
      return {cell.text(), "string", world.names[static_cast<std::size_t>(cell.outlet - 1)]};
    case phase_column:
      return integer(1);
    case state_column:
      return integer(world.state(cell.outlet) == Outlet::on ? outlet_on : outlet_off);
    default:
      return integer(cell.outlet);
  }
}

bool command(const StripWorld& world, int outlet, int what) {
  if (what == outlet_on) return world.switch_to(outlet, Outlet::on);
  if (what == outlet_off) return world.switch_to(outlet, Outlet::off);
  return world.switch_to(outlet, Outlet::off) && world.switch_to(outlet, Outlet::on);
}

std::string answer(const std::optional<StripValue>& value) {
  return value ? value->oid + "\n" + value->type + "\n" + value->value : "NONE";
}

}  // namespace

std::optional<StripValue> strip_get(const StripWorld& world, const std::string& oid) {
  const auto cell = find(world, oid);
  if (!cell) return {};
  return value_of(world, *cell);
}

std::optional<StripValue> strip_next(const StripWorld& world, const std::string& oid) {
  const auto after = parse_oid(oid);
  if (!after) return {};
  for (const auto& cell : cells(world)) {
    if (*parse_oid(cell.text()) > *after) return value_of(world, cell);
  }
  return {};
}

std::string strip_set(const StripWorld& world, const std::string& oid, const std::string& type,
                      const std::string& value) {
  const auto cell = find(world, oid);
  if (!cell || !cell->commands()) return "not-writable";
  if (type != "integer") return "wrong-type";
  int what = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), what);
  if (parsed.ec != std::errc() || what < outlet_on || what > outlet_reboot) return "wrong-value";
  return command(world, cell->outlet, what) ? "DONE" : "inconsistent-value";
}

void serve_strip(const StripWorld& world, std::istream& in, std::ostream& out) {
  std::string line;
  const auto next_line = [&] { return static_cast<bool>(std::getline(in, line)); };
  while (next_line() && !line.empty()) {
    if (line == "PING") {
      out << "PONG" << std::endl;
    } else if (line == "get" && next_line()) {
      out << answer(strip_get(world, line)) << std::endl;
    } else if (line == "getnext" && next_line()) {
      out << answer(strip_next(world, line)) << std::endl;
    } else if (line == "set" && next_line()) {
      const std::string oid = std::exchange(line, {});
      if (!next_line()) return;
      std::istringstream words(line);
      std::string type;
      std::string value;
      words >> type >> value;
      out << strip_set(world, oid, type, value) << std::endl;
    } else {
      out << "NONE" << std::endl;
    }
  }
}

}  // namespace upbeat::lab
