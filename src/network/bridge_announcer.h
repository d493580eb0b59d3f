// SPDX-License-Identifier: Apache-2.0
// The announcer port on Linux bridges.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "network/known_addresses.h"
#include "network/packet_socket.h"
#include "ports/announcer.h"

namespace upbeat {

/// Frames that are read of one interface in one turn, and the pause after a turn: a guest that
/// claims without end costs no more than that; the kernel drops what is too much.
inline constexpr int frames_a_turn = 32;
inline constexpr std::chrono::milliseconds reading_pause{20};

/// A packet socket for each watched interface, and one for each bridge that these are on, where
/// others are heard to claim an address. All of it on the loop's thread; nothing blocks.
class BridgeAnnouncer final : public Announcer {
 public:
  /// `io` outlives the announcer and is run by the loop's thread.
  explicit BridgeAnnouncer(boost::asio::io_context& io) : io_(io) {}

  void start(AnnouncerListener& listener) override { listener_ = &listener; }
  [[nodiscard]] Result<void> watch(const GuestInterface& interface,
                                   const std::string& known) override;
  void forget(const std::string& device) override;
  [[nodiscard]] Result<void> announce(const std::string& device) override;

 private:
  using Frame = std::span<const std::uint8_t>;

  /// A packet socket that is read in turns until it is destroyed or fails.
  class Ear {
   public:
    Ear(boost::asio::io_context& io, Fd socket, std::function<void(Frame)> heard);
    [[nodiscard]] Result<void> listen_only_for_claims(const std::string& device);

   private:
    void listen();
    void read();

    Fd socket_;
    std::function<void(Frame)> heard_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer pause_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
  };

  struct Watched {
    KnownAddresses known;
    std::string bridge;
    bool heard = false;
    std::unique_ptr<Ear> ear;
  };

  /// By value: the watch, and with it its caller, may end meanwhile.
  void heard(const std::string& device, Frame frame);
  void heard_on_bridge(const std::string& bridge, Frame frame);
  void learn(const std::string& device, Watched& watched, const Claim& claim);

  boost::asio::io_context& io_;
  AnnouncerListener* listener_ = nullptr;
  std::map<std::string, Watched> watched_;               ///< by device
  std::map<std::string, std::unique_ptr<Ear>> bridges_;  ///< those that have any of them
};

}  // namespace upbeat
