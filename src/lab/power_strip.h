// SPDX-License-Identifier: Apache-2.0
// A switched power strip as SNMP sees it: the outlet objects of APC's PowerNet-MIB that a rack PDU
// has, served to net-snmp's agent by its pass_persist protocol (snmpd.conf(5)).
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace upbeat::lab {

/// PowerNet-MIB rPDUOutlet: everything the strip answers lies under it.
constexpr const char* strip_root = ".1.3.6.1.4.1.318.1.1.12.3";
/// PowerNet-MIB masterSwitchrPDU: the sysObjectID by which clients know a rack PDU.
constexpr const char* strip_product = ".1.3.6.1.4.1.318.1.3.4.5";

enum class Outlet : std::uint8_t { on, off };

/// What stands behind the outlets. Outlets count from 1.
struct StripWorld {
  std::vector<std::string> names;              ///< names[0] is what outlet 1 feeds
  std::function<Outlet(int)> state;            ///< as the world is, not as it was last told
  std::function<bool(int, Outlet)> switch_to;  ///< false: it could not be done
};

/// An answer of the strip; its type is one of pass_persist's words.
struct StripValue {
  std::string oid;
  std::string type;
  std::string value;

  bool operator==(const StripValue&) const = default;
};

/// The value of exactly this object, if the strip has it.
[[nodiscard]] std::optional<StripValue> strip_get(const StripWorld& world, const std::string& oid);
/// The value of the first object after this one in the order of object identifiers.
[[nodiscard]] std::optional<StripValue> strip_next(const StripWorld& world, const std::string& oid);
/// Sets an object; the answer is pass_persist's word: DONE, not-writable, wrong-type, wrong-value
/// or inconsistent-value. Only rPDUOutletControlOutletCommand can be set: immediateOn(1),
/// immediateOff(2), immediateReboot(3).
[[nodiscard]] std::string strip_set(const StripWorld& world, const std::string& oid,
                                    const std::string& type, const std::string& value);

/// Speaks pass_persist until its input ends or brings an empty line.
void serve_strip(const StripWorld& world, std::istream& in, std::ostream& out);

}  // namespace upbeat::lab
