// SPDX-License-Identifier: Apache-2.0
// The host's UPS, as NUT's upsd tells of it: two questions every two seconds (RFC 9271).
#include "shutdown/nut_ups.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace upbeat {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::array variables{"ups.status", "battery.runtime"};
constexpr std::size_t status_variable = 0;
constexpr std::size_t runtime_variable = 1;

}  // namespace

NutUps::NutUps(boost::asio::io_context& io, UpsPlace place, UpsRule rule,
               std::function<void(const std::string&)> trouble)
    : io_(io),
      place_(std::move(place)),
      watch_(std::move(rule)),
      trouble_(std::move(trouble)),
      resolver_(io),
      socket_(io),
      next_(io),
      patience_(io) {}

Result<void> NutUps::start(ShutdownListener& listener) {
  listener_ = &listener;
  look();
  return {};
}

void NutUps::look() {
  patience_.expires_after(ups_patience);
  patience_.async_wait([this](const error_code& error) {
    if (!error) failed("it does not answer");
  });
  if (socket_.is_open()) return ask(status_variable);
  connect();
}

void NutUps::connect() {
  resolver_.async_resolve(
      place_.host, place_.port, [this, life = life_](const error_code& error, const auto& found) {
        if (life != life_) return;
        if (error) return failed(error.message());
        boost::asio::async_connect(socket_, found,
                                   [this, life](const error_code& refused, const auto& /*where*/) {
                                     if (life != life_) return;
                                     if (refused) return failed(refused.message());
                                     ask(status_variable);
                                   });
      });
}

void NutUps::ask(std::size_t variable) {
  question_ = "GET VAR " + place_.ups + " " + variables.at(variable) + "\n";
  const auto life = life_;
  boost::asio::async_write(
      socket_, boost::asio::buffer(question_),
      [this, variable, life](const error_code& error, std::size_t /*sent*/) {
        if (life != life_) return;
        if (error) return failed(error.message());
        boost::asio::async_read_until(
            socket_, incoming_, '\n',
            [this, variable, life](const error_code& broken, std::size_t size) {
              if (life != life_) return;
              if (broken) return failed(broken.message());
              std::string line(size, '\0');
              incoming_.sgetn(line.data(), static_cast<std::streamsize>(size));
              while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
              answered(variable, line);
            });
      });
}

void NutUps::answered(std::size_t variable, const std::string& line) {
  const auto value = read_nut_variable(line, place_.ups, variables.at(variable));
  // Not every UPS knows how long its battery lasts.
  if (!value && variable == status_variable) return failed(value.error().text);
  values_.at(variable) = value.value_or("");
  if (variable == status_variable) return ask(runtime_variable);
  judge();
}

void NutUps::judge() {
  patience_.cancel();
  trouble_("");
  const auto now = std::chrono::duration_cast<MonotonicTime>(
      std::chrono::steady_clock::now().time_since_epoch());
  const auto change =
      watch_.judge(read_ups(values_.at(status_variable), values_.at(runtime_variable)), now);
  rest();
  if (!change) return;
  if (change->notice) {
    listener_->on_shutdown(*change->notice);
  } else {
    listener_->on_shutdown_cancelled();
  }
}

void NutUps::failed(const std::string& why) {
  ++life_;
  patience_.cancel();
  resolver_.cancel();
  socket_ = Socket(io_);
  incoming_.consume(incoming_.size());
  trouble_("cannot read UPS " + place_.ups + " of " + place_.host + ":" + place_.port + ": " + why +
           "; see `upsc " + place_.ups + "@" + place_.host + "`; Upbeat goes on trying");
  rest();
}

void NutUps::rest() {
  next_.expires_after(ups_interval);
  next_.async_wait([this](const error_code& error) {
    if (!error) look();
  });
}

}  // namespace upbeat
