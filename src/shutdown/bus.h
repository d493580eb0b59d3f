// SPDX-License-Identifier: Apache-2.0
// A connection to the system bus that an io_context drives; private to this room.
#pragma once

#include <systemd/sd-bus.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace upbeat {

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
using BusHandle = std::unique_ptr<sd_bus, CloseBus>;

/// What sd-bus says about a failed call: its error if it has one, else that of the code.
[[nodiscard]] std::string bus_trouble(int code, const sd_bus_error* error = nullptr);

/// Turns the bus's file descriptor, wanted events and time-outs into calls of sd_bus_process, as
/// sd_bus_get_fd(3) tells. When this goes, nothing is called any more.
class BusPump {
 public:
  /// `lost` is called once, from the loop, when the connection is gone.
  BusPump(boost::asio::io_context& io, sd_bus* bus, std::function<void(int)> lost);
  BusPump(const BusPump&) = delete;
  BusPump& operator=(const BusPump&) = delete;
  ~BusPump();

  /// To be called after a message was put on the bus outside of its callbacks.
  void wake();

 private:
  void process();
  void wait();

  sd_bus* bus_;
  std::function<void(int)> lost_;
  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor fd_;
  boost::asio::steady_timer timer_;
  /// Waits hold it weakly: one that ends after the pump has gone, or after a newer one was begun,
  /// finds another number or nothing.
  std::shared_ptr<std::uint64_t> round_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace upbeat
