// SPDX-License-Identifier: Apache-2.0
// The host's UPS, as NUT's upsd tells of it.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <functional>
#include <string>

#include "shutdown/ups_watch.h"

namespace upbeat {

/// How often the UPS is looked at, and how long its server may take.
inline constexpr std::chrono::milliseconds ups_interval{2'000};
inline constexpr std::chrono::milliseconds ups_patience{5'000};

/// Tells that the host has to go while its UPS is on battery, and that it stays when mains power is
/// back. It holds nothing: when the battery is low, upsmon(8) shuts the host down, which logind
/// announces like any other shutdown. A UPS that nobody can tell anything about changes nothing.
class NutUps final : public ShutdownSource {
 public:
  /// `io` outlives the source and is run by the loop's thread. `trouble` is told, on that thread,
  /// why nothing is known of the UPS, and "" when something is again.
  NutUps(boost::asio::io_context& io, UpsPlace place, UpsRule rule,
         std::function<void(const std::string&)> trouble);

  [[nodiscard]] Result<void> start(ShutdownListener& listener) override;
  void let_go() override {}

 private:
  using Socket = boost::asio::ip::tcp::socket;

  void look();
  void connect();
  void ask(std::size_t variable);
  void answered(std::size_t variable, const std::string& line);
  void judge();
  void failed(const std::string& why);
  void rest();

  boost::asio::io_context& io_;
  UpsPlace place_;
  UpsWatch watch_;
  std::function<void(const std::string&)> trouble_;
  ShutdownListener* listener_ = nullptr;
  boost::asio::ip::tcp::resolver resolver_;
  Socket socket_;
  boost::asio::steady_timer next_;
  boost::asio::steady_timer patience_;
  std::string question_;
  boost::asio::streambuf incoming_{nut_line_limit_bytes};
  std::array<std::string, 2> values_;  ///< of the variables that are asked for
  std::uint64_t life_ = 0;             ///< of the connection: an older one's news count no more
};

}  // namespace upbeat
