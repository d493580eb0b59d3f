// SPDX-License-Identifier: Apache-2.0
// Frames that come in through an interface of this host, and frames sent out of it: packet(7).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "network/announcement.h"

namespace upbeat {

/// Which frames a socket is given.
enum class Listening : std::uint8_t {
  for_anything,  ///< all but RARP, which QEMU sends in its guest's name
  for_claims,    ///< ARP and neighbour discovery, as read_claim knows them
};

/// Opens a socket that is given the beginnings of frames that come in through `device`: of a tap,
/// what its guest sends; of a bridge, what is for all on it. What the host sends out costs nothing.
[[nodiscard]] Result<Fd> listen_to(const std::string& device, Listening to);
/// Changes what such a socket is given from now on.
[[nodiscard]] Result<void> listen_for(const Fd& socket, const std::string& device, Listening to);
/// Sends a frame out of `device`.
[[nodiscard]] Result<void> send_out(const std::string& device, const EthernetFrame& frame);

/// Where frames for the network of a guest's device are sent out: the Linux bridge that it is a
/// port of. An error: there is none, or one that tells VLANs apart, whose own VLAN may be another.
[[nodiscard]] Result<std::string> bridge_of(const std::string& device);

}  // namespace upbeat
