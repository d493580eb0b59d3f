// SPDX-License-Identifier: Apache-2.0
// How a guest hangs on its host's networks, read from its live definition; pure.
#pragma once

#include <string>

#include "ports/hypervisor.h"

namespace upbeat {

/// The element of a domain's `<metadata>` that holds Upbeat's note:
/// `<upbeat:note xmlns:upbeat="urn:upbeat:note:1">…</upbeat:note>`.
inline constexpr const char* note_prefix = "upbeat";
inline constexpr const char* note_namespace = "urn:upbeat:note:1";

/// Reads what libvirt writes of a running guest (virDomainGetXMLDesc). An interface without a
/// device of the host (user-mode networking, a passed-through card) is left out; so is a note that
/// is too long. Source: https://libvirt.org/formatdomain.html#network-interfaces
[[nodiscard]] Result<GuestNetwork> read_network(const std::string& xml);

/// The element, as virDomainSetMetadata wants it: without prefix and namespace.
[[nodiscard]] Result<std::string> note_element(const std::string& note);

}  // namespace upbeat
