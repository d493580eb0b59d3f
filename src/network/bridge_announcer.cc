// SPDX-License-Identifier: Apache-2.0
// The announcer port on Linux bridges.
#include "network/bridge_announcer.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace upbeat {

using boost::system::error_code;

BridgeAnnouncer::Ear::Ear(boost::asio::io_context& io, Fd socket, std::function<void(Frame)> heard)
    : socket_(std::move(socket)),
      heard_(std::move(heard)),
      descriptor_(io, ::dup(socket_.get())),
      pause_(io) {
  listen();
}

void BridgeAnnouncer::Ear::listen() {
  descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                         [this, alive = std::weak_ptr(alive_)](const error_code& error) {
                           if (!error && !alive.expired()) read();
                         });
}

void BridgeAnnouncer::Ear::read() {
  const std::weak_ptr alive = alive_;
  for (int i = 0; i < frames_a_turn; ++i) {
    std::array<std::uint8_t, claim_bytes> bytes{};
    const auto size = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) {
      // An interface that is gone or down is told once; libvirt's events tell the rest.
      if (errno != EAGAIN && errno != ENETDOWN && errno != EINTR) return;
      break;
    }
    heard_(Frame(bytes).first(static_cast<std::size_t>(size)));
    if (alive.expired()) return;
  }
  pause_.expires_after(reading_pause);
  pause_.async_wait([this, alive](const error_code& error) {
    if (!error && !alive.expired()) listen();
  });
}

Result<void> BridgeAnnouncer::Ear::listen_only_for_claims(const std::string& device) {
  return listen_for(socket_, device, Listening::for_claims);
}

Result<void> BridgeAnnouncer::watch(const GuestInterface& interface, const std::string& known) {
  forget(interface.device);
  if (watched_.size() >= watched_interfaces_limit) {
    return fail("cannot listen to " + interface.device + ": " +
                std::to_string(watched_interfaces_limit) + " interfaces are listened to already");
  }
  const auto bridge = bridge_of(interface.device);
  if (!bridge) return std::unexpected(bridge.error());
  if (!bridges_.contains(*bridge)) {
    auto socket = listen_to(*bridge, Listening::for_claims);
    if (!socket) return std::unexpected(socket.error());
    bridges_[*bridge] = std::make_unique<Ear>(
        io_, std::move(*socket),
        // A name of its own: what is heard may end the watch, and with it this function.
        [this, bridge = *bridge](Frame frame) { heard_on_bridge(std::string(bridge), frame); });
  }
  Watched watched{.known = KnownAddresses(interface.mac, known), .bridge = *bridge};
  auto socket = listen_to(interface.device, Listening::for_anything);
  if (!socket) return std::unexpected(socket.error());
  watched.ear = std::make_unique<Ear>(
      io_, std::move(*socket),
      [this, device = interface.device](Frame frame) { heard(std::string(device), frame); });
  watched_.emplace(interface.device, std::move(watched));
  return {};
}

void BridgeAnnouncer::forget(const std::string& device) {
  const auto gone = watched_.extract(device);
  if (!gone) return;
  const auto& bridge = gone.mapped().bridge;
  if (std::ranges::none_of(watched_,
                           [&](const auto& other) { return other.second.bridge == bridge; })) {
    bridges_.erase(bridge);
  }
}

Result<void> BridgeAnnouncer::announce(const std::string& device) {
  const auto found = watched_.find(device);
  if (found == watched_.end()) {
    return fail("cannot announce who is at " + device + ": it is not listened to");
  }
  const auto& [known, bridge, heard, ear] = found->second;
  auto sent = send_out(bridge, mac_announcement(known.mac()));
  for (const auto& [address, role] : known.list()) {
    if (!sent) return sent;
    sent = send_out(bridge, address_announcement(known.mac(), address, role));
  }
  return sent;
}

void BridgeAnnouncer::heard(const std::string& device, Frame frame) {
  auto& watched = watched_.at(device);
  const auto claim = read_claim(frame);
  if (!std::exchange(watched.heard, true)) {
    // Should it fail, then only more is read than need be.
    static_cast<void>(watched.ear->listen_only_for_claims(device));
    listener_->on_heard(device);
  }
  // The listener may have ended the watch.
  const auto still = watched_.find(device);
  if (claim && still != watched_.end()) learn(device, still->second, *claim);
}

void BridgeAnnouncer::heard_on_bridge(const std::string& bridge, Frame frame) {
  const auto claim = read_claim(frame);
  if (!claim) return;
  std::vector<std::string> devices;
  for (const auto& [device, watched] : watched_) {
    if (watched.bridge == bridge && watched.known.mac() != claim->mac) devices.push_back(device);
  }
  for (const auto& device : devices) {
    const auto found = watched_.find(device);
    if (found != watched_.end()) learn(device, found->second, *claim);
  }
}

void BridgeAnnouncer::learn(const std::string& device, Watched& watched, const Claim& claim) {
  if (watched.known.hear(claim)) listener_->on_learned(device, watched.known.text());
}

}  // namespace upbeat
