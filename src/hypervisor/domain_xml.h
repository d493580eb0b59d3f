// SPDX-License-Identifier: Apache-2.0
// Reads a guest's definition as its user gives it, libvirt domain XML; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/strong.h"

namespace upbeat {

/// The longest definition that is taken.
inline constexpr std::size_t domain_xml_limit_bytes = 256U << 10U;
/// The longest name of a guest.
inline constexpr std::size_t guest_name_limit_chars = 64;

/// What Upbeat has to know of a guest; the rest of the definition is between the user and libvirt.
struct DomainFacts {
  std::string name;
  std::string uuid;              ///< empty: the definition gives none
  std::uint64_t memory_kib = 0;  ///< `<memory>`, rounded up as libvirt does
  std::uint32_t vcpus = 1;
  std::string type;  ///< "kvm", "qemu", "xen"

  bool operator==(const DomainFacts&) const = default;
};

/// Reads a definition. An error is one sentence, with line and column where the XML is broken.
/// Source: https://libvirt.org/formatdomain.html
[[nodiscard]] Result<DomainFacts> read_domain(const std::string& xml);

/// The same for a definition that has to be `vm`'s: what a start of it stands on.
[[nodiscard]] Result<DomainFacts> read_domain_of(const VmId& vm, const std::string& xml);

/// The definition with `uuid` in it, unless it has one already: then as it was. Without this each
/// host that starts the guest would make a uuid of its own.
[[nodiscard]] Result<std::string> with_uuid(const std::string& xml, const std::string& uuid);

}  // namespace upbeat
