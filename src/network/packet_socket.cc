// SPDX-License-Identifier: Apache-2.0
// Frames that come in through an interface of this host, and frames sent out of it: packet(7).
#include "network/packet_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/printable.h"
#include "network/claim.h"
#include "network/protocol.h"

namespace upbeat {
namespace {

namespace fs = std::filesystem;

constexpr int packet_ignore_outgoing = 23;  // <linux/if_packet.h> of Linux 4.20
constexpr std::size_t interface_name_limit = IFNAMSIZ - 1;
/// What may wait to be read; the rest is dropped by the kernel.
constexpr int receive_buffer_bytes = 64 << 10;

std::unexpected<Error> failed(const std::string& attempt, int error) {
  return fail("cannot " + attempt + ": " + std::strerror(error) +
              "; is the interface there, and does upbeatd have CAP_NET_RAW?");
}

// Offsets of RFC 826's and RFC 8200's packets behind an Ethernet header.
constexpr std::uint32_t type_at = 12;
constexpr std::uint32_t next_header_at = 20;
constexpr std::uint32_t icmp_type_at = 54;
constexpr std::uint16_t load_half = BPF_LD | BPF_H | BPF_ABS;
constexpr std::uint16_t load_byte = BPF_LD | BPF_B | BPF_ABS;
constexpr std::uint16_t jump_if_equal = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t jump_if_less_not = BPF_JMP | BPF_JGE | BPF_K;
constexpr std::uint16_t jump_if_greater = BPF_JMP | BPF_JGT | BPF_K;
constexpr std::uint16_t take = BPF_RET | BPF_K;

// Classic BPF (kernel, Documentation/networking/filter.rst): code, jump if true, if not, value.
constexpr std::array<sock_filter, 4> anything{{
    {load_half, 0, 0, type_at},
    {jump_if_equal, 1, 0, protocol::type_rarp},
    {take, 0, 0, claim_bytes},
    {take, 0, 0, 0},
}};
constexpr std::array<sock_filter, 10> claims{{
    {load_half, 0, 0, type_at},
    {jump_if_equal, 6, 0, protocol::type_arp},
    {jump_if_equal, 0, 6, protocol::type_ipv6},
    {load_byte, 0, 0, next_header_at},
    {jump_if_equal, 0, 4, protocol::next_icmpv6},
    {load_byte, 0, 0, icmp_type_at},
    {jump_if_less_not, 0, 2, protocol::router_advertisement},
    {jump_if_greater, 1, 0, protocol::neighbour_advertisement},
    {take, 0, 0, claim_bytes},
    {take, 0, 0, 0},
}};

sockaddr_ll place_of(unsigned index, std::uint16_t protocol) {
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(protocol);
  place.sll_ifindex = static_cast<int>(index);
  return place;
}

Result<Fd> packet_socket(const std::string& attempt) {
  // Protocol 0: it is given nothing before it is bound.
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) return failed(attempt, errno);
  return socket;
}

/// Also a name that could lead out of /sys/class/net is none.
Result<fs::path> settings_of(const std::string& device) {
  if (device.empty() || device.size() > interface_name_limit || device.contains('/') ||
      device.starts_with('.')) {
    return fail("'" + printable(device, quote_limit_bytes) + "' is no name of an interface");
  }
  return fs::path("/sys/class/net") / device;
}

}  // namespace

Result<void> listen_for(const Fd& socket, const std::string& device, Listening to) {
  const std::span<const sock_filter> program = to == Listening::for_anything
                                                   ? std::span<const sock_filter>(anything)
                                                   : std::span<const sock_filter>(claims);
  // The kernel does not write to it.
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    return failed("filter what comes in through " + device, errno);
  }
  return {};
}

Result<Fd> listen_to(const std::string& device, Listening to) {
  const std::string attempt = "listen to " + printable(device, quote_limit_bytes);
  const auto index = ::if_nametoindex(device.c_str());
  if (index == 0) return failed(attempt, errno);
  auto socket = packet_socket(attempt);
  if (!socket) return socket;
  if (auto filtered = listen_for(*socket, device, to); !filtered) {
    return std::unexpected(filtered.error());
  }
  constexpr int yes = 1;
  if (::setsockopt(socket->get(), SOL_PACKET, packet_ignore_outgoing, &yes, sizeof yes) != 0 ||
      ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                   sizeof receive_buffer_bytes) != 0) {
    return failed(attempt, errno);
  }
  // Frames of a bridge's port are taken by the bridge; only who wants all protocols sees them
  // first.
  const auto place = place_of(index, ETH_P_ALL);
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
    return failed(attempt, errno);
  }
  return socket;
}

Result<void> send_out(const std::string& device, const EthernetFrame& frame) {
  const std::string attempt = "send an announcement out of " + device;
  const auto index = ::if_nametoindex(device.c_str());
  if (index == 0) return failed(attempt, errno);
  const auto socket = packet_socket(attempt);
  if (!socket) return std::unexpected(socket.error());
  const auto place =
      place_of(index, static_cast<std::uint16_t>(frame[type_at] << 8U | frame[type_at + 1]));
  const auto sent = ::sendto(socket->get(), frame.data(), frame.size(), 0,
                             reinterpret_cast<const sockaddr*>(&place), sizeof place);
  if (sent != static_cast<ssize_t>(frame.size())) return failed(attempt, errno);
  return {};
}

Result<std::string> bridge_of(const std::string& device) {
  const auto settings = settings_of(device);
  if (!settings) return std::unexpected(settings.error());
  const std::string untold = "cannot tell the network of " + device + " where its guest is: ";
  std::error_code none;
  const auto master = fs::read_symlink(*settings / "master", none).filename();
  if (none || !fs::exists(*settings / "master/bridge", none)) {
    return fail(untold +
                "it is on no Linux bridge; QEMU tells it of the MAC address, and the rest "
                "is the guest's");
  }
  std::ifstream file(*settings / "master/bridge/vlan_filtering");
  if (char filtering = '0'; file >> filtering && filtering != '0') {
    return fail(untold + "its bridge " + master.string() +
                " tells VLANs apart; QEMU tells it of "
                "the MAC address, and the rest is the guest's");
  }
  return master.string();
}

}  // namespace upbeat
