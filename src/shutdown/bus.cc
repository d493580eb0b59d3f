// SPDX-License-Identifier: Apache-2.0
// A connection to the system bus that an io_context drives.
#include "shutdown/bus.h"

#include <poll.h>

#include <boost/asio/post.hpp>
#include <cstring>

namespace upbeat {
namespace {

/// Messages handled in one turn of the loop; the rest waits for the next.
constexpr int messages_per_turn = 32;

}  // namespace

std::string bus_trouble(int code, const sd_bus_error* error) {
  if (error != nullptr && error->message != nullptr) return error->message;
  return std::strerror(code < 0 ? -code : code);
}

BusPump::BusPump(boost::asio::io_context& io, sd_bus* bus, std::function<void(int)> lost)
    : bus_(bus), lost_(std::move(lost)), io_(io), fd_(io, sd_bus_get_fd(bus)), timer_(io) {
  wake();
}

BusPump::~BusPump() {
  // The descriptor belongs to the bus.
  fd_.release();
}

void BusPump::wake() {
  boost::asio::post(io_, [this, round = std::weak_ptr(round_)] {
    if (!round.expired()) process();
  });
}

void BusPump::process() {
  const std::weak_ptr alive = round_;
  for (int message = 0; message < messages_per_turn; ++message) {
    const int code = sd_bus_process(bus_, nullptr);
    if (alive.expired()) return;
    if (code < 0) {
      const auto lost = std::move(lost_);
      return lost(code);
    }
    if (code == 0) return wait();
  }
  wake();
}

void BusPump::wait() {
  const auto mine = ++*round_;
  const auto go_on = [this, mine, round = std::weak_ptr(round_)](const auto& error) {
    const auto now = round.lock();
    if (!error && now && *now == mine) {
      ++*now;
      process();
    }
  };
  fd_.cancel();
  timer_.cancel();
  const int events = sd_bus_get_events(bus_);
  fd_.async_wait(boost::asio::posix::stream_descriptor::wait_read, go_on);
  if (events > 0 && (events & POLLOUT) != 0) {
    fd_.async_wait(boost::asio::posix::stream_descriptor::wait_write, go_on);
  }
  std::uint64_t due_us = UINT64_MAX;
  if (sd_bus_get_timeout(bus_, &due_us) > 0 && due_us != UINT64_MAX) {
    // CLOCK_MONOTONIC, which is what the steady clock reads.
    timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::microseconds(due_us)));
    timer_.async_wait(go_on);
  }
}

}  // namespace upbeat
